// The whole way, in a real browser: pages of a site, the server as a process of its own, and the
// dashboard that shows exactly what was done. Leaves pictures of it in screenshots/.
import assert from "node:assert/strict";
import { seed } from "../../scripts/traffic/seed.ts";
import { siteProfiles } from "../../src/cli/seed/traffic.ts";
import {
  type Browser,
  type BrowserContext,
  browserTest,
  type Page,
} from "../support/browser/browser.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";
import { startThreePageSite } from "../support/browser/three_page_site.ts";

const SCREENSHOTS = new URL("../../screenshots/", import.meta.url);
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 " +
  "(KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };

/** Does something and waits until the server has answered that many events for it. */
async function doing(page: Page, events: number, action: () => Promise<unknown>): Promise<void> {
  let left = events;
  const answered = page.waitForResponse((response) => {
    if (!response.url().endsWith("/api/event")) return false;
    assert.equal(response.status(), 202);
    return --left === 0;
  });
  await action();
  await answered;
}

/** A reader who comes from a search, looks at two pages and buys. */
async function buy(context: BrowserContext, site: string): Promise<void> {
  const page = await context.newPage();
  await doing(page, 1, () => page.goto(site, { referer: "https://www.google.com/" }));
  await doing(page, 1, () => page.click("text=Pricing"));
  await doing(page, 1, () => page.click("#more"));
  await doing(page, 1, () => page.click("#buy"));
  await page.close();
}

/** A reader on a phone who looks at one page. */
async function bounce(browser: Browser, site: string): Promise<void> {
  const context = await browser.newContext({ ...PHONE, userAgent: IPHONE });
  const page = await context.newPage();
  await doing(page, 1, () => page.goto(`${site}/blog/first-post`));
  await context.close();
}

type Table = [value: string, visitors: number, pageviews: number][];

/** What the dashboard shows, as a person would read it off. */
async function shown(page: Page) {
  await page.waitForFunction(() =>
    document.querySelectorAll("[data-metric][data-value]").length >= 6 &&
    document.querySelectorAll("[data-breakdown]").length === 6
  );
  const metrics = await page.$$eval(
    "[data-metric]",
    (elements) =>
      Object.fromEntries(elements.map((element) => [
        element.getAttribute("data-metric"),
        [Number(element.getAttribute("data-value")), element.textContent?.trim()],
      ])),
  );
  const tables = await page.$$eval(
    "[data-breakdown]",
    (elements) =>
      Object.fromEntries(elements.map((element) => [
        element.getAttribute("data-breakdown"),
        [...element.querySelectorAll("tr[data-value]")].map((row) => [
          row.getAttribute("data-value"),
          Number(row.getAttribute("data-visitors")),
          Number(row.getAttribute("data-pageviews")),
        ]),
      ])),
  );
  return {
    metrics: metrics as Record<string, [number, string]>,
    tables: tables as unknown as Record<string, Table>,
  };
}

/** Opens the dashboard and compares it with what the two readers did. */
async function checkDashboard(context: BrowserContext, server: Server): Promise<void> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  await page.goto(`${server.url}/?site=example.com&period=7d`);
  const { metrics, tables } = await shown(page);
  assert.deepEqual(metrics["visitors"], [2, "2"]);
  assert.deepEqual(metrics["pageviews"], [4, "4"]);
  assert.equal(metrics["bounce_rate"]?.[0], 0.5);
  assert.equal(metrics["views_per_visit"]?.[0], 2);
  assert.ok((metrics["visit_duration"]?.[0] ?? 0) > 0);
  assert.deepEqual(tables, {
    pages: [["/", 1, 1], ["/blog/first-post", 1, 1], ["/pricing", 1, 2]],
    // A source is that of the visit: all its pages count for it.
    sources: [["(unknown)", 1, 1], ["Google", 1, 3]],
    browsers: [["Chrome", 1, 3], ["Safari", 1, 1]],
    os: [["Linux", 1, 3], ["iOS", 1, 1]],
    devices: [["desktop", 1, 3], ["mobile", 1, 1]],
    countries: [["(unknown)", 2, 4]],
  });
  assert.deepEqual(faults, []);
  await page.close();
}

/** The custom event as it lies in Parquet, in the way README tells to read it. */
async function checkPurchase(dataDir: string): Promise<void> {
  const duckdb = await openDuckDb();
  const rows = await duckdb.rows(`
    select pathname, props, revenue_amount::varchar as amount, revenue_currency as currency
    from read_parquet('${dataDir}/events/**/*.parquet', hive_partitioning = true)
    where event_name = 'purchase'`);
  duckdb.close();
  assert.deepEqual(rows, [{
    pathname: "/pricing",
    props: '{"plan":"pro","seats":3}',
    amount: "49.90",
    currency: "EUR",
  }]);
}

