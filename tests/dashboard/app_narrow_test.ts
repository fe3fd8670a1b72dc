// What stands in tables is whole on the narrowest screen, in the language with the longest words.
import assert from "node:assert/strict";
import type { Page } from "../support/browser/browser.ts";
import { dashboardTest, settled, SITE } from "../support/browser/dashboard.ts";

/** Pages and dialogs, and what is there once they are drawn. */
const PLACES: Readonly<Record<string, string>> = {
  "details=country": "dialog tbody tr",
  "details=source": "dialog tbody tr",
  "why=visitors": "dialog .why-verdict",
  "why=bounce_rate": "dialog .why-verdict",
  "view=behaviour&steps=page:/,page:/pricing,event:signup": ".funnel-step",
  "view=settings&section=section_about": ".doctor tbody tr",
  "view=sql": ".code-field",
};

/** Longer words may be broken: nothing else fits them into half of such a screen. */
const LETTERS_MAX = 14;

/** Words of cells and steps that stand on two lines, and texts that are cut. */
function brokenOn(page: Page, lettersMax: number): Promise<string[]> {
  return page.evaluate((lettersMax) => {
    const found: string[] = [];
    const places = document.querySelectorAll<HTMLElement>("tbody :is(th, td), .funnel-step");
    for (const place of places) {
      if (!place.checkVisibility()) continue;
      const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      for (let node = texts.nextNode(); node; node = texts.nextNode()) {
        const { parentElement: around, textContent } = node;
        if (around && getComputedStyle(around).textOverflow === "ellipsis") {
          if (around.scrollWidth > around.clientWidth) found.push(`cut: ${textContent}`);
        }
        for (const { 0: word, index } of (textContent ?? "").matchAll(/[^\s/-]+/gu)) {
          if (word.length > lettersMax) continue;
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + word.length);
          const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
          if (lines.size > 1) found.push(`broken: ${word}`);
        }
      }
    }
    return found;
  }, lettersMax);
}

dashboardTest(
  "app.js: tables are whole on the narrowest screen, in German",
  async ({ url, open }) => {
    const viewport = { width: 320, height: 700 };
    const { page, faults } = await open("about:blank", { locale: "de-DE", viewport });
    let rows = 0;
    for (const [search, drawn] of Object.entries(PLACES)) {
      await page.goto(`${url}/?site=${SITE}&period=28d&${search}`);
      await page.locator(drawn).first().waitFor();
      await settled(page);
      assert.deepEqual(await brokenOn(page, LETTERS_MAX), [], search);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${search} is ${wide} pixels too wide`);
      rows += await page.locator("tbody tr, .funnel-step").count();
    }
    assert.ok(rows > 30, `${rows} rows`);
    assert.deepEqual(faults, []);
  },
);
