// The clients of other programs against the running server: their published packages, and pages
// that carry their script tags. What they did is read from the reports.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { type BrowserContext, browserTest, type Page } from "../support/browser/browser.ts";
import { packageFile, Plausible, Umami, UmamiClient } from "../support/peers/clients.ts";
import { BREAKDOWNS } from "../../src/query/reports/breakdowns.ts";
import { DIMENSIONS } from "../../src/query/dimensions.ts";
import { CHROME, ContractServer, until } from "../support/server/contract_server.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";

const UMAMI_ID = "b59e9c65-ae32-47f1-8400-119fcf4861c4";
const OTHER_ID = "00000000-0000-4000-8000-000000000000";
const GOOGLE = "https://www.google.com/";

/** Lets the scripts count, although a program drives the browser. */
const WATCHED = "Object.defineProperty(navigator, 'webdriver', { get: () => false });";

interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Signs in as Umami's clients do; gives the token. */
async function signIn(server: ContractServer, password: string): Promise<string> {
  const body = JSON.stringify({ username: "ada", password });
  const reply = await server.ask("POST", "/api/auth/login", { body });
  return reply.json<{ token: string }>().token;
}

async function open(password?: string): Promise<ContractServer> {
  const env = password === undefined ? {} : { MALLARD_ADMIN_PASSWORD: password };
  const server = await ContractServer.start({ env });
  const key = password === undefined
    ? {}
    : { authorization: `Bearer ${await signIn(server, password)}` };
  const headers = { "content-type": "application/json", ...key };
  for (
    const body of [
      { site_id: "umami.example", aliases: [UMAMI_ID] },
      { site_id: "goat.example" },
    ]
  ) {
    equal(
      (await server.ask("POST", "/api/sites", { headers, body: JSON.stringify(body) })).status,
      201,
    );
  }
  return server;
}

async function rows(server: ContractServer, site: string, query: string): Promise<unknown[][]> {
  const reply = await server.get(`/api/stats/query?site_id=${site}&period=day&${query}`);
  equal(reply.status, 200, reply.text);
  return reply.json<{ results: Row[] }>().results
    .map(({ dimensions, metrics }) => [...dimensions, ...Object.values(metrics)]);
}

const events = (server: ContractServer, site: string) =>
  rows(server, site, "metrics=events&dimensions=name,page&order_by=name:asc,page:asc");

/** Waits until the events are as expected: a page tells of them while it goes on. */
async function expectEvents(server: ContractServer, site: string, expected: unknown[][]) {
  let found: unknown[][] = [];
  await until(`events of ${site}`, async () => {
    found = await events(server, site);
    return JSON.stringify(found) === JSON.stringify(expected) ? true : null;
  }, 20_000).catch(() => {});
  deepEqual(found, expected, site);
}

/**
 * Serves a page at every path of `*.example`, files of packages below /npm/, and the server at
 * STATS: a page of a public host may not ask this machine itself.
 */
