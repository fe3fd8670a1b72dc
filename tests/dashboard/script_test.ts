import assert from "node:assert/strict";
import { trackerText } from "../../src/api/pages/tracker_text.ts";
import { browserTest, type Page } from "../support/browser/browser.ts";
import { type SiteOptions, startThreePageSite } from "../support/browser/three_page_site.ts";

const SCRIPT = new URL("../../dashboard/script.js", import.meta.url);

/** A cookie the collector's host has for other reasons; the tracker must not send it. */
const COLLECTORS_COOKIE = "login";

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly type: string | null;
  readonly cookie: string | null;
  readonly body: Record<string, unknown>;
}

/** A server that serves the tracker at `/some/base/mallard.js` and writes down what arrives. */
function startCollector({ status = 202, answerMs = 0, notices = "" }) {
  const requests: Recorded[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname;
    const open = {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "x-mallard-notices",
    };
    if (request.method === "GET") {
      return new Response(trackerText(await Deno.readTextFile(SCRIPT)), {
        headers: {
          ...open,
          "content-type": "text/javascript",
          "set-cookie": `${COLLECTORS_COOKIE}=1`,
        },
      });
    }
    const text = await request.text();
    requests.push({
      method: request.method,
      path,
      type: request.headers.get("content-type"),
      cookie: request.headers.get("cookie"),
      body: text === "" ? {} : JSON.parse(text),
    });
    if (answerMs > 0) await pause(answerMs);
    const headers = notices ? { ...open, "x-mallard-notices": notices } : open;
    return new Response(null, { status, headers });
  });
  const { port } = server.addr as Deno.NetAddr;
  return {
    requests,
    tracker: `http://127.0.0.1:${port}/some/base/mallard.js`,
    /** Waits until `count` requests are there, and a little longer for one too many. */
    async arrived(count: number): Promise<Recorded[]> {
      for (let tries = 0; requests.length < count && tries < 3000; tries++) await pause(20);
      await pause(150);
      assert.equal(requests.length, count, JSON.stringify(requests.map((each) => each.body)));
      return requests;
    },
    close: () => server.shutdown(),
  };
}

type Collector = ReturnType<typeof startCollector>;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Registers a test with a collector, a site whose tag points to it, and a page to open it in. */
function trackerTest(
  name: string,
  run: (tools: { page: Page; site: { url: string }; collector: Collector }) => Promise<void>,
  options: Partial<SiteOptions> & {
    status?: number;
    answerMs?: number;
    notices?: string;
  } = {},
): void {
  browserTest(name, async (context) => {
    const collector = startCollector(options);
    const site = startThreePageSite({
      tracker: collector.tracker,
      domain: "example.com",
      ...options,
    });
    try {
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await run({ page, site, collector });
      assert.deepEqual(errors, [], "errors reached the page");
      assert.equal(collector.requests.find((request) => request.cookie !== null), undefined);
      const cookies = (await context.cookies()).map((cookie) => cookie.name);
      assert.deepEqual(cookies.filter((cookie) => cookie !== COLLECTORS_COOKIE), []);
      await page.close();
    } finally {
      await site.close();
      await collector.close();
    }
  });
}

trackerTest("script.js sends a pageview at load, without preflight or cookie", async (tools) => {
  const { page, site, collector } = tools;
  await page.setViewportSize({ width: 600, height: 400 });
  await page.goto(`${site.url}/?utm_source=news#part`, { referer: "https://www.google.com/" });
  const [view] = await collector.arrived(1);
  const width = await page.evaluate(() => screen.width);
  assert.deepEqual(view, {
    method: "POST",
    path: "/some/base/api/event",
    type: "text/plain;charset=UTF-8",
    cookie: null,
    body: {
      d: "example.com",
      n: "pageview",
      u: `${site.url}/?utm_source=news`,
      r: "https://www.google.com/",
      w: width,
    },
  });
  const stored = await page.evaluate(() => [localStorage.length, sessionStorage.length]);
  assert.deepEqual(stored, [0, 0]);
});

