// A page in Chromium under watch: every breach of its policy, every error it meets, and every
// address it asks for.
import type { BrowserContext, Page } from "./browser.ts";

/** A page and what became of it. */
export interface WatchedPage {
  readonly page: Page;
  /** Breaches of the policy, refusals, errors of scripts and what else the console calls one. */
  readonly faults: readonly string[];
  /** Every URL asked for, in order; `data:` and `blob:` left out. */
  readonly urls: readonly string[];
}

/** Opens one; nothing is loaded yet. */
export async function watchPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  const urls: string[] = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url())) urls.push(request.url());
  });
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`server: ${response.status()} ${response.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error}`));
  page.on("console", (line) => {
    const known = line.text().startsWith("Failed to load resource: the server responded");
    if (line.type() === "error" && !known) faults.push(`console: ${line.text()}`);
  });
  await page.exposeFunction("tellBreach", (breach: string) => faults.push(`policy: ${breach}`));
  await page.addInitScript(`
    document.addEventListener("securitypolicyviolation", (event) =>
      tellBreach(event.violatedDirective + " " + event.blockedURI + " " + event.sample));
  `);
  return { page, faults, urls };
}
