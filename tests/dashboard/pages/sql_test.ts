// The SQL page as people use it: an example, the keyboard, a chart, files, saved queries.
import assert from "node:assert/strict";
import { faultsFound } from "../../support/browser/accessibility.ts";
import type { Page } from "../../support/browser/browser.ts";
import { askApi, dashboardTest, SITE } from "../../support/browser/dashboard.ts";

const ROWS = "section:has(h2:text-is('Result')) tbody tr";
const STATEMENT = "textarea[aria-label=Statement] >> nth=0";

dashboardTest("sql.js: runs, charts, downloads and saves statements", async ({ url, open }) => {
  const { page, faults } = await open(`${url}/?site=${SITE}`);
  await page.click("[aria-label=Menu]");
  await page.click(".choice:has-text('SQL')");
  await page.locator(STATEMENT).waitFor();
  assert.deepEqual(await faultsFound(page), []);

  await page.selectOption("select[aria-label=Examples]", "example_days");
  await page.focus(STATEMENT);
  await page.keyboard.press("Control+Enter");
  await page.locator(ROWS).first().waitFor();
  const told = await askApi(
    url,
    `stats/query?site_id=${SITE}&period=all&metrics=visitors&dimensions=day&limit=1000`,
  );
  const days = told.results.filter((row: { metrics: { visitors: number } }) =>
    row.metrics.visitors > 0
  );
  assert.equal(await page.locator(ROWS).count(), days.length);
  const newest = days.toSorted((a: { dimensions: string[] }, b: { dimensions: string[] }) =>
    String(a.dimensions[0]) < String(b.dimensions[0]) ? 1 : -1
  )[0];
  assert.deepEqual(
    (await page.locator(`${ROWS} >> nth=0`).locator("td").allTextContents()).slice(0, 2),
    [newest.dimensions[0], String(newest.metrics.visitors)],
  );
  assert.match(page.url(), /view=sql/);
  assert.match(new URL(page.url()).searchParams.get("query") ?? "", /^select local_time::date/);

  await page.click("text=Show as chart");
  await page.locator("[role=slider][aria-label='Chart of visitors'] canvas").waitFor();
  await page.selectOption("select[aria-label=Column]", "pageviews");
  await page.locator("[aria-label='Chart of pageviews'] canvas").waitFor();
  assert.deepEqual(await faultsFound(page), []);

  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.click("text=Download CSV"),
  ]);
  const csv = await Deno.readTextFile(await saved.path() ?? "");
  assert.equal(csv.split("\n")[0], "day,visitors,pageviews");
  assert.equal(csv.trim().split("\n").length, days.length + 1);

  await useSaved(page);

  await page.fill(STATEMENT, "select count(*) from range(1000000000000000000)");
  await page.click("button:text-is('Run')");
  await page.click("button:text-is('Stop')");
  await page.locator("button:text-is('Stop')").waitFor({ state: "detached" });
  await page.setViewportSize({ width: 320, height: 700 });
  assert.ok(
    await page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth
    ),
  );
  assert.deepEqual(faults.filter((one) => !/400/.test(one)), []);
});

/** Saves the statement, opens it again, names it anew and deletes it. */
async function useSaved(page: Page): Promise<void> {
  await page.fill(".item-form input", "By day");
  await page.keyboard.press("Enter");
  await page.locator(".items b:has-text('By day')").waitFor();
  await page.fill(STATEMENT, "select nope from events");
  await page.click("button:text-is('Run')");
  await page.locator(".fault-line:has-text('nope')").waitFor();
  assert.deepEqual(await faultsFound(page), []);
  await page.click("[aria-label='Open: By day']");
  assert.match(await page.inputValue(STATEMENT), /^select local_time::date/);
  await page.click("[aria-label='Edit: By day']");
  await page.fill("form[aria-label='Edit: By day'] input", "Days");
  await page.keyboard.press("Enter");
  await page.locator(".items b:has-text('Days')").waitFor();
  await page.click("[aria-label='Delete: Days'], [aria-label='Remove: Days']");
  await page.click(".items .danger");
  await page.locator("text=None saved yet.").waitFor();
}
