import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { inflateSync } from "node:zlib";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { importPast, type PastEvent } from "../../support/peers/past_events.ts";

const SITE = "example.com";
const HOST = "code.goat.example";
const REMOTE = "203.0.113.9";
const PASSWORD = "correct horse";

/** The clock of the app says 2024-01-15, noon. */
const EVENTS: readonly PastEvent[] = [
  ["2024-01-13T10:00:00Z", 1, { u: "/", r: "https://www.google.com/" }],
  ["2024-01-13T10:01:00Z", 1, { u: "/blog/one" }],
  ["2024-01-14T10:00:00Z", 2, { u: "/blog/one?utm_campaign=spring", t: "One" }],
  ["2024-01-14T11:00:00Z", 3, { u: "/blog/one" }],
  ["2024-01-14T11:01:00Z", 3, { u: "/", n: "Signup" }],
];

async function open() {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD });
  const login = await app.send("/api/auth/login", {
    method: "POST",
    body: JSON.stringify({ username: "a", password: PASSWORD }),
  });
  const owner = { authorization: `Bearer ${(await login.json()).token}` };
  const put = (path: string, body: string, method = "POST") =>
    app.send(path, { method, body, headers: { ...owner, "content-type": "application/json" } });
  await put("/api/sites", JSON.stringify({ site_id: SITE, aliases: ["code"] }));
  const made = await (await put("/api/keys", '{"name":"n","scope":"ReadOnly"}')).json();
  await importPast(app, SITE, EVENTS, owner);
  const publish = (isPublic: boolean) =>
    put(`/api/sites/${SITE}`, JSON.stringify({ public: isPublic }), "PATCH");
  return { app, publish, key: String(made.key) };
}

function counter(app: RunningApp, name: string): Promise<Response> {
  return app.send(`/counter/${name}`, { headers: { host: HOST }, peer: REMOTE });
}

Deno.test("GET /counter shows how many visitors a page of a public site had", async () => {
  const { app, publish } = await open();
  equal((await counter(app, "TOTAL.json")).status, 401);
  equal((await publish(true)).status, 200);
  const total = await counter(app, "TOTAL.json");
  deepEqual(await total.json(), { count: "3", count_unique: "3" });
  equal(total.headers.get("access-control-allow-origin"), "*");
  const path = encodeURIComponent("/blog/one");
  equal((await (await counter(app, `${path}.json`)).json()).count, "3");
  equal((await (await counter(app, "/blog/one.json")).json()).count, "3", "not encoded");
  equal((await (await counter(app, "blog/one.json")).json()).count, "3", "without its slash");
  equal((await (await counter(app, `${path}.json?start=2024-01-14`)).json()).count, "2");
  equal((await (await counter(app, `%2F.json?start=2024-01-01&end=2024-01-13`)).json()).count, "1");
  const none = await counter(app, "%2Fnone.json");
  deepEqual([none.status, (await none.json()).count], [404, "0"]);
  const svg = await counter(app, `${path}.svg`);
  equal(svg.headers.get("content-type"), "image/svg+xml");
  match(await svg.text(), />3<\/text>/);
  const page = await counter(app, `${path}.html`);
  equal(page.headers.get("x-frame-options"), null, "any page may frame it");
  match(
    page.headers.get("content-security-policy") ?? "",
    /default-src 'none'.*frame-ancestors \*/,
  );
  match(await page.text(), /<b>3<\/b>/);
  const png = new Uint8Array(await (await counter(app, `${path}.png`)).arrayBuffer());
  deepEqual([...png.slice(0, 4)], [137, 80, 78, 71]);
  const start = new TextDecoder("latin1").decode(png).indexOf("IDAT") + 4;
  equal(inflateSync(png.slice(start)).length, 80 * 201);
  equal((await counter(app, "TOTAL.gif")).status, 404);
  equal((await app.send("/counter/TOTAL.json", { peer: REMOTE })).status, 404, "no site");
  await app.close();
});

interface Hit {
  readonly path: string;
  readonly path_id: number;
  readonly event: boolean;
  readonly count: number;
  readonly max: number;
}

