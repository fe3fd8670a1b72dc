// Answers that fail where they are a part of something larger: it says so, and asks again.
import assert from "node:assert/strict";
import { faultsFound } from "../support/browser/accessibility.ts";
import { dashboardTest, settled, SITE } from "../support/browser/dashboard.ts";

/** Where an answer is drawn, what is asked for it, and what is there when it has come. */
const PLACES = [
  ["view=behaviour", /\/funnels$/, ".saved", ".saved >> text=None yet"],
  ["view=sites", /\/new-sites$/, "main .fault", ".site-card"],
  [
    "view=settings&section=section_data",
    /\/stats\/(bots|view)/,
    "section:has(h2:text-is('Excluded events')) .fault",
    "section:has(h2:text-is('Excluded events')) .settings-body > p",
  ],
  ["view=sql", /\/texts\/sql\/de\.js/, "main .fault", "main textarea"],
] as const;

dashboardTest(
  "app.js: what failed is told from what is empty or still to come, and can be asked for again",
  async ({ url, context }) => {
    for (const [search, asked, place, after] of PLACES) {
      const opened = await context({ locale: search === "view=sql" ? "de-DE" : "en-GB" });
      const page = await opened.newPage();
      await page.route(asked, (route) => route.fulfill({ status: 500, body: "{}" }));
      await page.goto(`${url}/?site=${SITE}&${search}`);
      const button = page.locator(place).locator("button");
      await button.waitFor();
      assert.deepEqual(await faultsFound(page), [], search);
      await page.unroute(asked);
      await button.click();
      await button.waitFor({ state: "detached" });
      await page.locator(after).first().waitFor();
      await settled(page);
    }
  },
);

dashboardTest(
  "app.js: About says which of its facts can't be had",
  async ({ url, open }) => {
    const { page } = await open("about:blank");
    const asked = /\/health\/detailed|\/manifest\.json/;
    await page.route(asked, (route) => route.fulfill({ status: 500, body: "{}" }));
    await page.goto(`${url}/?site=${SITE}`);
    await settled(page);
    await page.click("[aria-label=Menu]");
    await page.click(".choice:has-text('About')");
    const faults = page.locator("dialog .fault");
    await faults.nth(1).waitFor();
    assert.deepEqual(await faultsFound(page), []);
    await page.unroute(asked);
    for (let left = 2; left > 0; left--) {
      await faults.first().locator("button").click();
      await page.waitForFunction(
        (count) => document.querySelectorAll("dialog .fault").length < count,
        left,
      );
    }
    await page.locator("dialog >> text=uplot").waitFor();
  },
);

dashboardTest(
  "app.js: About leaves out what strangers are not told",
  async ({ url, open }) => {
    const { page } = await open("about:blank");
    await page.route(
      "**/health/detailed",
      (route) => route.fulfill({ json: { status: "ok", geoip_loaded: false } }),
    );
    await page.goto(`${url}/?site=${SITE}`);
    await settled(page);
    await page.click("[aria-label=Menu]");
    await page.click(".choice:has-text('About')");
    await page.locator("dialog >> text=uplot").waitFor();
    await page.locator("dialog >> text=Version").waitFor({ state: "detached" });
    assert.ok(!(await page.locator("dialog").innerText()).includes("…"));
  },
);
