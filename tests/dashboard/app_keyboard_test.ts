// Every page and dialog by keys alone: each stop of the Tab key is seen and has a name, nothing to
// be pressed is left out, and dialogs keep the focus and give it back.
import assert from "node:assert/strict";
import type { Page } from "../support/browser/browser.ts";
import { dashboardTest, OTHER_SITE, PHONE, settled, SITE } from "../support/browser/dashboard.ts";

/** Pages, by what follows the site in the URL. */
const PAGES = [
  "",
  "filters=is(source,Google)&tabs=map,entry_page",
  "view=behaviour&steps=page:/,page:/pricing,event:signup",
  "view=behaviour&report=retention",
  "view=behaviour&report=flow",
  "view=behaviour&report=sequence&sequence=page:/,page:/pricing",
  "view=behaviour&report=visits",
  "view=realtime",
  "view=sql",
  "view=sites",
  "view=settings",
  "view=settings&section=section_snippet",
  "view=settings&section=section_goals",
  "view=settings&section=section_privacy",
  "view=settings&section=section_keys",
  "view=settings&section=section_data",
  "view=settings&section=section_danger",
  "view=settings&section=section_about",
  "filters=is(goal,x)&tabs=goal",
];

/** Dialogs by the keys that open them, on a page. */
const DIALOGS: readonly (readonly [string, readonly string[]])[] = [
  ["", ["/"]],
  ["", ["?"]],
  ["details=page", []],
  ["why=visitors", []],
];

interface Stop {
  readonly place: string;
  readonly name: string;
  readonly seen: boolean;
  readonly marked: boolean;
}

/** Where the focus is; null where it has left the page. */
function focused(page: Page): Promise<Stop | null> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement || at instanceof SVGElement) || at === document.body) {
      return null;
    }
    const all = [...document.querySelectorAll("*")];
    const { width, height, bottom, right, top, left } = at.getBoundingClientRect();
    const labels = [
      ...(at instanceof HTMLElement && "labels" in at ? (at as HTMLInputElement).labels ?? [] : []),
    ];
    const named = at.getAttribute("aria-labelledby");
    const name = at.getAttribute("aria-label") ??
      (named && document.getElementById(named)?.textContent) ??
      ([...labels.map(({ textContent }) => textContent), at.textContent, at.getAttribute("title")]
        .join(" ") ||
        at.getAttribute("placeholder") || "");
    const marks = [at, ...all.filter((one) => one.contains(at) || at.contains(one))].flatMap((
      one,
    ) => [getComputedStyle(one), getComputedStyle(one, "::after")]);
    // Its own number: what is drawn meanwhile does not change it.
    const count = Number(Reflect.get(globalThis, "stops") ?? 0) + 1;
    if (!Reflect.has(at, "stop")) {
      Reflect.set(at, "stop", count);
      Reflect.set(globalThis, "stops", count);
    }
    return {
      place: String(Reflect.get(at, "stop")),
      name: String(name).trim(),
      seen: width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight &&
        left < innerWidth,
      marked: marks.some(({ outlineStyle, outlineWidth, boxShadow }) =>
        outlineStyle !== "none" && outlineWidth !== "0px" || boxShadow !== "none"
      ),
    };
  });
}

/** Presses Tab until the focus comes back to where it was, or leaves; the stops in order. */
async function walk(page: Page, most = 400): Promise<Stop[]> {
  const stops: Stop[] = [];
  const places = new Set<string>();
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    // A field for a date has a stop for each part of it.
    if (stop && stop.place === stops.at(-1)?.place) continue;
    if (!stop || places.has(stop.place)) return stops;
    places.add(stop.place);
    stops.push(stop);
  }
  throw new Error(`Cannot walk the page: ${most} stops`);
}

/** How many elements the Tab key should reach: those that can be pressed, once for a group. */
function reachable(page: Page): Promise<number> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(
      "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), summary",
    )].filter((one) =>
      one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) &&
      !one.closest("fieldset[disabled]")
    ).length
  );
}

