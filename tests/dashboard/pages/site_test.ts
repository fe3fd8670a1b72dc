// The overview is drawn in two parts when it is opened: its top, and the panels below it.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../support/browser/dashboard.ts";

interface Seen {
  /** How many panels there were when the top was drawn. */
  panels?: number;
  shift: number;
}

dashboardTest(
  "site.js draws the top of the page first, then the panels, and moves nothing",
  async ({ url, context }) => {
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    await page.addInitScript(() => {
      const seen: Seen = { shift: 0 };
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        if (document.querySelector("main section.overview") === null) return;
        seen.panels ??= document.querySelectorAll(".breakdowns > *").length;
      }).observe(document, { subtree: true, childList: true });
      new PerformanceObserver((list) => {
        for (const one of list.getEntries()) {
          seen.shift += (one as unknown as { value: number }).value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(`${url}/?site=${SITE}&period=30d`);
    await page.locator(".breakdowns > section").nth(7).waitFor();
    await settled(page);
    const seen = await page.evaluate(() => Reflect.get(globalThis, "seen") as Seen);
    assert.equal(seen.panels, 0);
    assert.ok(seen.shift < 0.001, `what was there moved by ${seen.shift}`);
    assert.equal(await page.locator(".breakdowns.later").count(), 0);
  },
);

dashboardTest("site.js gives who loads the page again their place in it", async ({ url, open }) => {
  const place = 1300;
  const look = { viewport: { width: 1280, height: 800 } };
  const { page } = await open(`${url}/?site=${SITE}&period=30d`, look);
  await settled(page);
  const found: number[] = [];
  // Browsers note the place some time after it was reached.
  for (let times = 0; times < 4 && !found.includes(place); times++) {
    await page.evaluate((top) => scrollTo({ top, behavior: "instant" }), place);
    await page.waitForTimeout(500 * (times + 1));
    await page.reload();
    await settled(page);
    found.push(await page.evaluate(() => Math.round(scrollY)));
  }
  assert.ok(found.includes(place), `places after loading again: ${found}`);
});
