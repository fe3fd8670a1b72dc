// The page of the data as an owner uses it, in Chromium: backups without and with a folder, and
// the events as a file.
import assert from "node:assert/strict";
import { browserTest, type Page, USER_AGENT } from "../../../support/browser/browser.ts";
import { type ReadyServer, startReady } from "../../../support/server/ready_server.ts";
import { generationsIn } from "../../../support/storage/backups.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const PATH = "/?site=example.com&view=settings&section=section_data";
const EVENTS = 40;

async function fill({ url }: ReadyServer): Promise<void> {
  for (let n = 0; n < EVENTS; n++) {
    const body = JSON.stringify({ d: "example.com", n: "pageview", u: `/page/${n}` });
    const headers = { "content-type": "application/json", "user-agent": USER_AGENT };
    const answer = await fetch(`${url}/api/event`, { method: "POST", body, headers });
    assert.equal(answer.status, 202);
  }
}

async function open(page: Page, { url }: ReadyServer): Promise<void> {
  await page.goto(url + PATH);
  await page.waitForFunction(() =>
    document.querySelector("main section") !== null && !document.querySelector("[aria-busy=true]")
  );
}

const panel = (page: Page, title: string) =>
  page.locator("section.panel", { has: page.locator(`h2:text-is("${title}")`) });

browserTest("Backups shows what to set, and the manual commands", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(`${folder}/live`, {});
    await fill(server);
    const page = await context.newPage();
    await open(page, server);
    const backups = panel(page, "Backups");
    assert.match(await backups.innerText(), /backup_dir = "/);
    assert.equal(await backups.locator("button:has-text('Back up now')").count(), 0);
    await backups.locator("summary").click();
    const byHand = await backups.locator("details pre").innerText();
    assert.ok(byHand.includes(`MALLARD_DATA_DIR=${folder}/live mallard backup /`), byHand);
    await server.stop();
  });
});

browserTest("Backups makes a backup on click and reports that it is intact", async (context) => {
  await withFolder(async (folder) => {
    const target = `${folder}/backup`;
    const server = await startReady(`${folder}/live`, {
      MALLARD_BACKUP_DIR: target,
      MALLARD_BACKUP_INTERVAL_HOURS: "24",
    });
    await fill(server);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await open(page, server);
    const backups = panel(page, "Backups");
    assert.match(await backups.innerText(), /None yet[\s\S]*Every 24 hours/);
    await backups.locator("button:has-text('Back up now')").click();
    await backups.locator("text=Verified: all files match").waitFor();
    const words = await backups.innerText();
    assert.ok(words.includes(target));
    assert.match(words, new RegExp(`Events in it\\s+${EVENTS}\\b`));
    const [generation] = await generationsIn(target);
    const made = JSON.parse(await Deno.readTextFile(`${generation}/backup.json`));
    assert.equal(made.journal_rows + made.files.length > 0, true);
    assert.deepEqual(faults, []);
    // The folder becomes unusable: a sentence stands on the page.
    await Deno.remove(target, { recursive: true });
    await Deno.writeTextFile(target, "");
    await backups.locator("button:has-text('Back up now')").click();
    await backups.locator("[role=alert]:has-text('Cannot back up into')").waitFor();
    await server.stop();
  });
});

browserTest("EventExport hands over all events, or those of the days chosen", async (context) => {
  await withFolder(async (folder) => {
    const server = await startReady(`${folder}/live`, {});
    await fill(server);
    const page = await context.newPage();
    await open(page, server);
    const events = panel(page, "Export all events");
    const take = async (label: string): Promise<{ name: string; bytes: Uint8Array }> => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        events.locator(`a:has-text("${label}")`).click(),
      ]);
      return {
        name: download.suggestedFilename(),
        bytes: await Deno.readFile(await download.path()),
      };
    };
    const text = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);
    const parquet = await take("Parquet");
    assert.equal(parquet.name, "example.com.parquet");
    assert.equal(text({ bytes: parquet.bytes.slice(0, 4) }), "PAR1");
    const csv = await take("CSV");
    assert.equal(csv.name, "example.com.csv");
    assert.equal(text(csv).trim().split("\n").length, EVENTS + 1, "plain text, a line an event");
    await events.locator("input[type=date]").first().fill("2020-01-01");
    await events.locator("input[type=date]").last().fill("2020-01-02");
    assert.equal(text(await take("CSV")).trim().split("\n").length, 1, "none in those days");
    await server.stop();
  });
});
