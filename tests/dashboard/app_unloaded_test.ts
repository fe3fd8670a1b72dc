// A page of which only a part came: the server was killed, or hangs, while it was loaded.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { faultsFound } from "../support/browser/accessibility.ts";
import { dashboardTest, sendEvent, withServer } from "../support/browser/dashboard.ts";
import { until } from "../support/wait.ts";

/** What a page is made of, in an order of loading, and what came before the server is killed. */
const PARTS: readonly (readonly [part: string, after?: string])[] = [
  ["style.css"],
  ["bundle.js"],
  ["vendor/preact.js"],
  ["vendor/uplot.js"],
  ["bundle.js", "/api/auth/status"],
];

dashboardTest(
  "index.html: a page whose server is killed while it loads comes when the server is back",
  ({ context }) =>
    withServer(0, async (first, dataDir) => {
      let server = first;
      const { url } = server;
      await sendEvent(url, "parts.example", 1);
      try {
        for (const [part, after] of PARTS) {
          const page = await (await context()).newPage();
          const killed = Promise.withResolvers<void>();
          const isThere = after &&
            page.waitForEvent("requestfinished", (request) => request.url().endsWith(after));
          await page.route(`**/assets/*/${part}`, async (route) => {
            await isThere;
            await server.kill();
            killed.resolve();
            await route.continue().catch(() => {});
          }, { times: 1 });
          await page.goto(`${url}/?site=parts.example`, { waitUntil: "commit" });
          await killed.promise;
          const env = { MALLARD_PORT: new URL(url).port };
          server = ServerProcess.start(fromSource(), { dataDir, env });
          await page.locator("[data-metric=visitors][data-value='1']").waitFor();
          assert.equal(
            await page.evaluate(() => getComputedStyle(document.body).marginTop),
            "0px",
            `no styles after ${part}`,
          );
          await page.context().close();
        }
      } finally {
        if (server !== first) await server.stop();
      }
    }),
);

dashboardTest(
  "index.html: a page that does not come is loaded again once, then says so in every language",
  async ({ url, context }) => {
    for (const reducedMotion of ["no-preference", "reduce"] as const) {
      const opened = await context({ reducedMotion });
      const page = await opened.newPage();
      let asked = 0;
      let isThere = false;
      await page.route("**/bundle.js", (route) => {
        asked++;
        return isThere ? route.fallback() : route.fulfill({ status: 404, body: "" });
      });
      await page.goto(`${url}/?period=7d`, { waitUntil: "commit" });
      await until(() => asked === 2, "the page to be loaded again");
      await page.waitForLoadState();
      // What looks for the server was before these.
      for (let times = 0; times < 3; times++) {
        await page.evaluate(() => fetch("./api/auth/status").then((one) => one.json()));
      }
      const said = page.locator(".unloaded p");
      assert.equal(asked, 2);
      assert.equal(await said.first().isVisible(), false);
      await page.evaluate(() => {
        for (const one of document.querySelector(".unloaded")?.getAnimations() ?? []) one.finish();
      });
      assert.deepEqual(
        await said.evaluateAll((all) =>
          all.map((one) => [
            one.getAttribute("lang"),
            one.checkVisibility({
              visibilityProperty: true,
            }),
          ])
        ),
        [["en", true], ["de", true], ["fr", true], ["es", true]],
      );
      assert.deepEqual(
        (await faultsFound(page)).filter((fault) => !fault.startsWith("page-has-heading-one")),
        [],
      );
      isThere = true;
      await page.getByText("Neu laden").click();
      await page.locator("main [data-metric=visitors][data-value]").waitFor();
      assert.ok(page.url().endsWith("period=7d") || page.url().includes("period=7d&"), page.url());
      assert.equal(await said.first().isVisible(), false);
      assert.equal(asked, 3);
    }
  },
);
