// The editor of a filter, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "FilterEditor: says which of several values match nothing, and applies them the second time",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    await page.keyboard.press("/");
    const field = page.locator("dialog .tokens input");
    const said = page.locator("dialog .fault-line").filter({ hasText: "Nothing in this period" });
    await page.locator("dialog .condition select").first().selectOption("page");
    for (const value of ["/", "/nowhere", "/never"]) {
      await field.fill(value);
      await field.press("Enter");
    }
    await field.press("Enter");
    await said.getByText("matches: /nowhere, /never.").waitFor();
    assert.ok(!page.url().includes("filters="));
    // Another choice is another question.
    await page.locator("dialog .token").filter({ hasText: "/never" }).locator("button").click();
    await said.waitFor({ state: "detached" });
    await field.press("Enter");
    await said.getByText("matches: /nowhere.").waitFor();
    await field.press("Enter");
    await page.waitForURL(/filters=is%28page%2C%2F%2C%2Fnowhere%29/);
    await page.locator(".chip-cross").click();

    // A value that is left out and is not there leaves out nothing.
    await page.keyboard.press("/");
    await page.locator("dialog .condition select").first().selectOption("page");
    await page.locator("dialog .condition select").nth(1).selectOption("is_not");
    await field.fill("/nowhere");
    await field.press("Enter");
    await field.press("Enter");
    await said.getByText("matches: /nowhere.").waitFor();
    await page.locator("dialog .token button").click();
    await field.fill("/");
    await field.press("Enter");
    await field.press("Enter");
    await page.waitForURL(/filters=is_not%28page%2C%2F%29/);
    assert.deepEqual(faults, []);
  },
);