/** What a single-page app does to its address; each line but those of hash or state is a view. */
async function navigate(page: Page): Promise<void> {
  await page.click("#more");
  await page.evaluate(() => history.pushState(null, "", "#anchor"));
  await page.evaluate(() => history.pushState({ a: 1 }, "", location.href));
  await page.evaluate(() => history.replaceState({ a: 2 }, ""));
  await page.evaluate(() => void (location.hash = "other"));
  await page.evaluate(() => history.replaceState(null, "", "/replaced?q=1"));
  await page.evaluate(() => history.replaceState(null, "", "/replaced?q=2"));
  await page.evaluate("new Promise((done) => { onpopstate = done; history.go(-4) })");
}

type View = readonly [name: string, url: string, referrer: string];

/** Name, address and referrer of each event. They may come in another order than they were sent. */
function assertSent(requests: readonly Recorded[], origin: string, views: readonly View[]): void {
  const sent = requests.map(({ body }) =>
    ["n", "u", "r"].map((name) => String(body[name]).replace(origin, ""))
  );
  const lines = (rows: readonly (readonly string[])[]) => rows.map((row) => row.join(" ")).sort();
  assert.deepEqual(lines(sent), lines(views));
}

const NAVIGATED: readonly View[] = [
  ["pageview", "/", ""],
  ["pageview", "/pricing?plan=pro", "/"],
  ["pageview", "/replaced?q=1", "/pricing?plan=pro"],
  ["pageview", "/replaced?q=2", "/replaced?q=1"],
  ["pageview", "/", "/replaced?q=2"],
];

trackerTest("script.js counts each change of path or query once, by any API", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await navigate(page);
  assertSent(await collector.arrived(5), site.url, NAVIGATED);
  await page.evaluate(`(async () => {
    navigation.addEventListener("navigate", (event) => event.intercept({ async handler() {} }));
    await navigation.navigate("/navigated").finished;
    await navigation.navigate("/navigated#part").finished;
    await navigation.navigate("/navigated", { history: "replace", state: 1 }).finished;
    navigation.updateCurrentEntry({ state: 2 });
    await navigation.navigate("/last", { history: "replace" }).finished;
    await navigation.back().finished;
  })()`);
  assertSent((await collector.arrived(8)).slice(5), site.url, [
    ["pageview", "/navigated", "/"],
    ["pageview", "/last", "/navigated"],
    ["pageview", "/navigated", "/last"],
  ]);
});

trackerTest("script.js counts them without the Navigation API, too", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  assert.equal(await page.evaluate("typeof navigation"), "undefined");
  await collector.arrived(1);
  await navigate(page);
  const views = await collector.arrived(5);
  assertSent(views, site.url, NAVIGATED);
  assert.ok(views.every(({ body }) => body["l"] === ""), "data-local is sent");
}, {
  attributes: "data-local",
  head: `<script>Object.defineProperty(window, "navigation", { value: undefined })</script>`,
});

/** The page replaces its address twice as it loads: early, and at the end. */
const REPLACED = `<script>
  addEventListener("DOMContentLoaded", () => history.replaceState(null, "", "/early"));
  addEventListener("load", () => history.replaceState(null, "", "/late"));
</script>`;

trackerTest("script.js counts a page once that replaces its address as it loads", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url, { waitUntil: "load" });
  await page.waitForFunction("performance.timing.loadEventEnd > 0");
  const [view] = await collector.arrived(1);
  assert.equal(view?.body["r"], "");
  await page.evaluate("mallard('signup')");
  await page.evaluate(() => history.replaceState(null, "", "/next"));
  assertSent((await collector.arrived(3)).slice(1), site.url, [
    ["signup", "/late", ""],
    ["pageview", "/next", "/late"],
  ]);
}, { head: REPLACED });

