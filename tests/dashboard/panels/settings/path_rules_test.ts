// Path rules as an owner uses them, in Chromium: preview, save, apply to stored events, undo.
import assert from "node:assert/strict";
import { browserTest, USER_AGENT } from "../../../support/browser/browser.ts";
import { startReady } from "../../../support/server/ready_server.ts";
import { withFolder } from "../../../support/storage/storage.ts";

browserTest("PathRulesPanel previews rules, applies them, and takes them back", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    for (const path of ["/about", "/about/", "/user/7"]) {
      const body = JSON.stringify({ d: "example.com", n: "pageview", u: path });
      const headers = { "content-type": "application/json", "user-agent": USER_AGENT };
      await fetch(`${server.url}/api/event`, { method: "POST", body, headers });
    }
    const pages = async () => {
      const answer = await fetch(`${server.url}/api/stats/breakdown/pages?site_id=example.com`);
      return (await answer.json()).map(({ value }: { value: string }) => value).sort();
    };
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`${server.url}/?site=example.com&view=settings&section=section_snippet`);
    const panel = page.locator("section.panel", {
      has: page.locator('h2:text-is("Path rules")'),
    });
    await panel.getByLabel("Trailing slash").selectOption("remove");
    await panel.getByLabel("Replacements").fill("/user/* → /user/:id");
    await panel.getByRole("button", { name: "Preview" }).click();
    await panel.locator("text=Pages in the last 30 days: 3; with these rules: 2.").waitFor();
    assert.match(await panel.innerText(), /\/user\/:id\s+\/user\/7 \(1\)/);
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("button", { name: "Apply to stored events" }).click();
    await panel.getByRole("button", { name: "Confirm" }).waitFor();
    assert.match(await panel.innerText(), /2 events rewritten|3 events rewritten/);
    assert.deepEqual(await pages(), ["/about", "/user/:id"]);
    await panel.getByRole("button", { name: "Undo" }).click();
    await panel.getByRole("button", { name: "Apply to stored events" }).waitFor();
    assert.deepEqual(await pages(), ["/about", "/about/", "/user/7"]);
    assert.deepEqual(faults, []);
    await server.stop();
  });
});
