// The dialog with all rows of a dimension, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, openIn, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "DetailsDialog: a country that is looked for has the numbers that it has among all",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&period=28d&details=country`);
    const row = page.locator("dialog tbody tr", { hasText: "Germany" });
    await row.waitFor();
    assert.ok(await page.locator("dialog tbody tr").count() > 1);
    const among = await row.locator("td").allInnerTexts();
    await page.fill("dialog input[type=search]", "germ");
    await page.waitForFunction(() => document.querySelectorAll("dialog tbody tr").length === 1);
    await settled(page);
    assert.deepEqual(await row.locator("td").allInnerTexts(), among);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click("dialog button:has-text('JSON')"),
    ]);
    const [saved] = JSON.parse(await Deno.readTextFile(await download.path()));
    assert.ok(among.includes(`${Math.round(saved.percentage * 100)}%`), `${saved.percentage}`);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "DetailsDialog: without a server the last rows stay, with their order and page, then others come",
  async ({ url, context }) => {
    const opened = await context();
    const { page, faults } = await openIn(opened, `${url}/?site=${SITE}&period=28d`);
    for (const [dimension, text] of [["page", "blog"], ["country", "germ"]]) {
      await page.goto(`${url}/?site=${SITE}&period=28d&details=${dimension}`);
      const rows = page.locator("dialog tbody tr");
      const place = page.locator("dialog .details-rows");
      const sorted = page.locator("dialog th[aria-sort]");
      await rows.first().waitFor();
      await settled(page);
      const seen = async () => ({
        rows: await rows.allInnerTexts(),
        count: await page.locator("dialog .details-tools [role=status]").innerText(),
        order: await sorted.innerText(),
      });
      const before = await seen();
      await opened.setOffline(true);
      await page.fill("dialog input[type=search]", text ?? "");
      await page.locator(".banner").waitFor();
      await page.locator("dialog .details-rows.stale").waitFor();
      assert.equal(await place.getAttribute("aria-busy"), "true");
      await page.locator("dialog thead button").first().click();
      assert.deepEqual(await seen(), before);
      await opened.setOffline(false);
      await page.waitForFunction(
        (count) => document.querySelectorAll("dialog tbody tr").length < count,
        before.rows.length,
      );
      await settled(page);
      assert.equal(await place.getAttribute("class"), "details-rows");
      assert.ok(
        (await rows.allInnerTexts()).every((row) => row.toLowerCase().includes(text ?? "")),
      );
      assert.equal(await sorted.getAttribute("aria-sort"), "ascending");
    }
    assert.deepEqual(faults.filter((fault) => !/ERR_INTERNET_DISCONNECTED/.test(fault)), []);
  },
);

dashboardTest(
  "DetailsDialog: where the names of codes can't be had, it says so and can ask again",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&period=28d&details=country`);
    const rows = page.locator("dialog tbody tr");
    await rows.first().waitFor();
    const values = /\/api\/stats\/values/;
    await page.route(values, (route) => route.fulfill({ status: 500, body: "{}" }));
    await page.fill("dialog input[type=search]", "germ");
    await page.locator("dialog .fault").waitFor();
    await page.unroute(values);
    await page.click("dialog .fault button");
    await page.waitForFunction(() => document.querySelectorAll("dialog tbody tr").length === 1);
  },
);
