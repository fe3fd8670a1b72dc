import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../scripts/server_process.ts";
import { dashboardTest, openIn, sendEvent, withServer } from "../../support/browser/dashboard.ts";

dashboardTest(
  "LoginPage sends the password when the server is back, and says a wrong one then, too",
  ({ context }) =>
    withServer(0, async (server, dataDir) => {
      const { url } = server;
      await sendEvent(url, "login.example", 1);
      const set = await fetch(`${url}/api/auth/setup`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ password: "quack quack" }),
      });
      assert.ok(set.ok, await set.text());
      const { page } = await openIn(await context(), `${url}/?site=login.example`);
      const { page: wrong } = await openIn(await context(), `${url}/?site=login.example`);
      await page.fill("input[type=password]", "quack quack");
      await wrong.fill("input[type=password]", "not this one");
      await server.kill();
      for (const one of [page, wrong]) {
        await one.keyboard.press("Enter");
        await one.getByText("Can't reach the server. Retrying…").waitFor();
      }
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        await page.locator("[data-metric=visitors][data-value]").waitFor();
        await wrong.getByText("Wrong password.").waitFor();
        await wrong.fill("input[type=password]", "quack quack");
        await wrong.keyboard.press("Enter");
        await wrong.locator("[data-metric=visitors][data-value]").waitFor();
      } finally {
        await again.stop();
      }
    }),
);