Deno.test("GoatCounter's reading API pages paths and events, and picks some of them", async () => {
  const { app, key } = await open();
  const headers = { authorization: `Bearer ${key}`, host: HOST };
  const ask = async (path: string) => {
    const response = await app.send(`/api/v0/${path}`, { headers, peer: REMOTE });
    return response.status === 200 ? await response.json() : response.status;
  };
  const range = "start=2024-01-13&end=2024-01-14";
  const hits = async (query: string): Promise<{ hits: Hit[]; more: boolean }> =>
    await ask(`stats/hits?${range}&${query}`);
  const all = await hits("");
  deepEqual(all.hits.map(({ path, event, count }) => [path, event, count]), [
    ["/blog/one", false, 3],
    ["/", false, 1],
    ["Signup", true, 1],
  ]);
  const [blog, root, signup] = all.hits.map(({ path_id }) => path_id);
  const first = await hits("limit=2");
  deepEqual([first.hits.length, first.more], [2, true]);
  const rest = await hits(`limit=2&exclude_paths=${blog}&exclude_paths=${root}`);
  deepEqual([rest.hits.map(({ path }) => path), rest.more], [["Signup"], false]);
  deepEqual((await hits("limit=2&offset=2")).hits, rest.hits);
  deepEqual((await hits(`include_paths=${root},${signup}`)).hits, all.hits.slice(1));
  equal(all.hits[0]?.max, 1, "of an hour");
  equal((await hits("daily=true")).hits[0]?.max, 2, "of a day");
  const count = async (path: string) => (await ask(`${path}${range}`)).total;
  deepEqual(
    [await count("stats/total?"), await count(`stats/total?include_paths=${root}&`)],
    [3, 1],
  );
  const browsers = await ask(`stats/browsers?include_paths=${root}&${range}`);
  equal(browsers.stats[0].count, 1);
  equal((await ask(`stats/hits/${signup}?${range}`)).refs[0].count, 1);
  equal(await ask("stats/hits?include_paths=x"), 400);
  equal(await ask("stats/total?include_paths=5"), 404);
  const page = await ask("paths?limit=2");
  deepEqual([page.paths.length, page.more], [2, true], "of all times");
  const next = await ask(`paths?limit=2&after=${page.paths[1].id}`);
  deepEqual([next.paths.length, next.more], [1, false]);
  await app.close();
});

Deno.test("GoatCounter's reading API splits sizes and languages, and tells rates", async () => {
  const { app, key } = await open();
  const headers = { authorization: `Bearer ${key}`, host: HOST };
  const agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/121.0";
  const count = (query: string, language: string) =>
    app.send(`/count?p=/&${query}`, {
      headers: { host: HOST, "user-agent": agent, "accept-language": language },
      peer: REMOTE,
    });
  for (
    const [query, language] of [
      ["s=1920,1080,1&ns=1", "en-US,en;q=0.5"],
      ["s=1920,1080,1&ns=1", "en-GB"],
      ["s=1680,1050,1&ns=true", "en"],
      ["s=390,844,3&ns=1", "de"],
    ] as const
  ) equal((await count(query, language)).status, 200);
  const list = async (path: string) => {
    const response = await app.send(`/api/v0/stats/${path}?start=2024-01-15`, { headers });
    return (await response.json()).stats.map((one: Record<string, unknown>) => [
      one["name"],
      one["count"],
    ]);
  };
  deepEqual(await list("sizes"), [["desktop", 3], ["mobile", 1]], "ns: each hit stands alone");
  deepEqual(await list("sizes/desktop"), [["1920px", 2], ["1680px", 1]]);
  deepEqual(await list("languages/en"), [["en", 1], ["en-GB", 1], ["en-US", 1]]);
  deepEqual(await list("languages/en-GB"), [["en-GB", 1]]);
  const hits = [1, 2].map(() => ({ path: "/past", user_agent: agent, ip: "203.0.113.7" }));
  const made = await app.send("/api/auth/login", {
    method: "POST",
    body: JSON.stringify({ username: "a", password: PASSWORD }),
  });
  const owner = { authorization: `Bearer ${(await made.json()).token}` };
  const admin = await app.send("/api/keys", {
    method: "POST",
    headers: owner,
    body: '{"name":"n","scope":"Admin"}',
  });
  const sent = await app.send("/api/v0/count", {
    method: "POST",
    headers: { authorization: `Bearer ${(await admin.json()).key}`, host: HOST },
    body: JSON.stringify({ no_sessions: true, hits }),
  });
  equal(sent.status, 202);
  deepEqual(await list("systems"), [["Linux", 6]], "no_sessions: each of them stands alone");

  const rate = async (path: string, sent: Record<string, string> = headers) => {
    const answer = await app.send(path, { headers: sent, peer: REMOTE });
    const told = ["limit", "remaining", "reset"].map((name) =>
      answer.headers.get(`x-rate-limit-${name}`)
    );
    return told.map((text) => text === null ? null : Number(text));
  };
  const [limit, left = 0, reset] = await rate("/api/v0/me");
  deepEqual([limit, reset], [5000, 1]);
  deepEqual(await rate("/api/v0/stats/total"), [5000, (left ?? 0) - 1, 1]);
  app.system.clock.advance(2000);
  deepEqual(await rate("/api/v0/me"), [5000, 4999, 1]);
  deepEqual(await rate("/api/v0/me", owner), [null, null, null], "an owner has no limit");
  await app.close();
});

