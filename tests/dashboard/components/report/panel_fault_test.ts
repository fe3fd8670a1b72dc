import assert from "node:assert/strict";
import { startS3, stopS3 } from "../../../../scripts/lake/parts.ts";
import { newLake } from "../../../../scripts/lake/plain.ts";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, openIn, sendEvent } from "../../../support/browser/dashboard.ts";
import { LACKS_LAKE, partsOfFile } from "../../../support/lake/lake.ts";
import { withFolder } from "../../../support/storage/storage.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "lake.example";
const TEXTS = {
  en: ["The events of DATE cannot be read: ", "The events of DATE are not erased: "],
  de: [
    "Die Ereignisse vom DATE sind nicht lesbar: ",
    "Die Ereignisse vom DATE sind nicht gelöscht: ",
  ],
  es: ["Los eventos del DATE no se pueden leer: ", "Los eventos del DATE no se han eliminado: "],
  fr: [
    "Les événements du DATE sont illisibles\u00a0: ",
    "Les événements du DATE ne sont pas effacés\u00a0: ",
  ],
};

/** A server over a lake with an event of each of two days, of which the earlier lacks its file. */
async function withLoss(work: (url: string, date: string) => Promise<void>): Promise<void> {
  const env = await newLake(partsNow(), "panel_fault");
  await withFolder(async (dataDir) => {
    const settings = { ...env, MALLARD_STORAGE: "lake", MALLARD_LAKE_FLUSH_INTERVAL: "5" };
    const server = ServerProcess.start(fromSource(), { dataDir, env: settings });
    try {
      await server.ready();
      await sendEvent(server.url, SITE, 1);
      await sendEvent(server.url, SITE, 2);
      const waiting = async () =>
        (await (await fetch(`${server.url}/health/detailed`)).json()).buffered_events;
      await until(async () => await waiting() === 0, "the flush");
      const folder = `${partsNow().folder}/s3/mallard/panel_fault/main/events/site_id=${SITE}`;
      await stopS3(partsNow());
      const dates = [...Deno.readDirSync(folder)].map(({ name }) => name);
      await Deno.remove(folder, { recursive: true });
      await startS3(partsNow());
      await work(server.url, dates.map((name) => name.replace("date=", "")).join(", "));
    } finally {
      await server.stop();
    }
  });
}

/** Erases all days that the form begins with, and resolves with what is said. */
async function erase(page: Page, date: string): Promise<string> {
  const panel = page.locator("form", { has: page.locator(".form-foot [role=alert]") })
    .filter({ has: page.locator("input[type=date]") });
  for (const at of [0, 1]) await panel.locator("input[type=date]").nth(at).fill(date);
  await panel.locator("button").first().click();
  await panel.locator("button.danger").click();
  await panel.locator("[role=alert]:not(:empty)").waitFor();
  return await panel.locator("[role=alert]").innerText();
}

if (!LACKS_LAKE) {
  dashboardTest(
    "PanelFault says of which days a lake lacks a file, and an erasure that it waits for it",
    ({ context }) =>
      withLoss(async (url, date) => {
        for (const [locale, texts] of Object.entries(TEXTS)) {
          const [unread = "", left = ""] = texts.map((text) => text.replace("DATE", date));
          const opened = await context({ locale });
          const { page } = await openIn(opened, `${url}/?site=${SITE}&period=7d`);
          await page.locator(".panel", { hasText: unread }).first().waitFor();
          await page.goto(`${url}/?site=${SITE}&view=settings&section=section_danger`);
          assert.ok((await erase(page, date)).startsWith(left), locale);
          await opened.close();
        }
        const { findings } = await (await fetch(`${url}/api/doctor`)).json();
        const parquet = findings.find(({ check }: { check: string }) => check === "parquet");
        assert.equal(parquet.status, "fail");
        assert.match(parquet.found, new RegExp(`cannot be read: ${SITE} ${date};`));
        assert.match(parquet.found, new RegExp(`: 4 \\(${SITE} ${date}\\)$`));
      }),
  );
}
