// A page whose filters the server cannot read, in Chromium.
import assert from "node:assert/strict";
import { printFilters } from "../../../../dashboard/grammar/filter.js";
import { faultsFound } from "../../../support/browser/accessibility.ts";
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
    assert.deepEqual(await faultsFound(page), []);
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

dashboardTest(
  "RefusedPanel: numbers are not shown for a filter that was cut, until it is removed",
  async ({ url, open }) => {
    const cut = "is(country";
    const { page } = await open(`${url}/?site=${SITE}&filters=${cut}`, { locale: "de-DE" });
    await page.getByText(`Die Filter dieser Adresse sind nicht lesbar: ${cut}`).waitFor();
    assert.equal(await page.locator("main [data-metric]").count(), 0);
    assert.equal(await page.locator("main [role=status]").count(), 0);
    assert.deepEqual(await faultsFound(page), []);
    // Another period does not remove it.
    await page.keyboard.press("w");
    await page.waitForURL(/period=7d/);
    await page.getByText(cut).waitFor();
    await page.click("text=Alle entfernen");
    await page.locator("[data-metric=visitors][data-value]").waitFor();
    await settled(page);
    assert.equal(await page.getByText(cut).count(), 0);
    await page.reload();
    await page.locator("[data-metric=visitors][data-value]").waitFor();
    assert.equal(await page.getByText(cut).count(), 0);
  },
);

dashboardTest(
  "UnreadPanel: what is not understood in an address is said once, above the rest of the page",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&period=99z&view=nope`);
    const said = page.getByText("left out: view=nope, period=99z");
    await said.waitFor();
    await settled(page);
    assert.ok(await page.locator("[data-metric][data-value]").count() >= 6);
    assert.deepEqual(await faultsFound(page), []);
    await page.locator(".unread button").click();
    await said.waitFor({ state: "detached" });
    assert.ok(!page.url().includes("99z"));
    // What takes its place answers it, too.
    await page.goto(`${url}/?site=${SITE}&period=99z`);
    const period = page.getByText("left out: period=99z");
    await period.waitFor();
    await page.keyboard.press("w");
    await period.waitFor({ state: "detached" });
    // Names that only the server knows are refused by it, where they would be shown.
    for (const search of ["why=nope", "why=nope&compare=none", "details=nope"]) {
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.locator("dialog .fault, .unread").getByText(/nope/).first().waitFor();
    }
  },
);
