// Checks of the lines about GoatCounter in docs/switching.md, but for its script.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { CHROME, ROBOT } from "../server/contract_server.ts";
import { type Bench, type Checks, daysAgo, dig, each, type Said } from "./bench.ts";

type Body = Readonly<Record<string, unknown>>;

let made = 0;

/** A site with a code, and the host under which it is asked. */
async function goat(bench: Bench, settings: Body = {}) {
  const code = `goat${++made}`;
  const site = await bench.site({ aliases: [code], ...settings });
  const host = { host: `${code}.goat.example` };
  const count = (query: string, headers: Body = {}, method = "GET") =>
    bench.ask(method, `/count?${query}`, { headers: { ...host, ...headers } });
  const ask = (path: string, said: Said = {}) =>
    bench.ask("GET", path, { who: "reader", headers: host, ...said });
  const read = async (path: string) => (await ask(path)).json<unknown>();
  return { site, code, host, count, ask, read };
}

const IMAGE = "image/gif";
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 " +
  "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1";

const COUNTING: Checks = {
  "`GET /count`, `POST /count`": async (bench) => {
    const { site, count } = await goat(bench);
    const page = "p=/a&r=https://www.google.com/&q=%3Futm_campaign%3Dspring&s=390,844,3&b=0";
    for (const method of ["GET", "POST"]) {
      const reply = await count(page, {}, method);
      deepEqual([reply.status, reply.header("content-type")], [200, IMAGE]);
    }
    await count("p=Signup&e=true");
    equal((await count("p=/a&b=150")).status, 202);
    deepEqual(await bench.events(site), [["Signup", "/", 1], ["pageview", "/a", 2]]);
    const by = "source,utm_campaign,screen";
    deepEqual(await bench.rows(site, `metrics=visits&dimensions=${by}`), [
      ["Google", "spring", "mobile", 1],
    ]);
    const paged = await goat(bench);
    await paged.count("p=Signup&e=true", { referer: `https://${paged.site}/pricing?x=1` });
    deepEqual(await bench.events(paged.site), [["Signup", "/pricing", 1]]);
    const other = await goat(bench);
    await other.count("p=/r&r=Newsletter");
    await other.count("p=/s&q=src%3Dposter%26campaign%3Dplain", { "user-agent": PHONE });
    const rows = "metrics=visits&dimensions=source,utm_campaign&order_by=source:asc";
    deepEqual(await bench.rows(other.site, rows), [
      ["Newsletter", "(not set)", 1],
      ["poster", "plain", 1],
    ]);
  },
  "`t`, `Accept-Language`": async (bench) => {
    const { site, count } = await goat(bench);
    await count("p=/a&t=A%20page", { "accept-language": "de-AT,de;q=0.5" });
    deepEqual(await bench.rows(site, "metrics=visitors&dimensions=title,language"), [
      ["A page", "de-AT", 1],
    ]);
  },
  "`ns`": async (bench) => {
    const { site, count } = await goat(bench);
    for (const _ of [1, 2]) await count("p=/a&ns=1");
    for (const _ of [1, 2]) await count("p=/a");
    deepEqual(await bench.rows(site, "metrics=visitors,visits"), [[3, 3]]);
  },
  "`rnd`": async (bench) => {
    const { site, count } = await goat(bench);
    await count("p=/a&rnd=x1");
    deepEqual(await bench.events(site), [["pageview", "/a", 1]]);
  },
  "not counted": async (bench) => {
    const { count } = await goat(bench);
    const robot = await count("p=/a", { "user-agent": "python-requests/2.31.0" });
    equal(robot.status, 202);
    match(robot.header("x-goatcounter") ?? "", /robot/);
    const pathless = await count("");
    equal(pathless.status, 400);
    match(pathless.header("x-goatcounter") ?? "", /path/);
    equal((await count("p=/a", { host: "127.0.0.1" })).status, 400, "no site");
  },
  "`POST /api/v0/count`": async (bench) => {
    const { site, host } = await goat(bench);
    const send = (json: unknown, who: Said["who"] = "admin") =>
      bench.ask("POST", "/api/v0/count", { who, json, headers: host });
    const visitor = { user_agent: CHROME, ip: "8.8.8.8" };
    const past = { ...visitor, created_at: `${daysAgo(2)}T10:00:00Z` };
    const hits = [
      { ...past, path: "/a", ref: "https://www.google.com/", title: "A", size: [390, 844, 3] },
      { ...past, path: "/b", query: "utm_campaign=spring", session: "one" },
      { ...visitor, path: "Signup", event: true },
      { path: "/a", bot: 150 },
      { path: "/a", user_agent: ROBOT },
      { path: "/a", user_agent: "curl/8.5.0", ip: "8.8.4.4" },
    ];
    equal((await send({ hits }, "reader")).status, 403);
    const good = await send({ hits });
    deepEqual([good.status, good.header("x-goatcounter-filter")], [202, "3,4,5"]);
    const bad = await send({ hits: [{ path: "/c", user_agent: CHROME }, {}] });
    deepEqual([bad.status, Object.keys(dig(bad.json(), "errors") ?? {})], [400, ["1"]]);
    const pages = (await bench.events(site)).map(([name, page]) => `${name} ${page}`);
    deepEqual(pages, ["Signup /", "pageview /a", "pageview /b", "pageview /c"]);
    const days = await bench.rows(site, "metrics=events&dimensions=day");
    equal(days.filter((row) => row.at(-1) !== 0).length, 2);
    const placed = await goat(bench);
    const sent = [
      { path: "/p", user_agent: CHROME, ip: "8.8.8.8", location: "DE-BY", language: "de" },
      { path: "/p", user_agent: CHROME, ip: "8.8.4.4", location: "nowhere", created_at: "soon" },
    ];
    const told = await bench.ask("POST", "/api/v0/count", {
      ...{ who: "admin", json: { hits: sent }, headers: placed.host },
    });
    deepEqual([told.status, told.header("x-mallard-notices")], [
      202,
      "time_dropped, place_dropped",
    ]);
    const places = "metrics=visitors&dimensions=country,region,language";
    deepEqual(await bench.rows(placed.site, `${places}&order_by=country:asc`), [
      ["DE", "DE-BY", "de", 1],
      ["US", "(not set)", "(not set)", 1],
    ]);
    const many = Array.from({ length: 501 }, () => ({ path: "/" }));
    equal((await send({ hits: many })).status, 400);
    const alone = await goat(bench);
    const twice = { no_sessions: true, hits: [1, 2].map(() => ({ ...visitor, path: "/a" })) };
    const said = { who: "admin", json: twice, headers: alone.host } as const;
    equal((await bench.ask("POST", "/api/v0/count", said)).status, 202);
    deepEqual(await bench.rows(alone.site, "metrics=visitors"), [[2]]);
  },
};