trackerTest("script.js counts hash routes where data-hash asks for it", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(`${site.url}/#/first`);
  await collector.arrived(1);
  await page.evaluate(() => void (location.hash = "#/second"));
  await page.evaluate(() => history.pushState(null, "", "#/third"));
  const views = await collector.arrived(3);
  assertSent(views, site.url, [
    ["pageview", "/#/first", ""],
    ["pageview", "/#/second", "/#/first"],
    ["pageview", "/#/third", "/#/second"],
  ]);
  assert.ok(views.every(({ body }) => body["h"] === ""));
}, { attributes: "data-hash" });

for (const [status, notices] of [[202, "revenue_dropped"], [403, ""]] as const) {
  trackerTest(`script.js warns once of an answer ${status} ${notices}`, async (tools) => {
    const { page, site, collector } = tools;
    const warnings: string[] = [];
    page.on("console", (line) => line.type() === "warning" && warnings.push(line.text()));
    await page.goto(site.url);
    const sent = "new Promise((done) => mallard('order', { revenue: 'x', callback: done }))";
    assert.deepEqual(await page.evaluate(sent), { status });
    await page.evaluate(sent.replace("'x'", "NaN"));
    const orders = (await collector.arrived(3)).filter(({ body }) => body["n"] === "order");
    // As null it would be lost without a word. The server tells of any amount that is no number.
    assert.deepEqual(orders.map(({ body }) => body["ra"]), ["x", true]);
    assert.deepEqual(warnings, [`mallard ${notices || status}`]);
  }, { status, notices, head: stub() });
}

trackerTest("script.js leaves pushState working for the page", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  const found = await page.evaluate(() => {
    const answer = history.pushState({ a: 1 }, "", "/pricing");
    let refused = "";
    try {
      history.pushState(null, "", "https://elsewhere.example/");
    } catch (error) {
      refused = (error as Error).name;
    }
    return { answer, state: history.state, path: location.pathname, refused };
  });
  assert.deepEqual(found, {
    answer: undefined,
    state: { a: 1 },
    path: "/pricing",
    refused: "SecurityError",
  });
  await collector.arrived(2);
});

trackerTest("mallard() sends a custom event with props and revenue", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await page.click("#buy");
  const event = (await collector.arrived(2))[1]?.body;
  const width = await page.evaluate(() => screen.width);
  assert.deepEqual(event, {
    d: "example.com",
    n: "purchase",
    u: `${site.url}/`,
    r: "",
    w: width,
    p: '{"plan":"pro","seats":3}',
    ra: 49.9,
    rc: "EUR",
  });
});

trackerTest("script.js sends the id of the page's user with each event", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await page.evaluate("mallard.identify('43'); mallard('signup')");
  await collector.arrived(2);
  await page.evaluate("mallard.identify(); mallard('logout')");
  const sent = await collector.arrived(3);
  assert.deepEqual(sent.map(({ body }) => body["id"]), ["42", "43", undefined]);
}, { attributes: 'data-user="42"' });

trackerTest("mallard() takes another address", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await page.evaluate("mallard('pageview', { url: 'https://example.com/virtual' })");
  assert.equal((await collector.arrived(2))[1]?.body["u"], "https://example.com/virtual");
});

trackerTest("mallard() calls back with the answer's status", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  const result = await page.evaluate(
    "new Promise((done) => mallard('signup', { callback: done }))",
  );
  assert.deepEqual(result, { status: 202 });
});

trackerTest("mallard() calls back when nothing could be sent", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await collector.close();
  const failed = "(result) => done(result.error instanceof Error)";
  const closed = `new Promise((done) => mallard('signup', { callback: ${failed} }))`;
  assert.equal(await page.evaluate(closed), true);
  const circular = `new Promise((done) => {
    const props = {};
    props.self = props;
    mallard('signup', { props, callback: ${failed} });
  })`;
  assert.equal(await page.evaluate(circular), true);
  await page.evaluate("mallard(); mallard('x', null); mallard('x', { props: 1n })");
});