/** A server with its own folder, as an owner runs it. */
class Server {
  readonly dataDir = Deno.makeTempDirSync({ prefix: "mallard-e2e-" });
  readonly #port = freePort();
  #process: Deno.ChildProcess | null = null;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("../../src/main.ts", import.meta.url).pathname],
      env: {
        MALLARD_HOST: "127.0.0.1",
        MALLARD_PORT: String(this.#port),
        MALLARD_DATA_DIR: this.dataDir,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (let tries = 0; tries < 600; tries++) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("Cannot start the server: it is not ready within 30 s");
  }

  /** Stops it as an operator does; it must end well. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGTERM");
    assert.equal((await this.#process?.status)?.code, 0);
    this.#process = null;
  }

  async remove(): Promise<void> {
    if (this.#process) await this.stop();
    await Deno.remove(this.dataDir, { recursive: true });
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

browserTest("visits to a site appear on the dashboard, also after a restart", async (
  context,
  browser,
) => {
  const server = new Server();
  await server.start();
  const site = startThreePageSite({
    tracker: `${server.url}/mallard.js`,
    domain: "example.com",
    attributes: "data-local",
  });
  try {
    await buy(context, site.url);
    await bounce(browser, site.url);
    await checkDashboard(context, server);
    await server.stop();
    await checkPurchase(server.dataDir);
    await server.start();
    await checkDashboard(context, server);
    assert.deepEqual(site.strays, []);
  } finally {
    await site.close();
    await server.remove();
  }
});

browserTest("the dashboard shows a month of many readers as the API tells it", async (
  context,
  browser,
) => {
  const server = new Server();
  await server.start();
  try {
    const traffic = { seed: 1, untilMs: Date.now(), days: 30, sites: 3, visitorsPerDay: 150 };
    await seed({ url: server.url, key: null }, traffic);
    const name = siteProfiles(1)[0]?.domain ?? "";
    const address = `${server.url}/?site=${name}&period=30d`;
    const page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(address);
    const { metrics, tables } = await shown(page);
    const ask = async (report: string, params = "") => {
      const question = `${report}?site_id=${name}&period=30d&limit=9${params}`;
      return await (await fetch(`${server.url}/api/stats/${question}`)).json();
    };
    const main = await ask("main");
    assert.deepEqual([
      metrics["visitors"]?.[0],
      metrics["pageviews"]?.[0],
      metrics["bounce_rate"]?.[0],
      metrics["views_per_visit"]?.[0],
      metrics["visit_duration"]?.[0],
    ], [
      main.unique_visitors,
      main.total_pageviews,
      main.bounce_rate,
      main.pages_per_visit,
      main.avg_visit_duration_secs,
    ]);
    assert.equal(Object.keys(tables).length, 6);
    for (const [report, rows] of Object.entries(tables)) {
      if (report === "sources") continue;
      const told: { value: string; visitors: number; pageviews: number }[] = await ask(
        `breakdown/${report}`,
      );
      assert.ok(told.length > 1, report);
      assert.deepEqual(rows, told.map((row) => [row.value, row.visitors, row.pageviews]), report);
    }
    const visits = await ask("query", "&dimensions=source&metrics=visitors,pageviews");
    const sources = visits.results as { metrics: { visitors: number; pageviews: number } }[];
    assert.deepEqual(
      tables["sources"]?.map(([, ...numbers]) => numbers),
      sources.map(({ metrics }) => [metrics.visitors, metrics.pageviews]),
    );
    await takePictures(browser, address);
  } finally {
    await server.remove();
  }
});

/** Pictures of the dashboard for people to look at: desktop, dark and phone. */
async function takePictures(browser: Browser, address: string): Promise<void> {
  await Deno.mkdir(SCREENSHOTS, { recursive: true });
  const desktop = { viewport: { width: 1280, height: 900 } };
  const looks = {
    desktop,
    dark: { ...desktop, colorScheme: "dark" as const },
    phone: { ...PHONE, isMobile: true },
  };
  for (const [name, look] of Object.entries(looks)) {
    const context = await browser.newContext(look);
    const page = await context.newPage();
    await page.goto(address);
    await shown(page);
    const path = new URL(`e2e-${name}.png`, SCREENSHOTS).pathname;
    await page.screenshot({ path, fullPage: true });
    await context.close();
  }
}
