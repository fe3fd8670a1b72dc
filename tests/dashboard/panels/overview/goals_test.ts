import assert from "node:assert/strict";
import type { Page } from "../../../support/browser/browser.ts";
import { askApi, dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

const LONG = "Newsletter abonniert nach dem Lesen eines langen Artikels";
const GOALS = [
  { name: LONG, event: "signup" },
  { name: "Prices", page: "/pricing" },
];
const ROW = "[data-breakdown=goals] tbody tr";

dashboardTest(
  "goals.js shows the change of conversions as the page compares, and names whole",
  async ({ url, open }) => {
    const path = `${url}/api/sites/${SITE}/goals`;
    for (const goal of GOALS) {
      const made = await fetch(path, { method: "POST", body: JSON.stringify(goal) });
      assert.equal(made.status, 201, await made.text());
    }
    try {
      const { page, faults } = await open("about:blank", {
        viewport: { width: 1280, height: 900 },
      });
      const place = `${url}/?site=${SITE}&period=7d&tabs=goal`;
      for (const compare of ["previous_period", "none"]) {
        await page.goto(`${place}&compare=${compare}`);
        await page.locator(ROW).first().waitFor();
        await settled(page);
        const shown = await page.$$eval(
          ROW,
          (rows) =>
            rows.map((row) => [
              row.dataset["value"],
              row.querySelector(".goal-change .change-text")?.textContent ?? "none",
            ]),
        );
        assert.equal(shown.length, GOALS.length);
        for (const [name = "", text = ""] of shown) {
          if (compare === "none") assert.equal(text, "none", name);
          else {
            const told = parseFloat(text.replace("−", "-").replace("+", ""));
            const change = await changeOf(url, name);
            assert.ok(Math.abs(told - change) <= 0.5, `${name}: ${text} is not ${change}`);
          }
        }
      }
      for (const width of [1440, 1024, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const name = page.locator(`${ROW}[data-value="${LONG}"] button.bar-label`);
        const { over, title } = await name.evaluate((one) => {
          const parts = [one, ...one.querySelectorAll("*")];
          return {
            over: Math.max(...parts.map((part) => part.scrollHeight - part.clientHeight)),
            title: one.getAttribute("title"),
          };
        });
        assert.ok(over <= 1, `${LONG} lacks ${over} pixels at ${width}`);
        assert.match(title ?? "", new RegExp(`^${LONG}\n`));
      }
      await areApart(page);
      assert.deepEqual(faults, []);
    } finally {
      for (const { id, name } of await askApi(url, `sites/${SITE}/goals`)) {
        if (!GOALS.some((goal) => goal.name === name)) continue;
        await (await fetch(`${path}/${id}`, { method: "DELETE" })).body?.cancel();
      }
    }
  },
);

/** The headings of goals stand beside each other on phones, and do not touch. */
async function areApart(page: Page): Promise<void> {
  for (const width of [430, 390, 360, 340]) {
    await page.setViewportSize({ width, height: 900 });
    const ends = await page.$$eval(
      "[data-breakdown=goals] thead th",
      (heads) =>
        heads.filter((head) => head.clientWidth > 0).map((head) => {
          const words = document.createRange();
          words.selectNodeContents(head);
          const { left, right } = words.getBoundingClientRect();
          return { left, right };
        }),
    );
    for (const [index, { left }] of ends.entries()) {
      const before = ends[index - 1]?.right ?? -Infinity;
      assert.ok(left - before >= 4, `headings touch at ${width}: ${left} after ${before}`);
    }
  }
}

/** The change of a goal's visitors in percent, from the numbers of both ranges. */
async function changeOf(url: string, goal: string): Promise<number> {
  const filters = encodeURIComponent(`is(goal,${goal})`);
  const { results: [row] } = await askApi(
    url,
    `stats/query?site_id=${SITE}&period=7d&metrics=visitors&compare=previous_period` +
      `&match_weekday=true&filters=${filters}`,
  );
  return (row.metrics.visitors / row.comparison.visitors - 1) * 100;
}
