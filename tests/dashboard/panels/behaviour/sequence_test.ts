// The result of a sequence on the narrowest screen, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "Sequence: what its visits are shown by stays within the panel, in the longest words",
  async ({ url, open }) => {
    const { page } = await open(
      `${url}/?site=${SITE}&view=behaviour&report=sequence&sequence=page:/,page:/pricing`,
      { locale: "fr-FR", viewport: { width: 320, height: 700 } },
    );
    const button = page.locator(".report-body > .button");
    await button.waitFor();
    await settled(page);
    const over = await button.evaluate((one) => {
      const around = one.parentElement ?? one;
      const room = parseFloat(getComputedStyle(around).paddingInlineEnd);
      return one.getBoundingClientRect().right - around.getBoundingClientRect().right + room;
    });
    assert.ok(over <= 0, `${over} pixels beyond`);
  },
);