async function servePages(
  context: BrowserContext,
  server: ContractServer,
  head: (host: string) => string,
) {
  await context.addInitScript(WATCHED);
  await context.route(/^http:\/\/[a-z]+\.example\//, async (route) => {
    const { hostname, pathname, search } = new URL(route.request().url());
    if (hostname === "stats.example") {
      const response = await route.fetch({ url: server.origin + pathname + search });
      return await route.fulfill({ response });
    }
    const [, name, file] = /^\/npm\/((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (name !== undefined && file !== undefined) {
      const body = await packageFile(name, file) ?? "";
      return await route.fulfill({ contentType: "text/javascript", body });
    }
    const body = `<!doctype html><title>A page</title>${head(hostname)}<h1>A page</h1>`;
    await route.fulfill({ contentType: "text/html", body });
  });
}

/** Does something, and waits until the server has answered a request for it. */
async function counting(page: Page, path: RegExp, action: () => Promise<unknown>): Promise<void> {
  const answered = page.waitForResponse((response) => path.test(new URL(response.url()).pathname));
  await action();
  equal((await answered).ok(), true);
}

Deno.test("Umami's published API client reads what its clients sent", async () => {
  const password = "correct horse";
  const server = await open(password);
  try {
    const token = await signIn(server, password);
    const client = new UmamiClient({ baseUrl: `${server.origin}/api`, token });
    const umami = new Umami({ hostUrl: server.origin, websiteId: UMAMI_ID, userAgent: CHROME });
    const page = { hostname: "umami.example", language: "de-DE", title: "A page" };
    await (await umami.track({ ...page, url: "/a" })).json();
    await (await umami.track({ ...page, url: "/b", name: "signup", data: { plan: "pro" } })).json();
    // The client's own method sends an object where that API wants a list.
    const sent = [UMAMI_ID, OTHER_ID].map((website) => (
      { type: "event", payload: { ...page, website, url: "/c", userAgent: CHROME } }
    ));
    const reply = await server.ask("POST", "/api/batch", { body: JSON.stringify(sent) });
    const batch = reply.json<Record<string, unknown>>();
    deepEqual([batch["size"], batch["processed"], batch["errors"]], [2, 1, 1]);
    const websiteId = UMAMI_ID;
    const range = { websiteId, startAt: Date.now() - 3_600_000, endAt: Date.now() + 60_000 };
    const { data } = await client.listWebsites({});
    deepEqual(data.map(({ domain }) => domain), ["goat.example", "umami.example"]);
    equal(data[1]?.id, UMAMI_ID);
    const stats = await client.getWebsiteStats(range);
    deepEqual([stats.pageviews, stats.visitors, stats.visits], [2, 1, 1]);
    const paths = await client.getWebsiteMetrics({ ...range, type: "path" });
    deepEqual(paths, [{ x: "/a", y: 1 }, { x: "/b", y: 1 }, { x: "/c", y: 1 }]);
    const { pageviews } = await client.getWebsitePageviews({ ...range, unit: "day" });
    equal(pageviews.reduce((sum, { y }) => sum + y, 0), 2);
    deepEqual(await client.getWebsiteActive({ websiteId }), { visitors: 1, x: 1 });
    const data1 = { eventName: "signup", propertyName: "plan", dataType: 1, total: 1 };
    deepEqual(await client.getEventDataProperties(range), [data1]);
    deepEqual(await client.getEventDataStats(range), { events: 1, properties: 1, records: 1 });
    const values = { ...range, event: "signup", propertyName: "plan" };
    deepEqual(await client.getEventDataValues(values), [{ value: "pro", total: 1 }]);
    const expanded = await client.getWebsiteExpandedMetrics({ ...range, type: "title" });
    deepEqual(expanded.map(({ name, pageviews }) => [name, pageviews]), [["A page", 2]]);
  } finally {
    await server.close();
  }
});

Deno.test("Published clients for servers count what they send", async () => {
  const server = await open();
  try {
    const plausible = new Plausible({ apiHost: server.origin, domain: "node.example" });
    const url = "https://node.example/cart";
    const revenue = { currency: "EUR", amount: 29.9 };
    const sent = { url, referrer: null, deviceWidth: 0, props: { plan: "pro" }, revenue };
    plausible.sendEvent("order", sent);
    await until("the library's event", async () => {
      const dropped = await server.metric('mallard_events_dropped_total{reason="robot"}');
      return dropped === 1 ? true : null;
    });
    deepEqual(await events(server, "node.example"), [], "a library without a key is a robot");

    const body = JSON.stringify({ name: "n", scope: "ReadOnly" });
    const { key } = (await server.ask("POST", "/api/keys", { body })).json<{ key: string }>();
    const plain = globalThis.fetch;
    globalThis.fetch = (input, init) =>
      plain(input, {
        ...init,
        headers: { ...init?.headers, authorization: `Bearer ${key}`, "x-forwarded-for": "8.8.8.8" },
      });
    try {
      await plausible.sendEvent("order", sent);
    } finally {
      globalThis.fetch = plain;
    }
    deepEqual(
      await rows(server, "node.example", "metrics=events,total_revenue&dimensions=name,props:plan"),
      [["order", "pro", 1, [{ currency: "EUR", value: 29.9 }]]],
    );

    const umami = new Umami({ hostUrl: server.origin, websiteId: UMAMI_ID, userAgent: CHROME });
    for (const path of ["/a", "/b"]) {
      const payload = { url: path, hostname: "umami.example", title: "A page" };
      const { sessionId } = await (await umami.track(payload)).json();
      equal(typeof sessionId, "string");
    }
    await umami.track({ url: "/b", name: "signup", data: { plan: "pro" } });
    await (await umami.identify({ plan: "pro" })).body?.cancel();
    await expectEvents(server, "umami.example", [
      ["pageview", "/a", 1],
      ["pageview", "/b", 1],
      ["signup", "/b", 1],
    ]);
  } finally {
    await server.close();
  }
});

browserTest("Pages with their tags give the same numbers in every report", async (context) => {
  const server = await open();
  try {
    const origin = "http://stats.example";
    const tags: Record<string, string> = {
      "mallard.example":
        `<script src="${origin}/mallard.js" data-domain="mallard.example"></script>`,
      "legacy.example":
        `<script src="${origin}/js/script.tagged-events.js" data-domain="legacy.example"></script>`,
      "modern.example": `<script src="${origin}/js/pa-AbC.js"></script><script>
        window.plausible=window.plausible||function(){
          (plausible.q=plausible.q||[]).push(arguments)};
        plausible.init=plausible.init||function(i){plausible.o=i||{}};plausible.init()</script>`,
      "umami.example": `<script src="${origin}/script.js" data-website-id="${UMAMI_ID}"></script>`,
      "goat.example":
        `<script data-goatcounter="${origin}/count" src="${origin}/count.js"></script>`,
      "tracker.example": `<script type="module">
        import { init, track } from "/npm/@plausible-analytics/tracker/plausible.js";
        init({ domain: "tracker.example", endpoint: "${origin}/api/event" });
        self.send = (name) => track(name, { props: { plan: "pro" } });</script>`,
      "older.example": `<script type="module">
        import Plausible from "/npm/plausible-tracker/build/module/index.js";
        const { enableAutoPageviews, trackEvent } =
          Plausible({ domain: "older.example", apiHost: "${origin}" });
        enableAutoPageviews();
        self.send = (name) => trackEvent(name, { props: { plan: "pro" } });</script>`,
    };
    const custom: Record<string, string> = {
      "mallard.example": "mallard('signup', { props: { plan: 'pro' } })",
      "legacy.example": "plausible('signup', { props: { plan: 'pro' } })",
      "modern.example": "plausible('signup', { props: { plan: 'pro' } })",
      "umami.example": "umami.track('signup', { plan: 'pro' })",
      "goat.example": "goatcounter.count({ path: 'signup', event: true })",
      "tracker.example": "send('signup')",
      "older.example": "send('signup')",
    };
    await servePages(context, server, (host) => tags[host] ?? "");
    const path = /\/(api\/event|api\/send|count)$/;
    const page = await context.newPage();
    for (const host of Object.keys(tags)) {
      const visit = () => page.goto(`http://${host}/a`, { referer: GOOGLE });
      await counting(page, path, visit);
      await counting(page, path, () => page.evaluate(custom[host] ?? ""));
      if (host === "goat.example") continue;
      await counting(page, path, () => page.evaluate("history.pushState(null, '', '/b')"));
    }
    await page.goto("about:blank");
    const [, ...others] = Object.keys(tags);
    const wanted = [["pageview", "/a", 1], ["pageview", "/b", 1], ["signup", "/a", 1]];
    for (const host of Object.keys(tags).filter((one) => one !== "goat.example")) {
      await expectEvents(server, host, wanted);
    }
    await expectEvents(server, "goat.example", [["pageview", "/a", 1], ["signup", "/", 1]]);
    const queries = [
      "metrics=visitors,visits,pageviews,events,bounce_rate,views_per_visit",
      "metrics=visitors&dimensions=source,channel",
      "metrics=visits&dimensions=entry_page,exit_page",
      "metrics=visitors&dimensions=browser,os,device",
      "metrics=events&dimensions=name,props:plan&order_by=name:asc",
    ];
    for (const query of queries) {
      const own = await rows(server, "mallard.example", query);
      for (const host of others.filter((one) => one !== "goat.example")) {
        deepEqual(await rows(server, host, query), own, `${host} ${query}`);
      }
    }
  } finally {
    await server.close();
  }
});

const THREE = ["mallard.example", "tracker.example", "umami.example"] as const;

/** Three copies of a page, each with another tracker, and the program that they tell. */
async function openCopies(context: BrowserContext, app: RunningApp) {
  const body = JSON.stringify({ site_id: "umami.example", aliases: [UMAMI_ID] });
  equal((await app.send("/api/sites", { method: "POST", body })).status, 201);
  const stats = "http://stats.example";
  const tags: Readonly<Record<string, string>> = {
    "mallard.example": `<script src="${stats}/mallard.js" data-domain="mallard.example"></script>
      <script>send = (name, props) => mallard(name, { props })</script>`,
    "tracker.example": `<script type="module">
      import { init, track } from "/npm/@plausible-analytics/tracker/plausible.js";
      init({ domain: "tracker.example", endpoint: "${stats}/api/event" });
      self.send = (name, props) => track(name, { props })</script>`,
    "umami.example": `<script src="${stats}/script.js" data-website-id="${UMAMI_ID}"></script>
      <script>send = (name, props) => umami.track(name, props)</script>`,
  };
  const leaving = { isSilent: false };
  await context.addInitScript(WATCHED);
  await context.route(/^http:\/\/[a-z]+\.example\//, async (route) => {
    const request = route.request();
    const { hostname, pathname, search } = new URL(request.url());
    const [, name, file] = /^\/npm\/((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (name !== undefined && file !== undefined) {
      const body = await packageFile(name, file) ?? "";
      return await route.fulfill({ contentType: "text/javascript", body });
    }
    if (hostname !== "stats.example") {
      const body = `<!doctype html><title>A page</title>${tags[hostname]}<h1>A page</h1>`;
      return await route.fulfill({ contentType: "text/html", body });
    }
    // What is told of a page that is left comes at no certain time.
    if (leaving.isSilent) return await route.abort();
    const sent = request.postData();
    const response = await app.send(pathname + search, {
      method: request.method(),
      headers: request.headers(),
      peer: "8.8.8.8",
      ...(sent === null ? {} : { body: sent }),
    });
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    });
  });
  return leaving;
}

