import assert from "node:assert/strict";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

/** A box of the picture with its name: where they are, in pixels. */
interface Named {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
  readonly isSeen: boolean;
}

function namesOf(page: Page): Promise<Named[]> {
  return page.$$eval(".sankey .box", (all) =>
    all.map((box) => {
      const name = box.querySelector("text");
      const { right, top, bottom } = name?.getBoundingClientRect() ?? new DOMRect();
      return {
        left: box.querySelector("rect")?.getBoundingClientRect().left ?? NaN,
        right,
        top,
        bottom,
        text: name?.textContent ?? "",
        isSeen: name !== null && getComputedStyle(name).opacity === "1",
      };
    }));
}

dashboardTest(
  "flow.js fills the width of its panel, and every box has its name beside it",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&view=behaviour&report=flow&period=28d`, {
      viewport: { width: 1440, height: 900 },
    });
    await page.locator(".sankey .box").first().waitFor();
    await settled(page);
    const names = await namesOf(page);
    const [left = NaN, right = NaN] = await page.locator(".sankey").evaluate((one) => {
      const { left, right } = one.getBoundingClientRect();
      return [left, right];
    });
    const columns = [...new Set(names.map((one) => Math.round(one.left)))].sort((a, b) => a - b);
    assert.ok(columns.length >= 3, `${columns}`);
    const last = columns.at(-1) ?? NaN;
    assert.ok((last - left) / (right - left) > 0.78, `the last boxes are at ${last} of ${right}`);
    for (const column of columns) {
      const own = names.filter((one) => Math.round(one.left) === column)
        .sort((a, b) => a.top - b.top);
      assert.ok(own.length >= 2, `${own.length} boxes at ${column}`);
      for (const [at, one] of own.entries()) {
        assert.ok(one.isSeen && one.text !== "", JSON.stringify(one));
        assert.ok(one.right <= right, `${one.text} ends at ${one.right} of ${right}`);
        const above = own[at - 1]?.bottom ?? -Infinity;
        // Lines of text touch where boxes are low; letters do not.
        assert.ok(one.top >= above - 4, `${one.text} stands on ${own[at - 1]?.text}`);
      }
    }
    assert.ok(names.length >= 20, `${names.length} boxes`);
  },
);

dashboardTest(
  "flow.js tells shares in its table on the narrowest screen, too",
  async ({ url, open }) => {
    const { page } = await open("about:blank", { viewport: { width: 320, height: 700 } });
    await page.goto(`${url}/?site=${SITE}&view=behaviour&report=flow&period=28d`);
    await page.locator(".flow-table tbody tr").first().waitFor();
    await settled(page);
    const { wide, rows } = await page.locator(".report-body").evaluate((body) => ({
      wide: body.scrollWidth - body.clientWidth,
      rows: [...body.querySelectorAll(".flow-table tbody tr")].map((row) => {
        const seen = [...row.querySelectorAll<HTMLElement>("td")]
          .filter((cell) => cell.checkVisibility())
          .map((cell) => cell.innerText);
        return { step: seen[0] ?? "", numbers: seen.slice(3) };
      }),
    }));
    assert.ok(wide <= 0, `the table is ${wide} pixels too wide`);
    const firsts = rows.filter(({ step }) => step === "1").map(({ numbers }) => ({
      visits: Number(numbers[0]?.replaceAll(",", "")),
      share: parseFloat(numbers[1] ?? ""),
    }));
    const all = firsts.reduce((sum, { visits }) => sum + visits, 0);
    assert.ok(firsts.length >= 3 && all > 0, JSON.stringify(rows.slice(0, 3)));
    for (const { visits, share } of firsts) {
      assert.ok(Math.abs(share - visits / all * 100) <= 0.5, `${visits} of ${all}: ${share}`);
    }
  },
);
