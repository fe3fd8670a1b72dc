import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp, type Sent } from "../../support/server/running_app.ts";
import { uuidOfSite } from "../../../src/sites/site_codes.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const OLD_UUID = "b59e9c65-ae32-47f1-8400-119fcf4861c4";
const SITE = "example.com";

async function post(app: RunningApp, path: string, body: unknown, sent: Sent = {}) {
  return await app.send(path, {
    method: "POST",
    body: JSON.stringify(body),
    ...sent,
    headers: { "user-agent": CHROME, "content-type": "application/json", ...sent.headers },
  });
}

async function declare(app: RunningApp): Promise<void> {
  const made = await post(app, "/api/sites", { site_id: SITE, aliases: [OLD_UUID] });
  equal(made.status, 201);
}

async function report(app: RunningApp, query: string) {
  return await (await app.send(`/api/stats/query?site_id=${SITE}&period=day&${query}`)).json();
}

Deno.test("POST /api/send counts Umami's events for the site of a UUID", async () => {
  const app = await openApp();
  await declare(app);
  const page = {
    website: OLD_UUID,
    hostname: "www.example.com",
    url: "/a?utm_source=news",
    referrer: "https://www.google.com/",
    screen: "1920x1080",
    language: "en-GB",
    title: "A page",
  };
  const send = async (payload: unknown, type = "event") => {
    const response = await post(app, "/api/send", { type, payload });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  const { status, body, headers } = await send(page);
  equal(status, 200);
  equal(headers.get("access-control-allow-origin"), "*");
  for (const id of [body.sessionId, body.visitId]) match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-/);
  equal(body.cache.split(".").length, 3);
  const again = await send({ ...page, website: uuidOfSite(SITE), url: "https://example.com/b" });
  deepEqual(again.body, body, "the same visitor, whatever the name of the site");
  await send({
    ...page,
    name: "order",
    tag: "blue",
    data: { plan: "pro", revenue: 29.9, currency: "EUR" },
  });
  for (const type of ["identify", "performance"]) {
    const measured = await send({ website: OLD_UUID, url: "/a", data: { lcp: 1200 } }, type);
    equal(measured.status, 200);
    ok(measured.body.cache);
  }
  const load = { lcp: 2400.4, inp: 300, cls: 0.30004, fcp: "900", ttfb: 60_001, duration: 5 };
  equal((await send({ ...page, ...load }, "performance")).status, 200);
  const vitals = await (await app.send(`/api/stats/vitals?site_id=${SITE}&period=day`)).json();
  const p75 = ["lcp", "inp", "cls", "fcp", "ttfb"].map((name) => vitals.vitals[name].p75);
  deepEqual(p75, [2400, 300, 0.3, 900, null]);
  deepEqual(vitals.rows.map((row: { value: string; loads: number }) => [row.value, row.loads]), [
    ["/a", 1],
  ]);
  const counted = await report(app, "metrics=visits,pageviews,events,visit_duration");
  deepEqual(counted.results[0].metrics.events, 3, "how a page loads is no event");
  const said = await report(app, "metrics=pageviews&dimensions=title,language");
  deepEqual(said.results[0].dimensions, ["A page", "en-GB"]);
  const pages = await report(app, "metrics=pageviews&dimensions=hostname,page&order_by=page:asc");
  deepEqual(pages.results.map((row: { dimensions: unknown }) => row.dimensions), [
    ["www.example.com", "/a"],
    ["example.com", "/b"],
  ]);
  await app.close();
});

