// The dialog with all rows of a dimension, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

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
