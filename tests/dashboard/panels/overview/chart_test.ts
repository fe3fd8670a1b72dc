import assert from "node:assert/strict";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, openIn, sendEvent, settled } from "../../../support/browser/dashboard.ts";
import { SUM_FILES } from "../../../support/sources/sum_files.ts";
import { declare, imported } from "../../../support/server/import_answers.ts";

const DAY_MS = 86_400_000;
const WIDE = { viewport: { width: 1440, height: 900 } };
const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/** Imports purchases: days ago, amount, currency. */
async function sold(url: string, site: string, sales: readonly [number, number, string][]) {
  const lines = sales.map(([days, amount, rc]) =>
    JSON.stringify({
      d: site,
      n: "purchase",
      u: `https://${site}/cart`,
      ra: amount,
      rc,
      at: Date.now() - days * DAY_MS,
      ip: "81.2.69.142",
      ua: BROWSER,
    })
  );
  const sent = await fetch(`${url}/api/import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  assert.equal(sent.status, 200, await sent.text());
}

/** The tile that is marked as charted. */
const pressed = (page: Page) => page.locator(".stats .stat.pressed [data-metric]");

dashboardTest(
  "Chart draws one currency of several at every step, and says which",
  async ({ url, context }) => {
    const site = "currencies.example";
    await sold(url, site, [[5, 900, "EUR"], [3, 600, "JPY"], [2, 600, "JPY"], [2, 40, "EUR"]]);
    const opened = await context(WIDE);
    await opened.addInitScript(() => {
      const written: string[] = [];
      Object.assign(globalThis, { written });
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
        written.push(text);
        fillText.call(this, text, ...at);
      };
    });
    const { page, faults } = await openIn(
      opened,
      `${url}/?site=${site}&period=7d&metric=total_revenue`,
    );
    await page.locator(".chart-currency", { hasText: "Revenue (JPY) over time" }).waitFor();
    await settled(page);
    assert.equal(await pressed(page).getAttribute("data-metric"), "total_revenue");
    assert.equal(
      await page.locator(".chart").getAttribute("aria-label"),
      "Revenue (JPY) over time",
    );
    const written = await page.evaluate(() =>
      (globalThis as unknown as { written: string[] }).written
    );
    const axis = written.filter((text) => /[€¥]/.test(text));
    assert.ok(axis.length > 0 && axis.every((text) => text.includes("¥")), axis.join());
    const highest = Math.max(...axis.map((text) => Number(text.replace(/[^\d.]/g, ""))));
    assert.ok(highest >= 600 && highest < 900, axis.join());
    // The small course in the tile is of the same currency: two days are as high, the others 0.
    const points = await page.locator(".stat.pressed .sparkline polyline").getAttribute("points");
    const heights = (points ?? "").split(" ").map((point) => Number(point.split(",")[1]));
    assert.ok(heights.length >= 7);
    const [top, floor] = [Math.min(...heights), Math.max(...heights)];
    assert.equal(heights.filter((height) => height === top).length, 2, `${points}`);
    assert.equal(heights.filter((height) => height === floor).length, heights.length - 2);
    // The points say every amount.
    await page.locator(".chart-box").getByRole("button", { name: "table" }).click();
    const cells = await page.locator(".chart-box tbody td").allInnerTexts();
    assert.equal(cells.filter((text) => /¥600.*€40/.test(text)).length, 1, cells.join());
    assert.equal(cells.filter((text) => /€900/.test(text)).length, 1, cells.join());
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "Chart shows visitors where the chosen metric has no tile, and keeps it in the address",
  async ({ url, open }) => {
    const [paid, unpaid] = ["paid.example", "unpaid.example"];
    await sold(url, paid, [[1, 20, "EUR"]]);
    await sendEvent(url, unpaid, 1);
    const { page, faults } = await open(
      `${url}/?site=${unpaid}&period=7d&metric=total_revenue`,
      WIDE,
    );
    const is = async (metric: string, title: string) => {
      await page.locator(`.stats .stat.pressed [data-metric=${metric}]`).waitFor();
      await page.locator(`.chart[aria-label="${title} over time"]`).waitFor();
      await settled(page);
      assert.equal(await pressed(page).count(), 1);
    };
    await is("visitors", "Visitors");
    assert.match(page.url(), /metric=total_revenue/);
    // The sites have different last tiles.
    await page.goto(`${url}/?site=${paid}&period=7d&metric=conversions`);
    await is("visitors", "Visitors");
    await page.goto(`${url}/?site=${paid}&period=7d&metric=total_revenue`);
    await is("total_revenue", "Revenue");
    assert.equal(await page.locator(".chart-currency").count(), 0);
    // Pages have no tile of revenue; without the filter it is back.
    await page.goto(`${url}/?site=${paid}&period=7d&metric=total_revenue&filters=is(page,/cart)`);
    await is("visitors", "Visitors");
    await page.locator(".chip-cross").click();
    await is("total_revenue", "Revenue");
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "Chart draws a single day by hours, and its choice names the width that is drawn",
  async ({ url, open }) => {
    const site = "widths.example";
    await sold(url, site, [[2, 10, "EUR"], [3, 10, "EUR"]]);
    const day = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10);
    const { page, faults } = await open(`${url}/?site=${site}&from=${day}&to=${day}`, WIDE);
    const choice = page.getByLabel("Interval");
    const rows = page.locator(".chart-box tbody tr");
    await page.getByRole("button", { name: "Show as table" }).first().click();
    await settled(page);
    assert.equal(await choice.inputValue(), "hour");
    assert.equal(await rows.count(), 24);

    await page.goto(`${url}/?site=${site}&period=all`);
    await settled(page);
    await page.getByRole("button", { name: "Show as table" }).first().click();
    assert.equal(await choice.inputValue(), "day");
    assert.ok(await rows.count() >= 4);
    // The key goes on from what is drawn.
    await page.keyboard.press("i");
    await page.waitForURL(/interval=week/);
    await settled(page);
    assert.equal(await choice.inputValue(), "week");
    await choice.selectOption("month");
    await page.waitForURL(/interval=month/);
    await settled(page);
    assert.equal(await choice.inputValue(), "month");
    assert.ok(await rows.count() <= 2);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "Chart draws a day of which only sums were imported as one step, and hours on wish",
  async ({ url, open }) => {
    const site = "summed.example";
    const [name, body] = SUM_FILES["plausible"] ?? ["", ""];
    await declare(url, site);
    await imported(url, site, body, name);
    const day = "2024-01-03";
    const { page, faults } = await open(`${url}/?site=${site}&from=${day}&to=${day}`, WIDE);
    const tile = page.locator(".stats .stat.pressed [data-metric=visitors]");
    const choice = page.getByLabel("Interval");
    const cell = page.locator(".chart-box tbody td").first();
    const drawn = async (interval: string, count: number) => {
      await page.waitForFunction(
        ([interval, count]) =>
          document.querySelector<HTMLSelectElement>(".chart-tools select")?.value === interval &&
          document.querySelectorAll(".chart-box tbody tr").length === count,
        [interval, count] as const,
      );
      await settled(page);
      assert.equal(await choice.inputValue(), interval);
    };
    await page.getByRole("button", { name: "Show as table" }).first().click();
    await drawn("day", 1);
    const visitors = await tile.innerText();
    assert.match(visitors, /^[1-9]/);
    assert.equal(await cell.innerText(), visitors);
    assert.equal(await page.locator(".stat .sparkline").count(), 0);

    await choice.selectOption("hour");
    await drawn("hour", 24);
    assert.match(page.url(), /interval=hour/);
    assert.match(await page.locator(".chart-box").innerText(), /sums of whole days, and no hours/);
    await choice.selectOption("day");
    await drawn("day", 1);
    await choice.selectOption("hour");
    await drawn("hour", 24);
    // The day before is by itself again.
    await page.getByRole("button", { name: "Previous period", exact: true }).click();
    await drawn("day", 1);
    assert.deepEqual(faults, []);
  },
);
