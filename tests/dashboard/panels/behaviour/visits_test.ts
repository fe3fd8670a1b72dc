// The list of single visits on the screen and on paper, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "Visits: what is of one kind stands below each other, and the list is printed",
  async ({ url, open }) => {
    const body = JSON.stringify({ visit_list: true });
    const allowed = await fetch(`${url}/api/sites/${SITE}`, { method: "PATCH", body });
    assert.equal(allowed.status, 200, await allowed.text());
    const { page, faults } = await open(
      `${url}/?site=${SITE}&view=behaviour&report=visits`,
      { viewport: { width: 1440, height: 900 } },
    );
    const rows = page.locator("[data-visit] summary");
    await rows.first().waitFor();
    await settled(page);
    const places = await rows.evaluateAll((all) =>
      all.map((row) => [...row.children].map((one) => one.getBoundingClientRect().left))
    );
    assert.ok(places.length > 5, `${places.length} visits`);
    assert.equal(places[0]?.length, 8);
    for (const row of places) assert.deepEqual(row, places[0]);
    await page.emulateMedia({ media: "print" });
    assert.equal(await rows.filter({ visible: true }).count(), places.length);
    assert.deepEqual(faults, []);
  },
);
