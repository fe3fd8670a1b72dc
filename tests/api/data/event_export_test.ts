import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { gunzipSync } from "node:zlib";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";

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

Deno.test("eventExportRoutes() send an attachment in the requested format", async () => {
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
  const daily = "/api/stats/export?site_id=example.com&period=day";
  for (const path of [`${PATH}?format=csv`, daily]) {
    const marked = new Uint8Array(await (await app.send(`${path}&bom=1`)).bytes());
    deepEqual([...marked.slice(0, 3)], [0xef, 0xbb, 0xbf], path);
    const unmarked = await (await app.send(path)).bytes();
    equal(marked.length, unmarked.length + 3, path);
    match(new TextDecoder().decode(marked), /^(site_id|date),/);
  }
  const json = await app.send(`${daily}&format=json&bom=1`);
  equal((await json.json()).length, 1);
  const head = await app.send(PATH, { method: "HEAD" });
  equal(head.status, 200);
  equal(head.body, null);
  await app.close();
});

Deno.test("eventExportRoutes() export inclusive UTC days, or everything", async () => {
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

Deno.test("eventExportRoutes() refuse invalid parameters and an unknown site", async () => {
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
