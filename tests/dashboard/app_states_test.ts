// Every state of every page and panel: loading, nothing, a fault, no server, no login; drawn
// without a jump, and without breaking a rule of accessibility, light, dark and on a phone.
import assert from "node:assert/strict";
import axe from "axe-core";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import type { BrowserContext, Page } from "../support/browser/browser.ts";
import {
  dashboardTest,
  openIn,
  OTHER_SITE,
  PHONE,
  sameNumbers,
  settled,
  SITE,
  withServer,
} from "../support/browser/dashboard.ts";

/** Places that ask reports, with how many panels each of them draws from one. */
const REPORT_PAGES = {
  "": 10,
  "tabs=map": 10,
  "view=behaviour&steps=page:/,page:/pricing": 1,
  "view=behaviour&report=retention": 1,
  "view=behaviour&report=flow": 1,
  "view=behaviour&report=sequence&sequence=page:/,page:/pricing": 1,
};

const NOTHING = "filters=is(page,/never)";
const STATS = /\/api\/stats\//;

/** Sums up how much has moved in each page of a context. */
async function watchShifts(context: BrowserContext): Promise<(page: Page) => Promise<number>> {
  await context.addInitScript(() => {
    Reflect.set(globalThis, "moved", 0);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const value = Number(Reflect.get(entry, "value"));
        Reflect.set(globalThis, "moved", Number(Reflect.get(globalThis, "moved")) + value);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return (page) => page.evaluate(() => Number(Reflect.get(globalThis, "moved")));
}

dashboardTest(
  "app.js: nothing moves while it loads, and nothing comes from elsewhere",
  async ({ url, context }) => {
    for (const look of [{}, PHONE]) {
      const opened = await context(look);
      const movedIn = await watchShifts(opened);
      const foreign: string[] = [];
      opened.on("request", (request) => {
        const address = request.url();
        if (!address.startsWith(url) && !address.startsWith("blob:")) foreign.push(address);
      });
      // Answers come one by one, in an order of their own, as over a slow line.
      let count = 0;
      await opened.route(/\/api\//, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 10 + (count++ * 37) % 90));
        await route.continue().catch(() => {});
      });
      for (
        const search of ["", "period=day&compare=previous_period", ...Object.keys(REPORT_PAGES)]
      ) {
        const { page, faults } = await openIn(opened, `${url}/?site=${SITE}&${search}`);
        await settled(page);
        const moved = await movedIn(page);
        assert.ok(moved < 0.001, `layout shift of ${moved} at ${search} ${JSON.stringify(look)}`);
        assert.deepEqual(faults, []);
        await page.close();
      }
      assert.deepEqual(foreign, []);
    }
  },
);

dashboardTest(
  "app.js: each panel keeps its place while it waits for an answer",
  async ({ url, context }) => {
    const opened = await context({ reducedMotion: "reduce" });
    const heights = (page: Page) =>
      page.$$eval(".panel", (all) => all.map((one) => Math.round(one.clientHeight)));
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      const { page } = await openIn(opened, "about:blank");
      const held = Promise.withResolvers<void>();
      await page.route(STATS, async (route) => {
        await held.promise;
        await route.continue().catch(() => {});
      });
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.locator("main > *").first().waitFor();
      const skeletons = page.locator(".panel:has(.to-come, .to-come-text, .to-come-chart)");
      const busy = page.locator("[aria-busy=true]");
      // The numbers and the chart stand in one panel; the hours and days have their own grid. The
      // map comes as a module of its own.
      const least = Math.max(panels - 2, 1);
      await skeletons.nth(least - 1).waitFor({ state: "attached" });
      assert.ok(await busy.count() > 0);
      assert.deepEqual(await faultsFound(page), [], `loading ${search}`);
      const before = await heights(page);
      held.resolve();
      await settled(page);
      // Reports grow downwards with what they found; the overview is as high as it was.
      if (!search.includes("behaviour")) assert.deepEqual(await heights(page), before, search);
      await page.close();
    }
  },
);

