// Every state of every page and panel: loading, nothing, a fault, no server; drawn without a jump,
// and without breaking a rule of accessibility.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { faultsFound } from "../support/browser/accessibility.ts";
import type { BrowserContext, Page } from "../support/browser/browser.ts";
import {
  dashboardTest,
  openIn,
  PHONE,
  sameNumbers,
  settled,
  SITE,
  withServer,
} from "../support/browser/dashboard.ts";

/** Places that ask reports, with how many panels each of them draws from one. */
const REPORT_PAGES = {
  "": 10,
  "tabs=map": 10,
  "view=behaviour&steps=page:/,page:/pricing": 1,
  "view=behaviour&report=retention": 1,
  "view=behaviour&report=flow": 1,
  "view=behaviour&report=sequence&sequence=page:/,page:/pricing": 1,
};

const NOTHING = "filters=is(page,/never)";
const STATS = /\/api\/stats\//;

/** What has moved in a page of a context, and how far in all. */
interface Moved {
  readonly by: number;
  /** Elements with their place before and after. */
  readonly what: readonly string[];
}

/** Watches what moves in each page of a context. */
async function watchShifts(context: BrowserContext): Promise<(page: Page) => Promise<Moved>> {
  await context.addInitScript(() => {
    const moved = { by: 0, what: [] as string[] };
    Reflect.set(globalThis, "moved", moved);
    const place = ({ x, y, width, height }: DOMRect) => `${x},${y} ${width}x${height}`;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        moved.by += Number(Reflect.get(entry, "value"));
        for (const { node, previousRect, currentRect } of Reflect.get(entry, "sources")) {
          const name = node instanceof Element ? `${node.tagName}.${node.className}` : "text";
          moved.what.push(`${name} ${place(previousRect)} to ${place(currentRect)}`);
        }
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return (page) => page.evaluate(() => Reflect.get(globalThis, "moved") as Moved);
}

dashboardTest(
  "app.js: nothing moves while it loads, and nothing comes from elsewhere",
  async ({ url, context }) => {
    for (const look of [{}, PHONE]) {
      const opened = await context(look);
      const movedIn = await watchShifts(opened);
      const foreign: string[] = [];
      opened.on("request", (request) => {
        const address = request.url();
        if (!address.startsWith(url) && !address.startsWith("blob:")) foreign.push(address);
      });
      // Answers come one by one, in an order of their own, as over a slow line.
      let count = 0;
      await opened.route(/\/api\//, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 10 + (count++ * 37) % 90));
        await route.continue().catch(() => {});
      });
      for (
        const search of ["", "period=day&compare=previous_period", ...Object.keys(REPORT_PAGES)]
      ) {
        const { page, faults } = await openIn(opened, `${url}/?site=${SITE}&${search}`);
        await settled(page);
        const { by, what } = await movedIn(page);
        assert.ok(by < 0.001, `${by} at ${search} ${JSON.stringify(look)}: ${what.join("; ")}`);
        assert.deepEqual(faults, []);
        await page.close();
      }
      assert.deepEqual(foreign, []);
    }
  },
);

dashboardTest(
  "app.js: each panel keeps its place while it waits for an answer",
  async ({ url, context }) => {
    const opened = await context({ reducedMotion: "reduce" });
    const heights = (page: Page) =>
      page.$$eval(".panel", (all) => all.map((one) => Math.round(one.clientHeight)));
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      const { page } = await openIn(opened, "about:blank");
      const held = Promise.withResolvers<void>();
      await page.route(STATS, async (route) => {
        await held.promise;
        await route.continue().catch(() => {});
      });
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.locator("main > *").first().waitFor();
      const skeletons = page.locator(".panel:has(.to-come, .to-come-text, .to-come-chart)");
      const busy = page.locator("[aria-busy=true]");
      // The numbers and the chart stand in one panel; the hours and days have their own grid. The
      // map is a separate module.
      const least = Math.max(panels - 2, 1);
      await skeletons.nth(least - 1).waitFor({ state: "attached" });
      assert.ok(await busy.count() > 0);
      assert.deepEqual(await faultsFound(page), [], `loading ${search}`);
      const before = await heights(page);
      held.resolve();
      await settled(page);
      // Reports grow downwards with what they found; the overview is as high as it was.
      if (!search.includes("behaviour")) assert.deepEqual(await heights(page), before, search);
      await page.close();
    }
  },
);

