// What the tracker's modules measure, from pages in a browser to the numbers of the reports.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { type BrowserContext, browserTest, type Page } from "../support/browser/browser.ts";
import { ContractServer, until } from "../support/server/contract_server.ts";

const ALL = "outbound downloads forms 404 tagged engagement";
const VITALS = ["lcp", "inp", "cls", "fcp", "ttfb"];

/**
 * Lets the page's clock be moved on, and the page be hidden: what the test's browser sends once it
 * has left a page has another user agent, that of a robot.
 */
const CLOCK = `{
  const now = performance.now.bind(performance);
  let skipped = 0;
  performance.now = () => now() + skipped;
  self.skip = (ms) => void (skipped += ms);
  let shown = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => shown });
  self.show = (now) => {
    shown = now;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}`;

const STAY = "event.target.closest('a') && event.preventDefault()";
const BODY = `<body onclick="${STAY}" onauxclick="${STAY}" onsubmit="event.preventDefault()">
  <a id="out" href="https://elsewhere.example/x?q=1">Out</a>
  <a id="in" href="/other">In</a>
  <a id="mail" href="mailto:me@example.com">Mail</a>
  <a id="file" href="/files/Price-List.PDF?v=2">File</a>
  <button id="tagged" data-mallard-event="Sign up" data-mallard-event-plan="pro"><b>Go</b></button>
  <a id="classes" href="https://elsewhere.example/" class="mallard-event-name=Try+it
    mallard-event-from--menu mallard-event-revenue=9.90 mallard-event-currency=EUR">Try</a>
  <form id="order"><input name="id"><button>Send</button></form>
  <div style="height: 3000px"></div>
</body>`;

interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

interface Vitals {
  readonly vitals: Readonly<Record<string, { samples: number; p75: number | null }>>;
  readonly rows: readonly { value: string; loads: number }[];
}

async function rows(server: ContractServer, site: string, query: string): Promise<unknown[][]> {
  const reply = await server.get(`/api/stats/query?site_id=${site}&period=day&${query}`);
  equal(reply.status, 200, reply.text);
  return reply.json<{ results: Row[] }>().results
    .map(({ dimensions, metrics }) => [...dimensions, ...Object.values(metrics)]);
}

/** Waits until a query has these rows: a page tells of what it measured while it is gone. */
async function expectRows(
  server: ContractServer,
  site: string,
  query: string,
  expected: unknown[][],
): Promise<void> {
  let found: unknown[][] = [];
  const fault = await until(`${query} of ${site}`, async () => {
    found = await rows(server, site, query);
    return JSON.stringify(found) === JSON.stringify(expected) ? true : null;
  }, 20_000).catch(String);
  deepEqual(found, expected, `${site} ${query} ${fault}`);
}

/** Pages whose site is the first part of their path; `/missing` is none. */
function startPages(server: ContractServer, modulesOf: Readonly<Record<string, string>>) {
  const pages = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const site = pathname.split("/")[1] ?? "";
    const modules = modulesOf[site] ?? "";
    const html = `<!doctype html><title>A page</title><link rel="icon" href="data:,">
      <script>${CLOCK}</script>
      <script src="${server.origin}/mallard.js" data-domain="${site}" data-local
        ${modules}></script>
      ${BODY}`;
    return new Response(html, {
      status: pathname.endsWith("/missing") ? 404 : 200,
      headers: { "content-type": "text/html; charset=utf-8" },
    });
  });
  return { url: `http://127.0.0.1:${pages.addr.port}`, close: () => pages.shutdown() };
}

/** Opens a page, and waits until its modules have started. */
async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.setViewportSize({ width: 800, height: 600 });
  await page.goto(url);
  await page.waitForFunction("mallard.seen !== undefined");
  return page;
}

async function act(page: Page): Promise<void> {
  for (const id of ["out", "in", "mail", "file", "tagged b", "classes"]) {
    await page.click(`#${id}`);
  }
  await page.click("#out", { button: "middle" });
  await page.click("#out", { button: "right" });
  await page.click("#order button");
}

browserTest("The modules of the tracker count what they are asked for", async (context) => {
  const server = await ContractServer.start();
  const pages = startPages(server, {
    "all.example": `data-modules="${ALL}"`,
    "none.example": "",
    "read.example": 'data-modules="engagement"',
    "fast.example": 'data-modules="vitals"',
  });
  try {
    const plain = await context.newPage();
    const loaded: string[] = [];
    plain.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    await plain.goto(`${pages.url}/none.example/a`);
    await act(plain);
    await plain.goto("about:blank");
    deepEqual(loaded.filter((path) => path.startsWith("/mallard")), ["/mallard.js"]);

    const page = await open(context, `${pages.url}/all.example/a`);
    await act(page);
    const events = "metrics=events&dimensions=name,props:url,props:plan,props:form";
    const out = "https://elsewhere.example/x?q=1";
    const file = `${pages.url}/files/Price-List.PDF`;
    await expectRows(server, "all.example", `${events}&order_by=name:asc`, [
      ["File Download", file, "(none)", "(none)", 1],
      ["Form: Submission", "(none)", "(none)", "order", 1],
      ["Outbound Link: Click", out, "(none)", "(none)", 2],
      ["Sign up", "(none)", "pro", "(none)", 1],
      ["Try it", "(none)", "(none)", "(none)", 1],
      ["pageview", "(none)", "(none)", "(none)", 1],
    ]);
    await expectRows(server, "all.example", "metrics=total_revenue&dimensions=props:from", [
      ["menu", [{ currency: "EUR", value: 9.9 }]],
    ]);
    await page.goto(`${pages.url}/all.example/missing`);
    await expectRows(
      server,
      "all.example",
      "metrics=events&dimensions=name,props:path" +
        "&filters=" + encodeURIComponent("is(name,404)"),
      [["404", "/all.example/missing", 1]],
    );
    await page.close();
    await expectRows(server, "none.example", "metrics=events&dimensions=name", [["pageview", 1]]);
    await checkEngagement(context, server, pages.url);
    await checkVitals(context, server, pages.url);
  } finally {
    await pages.close();
    await server.close();
  }
});

