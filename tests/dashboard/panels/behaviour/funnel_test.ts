// The result of a funnel, in Chromium.
import assert from "node:assert/strict";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

dashboardTest(
  "Funnel: of a step that nobody reached no share has gone",
  async ({ url, open }) => {
    const { page, faults } = await open(
      `${url}/?site=${SITE}&view=behaviour&steps=page:/,page:/never,page:/nowhere`,
    );
    const gaps = page.locator(".funnel-gap .link");
    await gaps.nth(1).waitFor();
    await settled(page);
    const [first = "", second] = await gaps.allInnerTexts();
    assert.match(first, /^[\d,]+ dropped off \(100%\)$/);
    assert.equal(second, "0 dropped off (0%)");
    assert.deepEqual(faults, []);
  },
);