browserTest("A visit counted by three trackers is the same in every report", async (context) => {
  const app = await openApp();
  try {
    const leaving = await openCopies(context, app);
    const pages = await Promise.all(THREE.map(() => context.newPage()));
    const told = /\/api\/(event|send)$/;
    /** Does the same on each copy, at the same time of the server. */
    const onEach = async (action: (page: Page, host: string) => Promise<unknown>) => {
      for (const [index, page] of pages.entries()) {
        await counting(page, told, () => action(page, THREE[index] ?? ""));
      }
      app.system.clock.advance(40_000);
    };
    const campaign = "utm_source=news&utm_medium=email&utm_campaign=spring";
    await onEach((page, host) => page.goto(`http://${host}/a?${campaign}`, { referer: GOOGLE }));
    await onEach((page) => page.evaluate("send('signup', { plan: 'pro' })"));
    await onEach((page) => page.evaluate("history.pushState(null, '', '/b')"));
    await onEach((page) => page.evaluate("send('order', { plan: 'max', seats: 3 })"));
    leaving.isSilent = true;
    for (const page of pages) await page.goto("about:blank");
    leaving.isSilent = false;
    app.system.clock.advance(45 * 60_000);
    await onEach((page, host) => page.goto(`http://${host}/c`, { referer: `http://${host}/` }));
    leaving.isSilent = true;
    await sameEverywhere(app);
  } finally {
    await app.close();
  }
});

