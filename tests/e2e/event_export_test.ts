// Exports over real connections: whoever leaves takes nothing with them that others need.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
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
    for (let tries = 0; whole.status === 429 && tries < 50; tries++) {
      await whole.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 100));
      whole = await fetch(`${server.url}${PATH}?format=csv`);
    }
    equal((await whole.text()).trim().split("\n").length, 5001);
    deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/.exports`)), []);
    equal(await server.stop(), 0, server.output());
    ok(!/ERROR/.test(server.output()), server.output());
  });
});