function check(stops: readonly Stop[], what: string): void {
  for (const { name, seen, marked } of stops) {
    assert.ok(seen, `${what}: "${name}" is not in sight when it has the focus`);
    assert.ok(marked, `${what}: "${name}" does not show the focus`);
    assert.notEqual(name, "", `${what}: a stop has no name`);
  }
}

for (const [name, look] of [["wide", {}], ["phone", { viewport: PHONE.viewport }]] as const) {
  dashboardTest(`app.js: every page is walked with the Tab key, ${name}`, async ({ url, open }) => {
    const { page, faults } = await open("about:blank", { reducedMotion: "reduce", ...look });
    for (const search of PAGES) {
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await settled(page);
      const stops = await walk(page);
      const least = await reachable(page);
      check(stops, search);
      assert.ok(stops.length >= least, `${search}: ${stops.length} stops of ${least}`);
    }
    assert.deepEqual(faults, []);
  });
}

dashboardTest("app.js: dialogs keep the focus, and give it back", async ({ url, open }) => {
  const { page, faults } = await open("about:blank", { reducedMotion: "reduce" });
  for (const [search, keys] of DIALOGS) {
    await page.goto(`${url}/?site=${SITE}&${search}`);
    await settled(page);
    for (const key of keys) await page.keyboard.press(key);
    await page.locator("dialog[open] :focus, dialog[open]:focus").waitFor();
    await settled(page);
    const what = `dialog of ${search} ${keys}`;
    const inside = () => page.evaluate(() => Boolean(document.activeElement?.closest("dialog")));
    const stops = await walk(page);
    check(stops, what);
    for (let presses = 0; presses < stops.length + 2; presses++) {
      await page.keyboard.press("Tab");
      const left = await page.evaluate(() => document.activeElement === document.body);
      assert.ok(left || await inside(), `${what} lets the focus out`);
    }
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  }
  // What opened a dialog has the focus again.
  await page.goto(`${url}/?site=${SITE}`);
  await settled(page);
  await page.locator("button:has-text('Arrange panels')").focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog .arrange").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.match(
    await page.evaluate(() => document.activeElement?.textContent ?? ""),
    /Arrange panels/,
  );
  assert.deepEqual(faults, []);
});

/** Boxes below a button: what opens them, by a key or by the button, and what is in them. */
const SHEETS = [
  { button: ".site-button", key: "0", inside: "[role=listbox]" },
  { button: ".period-button", key: "c", inside: ".calendar" },
  { button: "[aria-label=Menu]", key: null, inside: ".language" },
] as const;

dashboardTest("app.js: boxes below buttons are walked, and Escape gives the focus back", async ({
  url,
  open,
}) => {
  const { page, faults } = await open(`${url}/?site=${SITE}`, { reducedMotion: "reduce" });
  await settled(page);
  for (const { button, key, inside } of SHEETS) {
    for (const by of ["Enter", ...(key === null ? [] : [key])]) {
      if (by === "Enter") await page.locator(button).press("Enter");
      else await page.keyboard.press(by);
      await page.locator(`.sheet ${inside}`).waitFor();
      const first = await focused(page);
      const isInside = () =>
        page.evaluate(() => document.activeElement?.closest(".sheet") !== null);
      assert.ok(first?.seen && await isInside(), `${button} by ${by}: focus is elsewhere`);
      await page.keyboard.press("Tab");
      const next = await focused(page);
      assert.ok(next && await isInside(), `${button} by ${by} has one stop`);
      check([first, next], `${button} by ${by}`);
      await page.keyboard.press("Escape");
      await page.locator(".sheet").waitFor({ state: "detached" });
      assert.ok(
        await page.locator(button).evaluate((one) => one === document.activeElement),
        `${button} by ${by}: the focus is lost`,
      );
    }
  }
  assert.deepEqual(faults, []);
});

dashboardTest("app.js: the page of filters that are refused is walked", async ({ url, open }) => {
  const { page } = await open(`${url}/?site=${SITE}&filters=matches(page,%5C()`, {
    reducedMotion: "reduce",
  });
  await page.locator("[role=alert] .fault-line").waitFor();
  const stops = await walk(page);
  check(stops, "refused");
  assert.ok(stops.length >= await reachable(page));
  await page.locator("[role=alert] button").press("Enter");
  await page.locator(".overview").waitFor();
});