/** What not all of the three send. */
const UNSENT = ["screen", "screen_width", "language", "title"];

/** Asks every report of the three sites, and looks at a few numbers themselves. */
async function sameEverywhere(app: RunningApp): Promise<void> {
  const ask = async (host: string, path: string) => {
    const separator = path.includes("?") ? "&" : "?";
    const response = await app.send(`/api/stats/${path}${separator}site_id=${host}&period=day`);
    const text = await response.text();
    equal(response.status, 200, `${path}: ${text}`);
    return JSON.parse(text.replaceAll(host, "the site"));
  };
  const [own, ...others] = THREE;
  const totals = await ask(
    own,
    "query?metrics=visitors,visits,pageviews,events,bounce_rate,visit_duration",
  );
  // Of 120 seconds and of none.
  deepEqual(Object.values(totals.results[0].metrics), [1, 2, 3, 5, 0.5, 60]);
  const dimensions = Object.keys(DIMENSIONS).filter((name) => !UNSENT.includes(name));
  const queries = [
    ...["main", "timeseries?interval=minute", "sessions", "flow?page=/a", "realtime"],
    ...["funnel?steps=page:/a,event:signup,page:/b", "sequences?steps=page:/a,page:/b"],
    // That of sources counts what each event says: Plausible's tells the visit's referrer again.
    ...Object.keys(BREAKDOWNS).filter((name) => name !== "sources")
      .map((name) => `breakdown/${name}`),
    ...dimensions.map((name) =>
      `query?metrics=visitors,visits,pageviews,events&dimensions=${name}`
    ),
    ...["plan", "seats"].map((key) => `query?metrics=events&dimensions=name,props:${key}`),
  ];
  for (const query of queries) {
    const expected = await ask(own, query);
    for (const host of others) deepEqual(await ask(host, query), expected, `${host} ${query}`);
  }
  const of = async (host: string, name: string) =>
    (await ask(host, `query?metrics=visitors&dimensions=${name}`)).results
      .map(({ dimensions }: Row) => dimensions[0]);
  deepEqual(await of("umami.example", "screen"), await of(own, "screen"));
  deepEqual(await of("tracker.example", "screen"), ["(not set)"]);
  deepEqual(await of("umami.example", "language"), ["en-US"]);
  deepEqual(await of("umami.example", "title"), ["A page"]);
}
