// The clients of other programs against the running server: their published packages, and pages
// that carry their script tags. What they did is read from the reports.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { type BrowserContext, browserTest, type Page } from "../support/browser/browser.ts";
import { packageFile, Plausible, Umami } from "../support/peers/clients.ts";
import { CHROME, ContractServer, until } from "../support/server/contract_server.ts";

const UMAMI_ID = "b59e9c65-ae32-47f1-8400-119fcf4861c4";
const GOOGLE = "https://www.google.com/";

/** Lets the scripts count, although a program drives the browser. */
const WATCHED = "Object.defineProperty(navigator, 'webdriver', { get: () => false });";

interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

async function open(): Promise<ContractServer> {
  const server = await ContractServer.start();
  const headers = { "content-type": "application/json" };
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
