// Chromium for tests: finds it, starts it as a plain visitor's browser, and registers tests that
// are skipped, with one line that says so, where there is none. Sole importer of playwright-core.
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export type { Browser, BrowserContext, Page };

/** A user agent of today's Chrome: the headless one would count as a robot. */
export const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Debian puts Chromium; without windows (the shell) it needs half of the processor time. */
const PATHS = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
];

/** Path of Chromium: the environment's CHROMIUM, else one of PATHS, else null. */
export function findChromium(): string | null {
  const wanted = Deno.env.get("CHROMIUM");
  const paths = wanted ? [wanted] : PATHS;
  return paths.find(isFile) ?? null;
}

/** Starts Chromium. The back/forward cache works as it does for a visitor. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: FLAGS,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
}

/** Registers a test that gets a fresh browser context; skipped where there is no Chromium. */
export function browserTest(
  name: string,
  run: (context: BrowserContext, browser: Browser) => Promise<void>,
): void {
  const path = findChromium();
  if (path === null) sayOnce();
  Deno.test({
    name,
    ignore: path === null,
    async fn() {
      const browser = await openBrowser(path ?? "");
      try {
        await run(await browser.newContext({ userAgent: USER_AGENT }), browser);
      } finally {
        await browser.close();
      }
    },
  });
}

let said = false;
function sayOnce(): void {
  if (!said) console.log("Skipping browser tests: no Chromium found (set CHROMIUM to its path)");
  said = true;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
