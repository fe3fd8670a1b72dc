// The findings of the health check, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "Doctor: how a check ended stands on one line",
  async ({ url, open }) => {
    const { page } = await open(
      `${url}/?site=${SITE}&view=settings&section=section_about`,
      { locale: "de-DE", viewport: { width: 1440, height: 900 } },
    );
    await page.locator(".doctor tbody tr").first().waitFor();
    await settled(page);
    const lines = await page.locator(".doctor td:nth-child(2)").evaluateAll((all) =>
      all.map((one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return [one.textContent, range.getClientRects().length];
      })
    );
    assert.ok(lines.length > 10);
    assert.deepEqual(lines.filter(([, count]) => count !== 1), []);
    assert.ok(lines.some(([text]) => text === "In Ordnung"));
  },
);
