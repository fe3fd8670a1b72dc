// Dialogs in which something was begun, in Chromium.
import assert from "node:assert/strict";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, settled, SITE, withServer } from "../../../support/browser/dashboard.ts";

/** Escape asks, and asks no more, and asks: it loses nothing, and the focus stays inside. */
async function staysOpen(page: Page, question: RegExp): Promise<void> {
  const asked = page.locator("dialog [role=alertdialog]");
  for (const isAsked of [true, false, true]) {
    await page.keyboard.press("Escape");
    await asked.waitFor({ state: isAsked ? "visible" : "detached" });
    assert.ok(
      await page.evaluate(() => document.activeElement?.closest("dialog") instanceof Element),
    );
  }
  assert.match(await asked.innerText(), question);
  await asked.getByText("Keep editing").click();
  // The focus is nowhere.
  await page.locator("dialog h2").click();
  await page.keyboard.press("Escape");
  await asked.waitFor();
}

async function discard(page: Page): Promise<void> {
  await page.locator("dialog [role=alertdialog]").getByText("Discard", { exact: true }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
}

dashboardTest(
  "Dialog: Escape throws nothing away that was begun, and keeps the focus",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&filters=is(country,DE)`);
    await settled(page);
    await page.keyboard.press("/");
    const value = page.locator("dialog .tokens input");
    await value.fill("half a name");
    await page.locator("dialog .condition select").first().selectOption("browser");
    await staysOpen(page, /Discard this filter/);
    await discard(page);

    await page.click("text=Save as segment");
    await page.locator("dialog input").fill("Germans");
    await staysOpen(page, /Discard what you entered/);
    assert.equal(await page.locator("dialog input").inputValue(), "Germans");
    await discard(page);
    // What is empty closes at once.
    await page.click("text=Save as segment");
    await page.locator("dialog input").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.ok(page.url().includes("filters="));
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "Dialog: a password that was begun is not lost by Escape, and is asked for again",
  ({ open }) =>
    withServer(3, async ({ url }) => {
      const { page } = await open(`${url}/?site=${SITE}`);
      await settled(page);
      await page.getByRole("button", { name: "Menu" }).click();
      await page.click("text=Set a password");
      await page.locator("dialog input[type=password]").first().fill("secret");
      await staysOpen(page, /Discard what you entered/);
      await discard(page);
    }),
);
