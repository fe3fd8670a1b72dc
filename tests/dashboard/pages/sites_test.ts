import assert from "node:assert/strict";
import { dashboardTest } from "../../support/browser/dashboard.ts";
import { USER_AGENT } from "../../support/browser/browser.ts";

const SITES = 150;

dashboardTest(
  "sites.js asks for and draws the cards near the screen, and none between",
  async ({ url, context }) => {
    const lines = Array.from({ length: SITES }, (_, index) => ({
      d: `card${String(index).padStart(3, "0")}.example`,
      n: "pageview",
      u: "/",
      at: Date.now() - 3_600_000,
      ip: "81.2.69.142",
      ua: USER_AGENT,
    }));
    const sent = await fetch(`${url}/api/import`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
    });
    assert.equal(sent.status, 200, await sent.text());
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    const asked = new Set<string>();
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.includes("/api/stats/")) asked.add(searchParams.get("site_id") ?? "");
    });
    await page.goto(`${url}/?view=sites`);
    await page.locator(".site-card-place").nth(SITES - 1).waitFor({ state: "attached" });
    await page.locator(".site-card").first().waitFor();
    const last = page.locator(".site-card-place").nth(SITES - 1);
    await last.evaluate((place) => place.scrollIntoView({ behavior: "instant" }));
    await last.locator(".site-card").waitFor();
    const cards = await page.locator(".site-card").count();
    assert.ok(cards > 0 && cards < SITES / 2, `${cards} of ${SITES} cards are drawn`);
    assert.ok([...asked].filter((site) => site.startsWith("card")).length <= cards);
  },
);
