// Pictures of every page of the dashboard, in light, dark and on a phone, for people to look at:
// a server of its own is filled with lifelike traffic. They lie in screenshots/, which git ignores.
import { ROOT } from "./lib.ts";
import { seed } from "./traffic/seed.ts";
import { fromSource, ServerProcess } from "./server_process.ts";
import { siteProfiles } from "../src/cli/seed/traffic.ts";
import {
  type Browser,
  findChromium,
  openBrowser,
  type Page,
} from "../tests/support/browser/browser.ts";

const HELP = `Usage: deno task shots [options]

  --url URL        a running server instead of one filled for this
  --site SITE      the site to show there
  --lang TAG       language of the browser (en-GB)
  --only WORD      only pages whose name contains this
  --readme         the few pictures of README.md instead, into docs/`;

/** Every page by the name of its picture: what follows ? in the URL. */
const PAGES: Readonly<Record<string, string>> = {
  overview: "",
  compared: "compare=previous_period&filters=is(source,Google);is_not(device,tablet)",
  today: "period=day&metric=pageviews",
  map: "tabs=map,entry_page&period=91d",
  details: "details=page",
  funnel: "view=behaviour&steps=page:/,page:/pricing,event:signup",
  retention: "view=behaviour&report=retention",
  flow: "view=behaviour&report=flow",
  sequence: "view=behaviour&report=sequence&sequence=page:/pricing,within 1 hour,event:signup",
  realtime: "view=realtime",
  sites: "view=sites",
  settings: "view=settings",
  goals: "view=settings&section=section_goals",
  keys: "view=settings&section=section_keys",
  data: "view=settings&section=section_data",
  start: "site=new.example",
};

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };
const DESKTOP = { viewport: { width: 1280, height: 900 } };

/** How each picture is taken. */
const LOOKS = {
  light: { ...DESKTOP, colorScheme: "light" },
  dark: { ...DESKTOP, colorScheme: "dark" },
  phone: { ...PHONE, colorScheme: "light" },
} as const;

const PICTURE = { viewport: { width: 1240, height: 960 } };
const SHOP = "site=feathershop.example";

/** The pictures of README.md by their files. */
const README = {
  screenshot: { look: { ...PICTURE, colorScheme: "light" }, search: SHOP },
  behaviour: {
    look: { viewport: { width: 1240, height: 1056 }, colorScheme: "light" },
    search: `${SHOP}&view=behaviour&steps=page:/,page:/cart,page:/checkout,event:purchase`,
  },
  dark: {
    look: { ...PICTURE, colorScheme: "dark" },
    search: `${SHOP}&compare=previous_period&tabs=map`,
  },
  why: { look: { ...PICTURE, colorScheme: "light" }, search: `${SHOP}&why=visitors` },
  phone: { look: { ...PHONE, deviceScaleFactor: 1, colorScheme: "light" }, search: SHOP },
} as const;

/** Time after the last answer for what is drawn of it. */
const SETTLE_MS = 400;
/** Patience with a busy machine. */
const PATIENCE_MS = 120_000;

interface Options {
  readonly url: string | null;
  readonly site: string;
  readonly lang: string;
  readonly only: string;
  readonly readme: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const value = (name: string, byDefault: string): string => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? byDefault : args[at + 1] ?? byDefault;
  };
  const url = value("url", "");
  return {
    url: url === "" ? null : url.replace(/\/$/, ""),
    site: value("site", siteProfiles(1)[0]?.domain ?? ""),
    lang: value("lang", "en-GB"),
    only: value("only", ""),
    readme: args.includes("--readme"),
  };
}

/** Calls back with the address of a server full of traffic. */
async function withServer(options: Options, work: (url: string) => Promise<void>): Promise<void> {
  if (options.url) return await work(options.url);
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-shots-" });
  const server = ServerProcess.start(fromSource(), { dataDir });
  try {
    const { url } = await server.ready();
    const traffic = { seed: 1, untilMs: Date.now(), days: 70, sites: 3, visitorsPerDay: 400 };
    await seed({ url, key: null }, traffic);
    await work(url);
  } finally {
    await server.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** Opens an address and waits until it stands still. */
async function settle(page: Page, address: string): Promise<void> {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(address);
  // A dialog is loaded after the page below it.
  for (let times = 0; times < 2; times++) {
    await page.waitForFunction(() =>
      document.querySelector("main > *") !== null &&
      !document.querySelector(
        "[aria-busy=true], .stale, .to-come, .to-come-chart, .to-come-text",
      ) &&
      // Icons come after the page.
      !document.querySelector("span.mark:not(.code)")
    );
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}

async function takeAll(browser: Browser, url: string, options: Options): Promise<number> {
  let count = 0;
  for (const [look, settings] of Object.entries(LOOKS)) {
    const context = await browser.newContext({ ...settings, locale: options.lang });
    for (const [name, search] of Object.entries(PAGES)) {
      if (!name.includes(options.only)) continue;
      const page = await context.newPage();
      const query = search.startsWith("site=") ? search : `site=${options.site}&${search}`;
      await settle(page, `${url}/?${query}`);
      const fullPage = name !== "details";
      await page.screenshot({ path: `${ROOT}screenshots/${name}-${look}.png`, fullPage });
      await page.close();
      count++;
    }
    await context.close();
  }
  return count;
}

async function takeReadme(browser: Browser, url: string, options: Options): Promise<number> {
  for (const [name, { look, search }] of Object.entries(README)) {
    const context = await browser.newContext({ ...look, locale: options.lang });
    const page = await context.newPage();
    await settle(page, `${url}/?${search}`);
    await page.screenshot({ path: `${ROOT}docs/${name}.png` });
    await context.close();
  }
  return Object.keys(README).length;
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
    Deno.exit(0);
  }
  const options = optionsOf(Deno.args);
  await Deno.mkdir(`${ROOT}screenshots`, { recursive: true });
  const browser = await openBrowser(findChromium() ?? "/usr/bin/chromium");
  try {
    await withServer(options, async (url) => {
      if (options.readme) {
        console.log(`${await takeReadme(browser, url, options)} pictures in docs/`);
      } else console.log(`${await takeAll(browser, url, options)} pictures in screenshots/`);
    });
  } finally {
    await browser.close();
  }
}
