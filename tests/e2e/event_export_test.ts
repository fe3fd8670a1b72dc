// Exports over real connections: whoever leaves takes nothing with them that others need.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { fromSource, runToEnd } from "../../scripts/server_process.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

const PATH = "/api/sites/example.com/export";

Deno.test("an export ends when its client disconnects, and blocks no other", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const { port, host } = new URL(server.url);
    const events = Array.from({ length: 5000 }, (_, n) =>
      JSON.stringify({
        d: "example.com",
        n: "pageview",
        u: `/${n}/${crypto.randomUUID()}`,
        p: JSON.stringify({ a: crypto.randomUUID(), b: crypto.randomUUID() }),
        at: `2024-01-15T10:00:00.${String(n).padStart(6, "0")}Z`,
        ua: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
      })).join("\n");
    const imported = await fetch(`${server.url}/api/import`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: events,
    });
    equal((await imported.json()).accepted, 5000);
    // Some leave before the answer, some within it.
    for (let n = 0; n < 12; n++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      const request = `GET ${PATH}?format=csv HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      if (n % 2 === 0) await connection.read(new Uint8Array(1000));
      connection.close();
    }
    let whole = await fetch(`${server.url}${PATH}?format=csv`);
    for (let tries = 0; whole.status === 429 && tries < 600; tries++) {
      await whole.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 100));
      whole = await fetch(`${server.url}${PATH}?format=csv`);
    }
    equal((await whole.text()).trim().split("\n").length, 5001);
    deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.exports`)), []);
    await withFolder((target) => exportsBoth(folder, target, () => server.stop()));
    ok(!/ERROR/.test(server.output()), server.output());
  });
});

/** `mallard export` beside the server and, after `stop`, without it. */
async function exportsBoth(
  dataDir: string,
  target: string,
  stop: () => Promise<number>,
): Promise<void> {
  const run = (...args: string[]) =>
    runToEnd(fromSource(), ["export", ...args], {
      cwd: target,
      env: { MALLARD_DATA_DIR: dataDir },
    });
  const texts: string[] = [];
  for (const isServed of [true, false]) {
    if (!isServed) equal(await stop(), 0);
    const printed = await run("-", "--site", "example.com", "--format", "ndjson");
    equal(printed.code, 0, printed.stderr);
    const rows = printed.stdout.trim().split("\n").map((line) => JSON.parse(line));
    equal(rows.length, 5000);
    texts.push(JSON.stringify(rows.map(({ visitor_id: _, ...row }) => row).sort(byPath)));
    const whole = await run(`whole-${isServed}`, "--format", "umami", "--json");
    equal(whole.code, 0, whole.stderr);
    const { files, lacks } = JSON.parse(whole.stdout);
    const [{ site, file, events, bytes }] = files;
    deepEqual([files.length, site, events], [1, "example.com", 5000]);
    equal((await Deno.stat(file)).size, bytes);
    ok(lacks.length > 0);
    if (!isServed) continue;
    const twice = await run(file, "--site", "example.com");
    equal(twice.code, 1);
    match(
      twice.stderr,
      /^mallard: Cannot export into .*: it exists; remove it, or name another\n$/,
    );
    const unknown = await run("x", "--site", "nobody.example");
    equal(unknown.code, 1);
    match(unknown.stderr, /there is no(ne| site) called nobody.example/);
    const none = await run(
      "-",
      "--site",
      "example.com",
      "--format",
      "ndjson",
      "--to",
      "2024-01-14",
    );
    deepEqual([none.code, none.stdout], [0, ""]);
  }
  equal(texts[0], texts[1]);
  const names = (await Array.fromAsync(Deno.readDir(target))).map(({ name }) => name).sort();
  deepEqual(names, ["whole-false", "whole-true"]);
}

function byPath(a: { pathname: string }, b: { pathname: string }): number {
  return a.pathname < b.pathname ? -1 : 1;
}
