import assert from "node:assert/strict";
import { dashboardTest } from "../../support/browser/dashboard.ts";
import { USER_AGENT } from "../../support/browser/browser.ts";

const SITES = 150;

/** Imports a view for each visit, of an hour ago where nothing else is said. */
async function importVisits(
  url: string,
  visits: readonly { readonly site: string; readonly ip: string; readonly hoursAgo?: number }[],
): Promise<void> {
  const lines = visits.map(({ site, ip, hoursAgo = 1 }) => {
    const at = Date.now() - hoursAgo * 3_600_000;
    return JSON.stringify({ d: site, n: "pageview", u: "/", at, ip, ua: USER_AGENT });
  });
  const sent = await fetch(`${url}/api/import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  assert.equal(sent.status, 200, await sent.text());
}

dashboardTest(
  "sites.js asks once for all sites, and draws numbers of cards near the screen",
  async ({ url, context }) => {
    const visits = Array.from({ length: SITES }, (_, index) => ({
      site: `card${String(index).padStart(3, "0")}.example`,
      ip: "81.2.69.142",
    }));
    await importVisits(url, visits);
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/api/stats/")) asked.push(pathname);
    });
    await page.goto(`${url}/?view=sites`);
    const cards = page.locator(".site-card");
    await cards.first().locator("b:text-matches('^[0-9]')").waitFor();
    const count = await cards.count();
    assert.ok(count >= SITES, `${count} headings of ${SITES} are in the page`);
    await cards.last().evaluate((place) => place.scrollIntoView({ behavior: "instant" }));
    await cards.last().locator("b:text-matches('^[0-9]')").waitFor();
    const drawn = await page.locator(".site-card-numbers").count();
    assert.ok(drawn < SITES / 2, `the numbers of ${drawn} of ${SITES} cards are drawn`);
    assert.deepEqual(asked.filter((path) => !path.endsWith("/live")), ["/api/stats/sites"]);
  },
);

dashboardTest(
  "sites.js leads the Tab key from card to card, also over those far below",
  async ({ url, context }) => {
    const opened = await context({ viewport: { width: 1280, height: 800 } });
    const page = await opened.newPage();
    await page.goto(`${url}/?view=sites`);
    await page.locator(".site-card a").first().focus();
    const names = await page.locator(".site-card h2").allTextContents();
    assert.ok(names.length > 60, `${names.length} cards`);
    for (const name of names.slice(1, 60)) {
      // Each card has a link and a pin.
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      assert.equal(
        await page.evaluate(() => document.activeElement?.textContent?.trim()),
        name.trim(),
      );
    }
    const isSeen = await page.evaluate(() => {
      const { top, bottom } = document.activeElement?.getBoundingClientRect() ?? new DOMRect();
      return top >= 0 && bottom <= innerHeight;
    });
    assert.ok(isSeen, "what has the focus is on the screen");
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

dashboardTest(
  "sites.js shows no change since a range within which the data of a site begins",
  async ({ url, context }) => {
    const ip = "81.2.69.142";
    const recent = (site: string) => [
      { site, ip, hoursAgo: 30 },
      { site, ip },
      { site, ip: "81.2.69.143" },
    ];
    await importVisits(url, [
      { site: "older.example", ip, hoursAgo: 80 },
      ...recent("older.example"),
      ...recent("young.example"),
    ]);
    const page = await (await context()).newPage();
    await page.goto(`${url}/?view=sites`);
    await page.fill("input[type=search]", ".example");
    const numbersOf = async (site: string) => {
      const card = page.locator(`.site-card:has(h2:has-text("${site}"))`);
      await card.scrollIntoViewIfNeeded();
      await card.locator("b:text-matches('^2$')").waitFor();
      return await card.locator(".site-card-numbers").innerHTML();
    };
    assert.match(await numbersOf("older.example"), /100%/);
    const young = await numbersOf("young.example");
    assert.doesNotMatch(young, /100%/);
    assert.match(young, /title="No data to compare: data begins on /);
  },
);
