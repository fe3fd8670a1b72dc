import assert from "node:assert/strict";
import { dashboardTest, openIn, withServer } from "../../support/browser/dashboard.ts";
import { type Page, USER_AGENT } from "../../support/browser/browser.ts";

const SITES = 150;
const MANY = 500;
/**
 * Most cards and numbers that come or go in a frame: the first block of twelve and one more, each
 * with numbers, and of a list that changes both the old and the new; a busy machine may draw twice
 * between two frames. All of them together are a thousand.
 */
const FRAME_CARDS_MAX = 200;

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
    await drawnCards(page, SITES);
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
    await drawnCards(page, SITES);
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
    await page.locator(".site-card >> nth=0 >> h2:has-text('sum50.example')").waitFor();
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

dashboardTest(
  "sites.js sorts by events, and a fresh browser begins with the most, while none is in a file",
  async ({ context }) => {
    const countOf = (index: number) => [3, 1, 2, 5, 40, 4, 1, 30][index] ?? 0;
    const nameOf = (index: number) => `new${index}.example`;
    await withServer(0, async ({ url }) => {
      const visits = Array.from(
        { length: 8 },
        (_, index) =>
          Array.from({ length: countOf(index) }, () => ({
            site: nameOf(index),
            ip: "81.2.69.142",
          })),
      ).flat();
      await importVisits(url, visits);
      const sites: readonly Listed[] = await (await fetch(`${url}/api/sites`)).json();
      assert.deepEqual(
        sites.map((one) => [one.site_id, one.stored_events + one.waiting_events]),
        sites.map((_, index) => [nameOf(index), countOf(index)]),
      );
      const { page } = await openIn(await context(), `${url}/`);
      await page.waitForURL(/site=/);
      assert.equal(new URL(page.url()).searchParams.get("site"), nameOf(4));
      await page.goto(`${url}/?view=sites`);
      await page.selectOption("select[aria-label='Sort by']", "events");
      await page.locator(".site-card >> nth=0 >> h2:has-text('new4.example')").waitFor();
      assert.deepEqual(
        (await page.locator(".site-card h2").allTextContents()).map((text) => text.trim()),
        [4, 7, 3, 5, 0, 2, 1, 6].map(nameOf),
      );
    });
  },
);

interface Listed {
  readonly site_id: string;
  readonly stored_events: number;
  readonly waiting_events: number;
}

