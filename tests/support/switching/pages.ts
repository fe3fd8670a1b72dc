// Pages in a browser that carry other programs' script tags, for the checks of the lines about
// scripts in docs/switching.md. The server stands at stats.example, each site at its own name.
import { deepStrictEqual as deepEqual } from "node:assert";
import type { BrowserContext, Page } from "../browser/browser.ts";
import { until } from "../server/contract_server.ts";
import type { Bench } from "./bench.ts";

/** Where pages find the server. */
export const STATS = "http://stats.example";

/** Scripts count a browser that a program drives, unless the address says not to hide it. */
const WATCHED = "if (!location.hash.includes('driven')) " +
  "Object.defineProperty(navigator, 'webdriver', { get: () => false });";

/** Proves the statement of one line in a browser. */
export type PageCheck = (bench: Bench, pages: Pages) => Promise<void>;

/** Checks by the first cell of their line. */
export type PageChecks = Readonly<Record<string, PageCheck>>;

/** Opens pages of sites. */
export class Pages {
  readonly #context: BrowserContext;
  readonly #bench: Bench;
  readonly #html = new Map<string, string>();

  private constructor(context: BrowserContext, bench: Bench) {
    this.#context = context;
    this.#bench = bench;
  }

  static async over(context: BrowserContext, bench: Bench): Promise<Pages> {
    const pages = new Pages(context, bench);
    await context.addInitScript(WATCHED);
    await context.route(/^http:\/\/(?:[a-z0-9]+\.example|localhost)\//, async (route) => {
      const { hostname, pathname, search } = new URL(route.request().url());
      if (hostname !== "stats.example") {
        const body = pages.#html.get(hostname) ?? "";
        return await route.fulfill({ contentType: "text/html", body });
      }
      const response = await route.fetch({ url: bench.server.origin + pathname + search });
      return await route.fulfill({ response });
    });
    return pages;
  }

  /** Opens a page of a site with HTML of its own. */
  async open(host: string, path: string, html: string): Promise<Page> {
    this.#html.set(host, `<!doctype html><title>A page</title>${html}`);
    const page = await this.#context.newPage();
    await page.goto(`http://${host}${path}`);
    return page;
  }

  /** Waits until the site has these events, by name and page, and leaves the page. */
  async expect(page: Page, site: string, expected: readonly (readonly unknown[])[]): Promise<void> {
    let found: unknown[][] = [];
    await until(`events of ${site}`, async () => {
      found = await this.#bench.events(site);
      return JSON.stringify(found) === JSON.stringify(expected) ? true : null;
    }, 20_000).catch(() => {});
    deepEqual(found, expected);
    await page.close();
  }
}
