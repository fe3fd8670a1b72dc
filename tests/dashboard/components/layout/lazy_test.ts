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
        assert.equal(await page.locator("main .to-come").count(), 1);
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

/** Addresses of pages whose module comes later, with what of it is waited for. */
const PAGES = {
  "view=behaviour": ["behaviour", "main .pills"],
  "view=realtime": ["realtime", "main .live"],
  "view=sites": ["sites", "main .site-card"],
  "view=settings": ["settings", "main .pills"],
  "view=sql": ["sql", "main textarea"],
} as const;

/** That lines to come fill what they stand in, but for some room at each side. */
async function areWithin(page: Page): Promise<void> {
  const room = await page.locator(".to-come").evaluate((lines) => {
    const { left, right } = lines.getBoundingClientRect();
    const around = lines.closest(".panel, dialog")?.getBoundingClientRect() ?? new DOMRect();
    return [left - around.left, around.right - right];
  });
  for (const side of room) assert.ok(side > 10 && side < 40, String(room));
}

dashboardTest(
  "Lazy: a page keeps its place while its module is on its way, also without a server",
  async ({ url, context }) => {
    for (const reducedMotion of ["no-preference", "reduce"] as const) {
      const opened = await context({ reducedMotion });
      for (const [search, [name, there]] of Object.entries(PAGES)) {
        const page = await opened.newPage();
        const module = new RegExp(`/pages/${name}\\.js`);
        const held = Promise.withResolvers<void>();
        await page.route(module, async (route) => {
          await held.promise;
          await route.abort();
        });
        await page.goto(`${url}/?site=${SITE}&${search}`);
        const coming = page.locator("main .coming[aria-busy=true]");
        await coming.waitFor();
        assert.deepEqual(await page.locator("h1").allInnerTexts(), ["Loading…"]);
        assert.deepEqual(await faultsFound(page), [], search);
        await areWithin(page);
        // What comes at once does not flash.
        const seen = await coming.evaluate((place) => {
          const [pause] = place.getAnimations();
          if (!pause) return [];
          return [0, 150, 250].map((ms) => {
            pause.currentTime = ms;
            return getComputedStyle(place).visibility;
          });
        });
        assert.deepEqual(seen, ["hidden", "hidden", "visible"]);
        const reached = /\/api\/auth\/status/;
        await page.route(reached, (route) => route.abort());
        held.resolve();
        await page.locator(".banner").waitFor();
        await page.locator("main").getByText(LATER["en-GB"]).waitFor();
        assert.equal(await page.locator("main .to-come").count(), 1);
        assert.deepEqual(await faultsFound(page), [], search);
        await page.unroute(module);
        await page.unroute(reached);
        await page.locator(there).first().waitFor();
        await page.locator(".banner").waitFor({ state: "detached" });
        assert.equal(await page.locator("main .coming").count(), 0);
        await page.close();
      }
    }
  },
);

dashboardTest(
  "Lazy: a dialog keeps its place while its module is on its way, and gives the focus back",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    const held = Promise.withResolvers<void>();
    await page.route(/\/details_dialog\.js/, async (route) => {
      await held.promise;
      await route.continue().catch(() => {});
    });
    const button = page.locator("[aria-label='Details: Page']");
    const coming = page.getByRole("dialog", { name: "Loading…" });
    const isFocused = () =>
      page.waitForFunction(() =>
        document.activeElement?.getAttribute("aria-label") === "Details: Page"
      );
    await button.click();
    await coming.locator(".to-come").waitFor();
    assert.deepEqual(await faultsFound(page), []);
    await areWithin(page);
    await page.keyboard.press("Escape");
    await coming.waitFor({ state: "detached" });
    await isFocused();
    await button.click();
    await coming.locator(".to-come").waitFor();
    held.resolve();
    const dialog = page.getByRole("dialog", { name: "Page" });
    await dialog.locator("tbody tr").first().waitFor();
    await coming.waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await isFocused();
    assert.deepEqual(faults, []);
  },
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
