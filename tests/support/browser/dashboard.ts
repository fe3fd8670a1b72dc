// The dashboard for browser tests: one server filled with readers and one browser serve all tests
// of a file, each test in a context of its own. Tests that change more than a site of their own
// start another server.
import assert from "node:assert/strict";
import { seed } from "../../../scripts/traffic/seed.ts";
import { fromSource, ServerProcess } from "../../../scripts/server_process.ts";
import { siteProfiles } from "../../../src/cli/seed/traffic.ts";
import { DAY_MS } from "../../../src/core/durations.ts";
import { copyTree } from "../storage/storage.ts";
import {
  type Browser,
  type BrowserContext,
  findChromium,
  openBrowser,
  type Page,
  USER_AGENT,
} from "./browser.ts";

/** Days that the shared server has of its sites. */
const DAYS = 70;

/** Sites of the shared server. */
export const [SITE = "", OTHER_SITE = ""] = siteProfiles(2).map(({ domain }) => domain);

/** How a phone shows pages. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Patience with a slow machine: nothing waits for this where all is well. */
const WAIT_MS_MAX = 90_000;

/** Looking in every frame costs more than most of what is waited for. */
const POLL_MS = 50;

type Look = Parameters<Browser["newContext"]>[0];

/** What a test is given. */
export interface Stage {
  /** Of the shared server, without a slash at its end. */
  readonly url: string;
  /** A fresh context, closed after the test. */
  context(look?: Look): Promise<BrowserContext>;
  /** Opens an address in a fresh context; `faults` gathers what goes wrong in the page. */
  open(address: string, look?: Look): Promise<{ page: Page; faults: string[] }>;
}

interface Shared {
  readonly browser: Browser;
  readonly server: ServerProcess;
  readonly dataDir: string;
}

let shared: Promise<Shared> | null = null;

async function share(chromium: string): Promise<Shared> {
  const browser = await openBrowser(chromium);
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-dashboard-" });
  const untilMs = Date.now();
  const fromMs = await bringKnownDays(dataDir, untilMs);
  const server = ServerProcess.start(fromSource(), { dataDir });
  const { url } = await server.ready();
  await fill(url, DAYS, { untilMs, fromMs });
  return { browser, server, dataDir };
}

/** Sends the readers of so many days, but for those before a time where that is given. */
async function fill(
  url: string,
  days: number,
  { untilMs = Date.now(), ...part }: { untilMs?: number; fromMs?: number; toMs?: number } = {},
): Promise<void> {
  const traffic = { seed: 3, untilMs, days, sites: 2, visitorsPerDay: 60 };
  await seed({ url, key: null }, traffic, part);
}

/**
 * Where a run of many files names a folder for it, brings a copy of what a server keeps of the days
 * before today; the first file of the day has them made. Resolves with what is still to be sent.
 */
async function bringKnownDays(dataDir: string, untilMs: number): Promise<number> {
  const folder = Deno.env.get("MALLARD_TEST_FILLED");
  if (folder === undefined) return -Infinity;
  const midnightMs = untilMs - untilMs % DAY_MS;
  const known = `${folder}/${midnightMs}`;
  using lock = await Deno.open(`${folder}/lock`, { write: true, create: true });
  await lock.lock(true);
  if (!await isThere(known)) {
    const made = await Deno.makeTempDir({ dir: folder });
    const server = await ServerProcess.start(fromSource(), { dataDir: made }).ready();
    await fill(server.url, DAYS, { untilMs, toMs: midnightMs });
    assert.equal(await server.stop(), 0, server.output);
    await Deno.rename(made, known);
  }
  await copyTree(known, dataDir);
  return midnightMs;
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

Deno.test.afterAll(async () => {
  if (!shared) return;
  const { browser, server, dataDir } = await shared;
  shared = null;
  await browser.close();
  await server.stop();
  await Deno.remove(dataDir, { recursive: true });
});

let said = false;

/** Registers a test on the shared server; skipped, with one line of why, without Chromium. */
export function dashboardTest(name: string, run: (stage: Stage) => Promise<void>): void {
  const path = findChromium();
  if (path === null && !said) {
    console.log("Skipping browser tests: no Chromium found (set CHROMIUM to its path)");
    said = true;
  }
  Deno.test({
    name,
    ignore: path === null,
    // The server and the browser outlive the test that starts them.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      shared ??= share(path ?? "");
      const { browser, server } = await shared;
      const opened: BrowserContext[] = [];
      const context = async (look: Look = {}) => {
        const made = await browser.newContext({ userAgent: USER_AGENT, locale: "en-GB", ...look });
        made.setDefaultTimeout(WAIT_MS_MAX);
        opened.push(made);
        return made;
      };
      const open = async (address: string, look: Look = {}) => openIn(await context(look), address);
      try {
        await run({ url: server.url, context, open });
      } finally {
        for (const one of opened) await one.close();
      }
    },
  });
}

