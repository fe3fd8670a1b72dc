import assert from "node:assert/strict";
import { dashboardTest } from "../../support/browser/dashboard.ts";
import { USER_AGENT } from "../../support/browser/browser.ts";

const SITES = 150;

/** Imports a view of an hour ago for each visit. */
async function importVisits(
  url: string,
  visits: readonly { readonly site: string; readonly ip: string }[],
): Promise<void> {
  const at = Date.now() - 3_600_000;
  const lines = visits.map(({ site, ip }) =>
    JSON.stringify({ d: site, n: "pageview", u: "/", at, ip, ua: USER_AGENT })
  );
  const sent = await fetch(`${url}/api/import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  assert.equal(sent.status, 200, await sent.text());
}

dashboardTest(
  "sites.js asks for and draws the cards near the screen, and none between",
  async ({ url, context }) => {
    const visits = Array.from({ length: SITES }, (_, index) => ({
      site: `card${String(index).padStart(3, "0")}.example`,
      ip: "81.2.69.142",
    }));
    await importVisits(url, visits);
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    const asked = new Set<string>();
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      // A card asks for two reports at once; the numbers of the others come one by one.
      if (pathname.endsWith("/api/stats/view")) asked.add(searchParams.get("site_id") ?? "");
    });
    await page.goto(`${url}/?view=sites`);
    await page.locator(".site-card-place").nth(SITES - 1).waitFor({ state: "attached" });
    await page.locator(".site-card").first().waitFor();
    const last = page.locator(".site-card-place").nth(SITES - 1);
    await last.evaluate((place) => place.scrollIntoView({ behavior: "instant" }));
    await last.locator(".site-card").waitFor();
    const cards = await page.locator(".site-card").count();
    assert.ok(cards > 0 && cards < SITES / 2, `${cards} of ${SITES} cards are drawn`);
    const ofCards = [...asked].filter((site) => site.startsWith("card")).length;
    assert.ok(ofCards > 0 && ofCards <= cards, `${ofCards} of ${cards} cards have asked`);
  },
);

dashboardTest(
  "sites.js adds up and sorts by visitors all sites, also those far below the screen",
  async ({ url, context }) => {
    // The later a site stands by its name, the more visitors it has.
    const counts = Array.from({ length: 60 }, (_, index) => 1 + Math.floor(index / 10));
    const nameOf = (index: number) => `sum${String(index).padStart(2, "0")}.example`;
    const visits = counts.flatMap((count, index) =>
      Array.from({ length: count }, (_, visitor) => ({
        site: nameOf(index),
        ip: `81.2.69.${142 + visitor}`,
      }))
    );
    await importVisits(url, visits);
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    await page.goto(`${url}/?view=sites`);
    await page.fill("input[type=search]", "sum");
    const sum = counts.reduce((all, one) => all + one, 0);
    const total = page.locator(".sites-total:text-matches('^60 sites')");
    await total.waitFor();
    assert.match(await total.textContent() ?? "", new RegExp(`^60 sites: ${sum} .*, ${sum} `));
    await page.selectOption("select[aria-label='Sort by']", "visitors");
    await page.locator(".site-card h2:has-text('sum50.example')").waitFor();
    assert.match(await page.locator(".site-card h2").first().textContent() ?? "", /sum50\.example/);
  },
);
