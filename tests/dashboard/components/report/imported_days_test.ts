// Panels say which imported days their numbers lack, in Chromium.
import assert from "node:assert/strict";
import { browserTest } from "../../../support/browser/browser.ts";
import { startReady } from "../../../support/server/ready_server.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
} from "../../../support/storage/plausible_export.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const SITE = "example.com";
const RANGE = `site=${SITE}&from=2024-01-01&to=2024-01-09`;

browserTest("ImportedDays says in each panel which days are missing", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const post = async (path: string, body: BodyInit, type: string) => {
      const sent = { method: "POST", headers: { "content-type": type }, body };
      const answer = await fetch(server.url + path, sent);
      assert.ok(answer.ok, await answer.clone().text());
      return await answer.json();
    };
    await post("/api/sites", JSON.stringify({ site_id: SITE }), "application/json");
    const zip = plausibleZip(plausibleTables(datesFrom("2024-01-02", 3)));
    const { id } = await post(
      `/api/imports?site_id=${SITE}&name=export.zip`,
      zip,
      "application/octet-stream",
    );
    for (let state = ""; state !== "done";) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      state = (await (await fetch(`${server.url}/api/imports/${id}`)).json()).state;
      assert.doesNotMatch(state, /failed|cancelled/);
    }
    const page = await context.newPage();
    const panel = (title: string) =>
      page.locator("section.panel", { has: page.locator(`h2:text-is("${title}")`) });
    const missing = (title: string) => panel(title).locator(".imported-days li");
    await page.goto(`${server.url}/?${RANGE}`);
    await page.getByText(/^Striped: sums of days imported from Plausible/).waitFor();
    await missing("Busiest times").getByText(/whole days, and no hours/).waitFor();
    assert.equal(await missing("Pages").count(), 0);
    // A filter that pages are not counted by.
    await page.goto(`${server.url}/?${RANGE}&filters=is(country,DE)`);
    await missing("Pages").getByText(/no sums for what the filter names/).waitFor();
    assert.equal(await missing("Locations").count(), 0);
    for (const report of ["retention", "flow"]) {
      await page.goto(`${server.url}/?${RANGE}&view=behaviour&report=${report}`);
      await page.locator(".imported-days").getByText(/needs single events/).waitFor();
    }
    await page.goto(`${server.url}/?${RANGE}&view=behaviour&steps=page:/,page:/docs`);
    await page.locator(".imported-days").getByText(/needs single events/).waitFor();
    await server.stop();
  });
});
