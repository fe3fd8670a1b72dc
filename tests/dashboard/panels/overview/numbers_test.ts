import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import { dashboardTest, openIn } from "../../../support/browser/dashboard.ts";
import { withFolder } from "../../../support/storage/storage.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const TEXTS = {
  en: "Some data of these days cannot be read: ",
  de: "Einige Daten dieser Tage sind nicht lesbar: ",
  es: "Algunos datos de estos días no se pueden leer: ",
  fr: "Certaines données de ces jours sont illisibles : ",
};

dashboardTest(
  "Numbers names the days of which a file cannot be read",
  ({ context }) =>
    withFolder(async (dataDir) => {
      const date = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
      const folder = `${dataDir}/quarantine/site_id=example.com/date=${date}`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/0001.parquet`, "damaged");
      const server = ServerProcess.start(fromSource(), { dataDir });
      try {
        await server.ready();
        const sent = await fetch(`${server.url}/api/event`, {
          method: "POST",
          headers: { "user-agent": BROWSER },
          body: JSON.stringify({ d: "example.com", n: "pageview", u: "/a" }),
        });
        await sent.body?.cancel();
        for (const [locale, text] of Object.entries(TEXTS)) {
          const opened = await context({ locale });
          const { page } = await openIn(opened, `${server.url}/?site=example.com&period=7d`);
          await page.locator(".incomplete", { hasText: `${text}${date}` }).waitFor();
          await opened.close();
        }
      } finally {
        await server.stop();
      }
    }),
);

const BEGINS = {
  en: /^Data begins on .+, within the period to compare with \(.+\), so no changes are shown\.$/,
  de: /^Die Daten beginnen am .+, mitten im Vergleichszeitraum \(.+\); Änderungen werden /,
  es: /^Los datos empiezan el .+, a mitad del periodo de comparación \(.+\), por lo que /,
  fr: /^Les données commencent le .+, au milieu de la période de comparaison \(.+\) : les /,
};

dashboardTest(
  "Numbers shows no changes since a range in which the data begins, and says so",
  ({ context }) =>
    withFolder(async (dataDir) => {
      const server = ServerProcess.start(fromSource(), { dataDir });
      try {
        await server.ready();
        const daysAgo = [1, 2, 3, 9];
        const lines = daysAgo.map((days) => ({
          d: "example.com",
          n: "pageview",
          u: "/",
          at: Date.now() - days * 86_400_000,
          ip: "81.2.69.142",
          ua: BROWSER,
        }));
        const sent = await fetch(`${server.url}/api/import`, {
          method: "POST",
          headers: { "content-type": "application/x-ndjson" },
          body: lines.map((line) => JSON.stringify(line)).join("\n"),
        });
        assert.equal(sent.status, 200, await sent.text());
        for (const [locale, text] of Object.entries(BEGINS)) {
          const opened = await context({ locale });
          const { page } = await openIn(opened, `${server.url}/?site=example.com&period=7d`);
          await page.locator(".compared-with", { hasText: text }).waitFor();
          const changes = await page.locator(".change").allInnerTexts();
          assert.deepEqual([...new Set(changes)], ["–"], locale);
          const title = await page.locator(".stats .change").first().getAttribute("title");
          assert.match(title ?? "", text);
          if (locale === "en") {
            await page.goto(`${server.url}/?site=example.com&period=28d`);
            await page.locator(".compared-with", { hasText: /^No data to compare: data begins on/ })
              .waitFor();
          }
          await opened.close();
        }
      } finally {
        await server.stop();
      }
    }),
);
