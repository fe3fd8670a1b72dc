// "Check my site" in Chromium: a real server, and a site whose pages have
// the tracking code.
import assert from "node:assert/strict";
import { faultsFound } from "../../../support/browser/accessibility.ts";
import {
  type BrowserContext,
  browserTest,
  type Page,
  USER_AGENT,
} from "../../../support/browser/browser.ts";
import { settled } from "../../../support/browser/dashboard.ts";
import { startThreePageSite } from "../../../support/browser/three_page_site.ts";
import { type ReadyServer, startReady } from "../../../support/server/ready_server.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const SITE = "shop.example";

type Pages = ReturnType<typeof startThreePageSite>;

/** A server, and pages with the tag of `domain` and `attributes`. */
async function withSite(
  work: (server: ReadyServer, pages: (domain: string, attributes?: string) => Pages) => Promise<
    void
  >,
): Promise<void> {
  await withFolder(async (folder) => {
    const server = await startReady(`${folder}/live`, {});
    const open: Pages[] = [];
    try {
      await work(server, (domain, attributes = "data-local") => {
        const tracker = `${server.url}/mallard.js`;
        const made = startThreePageSite({ tracker, domain, attributes });
        open.push(made);
        return made;
      });
    } finally {
      for (const one of open) await one.close();
      await server.stop();
    }
  });
}

/** Checks a page as an owner does, and tells what the dashboard says of it. */
async function check(page: Page, context: BrowserContext, address: string): Promise<string> {
  await page.fill("input[type=url] >> nth=-1", address);
  const opened = context.waitForEvent("page");
  await page.click("a:has-text('Check my site')");
  const other = await opened;
  await page.locator(".check-result li").first().waitFor();
  await other.close();
  return await page.innerText(".check-result");
}

browserTest("SiteCheck says what arrives, what is excluded and what is spelled otherwise", async (
  context,
) => {
  await withSite(async ({ url }, pages) => {
    const page = await context.newPage();
    await page.goto(`${url}/?site=${SITE}`);
    await page.locator(".check-result").waitFor({ state: "attached" });
    await page.fill("input[type=url] >> nth=-1", "shop.example/pricing");
    const opening = page.locator("a:has-text('Check my site')");
    assert.equal(await opening.getAttribute("href"), "https://shop.example/pricing");
    const other = pages("other.example");
    assert.match(
      await check(page, context, other.url),
      /Events arrive for other\.example, not for shop\.example/,
    );
    const fitting = pages(SITE);
    const opened = context.waitForEvent("page");
    await page.fill("input[type=url] >> nth=-1", `${fitting.url}/pricing`);
    await page.click("a:has-text('Check my site')");
    const sending = await opened;
    await sending.waitForFunction("window.mallard?.on");
    await sending.waitForLoadState("networkidle");
    await sending.close();
    // The first event turns the page into the dashboard, which says what is left to do.
    await page.locator("[data-metric=visitors]").waitFor();
    const started = page.locator(".started");
    await started.locator("text=the first event has arrived").waitFor();
    assert.match(await started.locator(".ticks .done").last().innerText(), /First event/);
    await settled(page);
    assert.deepEqual(await faultsFound(page), []);
    await started.locator("button:has-text('Set a password')").click();
    await page.locator("dialog input[type=password]").first().waitFor();
    await page.keyboard.press("Escape");
    await started.getByRole("button", { name: "Close" }).click();
    await started.waitFor({ state: "detached" });
    // The settings check it, too.
    await page.goto(`${url}/?site=${SITE}&view=settings&section=section_snippet`);
    await page.locator(".check-result").waitFor({ state: "attached" });
    await page.waitForLoadState("networkidle");
    assert.match(
      await check(page, context, `${fitting.url}/blog/first-post`),
      /It works: a pageview of \/blog\/first-post arrived/,
    );
    const local = pages(SITE, "");
    assert.match(
      await check(page, context, local.url),
      /works, but the event was excluded: Page on the visitor's own machine/,
    );
  });
});

browserTest("SiteCheck says what to look at where nothing arrives", async (context) => {
  await withSite(async ({ url }) => {
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${url}/?site=${SITE}`);
    await page.fill("input[type=url] >> nth=-1", `${url}/privacy`);
    await page.click("a:has-text('Check my site')");
    await page.locator("text=Waiting for a pageview of shop.example").waitFor();
    for (let looks = 0; looks < 15; looks++) {
      const looked = page.waitForResponse(/\/api\/new-sites/);
      await page.clock.runFor(2000);
      await looked;
    }
    await page.locator(".check-result li").first().waitFor();
    const said = await page.innerText(".check-result");
    assert.match(said, /Nothing arrived within 30 seconds/);
    assert.match(said, /Visitors can't reach 127\.0\.0\.1/);
    assert.match(said, /script-src and connect-src must allow http:\/\/127\.0\.0\.1/);
  });
});

browserTest("Ticks give the site the time zone of the browser", async (_, browser) => {
  await withSite(async ({ url }) => {
    const context = await browser.newContext({
      userAgent: USER_AGENT,
      timezoneId: "Europe/Berlin",
    });
    const page = await context.newPage();
    await page.goto(`${url}/`);
    await page.fill(".start input", SITE);
    await page.locator("text=Reports use the time zone UTC.").waitFor();
    assert.equal(await page.locator(".ticks .done").count(), 0);
    await page.click("button:has-text('Use Europe/Berlin')");
    await page.locator(".ticks .done").waitFor();
    const site = await (await fetch(`${url}/api/sites/${SITE}`)).json();
    assert.equal(site.timezone, "Europe/Berlin");
  });
});

browserTest("Ticks keep the site's own time zone where that is wanted", async (_, browser) => {
  await withSite(async ({ url }) => {
    const context = await browser.newContext({
      userAgent: USER_AGENT,
      timezoneId: "Europe/Berlin",
    });
    const page = await context.newPage();
    await page.goto(`${url}/?site=${SITE}`);
    await page.locator("text=Reports use the time zone UTC.").waitFor();
    assert.equal(await page.locator(".ticks .done").count(), 0);
    await page.click("button:has-text('Keep UTC')");
    await page.locator(".ticks .done").waitFor();
    assert.match(await page.innerText(".ticks .done"), /Site and time zone/);
    await page.reload();
    await page.locator(".ticks .done").waitFor();
    assert.equal(await page.locator("text=Reports use the time zone").count(), 0);
    // It is kept for this site alone.
    await page.goto(`${url}/?site=other.${SITE}`);
    await page.locator("text=Reports use the time zone UTC.").waitFor();
  });
});