/** Opens an address in a context and gathers what goes wrong in the page. */
export async function openIn(
  context: BrowserContext,
  address: string,
): Promise<{ page: Page; faults: string[] }> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  await page.goto(address);
  return { page, faults };
}

/** A server of a test's own, with so many days of the same readers. */
export async function withServer(
  days: number,
  work: (server: ServerProcess, dataDir: string) => Promise<void>,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-dashboard-" });
  const server = ServerProcess.start(fromSource(), { dataDir });
  try {
    await server.ready();
    if (days > 0) await fill(server.url, days);
    await work(server, dataDir);
  } finally {
    await server.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** Waits until the page is drawn and nothing is being asked any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector("main > *") !== null &&
      document.querySelector(
          "[aria-busy=true], .stale, .to-come, .to-come-text, .to-come-chart",
        ) ===
        null &&
      // Cards on the screen come a moment after it has stopped to move.
      ![
        ...document.querySelectorAll(
          "main:not(:has(.fault)) .site-card:not(:has(.site-card-numbers))",
        ),
      ].some((place) => {
        const { top, bottom } = place.getBoundingClientRect();
        return bottom >= 0 && top <= innerHeight;
      }),
    undefined,
    { polling: POLL_MS },
  );
}

/** The JSON answer of the API to a GET. */
export async function askApi(url: string, path: string) {
  const response = await fetch(`${url}/api/${path}`);
  const { status } = response;
  const log = status === 500 ? await errorsLogged() : "";
  assert.equal(status, 200, `${path}: ${await response.clone().text()}${log}`);
  return await response.json();
}

/** The first errors that the shared server logged: an answer of 500 names none. */
async function errorsLogged(): Promise<string> {
  const lines = (await shared)?.server.output.split("\n") ?? [];
  return lines.filter((line) => line.includes("ERROR")).slice(0, 5).map((line) => `\n${line}`)
    .join("");
}

/** The numbers of a site's headline, without its revenue or conversions. */
const HEADLINE = [
  "visitors",
  "visits",
  "pageviews",
  "views_per_visit",
  "bounce_rate",
  "visit_duration",
];

/** The headline numbers on the screen are those the API gives for a question. */
export async function sameNumbers(page: Page, url: string, question: string): Promise<void> {
  // A page that was redrawn is not busy before it asks.
  await page.waitForFunction(() =>
    document.querySelectorAll("[data-metric][data-value]").length >= 6
  );
  await settled(page);
  const metrics = HEADLINE.join(",");
  const { results } = await askApi(url, `stats/query?metrics=${metrics}&${question}`);
  const shown = await page.$$eval(
    "[data-metric]",
    (all) =>
      all.map((one) => [one.getAttribute("data-metric"), one.getAttribute("data-value")] as const),
  );
  const found = new Map(shown);
  for (const metric of HEADLINE) {
    assert.equal(Number(found.get(metric)), results[0].metrics[metric], metric);
  }
}

/** Sends one event of a visitor, told apart by the version of the browser. */
export async function sendEvent(
  url: string,
  site: string,
  visitor: number,
  { name = "pageview", path = "/" } = {},
): Promise<void> {
  const answer = await fetch(`${url}/api/event`, {
    method: "POST",
    headers: {
      "user-agent": `Mozilla/5.0 (X11; Linux x86_64; rv:${visitor}.0) Firefox/${visitor}.0`,
    },
    body: JSON.stringify({ d: site, n: name, u: `https://${site}${path}` }),
  });
  assert.equal(answer.status, 202);
  await answer.body?.cancel();
}
