// What the first view of the dashboard takes over the wire: page, scripts, styles and every answer,
// in a browser that has seen nothing of it before. The flags of its nine first countries are in the
// bundle; the modules with those of others and with icons come after it, and have limits in
// tests/dashboard/lib/marks.
import { equal, ok } from "node:assert";
import { seed } from "../../scripts/traffic/seed.ts";
import { siteProfiles } from "../../src/cli/seed/traffic.ts";
import { type BrowserContext, browserTest, USER_AGENT } from "../support/browser/browser.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

const BYTES_MAX = 120_000;
/** Patience with a slow machine: nothing waits for this where all is well. */
const WAIT_MS_MAX = 90_000;

const OF_ICONS = /\/(?:brands|more_brands|shapes|lib\/html)\.js/;
/** French has the longest texts, and readers of it get the English ones too. */
const LOCALES = ["en", "fr"];

browserTest("the first view takes at most 120 KB over the wire", async (_context, browser) => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const traffic = { seed: 1, untilMs: Date.now(), days: 40, sites: 1, visitorsPerDay: 100 };
    await seed({ url: server.url, key: null }, traffic);
    const url = `${server.url}/?site=${siteProfiles(1)[0]?.domain}&period=30d`;
    const views = [];
    for (const locale of LOCALES) {
      const context = await browser.newContext({ userAgent: USER_AGENT, locale });
      views.push({ locale, ...await bytesOf(context, url) });
    }
    await server.stop();
    for (const { locale, bytes, urls } of views) {
      const [headline, ...behind] = reportsOf(urls);
      // The last one follows from an answer: what the site earned.
      const others = behind.filter((url) => !/\/changes\?.*metrics=total_revenue/.test(url));
      ok(
        /\/query\?.*metrics=visitors,/.test(headline ?? ""),
        `the page asked for ${headline} first`,
      );
      ok(others.length > 0 && others.every((url) => url.includes("/view?")), String(others));
      for (const path of ["auth/status", "sites", "schema"]) {
        const times = urls.filter((url) => new URL(url).pathname === `/api/${path}`).length;
        equal(times, 1, `the page asked ${times} times for ${path}`);
      }
      const total = [...bytes.values()].reduce((sum, one) => sum + one, 0);
      const seen = `${locale}: ${total} bytes: ${JSON.stringify([...bytes])}`;
      ok(total > 50_000 && total <= BYTES_MAX, seen);
    }
  });
});

/** The reports among the URLs of a page, in the order in which they were asked for. */
function reportsOf(urls: readonly string[]): string[] {
  return urls.filter((url) => /\/api\/stats\/(?!live)/.test(url));
}

/** The bytes of each URL of a first view, and all of them in order. */
async function bytesOf(context: BrowserContext, url: string) {
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const bytes = new Map<string, number>();
  const urls = new Map<string, string>();
  const asked: string[] = [];
  session.on("Network.requestWillBeSent", ({ request }) => {
    asked.push(decodeURIComponent(request.url));
  });
  session.on("Network.responseReceived", ({ requestId, response }) => {
    urls.set(requestId, response.url);
  });
  // A stream counts as far as it has been read: the browser may not say that it has ended.
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) => {
    const url = urls.get(requestId) ?? requestId;
    bytes.set(url, (bytes.get(url) ?? 0) + encodedDataLength);
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.set(urls.get(requestId) ?? requestId, encodedDataLength);
  });
  await page.goto(url);
  await page.waitForFunction(() =>
    document.querySelector("main [data-metric][data-value]") !== null &&
    !document.querySelector("[aria-busy=true], .stale, .to-come, .to-come-chart")
  );
  await context.close();
  // Icons come when the view is whole; on a slow machine they may come while it is drawn.
  for (const url of bytes.keys()) if (OF_ICONS.test(url)) bytes.delete(url);
  return { bytes, urls: asked };
}