/** A page is read for 12 seconds, then half of another one; each is told when it is left. */
async function checkEngagement(context: BrowserContext, server: ContractServer, url: string) {
  const site = "read.example";
  const numbers = "metrics=visits,events,pageviews,bounce_rate,engaged_visits";
  const byPage = "metrics=time_on_page,scroll_depth&dimensions=page&order_by=page:asc";
  const page = await open(context, `${url}/${site}/a`);
  const bottom = await page.evaluate(
    "Math.round(100 * innerHeight / document.documentElement.scrollHeight)",
  );
  await page.evaluate("skip(7000); show('hidden')");
  await page.evaluate("skip(90_000); show('visible'); skip(5000); show('hidden')");
  await expectRows(server, site, numbers, [[1, 1, 1, 1, 1]]);
  const [first] = await rows(server, site, byPage);
  equal(first?.[2], bottom);
  const seconds = Number(first?.[1]);
  equal(seconds >= 12 && seconds < 60, true, `${seconds} s`);

  await page.goto(`${url}/${site}/b`);
  await page.waitForFunction("mallard.seen !== undefined");
  await page.evaluate("scrollTo(0, 1e6)");
  await page.waitForFunction("scrollY > 0");
  await page.evaluate("skip(5000)");
  await page.evaluate(`history.pushState(null, "", "/${site}/c")`);
  await until("the pages", async () => {
    const found = await rows(server, site, byPage);
    const times = found.map((row) => [row[0], Math.floor(Number(row[1]) / 5), row[2]]);
    const wanted = [[`/${site}/a`, 2, bottom], [`/${site}/b`, 1, 100]];
    return JSON.stringify(times.slice(0, 2)) === JSON.stringify(wanted) ? true : null;
  }, 20_000);
  await page.close();
}

/** A page shifts and is clicked; what was measured is told once, and counts as no event. */
async function checkVitals(context: BrowserContext, server: ContractServer, url: string) {
  const site = "fast.example";
  const page = await open(context, `${url}/${site}/a`);
  await page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length > 0");
  await page.evaluate(`new Promise((done) => {
    new PerformanceObserver(() => done()).observe({ type: "layout-shift" });
    const box = document.createElement("div");
    box.style.height = "200px";
    setTimeout(() => document.body.prepend(box), 600);
  })`);
  await page.evaluate(`document.querySelector("#tagged").addEventListener("click", () => {
    for (const end = Date.now() + 80; Date.now() < end;);
    self.pressed = new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
  })`);
  await page.click("#tagged");
  await page.evaluate("pressed");
  await page.evaluate("show('hidden'); show('visible'); show('hidden')");
  const told = await until("the vitals", async () => {
    const reply = await server.get(`/api/stats/vitals?site_id=${site}&period=day`);
    const answer = reply.json<Vitals>();
    return answer.rows.length > 0 ? answer : null;
  }, 20_000);
  deepEqual(told.rows.map(({ value, loads }) => [value, loads]), [[`/${site}/a`, 1]]);
  deepEqual(VITALS.filter((name) => told.vitals[name]?.samples !== 1), []);
  const p75 = (name: string) => told.vitals[name]?.p75 ?? NaN;
  const [lcp, inp, cls, fcp, ttfb] = VITALS.map(p75) as [number, number, number, number, number];
  const isSound = ttfb > 0 && fcp >= ttfb && lcp >= fcp && inp >= 80 && cls > 0.01 && cls < 1;
  equal(isSound, true, JSON.stringify(told.vitals));
  deepEqual(await rows(server, site, "metrics=events,bounce_rate,engaged_visits,visit_duration"), [
    [1, 1, 0, 0],
  ]);
  await checkPanel(page, server, site);
  await page.close();
}

/** The dashboard shows web vitals in words where there are any, and else nothing of them. */
async function checkPanel(page: Page, server: ContractServer, site: string): Promise<void> {
  await page.goto(`${server.origin}/?site=${site}&period=day`);
  const rating = page.locator('.vitals [data-vital="ttfb"] .rating');
  equal(await rating.innerText(), "● Good");
  equal(await page.locator(".vitals table >> nth=1 >> tbody tr").count(), 1);
  await page.goto(`${server.origin}/?site=${site}&period=day&filters=is(page,/never)`);
  await page.waitForSelector(".heatmap .blank");
  equal(await page.locator(".vitals").count(), 0);
}