const COUNTERS: Checks = {
  "`/counter/PATH.json`, `.html`, `.svg`, `.png`, and `TOTAL`": async (bench) => {
    const { site, host, count } = await goat(bench);
    await bench.past(site, [[`${daysAgo(2)}T10:00:00Z`, 1, { u: "/blog/a" }]]);
    await count("p=/blog/a");
    await count("p=/");
    const show = (name: string, said: Said = {}) =>
      bench.ask("GET", `/counter/${name}`, { headers: host, ...said });
    const shown = async (name: string) => dig((await show(name)).json(), "count");
    equal((await show("TOTAL.json")).status, 401);
    equal((await show("TOTAL.json", { who: "reader", headers: host })).status, 200);
    await bench.set(site, { public: true });
    equal(await shown("TOTAL.json"), "2");
    for (const path of ["%2Fblog%2Fa", "/blog/a", "blog/a"]) {
      equal(await shown(`${path}.json`), "2", path);
    }
    const past = `start=${daysAgo(3)}&end=${daysAgo(1)}`;
    equal(await shown(`blog/a.json?${past}`), "1");
    equal((await show("none.json")).status, 404);
    await count("p=Signup&e=true");
    await count("p=Signup&e=true", { "user-agent": PHONE });
    equal(await shown("Signup.json"), "2", "an event");
    equal((await show("%2FSignup.json")).status, 404, "no page");
    equal(await shown("%2F.json"), "1", "no page of the events");
    for (
      const [kind, type] of [["html", "text/html"], ["svg", "image/svg"], ["png", "image/png"]]
    ) {
      ok((await show(`blog/a.${kind}`)).header("content-type")?.startsWith(type ?? ""), kind);
    }
    for (const start of ["week", "month", "year"]) {
      equal((await show(`TOTAL.json?start=${start}`)).status, 200, start);
    }
    const named = await bench.ask("GET", `/counter/TOTAL.json?site_id=${site}`);
    equal(dig(named.json(), "count"), "3", "told by site_id");
  },
  "`no_branding`, `style`": async (bench) => {
    const { site, host, count } = await goat(bench);
    await count("p=/");
    await bench.set(site, { public: true });
    const path = "/counter/TOTAL.svg?no_branding=1&style=x";
    equal(await bench.status("GET", path, { headers: host }), 200);
  },
};

/** A site with visits of two days. */
async function visited(bench: Bench) {
  const found = await goat(bench);
  await bench.past(found.site, [
    [`${daysAgo(3)}T10:00:00Z`, 1, { u: "/", r: "https://www.google.com/", w: 1920 }],
    [`${daysAgo(2)}T10:00:00Z`, 2, { u: "/a?utm_campaign=spring&utm_source=x", w: 390 }],
    [`${daysAgo(2)}T10:01:00Z`, 2, { u: "/a", n: "Signup" }],
  ]);
  const range = `start=${daysAgo(4)}&end=${daysAgo(1)}`;
  const stats = (path: string, query = "") => found.read(`/api/v0/stats/${path}?${range}&${query}`);
  return { ...found, stats };
}

