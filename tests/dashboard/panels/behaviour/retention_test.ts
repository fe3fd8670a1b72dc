// The hints of the retention report, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "Retention: what is said of visitor IDs stands within the panel",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&view=behaviour&report=retention`);
    const hint = page.locator(".panel > .hint");
    await hint.waitFor();
    await settled(page);
    const room = await hint.evaluate((one) => {
      const panel = one.closest(".panel")?.getBoundingClientRect() ?? new DOMRect();
      const head = one.closest(".panel")?.querySelector("h2")?.getBoundingClientRect();
      const { left, right, bottom } = one.getBoundingClientRect();
      return {
        start: left - (head?.left ?? 0),
        end: panel.right - right > 10,
        bottom: panel.bottom - bottom > 10,
      };
    });
    assert.deepEqual(room, { start: 0, end: true, bottom: true });
  },
);
