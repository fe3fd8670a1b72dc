// The line of suggested steps, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "StepSuggestions: the line is there until there are none, and then takes no room",
  async ({ url, open }) => {
    const { page, faults } = await open("about:blank");
    const held = Promise.withResolvers<void>();
    await page.route(/\/api\/stats\/(values|view)/, async (route) => {
      await held.promise;
      await route.continue().catch(() => {});
    });
    await page.goto(`${url}/?site=${SITE}&view=behaviour&filters=is(page,/never)`);
    const line = page.locator(".builder .suggested");
    await line.waitFor();
    held.resolve();
    await line.waitFor({ state: "detached" });
    await page.goto(`${url}/?site=${SITE}&view=behaviour`);
    await line.locator("button").first().waitFor();
    await settled(page);
    assert.deepEqual(faults, []);
  },
);