const READING: Checks = {
  "`GET /api/v0/me`, `/api/v0/sites`": async (bench) => {
    const { site, code, read } = await goat(bench);
    ok(dig(await read("/api/v0/me"), "user"));
    const sites = dig(await read("/api/v0/sites"), "sites");
    equal(each(sites, "code").at(each(sites, "cname").indexOf(site)), code);
  },
  "`/api/v0/paths`": async (bench) => {
    const { read, ask } = await visited(bench);
    const all = dig(await read("/api/v0/paths"), "paths");
    deepEqual(each(all, "path").sort(), ["/", "/a", "Signup"]);
    const first = dig(all, 0, "id");
    const rest = dig(await read(`/api/v0/paths?limit=200&after=${first}`), "paths");
    deepEqual(each(rest, "id"), each(all, "id").slice(1));
    equal((await ask("/api/v0/paths?limit=201")).status, 400);
  },
  "`/api/v0/stats/total`, `/stats/hits`, `/stats/hits/ID`": async (bench) => {
    const { stats } = await visited(bench);
    equal(dig(await stats("total"), "total"), 2);
    const hits = dig(await stats("hits"), "hits");
    deepEqual(each(hits, "path").sort(), ["/", "/a", "Signup"]);
    equal(dig(await stats("hits", "limit=1&offset=2"), "more"), false);
    const id = dig(hits, 0, "path_id");
    equal(each(dig(await stats("hits", `exclude_paths=${id}`), "hits"), "path").length, 2);
    equal(each(dig(await stats("hits", `include_paths=${id}`), "hits"), "path").length, 1);
    equal(dig(await stats("hits", "daily=true"), "hits", 0, "max"), 1);
    equal(each(dig(hits, 0, "stats"), "day").length, 4);
    const root = each(hits, "path_id")[each(hits, "path").indexOf("/")];
    deepEqual(each(dig(await stats(`hits/${root}`), "refs"), "name"), ["Google"]);
    const counts = each(hits, "count");
    deepEqual(each(hits, "path").map((path, index) => [path, counts[index]]).sort(), [
      ["/", 1],
      ["/a", 1],
      ["Signup", 1],
    ]);
  },
  "`/stats/browsers`, `/systems`, `/locations`, `/sizes`, `/campaigns`, `/toprefs`, `/languages`":
    async (bench) => {
      const { stats } = await visited(bench);
      const names = async (path: string) => each(dig(await stats(path), "stats"), "name").sort();
      deepEqual(await names("browsers"), ["Chrome"]);
      deepEqual(await names("systems"), ["Windows"]);
      deepEqual(await names("locations"), ["US"]);
      deepEqual(await names("sizes"), ["desktop", "mobile"]);
      deepEqual(await names("campaigns"), ["", "spring"]);
      deepEqual(await names("toprefs"), ["Google", "Twitter"]);
      deepEqual(await names("languages"), [""]);
    },
  [
    "`/stats/browsers/ID`, `/systems/ID`, `/locations/ID`, `/sizes/ID`, `/campaigns/ID`, " +
    "`/toprefs/ID`, `/languages/ID`"
  ]: async (bench) => {
    const { stats, count, read } = await visited(bench);
    const names = async (path: string) => each(dig(await stats(path), "stats"), "name");
    deepEqual(await names("browsers/Chrome"), ["120.0.0.0"]);
    deepEqual(await names("systems/Windows"), ["10"]);
    equal((await names("locations/US")).length, 1);
    deepEqual(await names("sizes/mobile"), ["390px"]);
    deepEqual(await names("campaigns/spring"), ["x"]);
    deepEqual(await names("toprefs/Google"), ["https://www.google.com/"]);
    await count("p=/", { "accept-language": "en-US" });
    const languages = await read("/api/v0/stats/languages/en");
    deepEqual(each(dig(languages, "stats"), "name"), ["en-US"]);
  },
  "the site": async (bench) => {
    const { site } = await visited(bench);
    const ask = (query: string) =>
      bench.status("GET", `/api/v0/stats/total${query}`, { who: "reader" });
    equal(await ask(`?site_id=${site}`), 200);
    equal(await ask(""), 404, "the key reads several sites");
  },
  "`X-Rate-Limit-Limit`, `-Remaining`, `-Reset`": async (bench) => {
    const { ask } = await goat(bench);
    const reply = await ask("/api/v0/me");
    equal(reply.header("x-rate-limit-limit"), "5000");
    const left = Number(reply.header("x-rate-limit-remaining"));
    ok(left > 4000 && left < 5000);
    ok(Number(reply.header("x-rate-limit-reset")) >= 1);
  },
  "`/api/v0/export`, changes of sites and users": async (bench) => {
    for (
      const [method, path] of [
        ["POST", "export"],
        ["GET", "export"],
        ["GET", "export/1"],
        ["DELETE", "sites/1"],
        ["POST", "users"],
        ["PUT", "sites"],
        ["PATCH", "sites/1"],
      ] as const
    ) equal(await bench.status(method, `/api/v0/${path}`, { who: "admin" }), 404, path);
  },
};

/** Checks by the first cell of their line. */
export const GOATCOUNTER: Checks = { ...COUNTING, ...COUNTERS, ...READING };