dashboardTest("app.js: the page before the first event is walked, and its dialog", async ({
  url,
  open,
}) => {
  const { page, faults } = await open(`${url}/?site=keys.example`, { reducedMotion: "reduce" });
  await page.locator(".ticks li").nth(2).waitFor();
  const stops = await walk(page);
  check(stops, "start");
  assert.ok(stops.length >= await reachable(page));
  const set = page.locator("button:has-text('Set a password')");
  await set.press("Enter");
  await page.locator("dialog input[type=password]").first().waitFor();
  check(await walk(page), "setting a password");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.ok(await set.evaluate((one) => one === document.activeElement), "the focus is lost");
  assert.deepEqual(faults, []);
});

dashboardTest("app.js: print and phones say the days and what they are compared with", async ({
  url,
  open,
}) => {
  const { page } = await open(`${url}/?site=${SITE}&period=7d`);
  await settled(page);
  const days = page.locator(".shown-days");
  assert.equal(await days.isVisible(), false);
  await page.emulateMedia({ media: "print" });
  assert.match(await days.innerText(), /\d+( \w+)? – \d+ \w+ \d{4}/);
  assert.match(await page.innerText(".compared-with"), /compared with/i);
  const unseen = async (all: readonly string[]) => {
    for (const hidden of all) {
      await page.locator(hidden).first().waitFor({ state: "attached" });
      assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
    }
  };
  await unseen([".views", ".foot", "text=Arrange panels", ".chart-tools", ".tab.select"]);
  await page.goto(`${url}/?site=${SITE}&view=behaviour&steps=page:/,event:signup`);
  await settled(page);
  await unseen([".step-tools", ".went-to", ".step-name .field.small"]);
  const tokens = await page.$$eval(
    ".token",
    (all) => all.map((one) => [one.scrollWidth, one.clientWidth]),
  );
  assert.equal(tokens.length, 2);
  for (const [needed = 0, width = 0] of tokens) assert.ok(needed <= width, tokens.join());
  await page.goto(`${url}/?site=${SITE}&period=7d`);
  await settled(page);
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize(PHONE.viewport);
  assert.equal(await days.isVisible(), true);
  assert.equal(await page.locator(".compared-with").isVisible(), true);
});

dashboardTest(
  "app.js: keys keep their place where a button goes off, or a form closes",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${OTHER_SITE}&period=7d`);
    const focused = () =>
      page.evaluate(() => {
        const { ariaLabel, textContent, className } = document.activeElement ?? document.body;
        return ariaLabel || `${textContent?.trim()}` || className;
      });
    await settled(page);
    await page.locator("text=Arrange panels").press("Enter");
    const up = page.locator("dialog [aria-label='Move Sources up']");
    await up.press("Enter");
    assert.equal(await focused(), "Move Sources down");
    await page.keyboard.press("Enter");
    await page.locator("dialog li:nth-child(2):has-text('Sources')").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await focused(), "Arrange panels");
    const chart = page.locator(".chart");
    await chart.press("ArrowLeft");
    await chart.press("Enter");
    await page.locator(".chart-note input").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await chart.evaluate((one) => one === document.activeElement), true);
    await page.goto(`${url}/?site=${OTHER_SITE}&view=sites`);
    const pin = page.locator(`[aria-label='Pin ${OTHER_SITE}']`);
    await pin.press("Enter");
    await page.locator(".site-pin[aria-pressed=true]").waitFor();
    assert.equal(await focused(), `Pin ${OTHER_SITE}`);
    await page.keyboard.press("Enter");
    await page.goto(`${url}/?site=${OTHER_SITE}&view=settings`);
    const name = page.locator(".settings-fields input").first();
    for (const button of ["Discard", "Save"]) {
      await name.fill(`Name ${button}`);
      await page.locator(`.save-bar button:has-text('${button}')`).press("Enter");
      await page.locator(".save-bar").waitFor({ state: "detached" });
      assert.equal(await focused(), "Save");
    }
    await name.fill("");
    await page.locator(".save-bar .primary").press("Enter");
    await page.locator(".save-bar").waitFor({ state: "detached" });
    assert.deepEqual(faults, []);
  },
);
