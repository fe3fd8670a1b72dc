import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { gunzipSync } from "node:zlib";
import { openApp, type RunningApp } from "../support/running_app.ts";
import { startReady } from "../support/ready_server.ts";
import { withFolder } from "../support/storage.ts";

const PATH = "/api/sites/example.com/export";

async function send(app: RunningApp, count: number, site = "example.com"): Promise<void> {
  for (let n = 0; n < count; n++) {
    const body = JSON.stringify({ d: site, n: "pageview", u: `/page/${n}` });
    equal((await app.send("/api/event", { method: "POST", body })).status, 202);
  }
}

async function linesOf(app: RunningApp, query: string): Promise<string[]> {
  const answer = await app.send(`${PATH}?format=csv&${query}`);
  equal(answer.status, 200);
  return (await answer.text()).trim().split("\n").slice(1);
}

Deno.test("eventExportRoutes() sends an attachment in the form that was asked for", async () => {
  const app = await openApp();
  await send(app, 3);
  const parquet = await app.send(PATH);
  equal(parquet.headers.get("content-type"), "application/vnd.apache.parquet");
  equal(
    parquet.headers.get("content-disposition"),
    'attachment; filename="example.com.parquet"',
  );
  equal(parquet.headers.get("cache-control"), "no-store");
  const bytes = await parquet.bytes();
  equal(parquet.headers.get("content-length"), String(bytes.byteLength));
  equal(new TextDecoder().decode(bytes.slice(0, 4)), "PAR1");
  const plain = await app.send(`${PATH}?format=csv`);
  equal(plain.headers.get("content-encoding"), null);
  const text = await plain.text();
  match(text, /^site_id,visitor_id,timestamp,event_name,pathname,/);
  equal(text.trim().split("\n").length, 4);
  const zipped = await app.send(`${PATH}?format=csv`, { headers: { "accept-encoding": "gzip" } });
  equal(zipped.headers.get("content-encoding"), "gzip");
  const unzipped = new TextDecoder().decode(gunzipSync(await zipped.bytes()));
  equal(unzipped.trim().split("\n").length, 4);
  const head = await app.send(PATH, { method: "HEAD" });
  equal(head.status, 200);
  equal(head.body, null);
  await app.close();
});

Deno.test("eventExportRoutes() takes UTC days, both ends included, or all of time", async () => {
  const app = await openApp();
  await send(app, 1); // At noon of 2024-01-15.
  app.system.clock.advance(86_400_000);
  await send(app, 2);
  equal((await linesOf(app, "")).length, 3);
  equal((await linesOf(app, "start_date=2024-01-15&end_date=2024-01-15")).length, 1);
  equal((await linesOf(app, "start_date=2024-01-16")).length, 2);
  equal((await linesOf(app, "end_date=2024-01-15")).length, 1);
  equal((await linesOf(app, "start_date=0001-01-01&end_date=9999-12-31")).length, 3);
  await app.close();
});

Deno.test("eventExportRoutes() refuses what it cannot read, and an unknown site", async () => {
  const app = await openApp({ MALLARD_SITE_IDS: "example.com" });
  const refused = async (path: string, status: number, error: RegExp) => {
    const answer = await app.send(path);
    equal(answer.status, status, path);
    match((await answer.json()).error, error);
  };
  await refused(`${PATH}?format=xlsx`, 400, /^Cannot read format/);
  await refused(`${PATH}?start_date=2024-02-30`, 400, /^Cannot read start_date/);
  await refused(`${PATH}?start_date=2024-02-02&end_date=2024-02-01`, 400, /before start_date/);
  await refused(`${PATH}?end_date=2024-02-01&end_date=2024-02-01`, 400, /2 times/);
  await refused("/api/sites/nowhere.example/export", 404, /none called nowhere.example/);
  await refused("/api/sites/a..b/export", 400, /^Cannot read site_id/);
  deepEqual(await linesOf(app, ""), [], "a listed site without events is empty");
  await app.close();
});

Deno.test("eventExportRoutes() ends where its client leaves, in nobody's way", async () => {
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
