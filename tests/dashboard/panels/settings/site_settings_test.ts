import assert from "node:assert/strict";
import { openIn } from "../../../support/browser/dashboard.ts";
import { browserTest } from "../../../support/browser/browser.ts";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import { withFolder } from "../../../support/storage/storage.ts";

browserTest(
  "an owner's visits are ignored with one click",
  (context) =>
    withFolder(async (dataDir) => {
      const server = ServerProcess.start(fromSource(), { dataDir });
      try {
        await server.ready();
        const body = JSON.stringify({ site_id: "example.com" });
        const made = await fetch(`${server.url}/api/sites`, { method: "POST", body });
        await made.body?.cancel();
        const sent = (ua: string) =>
          fetch(`${server.url}/api/event`, {
            method: "POST",
            headers: { "user-agent": ua },
            body: JSON.stringify({ d: "example.com", n: "pageview", u: "/" }),
          });
        const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
        await (await sent(browser)).body?.cancel();
        const address = `${server.url}/?site=example.com&view=settings&section=section_snippet`;
        const { page, faults } = await openIn(context, address);
        const field = page.locator(".setting", { hasText: "Ignored addresses" });
        await field.locator("button", { hasText: "Ignore my visits: add 127.0.0.1" }).click();
        assert.equal(await field.locator("input").inputValue(), "127.0.0.1");
        assert.equal(await field.locator("button").count(), 0);
        await page.locator(".save-bar .primary").click();
        await page.locator(".form-foot [role=status]", { hasText: /^Saved/ }).waitFor();
        const after = await sent(browser);
        assert.equal(after.headers.get("x-mallard-dropped"), "ignored_address");
        await after.body?.cancel();
        assert.deepEqual(faults, []);
      } finally {
        await server.stop();
      }
    }),
);
