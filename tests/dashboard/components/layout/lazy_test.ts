// Modules that are loaded when they are first shown, without a server and after an update of it, in
// Chromium.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import { faultsFound } from "../../../support/browser/accessibility.ts";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, settled, SITE, withServer } from "../../../support/browser/dashboard.ts";

/** What each language says in place of what can't be loaded yet. */
const LATER = {
  "en-GB": "This is shown when the server can be reached again.",
  "de-DE": "Das erscheint, sobald der Server wieder erreichbar ist.",
  "fr-FR": "Cela s’affichera dès que le serveur sera de nouveau joignable.",
  "es-ES": "Se mostrará cuando se pueda conectar de nuevo con el servidor.",
};

/** Marks the document, which a reload forgets. */
async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Reflect.set(globalThis, "marked", true));
}

async function isMarked(page: Page): Promise<boolean> {
  return await page.evaluate(() => Reflect.get(globalThis, "marked") === true);
}

dashboardTest(
  "Lazy: without a server a page says that it comes later, in each language, and comes",
  ({ open }) =>
    withServer(3, async (server, dataDir) => {
      const { url } = server;
      const pages: Page[] = [];
      for (const locale of Object.keys(LATER)) {
        const { page } = await open(`${url}/?site=${SITE}`, { locale });
        await page.locator("[data-metric=visitors][data-value]").waitFor();
        await settled(page);
        await mark(page);
        pages.push(page);
      }
      await server.stop();
      for (const [index, text] of Object.values(LATER).entries()) {
        const page = pages[index];
        assert.ok(page);
        // Nobody has to ask for anything: the stream of live numbers has ended.
        await page.locator(".banner").waitFor();
        await page.keyboard.press("b");
        await page.locator("main").getByText(text, { exact: true }).waitFor();
        assert.ok(page.url().includes("view=behaviour"));
        if (index === 0) assert.deepEqual(await faultsFound(page), []);
        await page.keyboard.press("?");
        const dialog = page.locator("dialog").getByText(text, { exact: true });
        await dialog.waitFor();
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        assert.ok(await isMarked(page), "the page was reloaded");
      }
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        for (const page of pages) {
          await page.locator("main .pills").waitFor();
          await page.locator(".banner").waitFor({ state: "detached" });
          assert.ok(await isMarked(page), "the page was reloaded");
        }
      } finally {
        await again.stop();
      }
    }),
);

dashboardTest(
  "Lazy: a page whose modules an update has removed is reloaded once, and can be asked for",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    await mark(page);
    const gone = /\/pages\/behaviour\.js/;
    await page.route(gone, (route) => route.fulfill({ status: 404, body: "{}" }));
    let loads = 0;
    page.on("load", () => loads++);
    await page.keyboard.press("b");
    await page.locator("main .fault button").waitFor();
    assert.equal(await isMarked(page), false);
    assert.equal(loads, 1);
    assert.deepEqual(await faultsFound(page), []);
    await page.unroute(gone);
    await page.click("main .fault button");
    await page.locator("main .pills").waitFor();
  },
);

dashboardTest(
  "Lazy: without a server icons, another language and the way home wait, and come",
  async ({ url, open }) => {
    const { page } = await open("about:blank");
    // As without a server, but for the page itself.
    const reached = /\/api\/auth\/status/;
    const shapes = /\/marks\/shapes\.js/;
    const loaded = Promise.withResolvers<void>();
    await page.route(shapes, async (route) => {
      await loaded.promise;
      await route.abort();
    });
    await page.goto(`${url}/?site=${SITE}`);
    await settled(page);
    await page.route(reached, (route) => route.abort());
    loaded.resolve();
    const banner = page.locator(".banner");
    await banner.waitFor();
    await mark(page);
    const icons = page.locator("[data-breakdown=sources] svg.mark");
    assert.equal(await icons.count(), 0);
    await page.unroute(shapes);
    await page.unroute(reached);
    await icons.first().waitFor();
    await banner.waitFor({ state: "detached" });

    await page.route(reached, (route) => route.abort());
    await page.getByRole("button", { name: "Menu" }).click();
    await page.selectOption(".language select", "de");
    await banner.waitFor();
    assert.ok(await isMarked(page), "the page was reloaded");
    await page.unroute(reached);
    await page.locator("header nav").getByText("Übersicht").waitFor();

    await mark(page);
    await page.route(reached, (route) => route.abort());
    await page.click("a.home");
    await banner.waitFor();
    assert.ok(await isMarked(page), "the page was left");
    await page.unroute(reached);
    await page.waitForFunction(() => !Reflect.has(globalThis, "marked"));
  },
);
