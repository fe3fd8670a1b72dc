// History comes in as an owner brings it: a file is chosen, looked at, imported and taken out
// again, in Chromium.
import assert from "node:assert/strict";
import { browserTest } from "../../../support/browser/browser.ts";
import { startReady } from "../../../support/server/ready_server.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const PATH = "/?site=example.com&view=settings&section=section_data";
const CSV =
  "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size," +
  'Location,Date\n/a,T,false,0,s1,true,,,,"1,1,1",DE,2024-01-02T10:00:00Z\n';

browserTest("Imports looks at a file, imports it and takes it out again", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const declared = await fetch(`${server.url}/api/sites`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ site_id: "example.com" }),
    });
    assert.ok(declared.ok, await declared.text());
    const page = await context.newPage();
    await page.goto(server.url + PATH);
    const panel = page.locator("section.panel", {
      has: page.locator('h2:text-is("Import history")'),
    });
    await Deno.writeTextFile(`${folder}/old.csv`, CSV);
    await panel.locator("input[type=file]").setInputFiles(`${folder}/old.csv`);
    await panel.getByRole("button", { name: "Preview" }).click();
    await panel.getByText("Previewed: nothing was added").waitFor();
    await panel.getByText("1 event, 1 visitor, Jan 2, 2024").waitFor();
    await panel.getByRole("button", { name: "Import", exact: true }).click();
    await panel.getByText("Imported", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Undo import" }).click();
    await panel.getByText("Undone", { exact: true }).waitFor();
    await server.stop();
  });
});
