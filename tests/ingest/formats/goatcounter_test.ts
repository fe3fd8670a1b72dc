import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SITE = "example.com";

async function open(): Promise<RunningApp> {
  const app = await openApp();
  const body = JSON.stringify({ site_id: SITE, aliases: ["code", "stats.old.example"] });
  const made = await app.send("/api/sites", { method: "POST", body });
  equal(made.status, 201);
  return app;
}

async function pages(app: RunningApp, site = SITE) {
  const query = `site_id=${site}&period=all&metrics=events&dimensions=name,page&order_by=page:asc`;
  const { results: rows } = await (await app.send(`/api/stats/query?${query}`)).json();
  return rows;
}

Deno.test("GET and POST /count count for the site of the host, else of the page", async () => {
  const app = await open();
  const count = async (query: string, headers: Record<string, string>, method = "GET") => {
    const all = { "user-agent": CHROME, ...headers };
    const response = await app.send(`/count?${query}`, { method, headers: all });
    const kind = response.status < 400 ? "image/gif" : "application/json";
    equal(response.headers.get("content-type"), kind);
    equal(response.headers.get("access-control-allow-origin"), "*");
    return [response.status, response.headers.get("x-goatcounter")];
  };
  const host = { host: "code.goat.example:8000" };
  const page = "t=A%20page&r=https%3A%2F%2Fwww.google.com%2F&s=1920,1080,1&b=0&rnd=ab1";
  deepEqual(await count(`p=/a&${page}&q=%3Futm_source%3Dnews`, host), [200, null]);
  deepEqual(await count(`p=/a&${page}`, { host: "stats.old.example" }, "POST"), [200, null]);
  deepEqual(await count("p=/b", { origin: "https://example.com" }), [200, null]);
  deepEqual(await count("p=/c", { referer: "https://www.example.com/x" }), [200, null]);
  deepEqual(await count("p=click-me&e=true", host), [200, null]);
  const [missing, why] = await count("p=", host);
  equal(missing, 400);
  match(String(why), /path/);
  equal((await count("p=/a", {}))[0], 400);
  equal((await count("p=/a", { origin: "https://a~b.example" }))[0], 400);
  for (const b of [150, 151, 152, 153]) equal((await count(`p=/a&b=${b}`, host))[0], 202);
  const [status, robot] = await count("p=/a", { ...host, "user-agent": "Googlebot/2.1" });
  deepEqual([status, robot], [202, "Dropped: a robot"]);
  const rows = await pages(app);
  deepEqual(rows.map((row: { dimensions: unknown }) => row.dimensions), [
    ["click-me", "/"],
    ["pageview", "/a"],
    ["pageview", "/b"],
    ["pageview", "/c"],
  ]);
  await app.close();
});

Deno.test("POST /api/v0/count takes hits of the past with their visitors", async () => {
  const app = await open();
  const asked = { method: "POST", body: JSON.stringify({ name: "n", scope: "Admin" }) };
  const { key } = await (await app.send("/api/keys", asked)).json();
  const send = async (body: unknown) => {
    const headers = {
      "user-agent": "Go-http-client/2.0",
      host: "code.goat.example",
      authorization: `Bearer ${key}`,
    };
    const sent = { method: "POST", body: JSON.stringify(body), headers };
    const response = await app.send("/api/v0/count", sent);
    const skipped = response.headers.get("x-goatcounter-filter");
    const notices = response.headers.get("x-mallard-notices");
    return [response.status, await response.json(), skipped, notices];
  };
  const hit = { path: "/a", user_agent: CHROME, ip: "8.8.8.8", created_at: "2024-01-10T10:00:00Z" };
  const hits = [hit, { ...hit, path: "/b", size: [1920, 1080, 1], ref: "https://a.example/" }];
  deepEqual(await send({ hits }), [202, { status: "ok" }, null, null]);
  const event = { path: "clicked", event: true, user_agent: CHROME, session: "s1" };
  const [status, { errors }, skipped, notices] = await send({
    hits: [event, { path: "" }, { ...hit, created_at: "soon", location: 5 }, { ...hit, bot: 150 }, {
      ...hit,
      user_agent: "Googlebot/2.1",
    }],
  });
  deepEqual([status, Object.keys(errors), skipped], [400, ["1"], "3,4"]);
  equal(notices, "time_dropped, place_dropped");
  equal((await send({ hits: [] }))[0], 400);
  const rows = await pages(app);
  equal(rows.length, 3);
  const { unique_visitors } = await (await app.send(
    `/api/stats/main?site_id=${SITE}&start_date=2024-01-10&end_date=2024-01-11`,
  )).json();
  equal(unique_visitors, 1);
  await app.close();
});

Deno.test("A name can be that of one site only", async () => {
  const app = await open();
  const put = async (aliases: unknown) => {
    const body = JSON.stringify({ site_id: "other.example", aliases });
    return (await app.send("/api/sites", { method: "POST", body })).status;
  };
  equal(await put(["code"]), 409);
  equal(await put([SITE]), 409);
  equal(await put(["a b"]), 400);
  equal(await put(["OLD.example"]), 201);
  const headers = { "user-agent": CHROME };
  const body = JSON.stringify({ d: "old.example", n: "pageview", u: "/" });
  await app.send("/api/event", { method: "POST", body, headers });
  equal((await pages(app, "other.example")).length, 1);
  equal((await pages(app, "old.example")).length, 1, "asked by its other name");
  await app.close();
});