trackerTest("script.js does not disturb a page whose events are refused", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await page.evaluate("mallard('signup')");
  await collector.arrived(2);
}, { status: 503, head: stub() });

trackerTest(
  "script.js sends the calls made before it was loaded, after the view",
  async (tools) => {
    const { page, site, collector } = tools;
    await page.goto(site.url);
    const sent = await collector.arrived(3);
    assert.deepEqual(sent.map(({ body }) => [body["n"], body["p"]]), [
      ["pageview", undefined],
      ["early", '{"a":1}'],
      ["later", undefined],
    ]);
  },
  { head: `${stub()}<script>mallard('early', { props: { a: 1 } }); mallard('later')</script>` },
);

trackerTest("script.js counts once when it is included twice", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(1);
  await page.click("#more");
  await collector.arrived(2);
  await page.evaluate("mallard('signup')");
  await collector.arrived(3);
}, { tags: 2 });

trackerTest("script.js sends where data-api says", async (tools) => {
  const { page, site, collector } = tools;
  const wanted = page.waitForRequest((request) => request.url() === `${site.url}/collect/it`);
  await page.goto(site.url);
  assert.equal(JSON.parse((await wanted).postData() ?? "")["n"], "pageview");
  await collector.arrived(0);
}, { attributes: 'data-api="/collect/it"' });

// More calls than connections, so that most still wait for one when the page is gone.
trackerTest("mallard() survives the page's end", async ({ page, site, collector }) => {
  const tab = await page.context().newPage();
  await tab.goto(site.url);
  await collector.arrived(1);
  await tab.evaluate("for (let count = 0; count < 20; count++) mallard('click'); undefined");
  await tab.close();
  await collector.arrived(21);
}, { answerMs: 200 });

trackerTest("mallard() works in the moment of leaving", async ({ page, site, collector }) => {
  await page.goto(site.url);
  await collector.arrived(1);
  await page.evaluate("addEventListener('pagehide', () => mallard('goodbye'))");
  await page.evaluate("mallard('click'); void setTimeout(() => location.href = 'about:blank')");
  const sent = await collector.arrived(3);
  assert.deepEqual(sent.map(({ body }) => body["n"]), ["pageview", "click", "goodbye"]);
});

trackerTest(
  "script.js counts a page that comes back from the back/forward cache",
  async (tools) => {
    const { page, site, collector } = tools;
    await page.goto(site.url);
    await collector.arrived(1);
    await page.evaluate("window.kept = true");
    await page.goto(`${site.url}/pricing`);
    await collector.arrived(2);
    // The page may be gone before evaluate() has its answer, if it leaves at once.
    await page.evaluate("void setTimeout(() => history.back())");
    const views = await collector.arrived(3);
    assert.deepEqual(
      views.map(({ body }) => new URL(String(body["u"])).pathname),
      ["/", "/pricing", "/"],
    );
  },
);

trackerTest("script.js counts a prerendered page when it is shown, once", async (tools) => {
  const { page, site, collector } = tools;
  await page.goto(site.url);
  await collector.arrived(0);
  await page.evaluate("void mallard('early')");
  await collector.arrived(0);
  await page.evaluate("showPage()");
  await page.evaluate("showPage()");
  const sent = await collector.arrived(2);
  assert.deepEqual(sent.map(({ body }) => body["n"]), ["pageview", "early"]);
}, {
  head: `${stub()}<script>
    Object.defineProperty(document, "prerendering", { value: true, writable: true });
    function showPage() {
      document.prerendering = false;
      document.dispatchEvent(new Event("prerenderingchange"));
    }
  </script>`,
});

/** The snippet that lets a page call before the tracker is there. */
function stub(): string {
  return `<script>window.mallard = window.mallard ||
    function () { (mallard.q = mallard.q || []).push(arguments) }</script>`;
}
