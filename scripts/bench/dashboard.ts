// Third part of the benchmark: how long the dashboard's first view takes in Chromium on a server
// with many events, of which no answer is kept from before, and what goes over the wire for it.
import { realSystem } from "../../src/runtime/system.ts";
import {
  type Browser,
  findChromium,
  openBrowser,
  type Page,
  USER_AGENT,
} from "../../tests/support/browser/browser.ts";
import { buildRollups, fill, openBenchStorage, SITE } from "./fill.ts";
import { fromSource, ServerProcess } from "../server_process.ts";

/** How many events, and how often the page is opened. */
export interface DashboardOptions {
  readonly events: number;
  readonly runs: number;
}

/** What one first view took: milliseconds since the navigation began, bytes over the wire. */
interface View {
  /** The page stands, its controls answer, and no script keeps the browser busy. */
  readonly interactive: number;
  readonly numbers: number;
  readonly everything: number;
  readonly longestTask: number;
  readonly shift: number;
  readonly bytes: number;
  readonly requests: number;
}

/** Runs it and prints a table. */
export async function benchDashboard({ events, runs }: DashboardOptions): Promise<void> {
  const chromium = findChromium();
  if (chromium === null) return console.log("\nDashboard: not measured, there is no Chromium");
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const system = realSystem({ format: "text", levelMin: "warn" });
    const storage = await openBenchStorage(system, dataDir);
    const count = await fill(storage, system, { events, untilMs: Date.now() });
    await storage.flusher.flush();
    await buildRollups(storage, system);
    await storage.close();
    console.log(`\nDashboard: first view of a month, ${count} events, nothing cached`);
    const server = ServerProcess.start(fromSource(), { dataDir });
    const browser = await openBrowser(chromium);
    try {
      await server.ready();
      const views: View[] = [];
      for (let run = 0; run <= runs; run++) views.push(await firstView(browser, server.url));
      print(views.slice(1));
    } finally {
      await browser.close();
      await server.stop();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function firstView(browser: Browser, url: string): Promise<View> {
  await forgetAnswers(url);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const wire = await countBytes(page);
  await page.addInitScript(watch);
  await page.goto(`${url}/?site=${SITE}&period=30d`, { waitUntil: "commit" });
  await page.waitForFunction(() => "everything" in (globalThis as unknown as Watched).seen);
  // What comes after the last answer, such as what it makes jump.
  await page.waitForTimeout(500);
  const seen = await page.evaluate(() => (globalThis as unknown as Watched).seen);
  await context.close();
  return { ...seen, ...wire };
}

/** A new event makes every answer of its site old. */
async function forgetAnswers(url: string): Promise<void> {
  const response = await fetch(`${url}/api/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": USER_AGENT },
    body: JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}/` }),
  });
  if (response.status !== 202) throw new Error(`Cannot send an event: ${await response.text()}`);
  await response.body?.cancel();
}

async function countBytes(page: Page): Promise<{ bytes: number; requests: number }> {
  const wire = { bytes: 0, requests: 0 };
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    wire.bytes += encodedDataLength;
    wire.requests++;
  });
  return wire;
}

type Seen = Omit<View, "bytes" | "requests">;
interface Watched {
  seen: Seen;
}

/** Runs in the page before anything else: notes when which part first stands there. */
function watch(): void {
  const seen: Record<string, number> = { longestTask: 0, shift: 0 };
  Object.assign(globalThis, { seen });
  const parts = {
    interactive: () => document.querySelector("main section") !== null,
    numbers: () => document.querySelector("main [data-metric][data-value]") !== null,
    everything: () =>
      "numbers" in seen &&
      !document.querySelector(".stale, .to-come, .to-come-chart, [aria-busy=true]"),
  };
  const look = () => {
    for (const [name, stands] of Object.entries(parts)) {
      if (!(name in seen) && stands()) seen[name] = performance.now();
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
  });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      seen["longestTask"] = Math.max(seen["longestTask"] ?? 0, duration);
      const early = startTime < (seen["interactive"] ?? Infinity);
      if (early) seen["interactive"] = Math.max(seen["interactive"] ?? 0, startTime + duration);
    }
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      seen["shift"] = (seen["shift"] ?? 0) + (entry as unknown as { value: number }).value;
    }
  }).observe({ type: "layout-shift", buffered: true });
}

function print(views: readonly View[]): void {
  const line = (label: string, name: keyof View, digits = 0) => {
    const values = views.map((view) => view[name]).sort((a, b) => a - b);
    const at = (share: number) => (values[Math.floor(share * (values.length - 1))] ?? NaN);
    const cells = [0, 0.5, 1].map((share) => at(share).toFixed(digits).padStart(9));
    console.log(`${label.padEnd(34)} |${cells.join("")}`);
  };
  console.log(`${"".padEnd(34)} |     best   median    worst`);
  line("interactive, ms", "interactive");
  line("headline numbers, ms", "numbers");
  line("everything, ms", "everything");
  line("longest task of the page, ms", "longestTask");
  line("layout shift", "shift", 3);
  line("bytes over the wire", "bytes");
  line("requests", "requests");
}
