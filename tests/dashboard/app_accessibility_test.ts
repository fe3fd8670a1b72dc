// Every page, panel and dialog breaks no rule of accessibility and is not too wide: light, dark,
// on a phone and at the least width.
import assert from "node:assert/strict";
import { faultsFound, type Rules } from "../support/browser/accessibility.ts";
import type { Page } from "../support/browser/browser.ts";
import {
  dashboardTest,
  openIn,
  OTHER_SITE,
  PHONE,
  settled,
  SITE,
  withServer,
} from "../support/browser/dashboard.ts";

/** A place, what is done there before it is looked at, and what then must be seen. */
interface Place {
  readonly search: string;
  readonly act?: (page: Page) => Promise<unknown>;
  /** What is judged by itself, because it covers a part of the page. */
  readonly within?: string;
}

const press = (key: string, seen: string) => async (page: Page) => {
  await page.keyboard.press(key);
  await page.locator(seen).waitFor();
};
const click = (what: string, seen: string) => async (page: Page) => {
  await page.locator(what).first().click();
  await page.locator(seen).first().waitFor();
};

const PLACES: Readonly<Record<string, Place>> = {
  overview: { search: "" },
  compared: { search: "compare=previous_period&filters=is(source,Google)&tabs=map" },
  "chart as a table": { search: "", act: click("text=Show as table", ".chart tbody") },
  period: { search: "", act: press("c", ".calendar"), within: ".sheet" },
  "site picker": { search: "", act: press("0", "[role=listbox]"), within: ".sheet" },
  menu: { search: "", act: click("[aria-label=Menu]", ".language"), within: ".sheet" },
  keyboard: { search: "", act: press("?", "dialog .keys") },
  filter: { search: "", act: press("/", "dialog .condition") },
  "half-made filter": {
    search: "",
    act: async (page) => {
      await press("/", "dialog .condition")(page);
      await page.selectOption("dialog select[aria-label=Condition]", "is_not");
      await press("Escape", "[role=alertdialog]")(page);
    },
  },
  suggestions: {
    search: "",
    act: async (page) => {
      await press("/", "dialog .condition")(page);
      await click("dialog .tokens input", "dialog [role=option]")(page);
    },
  },
  segment: {
    search: "filters=is(source,Google)",
    act: click("text=Save as segment", "dialog input"),
  },
  details: {
    search: "details=page",
    act: (page) => page.locator("dialog tbody tr").first().waitFor(),
  },
  "goal chosen": {
    search: "tabs=goal&filters=is(goal,x)",
    act: (page) => page.locator(".stats .stat-value:not(.to-come-text)").first().waitFor(),
  },
  "a page": {
    search: "filters=is(page,/)",
    act: (page) => page.locator(".stats .stat-value:not(.to-come-text)").first().waitFor(),
  },
  visits: {
    search: "view=behaviour&report=visits",
    act: (page) => page.locator(".report-body :is(.blank, .visits)").first().waitFor(),
  },
  arrange: { search: "", act: click("text=Arrange panels", "dialog .arrange") },
  why: {
    search: "why=bounce_rate",
    act: (page) => page.locator("dialog .why-verdict").waitFor(),
  },
  about: {
    search: "",
    act: async (page) => {
      await click("[aria-label=Menu]", ".language")(page);
      await click(".choice:has-text('About')", "dialog .facts")(page);
    },
  },
  setup: {
    search: "",
    act: async (page) => {
      await click("[aria-label=Menu]", ".language")(page);
      await click("text=Set a password", "dialog input[type=password]")(page);
    },
  },
  funnel: { search: "view=behaviour&steps=page:/,page:/pricing,event:signup" },
  "funnel with revenue": { search: "view=behaviour&steps=page:/,page:/cart,event:purchase" },
  retention: { search: "view=behaviour&report=retention&first=page:/pricing" },
  flow: { search: "view=behaviour&report=flow", act: toggle("Show as chart", ".sankey") },
  "flow as a table": {
    search: "view=behaviour&report=flow",
    act: toggle("Show as table", ".flow-table"),
  },
  sequence: {
    search: "view=behaviour&report=sequence&sequence=page:/,within 1 hour,page:/pricing",
  },
  sql: {
    search: "view=sql&query=select event_name, count(*) from events group by all",
    act: async (page) => {
      await click("summary", ".snippet-options table")(page);
      await click("button:text-is('Run')", ".settings-body tbody td")(page);
    },
  },
  realtime: { search: "view=realtime" },
  sites: { search: "view=sites" },
  settings: { search: "view=settings" },
  goals: {
    search: "view=settings&section=section_goals",
    act: click(".items .icon-edit", ".edited"),
  },
  keys: { search: "view=settings&section=section_keys" },
  danger: { search: "view=settings&section=section_danger" },
  data: { search: "view=settings&section=section_data" },
  health: {
    search: "view=settings&section=section_about",
    act: (page) => page.locator(".doctor tbody tr").first().waitFor(),
  },
  snippet: {
    search: "view=settings&section=section_snippet",
    act: click("summary", ".snippet-options input"),
  },
  start: { search: "site=unknown.example" },
};

