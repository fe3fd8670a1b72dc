import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../scripts/server_process.ts";
import { faultsFound } from "../../support/browser/accessibility.ts";
import type { BrowserContext, Page } from "../../support/browser/browser.ts";
import {
  dashboardTest,
  openIn,
  sendEvent,
  settled,
  withServer,
} from "../../support/browser/dashboard.ts";

const PASSWORD = "quack quack";
const PLACE = "?site=login.example";
const NUMBERS = "[data-metric=visitors][data-value]";
const PASSWORD_FIELD = "input[type=password]";
/** The login above a page that is kept. */
const ABOVE = "dialog[open]:has(input[type=password])";

/** What stands above a page that is kept, in each language. */
const ENDED = {
  "en-GB": "Your login has ended. What you began is kept.",
  "de-DE": "Die Anmeldung ist abgelaufen. Begonnenes bleibt erhalten.",
  "fr-FR": "Votre session est terminée. Ce que vous avez commencé est conservé.",
  "es-ES": "Tu sesión ha terminado. Se conserva lo que habías empezado.",
};

/** A server with a site and a password. */
async function protect(url: string): Promise<void> {
  await sendEvent(url, "login.example", 1);
  const set = await fetch(`${url}/api/auth/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ password: PASSWORD }),
  });
  assert.ok(set.ok, await set.text());
}

async function logIn(page: Page): Promise<void> {
  await page.fill(PASSWORD_FIELD, PASSWORD);
  await page.keyboard.press("Enter");
}

/** Opens a page of a server with a password, and logs in. */
async function openOwned(context: BrowserContext, url: string): Promise<Page> {
  const { page } = await openIn(context, url);
  await logIn(page);
  await page.locator(NUMBERS).waitFor();
  await settled(page);
  return page;
}

dashboardTest(
  "LoginPage sends the password when the server is back, and says a wrong one then, too",
  ({ context }) =>
    withServer(0, async (server, dataDir) => {
      const { url } = server;
      await protect(url);
      const { page } = await openIn(await context(), `${url}/${PLACE}`);
      const { page: wrong } = await openIn(await context(), `${url}/${PLACE}`);
      await page.fill(PASSWORD_FIELD, PASSWORD);
      await wrong.fill(PASSWORD_FIELD, "not this one");
      await server.kill();
      for (const one of [page, wrong]) {
        await one.keyboard.press("Enter");
        await one.getByText("Can't reach the server. Retrying…").waitFor();
      }
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        await page.locator(NUMBERS).waitFor();
        await wrong.getByText("Wrong password.").waitFor();
        await wrong.fill(PASSWORD_FIELD, PASSWORD);
        await wrong.keyboard.press("Enter");
        await wrong.locator(NUMBERS).waitFor();
      } finally {
        await again.stop();
      }
    }),
);

dashboardTest(
  "LoginPage stands above what was begun when the server was started again, and gives it back",
  ({ context }) =>
    withServer(0, async (server, dataDir) => {
      const { url } = server;
      await protect(url);
      const pages: Page[] = [];
      for (const locale of Object.keys(ENDED)) {
        const page = await openOwned(await context({ locale }), `${url}/${PLACE}`);
        await page.keyboard.press("/");
        await page.locator("dialog .tokens input").fill("/half-typed");
        pages.push(page);
      }
      const [english] = pages;
      assert.ok(english);
      // A page of a login of before; an update of the server has no module for it.
      const { page: later } = await openIn(english.context(), `${url}/${PLACE}&view=settings`);
      await later.waitForFunction(() =>
        ["pages/login.js", "layout/dialog.js"].every((module) =>
          performance.getEntriesByType("resource").some(({ name }) => name.endsWith(module))
        )
      );
      const name = later.locator(".settings input.field").first();
      await name.fill("A name that nobody has saved");
      await later.route(/\/assets\//, (route) => route.fulfill({ status: 404, body: "{}" }));
      await server.kill();
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        for (const [index, text] of Object.values(ENDED).entries()) {
          await pages[index]?.locator(ABOVE).getByText(text, { exact: true }).waitFor();
        }
        await later.locator(ABOVE).waitFor();
        await isAbove(english);
        await english.fill(PASSWORD_FIELD, "not this one");
        await english.keyboard.press("Enter");
        await english.locator(ABOVE).getByText("Wrong password.").waitFor();
        await sendEvent(url, "login.example", 2);
        for (const page of pages) {
          const live = page.waitForResponse((one) =>
            one.url().includes("/api/stats/live") && one.ok()
          );
          await logIn(page);
          await page.locator(ABOVE).waitFor({ state: "detached" });
          // What was typed is a value as soon as the focus is elsewhere.
          await page.locator("dialog .token").getByText("/half-typed").waitFor();
          const field = page.locator("dialog .tokens input");
          assert.ok(await field.evaluate((one) => one === document.activeElement));
          await live;
          await page.locator("[data-metric=visitors][data-value='2']").waitFor();
        }
        // The login is one for all tabs.
        await later.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
        await later.locator(ABOVE).waitFor({ state: "detached" });
        assert.equal(await name.inputValue(), "A name that nobody has saved");
      } finally {
        await again.stop();
      }
    }),
);

/** The login holds the focus, whatever is pressed, and breaks no rule of accessibility. */
async function isAbove(page: Page): Promise<void> {
  const isInside = () =>
    page.evaluate((above) => {
      const focused = document.activeElement;
      return focused === document.body || focused?.closest(above) instanceof Element;
    }, ABOVE);
  assert.ok(await page.locator(PASSWORD_FIELD).evaluate((one) => one === document.activeElement));
  assert.deepEqual(await faultsFound(page), []);
  for (const key of ["Tab", "Tab", "Tab", "Shift+Tab", "Escape", "Escape", "Escape"]) {
    await page.keyboard.press(key);
    assert.ok(await isInside(), `${key} leaves the login`);
  }
  // Nothing below it can be pressed.
  const at = await page.locator("header .home").boundingBox();
  assert.ok(at);
  await page.mouse.click(at.x + 5, at.y + 5);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(ABOVE).count(), 1);
  assert.equal(await page.locator("[role=alertdialog]").count(), 0);
  assert.equal(await page.locator("dialog[open]").count(), 2);
}

dashboardTest(
  "LoginPage stands above a page whose login ended by itself, and alone after leaving",
  ({ context }) =>
    withServer(0, async ({ url }) => {
      await protect(url);
      const opened = await context();
      const page = await openOwned(opened, `${url}/${PLACE}&filters=is(page,/)`);
      await page.click("text=Save as segment");
      await page.locator("dialog input").fill("Home");
      await opened.clearCookies();
      await page.keyboard.press("Enter");
      await page.locator(ABOVE).waitFor();
      await logIn(page);
      await page.locator(ABOVE).waitFor({ state: "detached" });
      await page.locator("dialog").getByText("Save", { exact: true }).click();
      await page.locator("dialog").waitFor({ state: "detached" });
      await page.locator(".filters").getByText("Home").waitFor();
      // Who leaves keeps nothing.
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByText("Log out").click();
      await page.locator("main.alone h1").waitFor();
      assert.equal(await page.locator("dialog, [data-metric]").count(), 0);
      // So does a page that is opened without a login.
      await page.reload();
      await page.locator("main.alone h1").waitFor();
      assert.equal(await page.locator("dialog, header").count(), 0);
      await logIn(page);
      await page.locator(NUMBERS).waitFor();
    }),
);