/** Counts, of each frame, the cards and the numbers of cards that were drawn in it. */
function countFrames(): void {
  const frames: number[] = [];
  Reflect.set(globalThis, "frames", frames);
  let now = 0;
  const weigh = (node: Node) =>
    node instanceof Element
      ? Number(node.matches(".site-card, .site-card-numbers")) +
        node.querySelectorAll(".site-card, .site-card-numbers").length
      : 0;
  new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) {
      for (const node of [...addedNodes, ...removedNodes]) now += weigh(node);
    }
  }).observe(document, { childList: true, subtree: true });
  const next = () => {
    frames.push(now);
    now = 0;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

/** Most cards that any frame drew or took away since this was asked last. */
function busiestFrame(page: Page): Promise<number> {
  return page.evaluate(() => {
    const frames = Reflect.get(globalThis, "frames") as unknown as number[];
    return Math.max(0, ...frames.splice(0));
  });
}

/** Patience for what is drawn one block a frame. */
const drawnCards = (page: Page, count: number) =>
  page.waitForFunction(
    (count) => document.querySelectorAll(".site-block:not([hidden]) .site-card").length >= count,
    count,
  );

for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
  dashboardTest(
    `sites.js draws few of 500 cards in a frame, ${viewport.width} wide`,
    async ({ url, context }) => {
      const visits = Array.from({ length: MANY }, (_, index) => ({
        site: `many${String(index).padStart(3, "0")}.example`,
        ip: `81.2.69.${1 + index % 250}`,
      }));
      await importVisits(url, visits);
      const opened = await context({ viewport });
      const page = await opened.newPage();
      await page.addInitScript(countFrames);
      await page.goto(`${url}/?view=sites`);
      await drawnCards(page, MANY);
      const did: Record<string, number> = { loading: await busiestFrame(page) };
      await page.mouse.move(viewport.width / 2, viewport.height / 2);
      for (let turn = 0; turn < 30; turn++) await page.mouse.wheel(0, 900);
      for (const key of ["End", "Home", "PageDown", "PageDown", "End"]) {
        await page.keyboard.press(key);
        await page.locator(".site-card-numbers >> visible=true").first().waitFor();
      }
      await page.locator(".site-block:not([hidden]) .site-card").last()
        .locator("b:text-matches('^[0-9]')").waitFor();
      did["scrolling"] = await busiestFrame(page);
      await page.fill("input[type=search]", "many49");
      await page.locator(".sites-total:text-matches('^10 sites')").waitFor();
      did["searching"] = await busiestFrame(page);
      await page.fill("input[type=search]", "");
      await drawnCards(page, MANY);
      did["finding all again"] = await busiestFrame(page);
      await page.selectOption("select[aria-label='Sort by']", "visitors");
      await drawnCards(page, MANY);
      did["sorting"] = await busiestFrame(page);
      const answered = page.waitForResponse(/api\/stats\/sites/);
      await page.selectOption("select[aria-label='Period']", "7d");
      await (await answered).finished();
      await page.locator(".site-card[aria-busy=true]").first().waitFor({ state: "detached" });
      did["another period"] = await busiestFrame(page);
      // The blocks on the screen and around it: both what goes and what comes.
      for (const [what, count] of Object.entries(did)) {
        assert.ok(count <= FRAME_CARDS_MAX, `${what}: ${count} cards in one frame`);
      }
      assert.ok(Object.values(did).some((count) => count > 0), "frames were counted");
    },
  );
}

dashboardTest(
  "sites.js leads the Tab key through hundreds of cards from the first moment",
  async ({ url, context }) => {
    const opened = await context({ viewport: { width: 390, height: 844 } });
    const page = await opened.newPage();
    await page.goto(`${url}/?view=sites`);
    const first = page.locator(".site-card a").first();
    await first.waitFor();
    await first.focus();
    const seen: string[] = [];
    for (let stop = 0; stop < 240; stop++) {
      seen.push(await page.evaluate(() => document.activeElement?.getAttribute("href") ?? ""));
      await page.keyboard.press("Tab");
    }
    const links = seen.filter((href) => href !== "");
    const all = await page.$$eval(
      ".site-card a",
      (places) => places.map((place) => place.getAttribute("href")),
    );
    assert.equal(links.length, 120);
    assert.deepEqual(links, all.slice(0, 120));
  },
);

dashboardTest("sites.js keeps the focus on the pin of a card that moves", async (
  { url, context },
) => {
  const opened = await context({ viewport: { width: 1280, height: 800 } });
  const page = await opened.newPage();
  await page.goto(`${url}/?view=sites`);
  await drawnCards(page, MANY);
  const pin = page.locator(".site-pin").nth(100);
  const name = await pin.getAttribute("aria-label");
  await pin.focus();
  for (const pressed of ["true", "false"]) {
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      ([name, pressed]) =>
        document.activeElement?.getAttribute("aria-label") === name &&
        document.activeElement?.getAttribute("aria-pressed") === pressed,
      [name, pressed],
    );
  }
});