/** Presses a button where it is; where not, what it leads to is there. */
function toggle(button: string, seen: string) {
  return async (page: Page) => {
    await page.locator(`text=${button}`).or(page.locator(seen)).first().waitFor();
    if (await page.locator(`text=${button}`).count() > 0) await page.click(`text=${button}`);
    await page.locator(seen).waitFor();
  };
}

/** How a page is looked at, and which rules are checked then. */
interface Look {
  readonly rules: Rules;
  readonly colorScheme: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
}

const WINDOW = { width: 1280, height: 720 };

/** Looks that a page goes through without being loaded again. */
const LOOKS = {
  light: { rules: "all", colorScheme: "light" },
  // Other colours and another width break other rules than those already looked at.
  dark: { rules: "colour", colorScheme: "dark" },
  narrow: { rules: "size", colorScheme: "light", viewport: { width: 320, height: 640 } },
} as const satisfies Readonly<Record<string, Look>>;

/** Opens a place and does there what is to be done before it is looked at. */
async function goTo(page: Page, url: string, { search, act }: Place): Promise<void> {
  const site = search.includes("site=") ? "" : `site=${SITE}&`;
  await page.goto(`${url}/?${site}${search}`);
  await settled(page);
  await act?.(page);
  await settled(page);
}

/** The page breaks none of the rules, and nothing of it lies beside the window. */
async function checkPage(
  page: Page,
  what: string,
  { rules, within }: { readonly rules: Rules; readonly within?: string | undefined },
): Promise<void> {
  assert.deepEqual(await faultsFound(page, rules, within), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${what} is ${wide} pixels too wide`);
}

async function dress(page: Page, { colorScheme, viewport = WINDOW }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  await page.waitForFunction((width) => innerWidth === width, viewport.width);
}

/** Shows the page in a theme, and waits until what depends on its size is redrawn. */
async function show(page: Page, look: Look): Promise<void> {
  await dress(page, look);
  // Observers of sizes run in the first frame, what they draw is laid out in the second.
  await page.evaluate(() =>
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  );
  await settled(page);
}

dashboardTest(
  "app.js: no page breaks a rule of accessibility or is too wide: light, dark and narrow",
  async ({ url, open }) => {
    await keepGoal(url);
    const { page } = await open("about:blank", { reducedMotion: "reduce" });
    for (const [name, place] of Object.entries(PLACES)) {
      await dress(page, LOOKS.light);
      await goTo(page, url, place);
      for (const [lookName, look] of Object.entries(LOOKS)) {
        await show(page, look);
        await checkPage(page, `${name}, ${lookName}`, { ...place, ...look });
      }
    }
  },
);

dashboardTest(
  "app.js: no page breaks a rule of accessibility or is too wide: phone",
  async ({ url, open }) => {
    await keepGoal(url);
    const { page } = await open("about:blank", { reducedMotion: "reduce", ...PHONE });
    for (const [name, place] of Object.entries(PLACES)) {
      await goTo(page, url, place);
      await checkPage(page, `${name}, phone`, { ...place, rules: "all but colour" });
    }
  },
);

dashboardTest(
  "app.js: no page is too wide at the least width, in German and French",
  async ({ url, open }) => {
    // What is pressed in the others is named in English.
    const places = Object.entries(PLACES).filter(([, { act }]) => !act);
    for (const locale of ["de-DE", "fr-FR"]) {
      const { viewport } = LOOKS.narrow;
      const { page } = await open("about:blank", { reducedMotion: "reduce", locale, viewport });
      for (const [name, place] of places) {
        await goTo(page, url, place);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} in ${locale} is ${wide} pixels too wide`);
      }
    }
  },
);

/** One goal to be edited. */
async function keepGoal(url: string): Promise<void> {
  const init = { method: "POST", body: JSON.stringify({ name: "Signed up", event: "signup" }) };
  const answer = await fetch(`${url}/api/sites/${SITE}/goals`, init);
  await answer.body?.cancel();
}

dashboardTest(
  "app.js: the login breaks no rule of accessibility either",
  ({ context }) =>
    withServer(0, async ({ url }) => {
      const body = JSON.stringify({ password: "quack quack" });
      const made = await fetch(`${url}/api/auth/setup`, { method: "POST", body });
      assert.equal(made.status, 200, await made.text());
      const looks = [...Object.values(LOOKS), { rules: "all but colour", ...PHONE } as const];
      for (const { rules, ...look } of looks) {
        const { page } = await openIn(await context(look), `${url}/?site=${OTHER_SITE}`);
        await page.fill("input[type=password]", "not this one");
        await page.keyboard.press("Enter");
        await page.locator("text=Wrong password.").waitFor();
        assert.deepEqual(await faultsFound(page, rules), [], JSON.stringify(look));
      }
    }),
);