dashboardTest(
  "app.js: a panel without rows says so, and what might help",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&${NOTHING}`);
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      await page.goto(`${url}/?site=${SITE}&${NOTHING}&${search}`);
      await settled(page);
      // The numbers and the chart are zeros.
      const expected = panels === 1 ? 1 : panels - 2;
      const hints = await page.locator(".blank .muted").allInnerTexts();
      assert.equal(hints.length, expected, search);
      for (const hint of hints) assert.match(hint, /filter/, search);
      assert.deepEqual(await faultsFound(page), [], `empty ${search}`);
    }
    await page.goto(`${url}/?site=${SITE}&details=page`);
    await page.fill("dialog input[type=search]", "no page is called so");
    await page.locator("dialog .blank").waitFor();
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: each panel tells its own fault and can be asked again",
  async ({ url, context }) => {
    const opened = await context();
    let broken = true;
    await opened.route(
      STATS,
      (route) =>
        broken
          ? route.fulfill({ status: 503, body: '{"error":"Cannot answer: busy"}' })
          : route.fallback(),
    );
    const { page } = await openIn(opened, "about:blank");
    for (const [search, panels] of Object.entries(REPORT_PAGES)) {
      broken = true;
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await page.waitForFunction(
        (wanted) => document.querySelectorAll(".fault").length === wanted,
        panels,
      );
      assert.deepEqual(await faultsFound(page), [], `fault ${search}`);
      broken = false;
      for (let left = panels; left > 0; left--) {
        await page.locator(".fault button").first().click();
        await page.waitForFunction(
          (wanted) => document.querySelectorAll(".fault").length < wanted,
          left,
        );
      }
      await settled(page);
    }
    await sitesAndRealtime(page, url, (is) => broken = is);
  },
);

/** Faults where an answer is not drawn as a panel. */
async function sitesAndRealtime(page: Page, url: string, breakIt: (is: boolean) => void) {
  breakIt(true);
  await page.goto(`${url}/?site=${SITE}&view=sites`);
  await page.locator(".site-card-fault button").first().waitFor();
  assert.deepEqual(await faultsFound(page), [], "fault of sites");
  breakIt(false);
  for (const retry of await page.locator(".site-card-fault button").all()) {
    await retry.click({ noWaitAfter: true });
    break;
  }
  await page.locator(".site-card-numbers b:text-matches('[0-9]')").first().waitFor();
  breakIt(true);
  await page.goto(`${url}/?site=${SITE}&view=realtime`);
  await page.locator("text=The stream was interrupted").waitFor();
  assert.deepEqual(await faultsFound(page), [], "fault of realtime");
  breakIt(false);
  await page.goto(`${url}/?site=${SITE}&view=realtime`);
  await page.locator(".live [data-live]").first().waitFor();
}

dashboardTest(
  "app.js: what an owner keeps can be asked for again, too",
  async ({ url, context }) => {
    const opened = await context();
    let broken = true;
    await opened.route(
      /\/api\/(sites\/|keys)/,
      (route) => broken ? route.fulfill({ status: 500, body: "{}" }) : route.fallback(),
    );
    const { page } = await openIn(opened, "about:blank");
    for (const section of ["site", "goals", "keys"]) {
      broken = true;
      await page.goto(`${url}/?site=${SITE}&view=settings&section=section_${section}`);
      await page.locator(".fault button").first().waitFor();
      assert.deepEqual(await faultsFound(page), [], `fault of ${section}`);
      broken = false;
      for (let left = await page.locator(".fault").count(); left > 0; left--) {
        await page.locator(".fault button").first().click();
        await page.waitForFunction(
          (wanted) => document.querySelectorAll(".fault").length < wanted,
          left,
        );
      }
    }
  },
);

dashboardTest(
  "app.js: a server that is gone is told of, and the page goes on when it is back",
  ({ open }) =>
    withServer(3, async (server, dataDir) => {
      const { url } = server;
      const { page } = await open(`${url}/?site=${SITE}`);
      await sameNumbers(page, url, `site_id=${SITE}`);
      await page.context().setOffline(true);
      await page.locator(".banner").waitFor();
      assert.deepEqual(await faultsFound(page), [], "offline");
      await page.context().setOffline(false);
      await page.locator(".banner").waitFor({ state: "detached" });

      await server.stop();
      await page.keyboard.press("w");
      await page.waitForFunction(() => document.querySelectorAll(".fault").length === 10);
      assert.match(await page.innerText(".breakdown .fault"), /can't be reached/);
      const env = { MALLARD_PORT: new URL(url).port };
      const again = ServerProcess.start(fromSource(), { dataDir, env });
      try {
        while (!again.hasEnded && !(await fetch(`${url}/health/ready`).catch(() => null))?.ok);
        for (let left = 10; left > 0; left--) {
          await page.locator(".fault button").first().click();
          await page.waitForFunction(
            (wanted) => document.querySelectorAll(".fault").length < wanted,
            left,
          );
        }
        await sameNumbers(page, url, `site_id=${SITE}&period=7d`);
        // Without a server there is no page: the browser says so itself. Without its API there is.
        await page.route(/\/api\//, (route) => route.abort());
        await page.reload();
        await page.locator("text=The dashboard could not be loaded").waitFor();
        assert.deepEqual(await faultsFound(page), [], "no API");
        await page.unroute(/\/api\//);
        await page.click(".fault button");
        await sameNumbers(page, url, `site_id=${SITE}&period=7d`);
      } finally {
        await again.stop();
      }
    }),
);

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
      await click("text=Protect this dashboard", "dialog input[type=password]")(page);
    },
  },
  funnel: { search: "view=behaviour&steps=page:/,page:/pricing,event:signup" },
  retention: { search: "view=behaviour&report=retention&first=page:/pricing" },
  flow: { search: "view=behaviour&report=flow", act: toggle("Show as chart", ".sankey") },
  "flow as a table": {
    search: "view=behaviour&report=flow",
    act: toggle("Show as table", ".flow-table"),
  },
  sequence: {
    search: "view=behaviour&report=sequence&sequence=page:/,within 1 hour,page:/pricing",
  },
  realtime: { search: "view=realtime" },
  sites: { search: "view=sites" },
  settings: { search: "view=settings" },
  goals: {
    search: "view=settings&section=section_goals",
    act: click(".items .icon-edit", ".edited"),
  },
  keys: { search: "view=settings&section=section_keys" },
  data: { search: "view=settings&section=section_data" },
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

const LOOKS = {
  light: { look: { colorScheme: "light" }, rules: "all" },
  // Other colours and another width break other rules than those already looked at.
  dark: { look: { colorScheme: "dark" }, rules: "colour" },
  phone: { look: PHONE, rules: "all but colour" },
  narrow: { look: { viewport: { width: 320, height: 640 } }, rules: "size" },
} as const;

type Rules = (typeof LOOKS)[keyof typeof LOOKS]["rules"];

/** The rules of accessibility that a page breaks, each with the first place. */
async function faultsFound(
  page: Page,
  rules: Rules = "all",
  within = "html",
): Promise<string[]> {
  // The policy of the page lets no script in: the checker comes through the debugger.
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.evaluate(axe.source);
  const found = await page.evaluate(async ([rules, within]) => {
    const checker = Reflect.get(globalThis, "axe") as typeof axe;
    const colour = "color-contrast";
    const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const only = { colour: [colour], size: ["target-size", "scrollable-region-focusable"] };
    const { violations } = await checker.run(within === "html" ? document : within, {
      runOnly: rules === "colour" || rules === "size" ? only[rules] : all,
      rules: rules === "all but colour" ? { [colour]: { enabled: false } } : {},
      resultTypes: ["violations"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`);
  }, [rules, within] as const);
  await session.detach();
  return found;
}

for (const [name, { look, rules }] of Object.entries(LOOKS)) {
  dashboardTest(
    `app.js: no page breaks a rule of accessibility or is too wide: ${name}`,
    async ({ url, open }) => {
      await keepGoal(url);
      const { page } = await open("about:blank", { reducedMotion: "reduce", ...look });
      for (const [place, { search, act, within }] of Object.entries(PLACES)) {
        const site = search.includes("site=") ? "" : `site=${SITE}&`;
        await page.goto(`${url}/?${site}${search}`);
        await settled(page);
        await act?.(page);
        await settled(page);
        assert.deepEqual(await faultsFound(page, rules, within), [], `${place}, ${name}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${place} is ${wide} pixels too wide, ${name}`);
      }
    },
  );
}

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
      for (const { look, rules } of Object.values(LOOKS)) {
        const { page } = await openIn(await context(look), `${url}/?site=${OTHER_SITE}`);
        await page.fill("input[type=password]", "not this one");
        await page.keyboard.press("Enter");
        await page.locator("text=That password is not right.").waitFor();
        assert.deepEqual(await faultsFound(page, rules), [], JSON.stringify(look));
      }
    }),
);