Deno.test("GoatCounter's reading API answers totals, hits and lists", async () => {
  const { app, key } = await open();
  const headers = { authorization: `Bearer ${key}`, host: HOST };
  const ask = async (path: string) => {
    const response = await app.send(`/api/v0/${path}`, { headers, peer: REMOTE });
    if (response.status !== 200) return response.status;
    ok(response.headers.has("x-rate-limit-remaining"), path);
    return await response.json();
  };
  const range = "start=2024-01-13&end=2024-01-14";
  const total = await ask(`stats/total?${range}`);
  deepEqual([total.total, total.total_events], [3, 1]);
  deepEqual(
    total.stats.map(({ day, daily, hourly }: { day: string; daily: number; hourly: number[] }) => [
      day,
      daily,
      hourly[10],
      hourly[11],
      hourly.length,
    ]),
    [["2024-01-13", 1, 1, 0, 24], ["2024-01-14", 2, 1, 1, 24]],
  );
  const kept = async () => {
    const metrics = await (await app.send("/metrics")).text();
    return Number(/^mallard_cache_hits_total (\d+)$/m.exec(metrics)?.[1]);
  };
  const before = await kept();
  deepEqual(await ask(`stats/total?${range}&nonsense=1`), total);
  equal(await kept(), before + 1, "the answer is kept whole");
  const { hits, more } = await ask(`stats/hits?${range}&limit=1`);
  const [{ path_id, path, count, max, stats }] = hits;
  deepEqual([path, count, max, stats[1].daily, more], ["/blog/one", 3, 1, 2, true]);
  equal(hits[0].title, "One");
  const { refs } = await ask(`stats/hits/${path_id}?${range}`);
  deepEqual(refs.map(({ name, count }: { name: string; count: number }) => [name, count]), [
    ["", 2],
    ["Google", 1],
  ]);
  equal(await ask(`stats/hits/5?${range}`), 404);
  const list = async (name: string) =>
    (await ask(`stats/${name}?${range}`)).stats
      .map((one: { name: string; count: number }) => [one.name, one.count]);
  deepEqual(await list("browsers"), [["Chrome", 3]]);
  deepEqual(await list("systems"), [["Windows", 3]]);
  deepEqual(await list("locations"), [["US", 3]]);
  deepEqual(await list("toprefs"), [["", 2], ["Google", 1]]);
  deepEqual((await list("campaigns")).sort(), [["", 2], ["spring", 1]]);
  deepEqual(await list("languages"), [["", 3]]);
  equal(await ask(`stats/nothing?${range}`), 404);
  equal(await ask(`stats/nothing/1?${range}`), 404);
  const google = await ask(`stats/toprefs/Google?${range}`);
  deepEqual([google.stats.length, google.stats[0].count], [1, 1]);
  equal((await ask(`stats/browsers/Chrome?${range}`)).stats[0].count, 3);
  for (const path of ["export/1", "sites/1"]) equal(await ask(path), 404);
  const { paths } = await ask(`paths?${range}`);
  deepEqual(paths.map(({ path }: { path: string }) => path).sort(), ["/", "/blog/one", "Signup"]);
  deepEqual(paths.map(({ title }: { title: string }) => title).sort(), ["", "", "One"]);
  const { sites } = await ask("sites");
  deepEqual([sites[0].code, sites[0].cname], ["code", SITE]);
  ok((await ask("me")).user);
  equal(await ask("stats/total?start=x"), 400);
  equal(
    (await app.send("/api/v0/stats/total", { headers: { host: HOST }, peer: REMOTE })).status,
    401,
  );
  await app.close();
});
