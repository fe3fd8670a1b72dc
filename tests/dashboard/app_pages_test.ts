import assert from "node:assert/strict";
import { dashboardTest, OTHER_SITE, settled } from "../support/browser/dashboard.ts";

const WIDTHS = [320, 768, 1024, 1440];
const SEARCHES = [
  "",
  "view=behaviour",
  "view=behaviour&report=retention",
  "view=behaviour&report=flow",
  "view=behaviour&report=sequence",
  "view=realtime",
  "view=sites",
  "view=sql",
  "view=settings",
];
/** Pixels between the frame's head and what is below it. */
const GAP_MIN = 4;

dashboardTest(
  "app.js: pages stand below the head with room between, and no page is wider than its window",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${OTHER_SITE}`);
    for (const search of SEARCHES) {
      await page.goto(`${url}/?site=${OTHER_SITE}&${search}`);
      await settled(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const { gap, over } = await page.evaluate(() => {
          const bottoms = [...document.querySelectorAll(".top > *, .tools > *")]
            .map((one) => one.getBoundingClientRect().bottom);
          const shown = [...document.querySelectorAll("main h1, main .panel, main .builder")]
            .filter((one) => !one.classList.contains("visually-hidden"))
            .map((one) => one.getBoundingClientRect().top);
          return {
            gap: Math.min(...shown) - Math.max(...bottoms),
            over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          };
        });
        assert.ok(gap >= GAP_MIN, `${search} at ${width} px: ${gap} px below the head`);
        assert.ok(over <= 0, `${search} at ${width} px is ${over} px too wide`);
      }
    }
    assert.deepEqual(faults, []);
  },
);