dashboardTest(
  "app.js: a panel without rows says so, and what might help",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&${NOTHING}`);
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      await page.goto(`${url}/?site=${SITE}&${NOTHING}&${search}`);
      await settled(page);
      // The numbers and the chart are zeros.
      const expected = panels === 1 ? 1 : panels - 2;
      const hints = await page.locator(".blank .muted").allInnerTexts();
      assert.equal(hints.length, expected, search);
      for (const hint of hints) assert.match(hint, /filter/, search);
      assert.deepEqual(await faultsFound(page), [], `empty ${search}`);
    }
    await page.goto(`${url}/?site=${SITE}&details=page`);
    await page.fill("dialog input[type=search]", "no page is called so");
    await page.locator("dialog .blank").waitFor();
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: each panel shows its own error and can retry",
  async ({ url, context }) => {
    const opened = await context();
    let broken = true;
    await opened.route(
      STATS,
      (route) =>
        broken
          ? route.fulfill({ status: 503, body: '{"error":"Cannot answer: busy"}' })
          : route.fallback(),
    );
    const { page } = await openIn(opened, "about:blank");
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      broken = true;
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.waitForFunction(
        (wanted) => document.querySelectorAll(".fault").length === wanted,
        panels,
      );
      assert.deepEqual(await faultsFound(page), [], `fault ${search}`);
      broken = false;
      for (let left = panels; left > 0; left--) {
        await page.locator(".fault button").first().click();
        await page.waitForFunction(
          (wanted) => document.querySelectorAll(".fault").length < wanted,
          left,
        );
      }
      await settled(page);
    }
    await sitesAndRealtime(page, url, (is) => broken = is);
  },
);

/** Faults where an answer is not drawn as a panel. */
async function sitesAndRealtime(page: Page, url: string, breakIt: (is: boolean) => void) {
  breakIt(true);
  await page.goto(`${url}/?site=${SITE}&view=sites`);
  await page.locator(".fault button").waitFor();
  assert.deepEqual(await faultsFound(page), [], "fault of sites");
  breakIt(false);
  await page.locator(".fault button").click();
  await page.locator(".site-card-numbers b:text-matches('[0-9]')").first().waitFor();
  breakIt(true);
  await page.goto(`${url}/?site=${SITE}&view=realtime`);
  await page.locator("text=The stream was interrupted").waitFor();
  assert.deepEqual(await faultsFound(page), [], "fault of realtime");
  breakIt(false);
  await page.goto(`${url}/?site=${SITE}&view=realtime`);
  await page.locator(".live [data-live]").first().waitFor();
}

dashboardTest(
  "app.js: what an owner keeps can be asked for again, too",
  async ({ url, context }) => {
    const opened = await context();
    let broken = true;
    await opened.route(
      /\/api\/(sites\/|keys)/,
      (route) => broken ? route.fulfill({ status: 500, body: "{}" }) : route.fallback(),
    );
    const { page } = await openIn(opened, "about:blank");
    for (const section of ["site", "goals", "keys"]) {
      broken = true;
      await page.goto(`${url}/?site=${SITE}&view=settings&section=section_${section}`);
      await page.locator(".fault button").first().waitFor();
      assert.deepEqual(await faultsFound(page), [], `fault of ${section}`);
      broken = false;
      for (let left = await page.locator(".fault").count(); left > 0; left--) {
        await page.locator(".fault button").first().click();
        await page.waitForFunction(
          (wanted) => document.querySelectorAll(".fault").length < wanted,
          left,
        );
      }
    }
    broken = true;
    await page.goto(`${url}/?site=${SITE}&view=sql`);
    await page.locator(".fault button").waitFor();
    assert.deepEqual(await faultsFound(page), [], "fault of SQL");
  },
);

dashboardTest(
  "app.js: shows that the server is unreachable, and recovers when it is back",
  ({ open }) =>
    withServer(3, async (server, dataDir) => {
      const { url } = server;
      const { page } = await open(`${url}/?site=${SITE}`);
      await sameNumbers(page, url, `site_id=${SITE}`);
      await page.context().setOffline(true);
      await page.locator(".banner").waitFor();
      assert.deepEqual(await faultsFound(page), [], "offline");
      await page.context().setOffline(false);
      await page.locator(".banner").waitFor({ state: "detached" });

      const shown = () => page.locator("[data-metric][data-value], .period-name").allInnerTexts();
      const known = await shown();
      await server.stop();
      await page.keyboard.press("w");
      // One sentence for the whole page, over the numbers that are known and what they are of.
      const banner = page.locator(".banner");
      await banner.getByText(/Can't reach.*your choice follows/).waitFor();
      const asked = { live: 0, status: 0 };
      page.on("request", (request) => {
        if (request.url().includes("/api/stats/live")) asked.live++;
        if (request.url().includes("/api/auth/status")) asked.status++;
      });
      assert.deepEqual(await shown(), known);
      assert.equal(await page.locator("main .stale").count(), 0);
      await page.keyboard.press("r");
      await page.keyboard.press("r");
      await page.locator("[data-metric=visitors][data-value]").waitFor();
      assert.deepEqual(await shown(), known);
      // Only whether it is back is asked, with growing pauses.
      while (asked.status < 2) await page.waitForRequest(/auth\/status/);
      assert.equal(asked.live, 0);
      assert.equal(await page.locator(".fault").count(), 0);
      assert.ok(await page.locator("[data-metric][data-value]").count() >= 6);
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        while (!again.hasEnded && !(await fetch(`${url}/health/ready`).catch(() => null))?.ok);
        await page.locator(".banner").waitFor({ state: "detached" });
        await sameNumbers(page, url, `site_id=${SITE}&period=7d`);
        // Without a server there is no page: the browser says so itself. Without its API there is.
        await page.route(/\/api\//, (route) => route.abort());
        await page.reload();
        await page.locator("text=The dashboard could not be loaded").waitFor();
        assert.deepEqual(await faultsFound(page), [], "no API");
        await page.unroute(/\/api\//);
        await sameNumbers(page, url, `site_id=${SITE}&period=7d`);
      } finally {
        await again.stop();
      }
    }),
);

dashboardTest(
  "app.js: a server that can keep no events, and ends streams, is not taken for a lost one",
  async ({ url, open }) => {
    const { page } = await open("about:blank");
    await page.route(/\/health\//, (route) => route.fulfill({ status: 503, body: "full" }));
    await page.route(/\/api\/stats\/live/, (route) => route.abort());
    let answered = 0;
    page.on("response", (response) => {
      if (response.url().includes("/api/auth/status")) answered++;
    });
    await page.goto(`${url}/?site=${SITE}`);
    // The page's own, and the one after the stream has ended.
    while (answered < 2) await page.waitForResponse(/auth\/status/);
    await sameNumbers(page, url, `site_id=${SITE}`);
    assert.equal(await page.locator(".banner").count(), 0);
  },
);

/** Addresses that nobody can read in part, and what they leave. */
const UNREAD = {
  "interval=weak": "interval=weak",
  "metric=visitorss&tabs=foo,region": "metric=visitorss, tabs=foo,region",
  "why=fame&details=bogus": "details=bogus, why=fame",
  "view=behaviour&report=flw": "report=flw",
};

dashboardTest(
  "app.js: what is not understood of an address is said in one line, and breaks nothing",
  async ({ url, open }) => {
    const { page, faults } = await open("about:blank", { locale: "de-DE" });
    for (const [search, text] of Object.entries(UNREAD)) {
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.locator(".unread").getByText(
        `In dieser Adresse nicht verstanden und ausgelassen: ${text}`,
        { exact: true },
      ).waitFor();
      await settled(page);
      assert.equal(await page.locator(".fault, dialog").count(), 0, search);
      assert.equal(await page.locator(".unread").count(), 1);
      await page.locator(".unread button").click();
      await page.locator(".unread").waitFor({ state: "detached" });
      assert.doesNotMatch(page.url(), /weak|visitorss|foo|fame|bogus|flw/);
    }
    // What this site lacks is no fault of the address.
    for (const search of ["metric=conversions", "tabs=goal", "metric=exit_rate"]) {
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await sameNumbers(page, url, `site_id=${SITE}`);
      assert.equal(await page.locator(".unread, .fault").count(), 0, search);
    }
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: what the server refuses of an address is told in the reader's language",
  async ({ url, open }) => {
    const { page } = await open(
      `${url}/?site=${SITE}&view=behaviour&steps=page:/,page:/pricing&order=wild`,
      { locale: "de-DE" },
    );
    const inPanel = page.locator(".fault");
    await inPanel.filter({ hasText: "„wild“ ist nicht möglich" }).waitFor();
    assert.ok(!(await inPanel.textContent())?.includes("not one of"));
  },
);