dashboardTest("sites.js keeps the focus on a pin that is pressed twice before a frame", async (
  { url, context },
) => {
  const opened = await context({ viewport: { width: 1280, height: 800 } });
  const page = await opened.newPage();
  await page.addInitScript(() => {
    const frame = requestAnimationFrame.bind(globalThis);
    const held: FrameRequestCallback[] = [];
    let isHolding = false;
    globalThis.requestAnimationFrame = (work) => isHolding ? held.push(work) : frame(work);
    Reflect.set(globalThis, "holdFrames", (isOn: boolean) => {
      isHolding = isOn;
      if (!isOn) { for (const work of held.splice(0)) frame(work); }
    });
  });
  const hold = (isOn: boolean) =>
    page.evaluate((isOn) => {
      const hold = Reflect.get(globalThis, "holdFrames") as unknown as (isOn: boolean) => void;
      hold(isOn);
    }, isOn);
  await page.goto(`${url}/?view=sites`);
  await drawnCards(page, SITES);
  const pin = page.locator(".site-pin").nth(100);
  const name = await pin.getAttribute("aria-label") ?? "";
  await pin.focus();
  const focused = (pressed: string) =>
    // Frames are held: playwright looks at a clock instead.
    page.waitForFunction(
      ([name, pressed]) =>
        document.activeElement?.getAttribute("aria-label") === name &&
        document.activeElement?.getAttribute("aria-pressed") === pressed,
      [name, pressed],
      { polling: 50 },
    );
  await hold(true);
  await page.keyboard.press("Enter");
  await focused("true");
  await page.keyboard.press("Enter");
  await hold(false);
  await focused("false");
});

dashboardTest("sites.js keeps the focus on a card that another order takes elsewhere", async (
  { url, context },
) => {
  // Thirty sites are three blocks: the last by its name is the first by its visitors.
  const site = (index: number) => `focus${String(index).padStart(2, "0")}.example`;
  const visits = Array.from(
    { length: 30 },
    (_, index) => ({ site: site(index), ip: "81.2.69.142" }),
  );
  await importVisits(url, [...visits, { site: site(29), ip: "81.2.69.143" }]);
  const opened = await context({ viewport: { width: 1280, height: 800 } });
  const page = await opened.newPage();
  await page.goto(`${url}/?view=sites`);
  await page.fill("input[type=search]", "focus");
  await page.locator(".sites-total:text-matches('^30 sites')").waitFor();
  const cardIs = (at: string) =>
    page.locator(`.site-block:not([hidden]) >> nth=${at} >> [data-site='${site(29)}']`);
  for (const control of ["a", ".site-pin"]) {
    await cardIs("-1").locator(control).focus();
    for (const [order, at] of [["visitors", "0"], ["name", "-1"]] as const) {
      // As a refresh does, this changes the order and leaves the focus alone.
      await page.$eval("select[aria-label='Sort by']", (place, order) => {
        Reflect.set(place, "value", order);
        place.dispatchEvent(new Event("change", { bubbles: true }));
      }, order);
      await cardIs(at).waitFor();
      await page.waitForFunction(
        ([name, control]) => {
          const found = [...document.querySelectorAll(`[data-site='${name}']`)];
          return found.length === 1 &&
            document.activeElement === found[0]?.querySelector(control ?? "");
        },
        [site(29), control],
      );
    }
  }
  await page.keyboard.press("Enter");
  await cardIs("0").locator(".site-pin[aria-pressed=true]").waitFor();
  await cardIs("0").locator("a").click();
  await page.locator(".overview").waitFor();
  await page.goBack();
  await page.locator(`[data-site='${site(29)}'] b:text-is('2')`).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "BODY");
});

/** What the choice of the order says of itself, closed as well as open. */
const ORDERS = {
  "en-GB": ["Sorted by name", "Most visitors first", "Most events first"],
  "de-DE": ["Nach Namen sortiert", "Meiste Besucher zuerst", "Meiste Ereignisse zuerst"],
  "fr-FR": ["Triés par nom", "Plus de visiteurs d’abord", "Plus d’événements d’abord"],
  "es-ES": ["Ordenados por nombre", "Más visitantes primero", "Más eventos primero"],
};

dashboardTest(
  "sites.js: the choice of the order says that it is one, in each language",
  async ({ url, open }) => {
    for (const [locale, texts] of Object.entries(ORDERS)) {
      const { page } = await open(`${url}/?view=sites`, { locale });
      const choice = page.locator("select:has(option[value=visitors])");
      await choice.waitFor();
      assert.deepEqual(await choice.locator("option").allInnerTexts(), texts);
    }
  },
);