Deno.test("POST /api/send makes one visitor of an id on two devices, where it may", async () => {
  const app = await openApp();
  await declare(app);
  const agents = [CHROME, CHROME.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")];
  const page = { website: OLD_UUID, url: "/a", hostname: SITE, id: "alice" };
  const sendAll = async (type: string) => {
    const told = [];
    for (const agent of agents) {
      const headers = { "user-agent": agent };
      const answer = await post(app, "/api/send", { type, payload: page }, { headers });
      told.push([answer.status, answer.headers.get("x-mallard-notices")]);
      ok((await answer.json()).cache);
    }
    return told;
  };
  const visitors = async () => (await report(app, "metrics=visitors")).results[0]?.metrics.visitors;
  deepEqual(await sendAll("identify"), [[200, "user_ids_off"], [200, "user_ids_off"]]);
  deepEqual(await sendAll("event"), [[200, "user_id_dropped"], [200, "user_id_dropped"]]);
  equal(await visitors(), 2);
  const set = { method: "PATCH", body: JSON.stringify({ user_ids: true }) };
  equal((await app.send(`/api/sites/${SITE}`, set)).status, 200);
  deepEqual(await sendAll("identify"), [[200, "no_event"], [200, "no_event"]]);
  deepEqual(await sendAll("event"), [[200, null], [200, null]]);
  equal(await visitors(), 3, "two without ids, one with");
  const exported = await app.send(`/api/sites/${SITE}/export?format=ndjson`);
  equal((await exported.text()).includes("alice"), false);
  await app.close();
});

Deno.test("POST /api/send refuses what it cannot count, and beeps at robots", async () => {
  const app = await openApp();
  await declare(app);
  const send = async (payload: unknown, headers: Record<string, string> = {}, type = "event") => {
    const response = await post(app, "/api/send", { type, payload }, { headers });
    const said = await response.json();
    return [response.status, Object.keys(said.error ?? said)];
  };
  const page = { website: OLD_UUID, url: "/a", hostname: SITE };
  const refused = [400, ["message", "code", "status"]];
  deepEqual(await send({ ...page, website: "00000000-0000-4000-8000-000000000000" }), refused);
  deepEqual(await send({ ...page, website: "x" }), refused);
  deepEqual(await send({ link: OLD_UUID }), refused);
  deepEqual(await send({ pixel: OLD_UUID }), refused);
  deepEqual(await send(page, {}, "other"), refused);
  deepEqual(await send(5), refused);
  const robot = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" };
  deepEqual(await send(page, robot), [200, ["beep"]]);
  const node = { "user-agent": "node" };
  deepEqual(await send(page, node), [200, ["beep"]]);
  const accepted = [200, ["cache", "sessionId", "visitId"]];
  deepEqual(await send({ ...page, userAgent: CHROME, ip: "8.8.8.8" }, node), accepted);
  deepEqual(await send({ ...page, screen: 5, referrer: {}, data: "x", title: [] }), accepted);
  const { results: rows } = await report(app, "metrics=visitors&dimensions=country");
  equal(rows.length, 2, "the visitor's own address is the one that counts");
  const preflight = await app.send("/api/send", {
    method: "OPTIONS",
    headers: { origin: "https://a.example", "access-control-request-method": "POST" },
  });
  equal(preflight.headers.get("access-control-allow-origin"), "*");
  match(preflight.headers.get("access-control-allow-headers") ?? "", /x-umami-cache/i);
  await app.close();
});

Deno.test("POST /api/batch takes what can be read, and names what cannot", async () => {
  const app = await openApp();
  await declare(app);
  const event = { type: "event", payload: { website: OLD_UUID, url: "/a", hostname: SITE } };
  const response = await post(app, "/api/batch", [event, { type: "event" }, event]);
  const { size, processed, errors, details, cache } = await response.json();
  deepEqual([response.status, size, processed, errors], [200, 3, 2, 1]);
  deepEqual(details.map(({ index }: { index: number }) => index), [1]);
  ok(cache);
  equal((await post(app, "/api/batch", {})).status, 400);
  const main = await (await app.send(`/api/stats/main?site_id=${SITE}&period=day`)).json();
  equal(main.total_pageviews, 2);
  await app.close();
});

Deno.test("A library counts for people with an API key, and is a robot without", async () => {
  const app = await openApp();
  await declare(app);
  const made = await post(app, "/api/keys", { name: "n", scope: "ReadOnly" });
  const { key } = await made.json();
  const event = { d: SITE, n: "pageview", u: `https://${SITE}/a` };
  for (const agent of ["node", "python-requests/2.31", "okhttp/4", "WordPress/6.5"]) {
    const headers = { "user-agent": agent };
    const without = await post(app, "/api/event", event, { headers });
    equal(without.headers.get("x-mallard-dropped"), "robot", agent);
    const bearer = { ...headers, authorization: `Bearer ${key}`, "x-forwarded-for": "8.8.8.8" };
    const counted = await post(app, "/api/event", event, { headers: bearer, peer: "203.0.113.9" });
    deepEqual([counted.status, counted.headers.get("x-mallard-dropped")], [202, null], agent);
  }
  const crawler = { "user-agent": "Googlebot/2.1", authorization: `Bearer ${key}` };
  const robot = await post(app, "/api/event", event, { headers: crawler });
  equal(robot.headers.get("x-mallard-dropped"), "robot", "the visitor is one");
  const { results: rows } = await report(app, "metrics=pageviews&dimensions=country");
  deepEqual(rows[0]?.dimensions, ["US"]);
  await app.close();
});
