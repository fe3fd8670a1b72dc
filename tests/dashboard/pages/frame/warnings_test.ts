import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import { dashboardTest, openIn } from "../../../support/browser/dashboard.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const PASSWORD = "quack quack";

dashboardTest(
  "Warnings reports a weak secret; a first password revokes keys that are not kept",
  ({ context }) =>
    withFolder(async (dataDir) => {
      await Deno.writeTextFile(`${dataDir}/api_keys.json`, "[]");
      const env = { MALLARD_SECRET: "too short" };
      const server = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        await server.ready();
        const body = JSON.stringify({ name: "made before", scope: "Admin" });
        const made = await fetch(`${server.url}/api/keys`, { method: "POST", body });
        const { key } = await made.json();
        const { page, faults } = await openIn(await context(), `${server.url}/?lang=en`);
        await page.locator(".warnings", { hasText: "MALLARD_SECRET is shorter" }).waitFor();
        await page.click("[aria-label=Menu]");
        await page.click("text=Set a password");
        const dialog = page.locator("dialog");
        await dialog.locator("text=API keys created so far: made before.").waitFor();
        await dialog.locator("text=Keep these keys").waitFor();
        const [first, again] = await dialog.locator("input[type=password]").all();
        assert.ok(first && again);
        await first.fill(PASSWORD);
        await again.fill(PASSWORD);
        await page.keyboard.press("Enter");
        await dialog.waitFor({ state: "detached" });
        const answer = await fetch(`${server.url}/api/keys`, { headers: { "x-api-key": key } });
        await answer.body?.cancel();
        assert.equal(answer.status, 401, "the key is revoked");
        await page.locator(".warnings").waitFor();
        assert.deepEqual(faults, []);
      } finally {
        await server.stop();
      }
    }),
);
