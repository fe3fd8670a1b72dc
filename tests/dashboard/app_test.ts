// The dashboard as people use it: in Chromium, on a server filled with a month of readers, with
// what stands on the screen held against the API.
import assert from "node:assert/strict";
import axe from "axe-core";
import { seed } from "../../scripts/seed.ts";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { siteProfiles } from "../../scripts/traffic.ts";
import { type Browser, type BrowserContext, browserTest, type Page } from "../support/browser.ts";

const SITE = siteProfiles(1)[0]?.domain ?? "";
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A server for one test, with traffic of so many days. */
async function withServer(days: number, work: (url: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-dashboard-" });
  const server = ServerProcess.start(fromSource(), { dataDir });
  try {
    const { url } = await server.ready();
    if (days > 0) {
      const traffic = { seed: 3, untilMs: Date.now(), days, sites: 2, visitorsPerDay: 60 };
      await seed({ url, key: null }, traffic);
    }
    await work(url);
  } finally {
    await server.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** Opens a page and notes what goes wrong in it. */
async function open(context: BrowserContext, address: string): Promise<[Page, string[]]> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  await page.goto(address);
  return [page, faults];
}

/** Waits until nothing is being asked any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.querySelector("main [data-metric][data-value]") !== null &&
    document.querySelector(".stale, .to-come, .to-come-chart, [aria-busy=true]") === null
  );
}

async function ask(url: string, path: string) {
  const response = await fetch(`${url}/api/${path}`);
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
}

function metricOnScreen(page: Page, name: string): Promise<number> {
  return page.$eval(`[data-metric="${name}"]`, (one) => Number(one.getAttribute("data-value")));
}

/** The headline numbers on the screen are those the API gives for a question. */
async function sameNumbers(page: Page, url: string, question: string): Promise<void> {
  await settled(page);
  const main = await ask(url, `stats/main?site_id=${SITE}&${question}`);
  for (const name of ["unique_visitors", "total_pageviews", "bounce_rate"]) {
    assert.equal(await metricOnScreen(page, name), main[name], `${name} of ${question}`);
  }
}

const rowButton = (text: string) => `[data-breakdown=sources] button:has-text("${text}")`;

browserTest("app.js: rows filter, keys compare, back goes back, and all of it is in the URL", (
  context,
) =>
  withServer(40, async (url) => {
    const [page, faults] = await open(context, `${url}/?site=${SITE}&period=28d`);
    await sameNumbers(page, url, "period=28d");
    await page.click(rowButton("Google"));
    await page.waitForURL(/filters=is%28source%2CGoogle%29/);
    await sameNumbers(page, url, "period=28d&filters=is(source,Google)");
    await page.click("[data-breakdown=devices] button", { modifiers: ["Shift"] });
    await page.waitForURL(/is_not%28device/);
    const filters = new URL(page.url()).searchParams.get("filters") ?? "";
    await sameNumbers(page, url, `period=28d&filters=${encodeURIComponent(filters)}`);
    await page.keyboard.press("x");
    await page.waitForURL(/compare=previous_period/);
    await settled(page);
    assert.equal(await page.locator(".stats .change").count(), 5);
    await page.keyboard.press("w");
    await page.waitForURL(/period=7d/);
    for (let steps = 0; steps < 4; steps++) await page.goBack();
    assert.equal(new URL(page.url()).search, `?site=${SITE}&period=28d`);
    await sameNumbers(page, url, "period=28d");
    assert.deepEqual(faults, []);
  }));

browserTest(
  "app.js: the chart zooms into what is marked and reads point by point",
  (context) =>
    withServer(20, async (url) => {
      const [page, faults] = await open(context, `${url}/?site=${SITE}&period=7d`);
      await settled(page);
      const series = await ask(url, `stats/timeseries?site_id=${SITE}&period=7d`);
      await page.focus(".chart");
      await page.keyboard.press("Home");
      for (const { visitors } of series.slice(0, 3)) {
        const spoken = await page.getAttribute(".chart", "aria-valuetext") ?? "";
        assert.match(spoken, new RegExp(`\\b${visitors}$`), spoken);
        await page.keyboard.press("ArrowRight");
      }
      const box = await page.locator(".chart .u-over").boundingBox();
      assert.ok(box);
      const at = (share: number): [number, number] => [box.x + box.width * share, box.y + 50];
      await page.mouse.move(...at(1 / 6));
      await page.mouse.down();
      await page.mouse.move(...at(2 / 6), { steps: 4 });
      await page.mouse.move(...at(3 / 6), { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/from=/);
      const { searchParams } = new URL(page.url());
      assert.equal(searchParams.get("from"), series[1].date);
      assert.equal(searchParams.get("to"), series[3].date);
      await page.click("text=Show as table");
      // The days that were left out go when the answer for the marked ones is there.
      await page.waitForFunction(() => document.querySelectorAll(".chart tbody tr").length === 3);
      assert.deepEqual(faults, []);
    }),
);

browserTest("app.js: details list every row, sort, search, and are saved as they are seen", (
  context,
) =>
  withServer(10, async (url) => {
    const [page, faults] = await open(context, `${url}/?site=${SITE}&details=page`);
    const first = page.locator("dialog tbody tr").first();
    await first.waitFor();
    const { results, total } = await ask(
      url,
      `stats/query?site_id=${SITE}&metrics=visitors&dimensions=page&limit=100`,
    );
    assert.equal(await page.locator("dialog tbody tr").count(), Math.min(total, 100));
    assert.match(await first.innerText(), new RegExp(`^${results[0].dimensions[0]}\\s`));
    await page.click("dialog thead button:has-text('Page')");
    const sorted = results.map(({ dimensions }: { dimensions: string[] }) => dimensions[0]).sort();
    await page.waitForFunction(
      (text) => document.querySelector("dialog tbody th")?.textContent?.trim() === text,
      sorted[0],
    );
    await page.fill("dialog input[type=search]", "blog");
    await page.waitForFunction(() =>
      [...document.querySelectorAll("dialog tbody th")].every((cell) =>
        cell.textContent?.includes("blog")
      )
    );
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click("dialog button:has-text('CSV')"),
    ]);
    const path = await download.path();
    const lines = (await Deno.readTextFile(path)).trim().split("\r\n");
    assert.match(lines[0] ?? "", /^page,visitors,/);
    assert.equal(lines.length - 1, await page.locator("dialog tbody tr").count());
    assert.deepEqual(faults, []);
  }));

browserTest(
  "app.js: a filter is made with suggestions of the data",
  (context) =>
    withServer(10, async (url) => {
      const [page, faults] = await open(context, `${url}/?site=${SITE}`);
      await settled(page);
      await page.keyboard.press("/");
      await page.selectOption("dialog select[aria-label=Dimension]", "country");
      await page.click("dialog .tokens input");
      await page.keyboard.type("D");
      await page.click("dialog [role=option]:has-text('Germany')");
      await page.click("dialog button:has-text('Apply')");
      await page.waitForURL(/is%28country%2CDE%29/);
      await sameNumbers(page, url, "period=30d&filters=is(country,DE)");
      assert.match(await page.locator(".chip").innerText(), /Country is Germany/);
      await page.click(".chip-cross");
      await sameNumbers(page, url, "period=30d");
      assert.deepEqual(faults, []);
    }),
);

browserTest(
  "app.js: a funnel is built, and its steps are those the API counts",
  (context) =>
    withServer(20, async (url) => {
      const [page, faults] = await open(context, `${url}/?site=${SITE}&view=behaviour`);
      for (const [index, name] of ["/", "/pricing"].entries()) {
        const field = page.locator(".step .tokens input").nth(index);
        await field.click();
        await field.fill(name);
        await field.press("Enter");
      }
      await page.waitForURL(/steps=page/);
      await page.locator(".funnel > li").nth(1).waitFor();
      const answer = await ask(
        url,
        `stats/funnel?site_id=${SITE}&period=30d&steps=page:/,page:/pricing&window=1%20day`,
      );
      const shown = await page.$$eval(
        ".funnel > li",
        (items) => items.map((item) => Number(item.getAttribute("data-visitors"))),
      );
      assert.deepEqual(shown, answer.map(({ visitors }: { visitors: number }) => visitors));
      await page.fill(".save-line input", "To the prices");
      await page.click(".save-line button");
      await page.locator(".saved button:has-text('To the prices')").waitFor();
      await page.click("button:has-text('Retention')");
      await page.locator(".heat tbody tr").first().waitFor();
      await page.click("button:has-text('Flow')");
      await page.locator(".sankey .box").first().waitFor();
      assert.deepEqual(faults, []);
    }),
);

browserTest(
  "app.js: waits for the first event and turns into the dashboard by itself",
  (context) =>
    withServer(0, async (url) => {
      const [page, faults] = await open(context, `${url}/`);
      await page.fill(".start input", "first.example");
      assert.equal(
        await page.innerText(".start pre"),
        `<script async defer src="${url}/mallard.js" data-domain="first.example"></script>`,
      );
      const body = JSON.stringify({
        d: "first.example",
        n: "pageview",
        u: "https://first.example/",
      });
      const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0" };
      const sent = await fetch(`${url}/api/event`, { method: "POST", body, headers });
      assert.equal(sent.status, 202);
      await page.locator('[data-metric=unique_visitors][data-value="1"]').waitFor();
      await page.click("nav >> text=Realtime");
      await page.locator('[data-live="1"]').first().waitFor();
      await fetch(`${url}/api/event`, {
        method: "POST",
        body: body.replace('"pageview"', '"signup"'),
        headers: { "user-agent": headers["user-agent"].replaceAll("145", "144") },
      });
      await page.locator('[data-live="2"]').first().waitFor();
      assert.deepEqual(faults, []);
    }),
);

browserTest("app.js: the owner sets a goal, makes a key, looks before erasing, logs in anew", (
  context,
) =>
  withServer(5, async (url) => {
    const settings = `${url}/?site=${SITE}&view=settings`;
    const [page] = await open(context, `${settings}&section=section_goals`);
    const goals = page.locator(".panel", { has: page.locator("h2:text-is('Goals')") });
    await goals.locator("input").first().fill("Prices seen");
    await goals.locator("select").selectOption("page");
    await goals.locator(".tokens input").fill("/pricing");
    await goals.locator("button:has-text('Add')").click();
    await goals.locator(".items b:has-text('Prices seen')").waitFor();
    await page.click(".pill:has-text('API keys')");
    await page.fill(".item-form input", "For scripts");
    await page.click("button:has-text('Make a key')");
    assert.match(await page.innerText(".made-key pre"), /^mm_[0-9a-f]{32}$/);
    await page.click(".pill:has-text('Data')");
    await page.click("button:has-text('See what would go')");
    await page.locator("text=/[1-9].* events would go/").waitFor();
    await page.click("[aria-label=Menu]");
    await page.click("text=Protect this dashboard by a password");
    await page.locator("dialog input[type=password]").first().waitFor();
    for (const field of await page.locator("dialog input[type=password]").all()) {
      await field.fill("quack quack");
    }
    await page.click("dialog button:has-text('Set password')");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.click("[aria-label=Menu]");
    await page.click("text=Log out");
    await page.fill("input[type=password]", "not this one");
    await page.click("button:has-text('Log in')");
    await page.locator("text=That password is not right.").waitFor();
    await page.fill("input[type=password]", "quack quack");
    await page.keyboard.press("Enter");
    await page.locator("h1:has-text('Settings of')").waitFor();
  }));

browserTest(
  "app.js: each panel tells its own fault and can be asked again",
  (context) =>
    withServer(5, async (url) => {
      let broken = true;
      await context.route(/stats\/(main|query)/, async (route) => {
        const isPages = route.request().url().includes("dimensions=page");
        if (!broken || !(isPages || route.request().url().includes("main"))) {
          return route.fallback();
        }
        await route.fulfill({ status: 503, body: '{"error":"Cannot answer: busy"}' });
      });
      const [page] = await open(context, `${url}/?site=${SITE}`);
      await page.locator("[data-breakdown=sources]").waitFor();
      assert.equal(await page.locator(".fault").count(), 2);
      broken = false;
      await page.locator(".fault button").first().click();
      await page.locator(".fault button").nth(1).waitFor({ state: "detached" });
      await page.locator(".fault button").click();
      await settled(page);
      assert.equal(await page.locator(".fault").count(), 0);
      await context.setOffline(true);
      await page.locator(".banner").waitFor();
      await context.setOffline(false);
      await page.locator(".banner").waitFor({ state: "detached" });
    }),
);

browserTest(
  "app.js: nothing moves while it loads, and nothing comes from elsewhere",
  (context) =>
    withServer(10, async (url) => {
      const foreign: string[] = [];
      context.on("request", (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) {
          foreign.push(request.url());
        }
      });
      await context.addInitScript(() => {
        Reflect.set(globalThis, "moved", 0);
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            const value = Number(Reflect.get(entry, "value"));
            Reflect.set(globalThis, "moved", Number(Reflect.get(globalThis, "moved")) + value);
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
      for (const address of [`${url}/?site=${SITE}`, `${url}/?site=${SITE}&period=day`]) {
        const [page, faults] = await open(context, address);
        await settled(page);
        const moved = await page.evaluate(() => Number(Reflect.get(globalThis, "moved")));
        assert.ok(moved < 0.02, `layout shift of ${moved}`);
        assert.deepEqual(faults, []);
      }
      assert.deepEqual(foreign, []);
    }),
);

const PAGES = {
  overview: "",
  compared: "compare=previous_period&filters=is(source,Google)&tabs=map",
  details: "details=page",
  funnel: "view=behaviour&steps=page:/,page:/pricing",
  retention: "view=behaviour&report=retention",
  flow: "view=behaviour&report=flow",
  sequence: "view=behaviour&report=sequence&sequence=page:/,page:/pricing",
  realtime: "view=realtime",
  sites: "view=sites",
  settings: "view=settings",
  goals: "view=settings&section=section_goals",
  keys: "view=settings&section=section_keys",
  data: "view=settings&section=section_data",
  snippet: "view=settings&section=section_snippet",
};

async function faultsFound(page: Page): Promise<string[]> {
  // The policy of the page lets no script in: the checker comes through the debugger.
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const checker = Reflect.get(globalThis, "axe") as typeof axe;
    const { violations } = await checker.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`);
  });
}

async function checkPages(browser: Browser, url: string, look: object): Promise<void> {
  const context = await browser.newContext({ reducedMotion: "reduce", ...look });
  for (const [name, search] of Object.entries(PAGES)) {
    const [page] = await open(context, `${url}/?site=${SITE}&${search}`);
    await page.locator("main > *").first().waitFor();
    await page.waitForFunction(() =>
      document.querySelector(".stale, .to-come, .to-come-chart, [aria-busy=true]") === null
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await faultsFound(page), [], `${name} ${JSON.stringify(look)}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
    await page.close();
  }
  await context.close();
}

browserTest("app.js: no page breaks a rule of accessibility, light, dark or on a phone", (
  _,
  browser,
) =>
  withServer(10, async (url) => {
    await checkPages(browser, url, { colorScheme: "light" });
    await checkPages(browser, url, { colorScheme: "dark" });
    await checkPages(browser, url, PHONE);
    await checkPages(browser, url, { viewport: { width: 320, height: 640 } });
  }));

browserTest("app.js: speaks the browser's language, and everything is there by keyboard", (
  _,
  browser,
) =>
  withServer(5, async (url) => {
    const context = await browser.newContext({ locale: "de-DE" });
    const [page, faults] = await open(context, `${url}/?site=${SITE}`);
    await settled(page);
    assert.equal(await page.getAttribute("html", "lang"), "de");
    assert.match(await page.innerText(".overview"), /Absprungrate/);
    assert.match(await page.innerText("[data-breakdown=countries]"), /Vereinigte Staaten/);
    await page.keyboard.press("?");
    await page.locator("dialog:has-text('Tastenkürzel')").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    const skip = await page.evaluate(() => document.activeElement?.getAttribute("href"));
    assert.equal(skip, "#main");
    await page.keyboard.press("c");
    await page.locator(".sheet").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".sheet").waitFor({ state: "detached" });
    assert.deepEqual(faults, []);
    await context.close();
  }));
