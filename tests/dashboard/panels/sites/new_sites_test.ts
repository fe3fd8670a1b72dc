// The new sites as an owner sees them, in Chromium: accepted, refused and deleted, many at once.
import assert from "node:assert/strict";
import { browserTest, type Page, USER_AGENT } from "../../../support/browser/browser.ts";
import { startReady } from "../../../support/server/ready_server.ts";
import { withFolder } from "../../../support/storage/storage.ts";

async function send(url: string, d: string): Promise<void> {
  const answer = await fetch(`${url}/api/event`, {
    method: "POST",
    body: JSON.stringify({ d, n: "pageview", u: "/" }),
    headers: { "user-agent": USER_AGENT },
  });
  assert.equal(answer.status, 202);
}

/** Waits until the panel shows these lines; none for no panel. */
async function shows(page: Page, lines: readonly string[]): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const found = [...document.querySelectorAll(".items li")].map((one) =>
        ["label", ".muted"].map((part) => one.querySelector(part)?.textContent?.trim()).join(" ")
      );
      return JSON.stringify(found) === JSON.stringify(wanted);
    },
    lines,
  );
}

browserTest("NewSites accepts, refuses and deletes what is chosen", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(`${folder}/live`, { MALLARD_NEW_SITES: "propose" });
    for (const site of ["a.example", "b.example", "b.example", "c.example"]) {
      await send(server.url, site);
    }
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`${server.url}/`);
    const waits = (site: string, n: number) => `${site} Proposed, events waiting: ${n}`;
    await shows(page, [waits("a.example", 1), waits("b.example", 2), waits("c.example", 1)]);
    await page.locator(".items label:has-text('b.example')").click();
    await page.locator("button:text-is('Accept')").click();
    await page.waitForFunction(async () => {
      const sites = await (await fetch("api/sites")).json();
      return sites.length === 1 && sites[0].site_id === "b.example";
    });
    await page.goto(`${server.url}/?view=sites`);
    await shows(page, [waits("a.example", 1), waits("c.example", 1)]);
    await page.locator("label:has-text('Select all')").click();
    await page.locator("button:text-is('Refuse')").click();
    await shows(page, ["a.example Refused", "c.example Refused"]);
    await page.locator(".items label:has-text('a.example')").click();
    await page.locator("button:text-is('Delete')").click();
    await page.locator("button:has-text('permanently')").click();
    await shows(page, ["c.example Refused"]);
    const more = Array.from(
      { length: 11 },
      (_, at) => `more${String(at).padStart(2, "0")}.example`,
    );
    for (const site of more) await send(server.url, site);
    await page.reload();
    await shows(page, more.slice(0, 10).map((site) => waits(site, 1)));
    await page.locator("button:text-is('Show all 12')").click();
    await shows(page, [...more.map((site) => waits(site, 1)), "c.example Refused"]);
    assert.deepEqual(faults, []);
    assert.equal(await server.stop(), 0);
  });
});
