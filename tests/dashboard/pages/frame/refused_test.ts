// A page whose filters the server cannot read, in Chromium.
import assert from "node:assert/strict";
import { printFilters } from "../../../../dashboard/grammar/filter.js";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

/** The part of a URL that holds the pages of a pattern in Germany. */
function filtersWith(pattern: string): string {
  return encodeURIComponent(printFilters([
    { op: "is", dimension: "country", values: ["DE"] },
    { op: "matches", dimension: "page", values: [pattern] },
  ]));
}

dashboardTest(
  "RefusedPanel: a broken pattern of the URL is said once, and its filter can be removed",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&filters=${filtersWith("(")}`);
    const said = page.getByText("Invalid pattern: (", { exact: true });
    await said.waitFor();
    assert.equal(await page.locator("main .panel").count(), 1);
    await page.click("text=Remove this filter");
    await page.waitForURL((address) => address.searchParams.get("filters") === "is(country,DE)");
    await page.locator("[data-breakdown=pages] tbody tr").first().waitFor();
    await settled(page);
    assert.equal(await said.count(), 0);
    // A browser reads it, the server does not.
    await page.goto(`${url}/?site=${SITE}&filters=${filtersWith("/(?=a)")}`);
    await page.getByText("Invalid pattern: /(?=a)", { exact: true }).waitFor();
    await page.goto(`${url}/?site=${SITE}&filters=${filtersWith("/(a|b)?")}`);
    await page.locator("[data-metric=visitors][data-value]").waitFor();
    await settled(page);
    assert.equal(await page.locator(".fault-line").count(), 0);
  },
);
