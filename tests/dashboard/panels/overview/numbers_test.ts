import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../../../scripts/server_process.ts";
import type { Page } from "../../../support/browser/browser.ts";
import {
  askApi,
  dashboardTest,
  openIn,
  OTHER_SITE,
  sendEvent,
  settled,
} from "../../../support/browser/dashboard.ts";
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
  fr: /^Les données commencent le .+, au milieu de la période de comparaison \(.+\)\u00a0: les /,
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

/** The numbers of the chart as a table, without their points and commas. */
async function chartedOf(page: Page, title: string): Promise<number[]> {
  await page.locator(".chart-box").getByRole("button", { name: "table" }).click();
  await page.locator(".chart-box th").getByText(title, { exact: true }).waitFor();
  await settled(page);
  const cells = await page.locator(".chart-box tbody tr td:nth-of-type(1)").allInnerTexts();
  assert.ok(cells.length >= 7);
  return cells.map((text) => Number(text.replace(/\D/g, "")));
}

const WIDE = { viewport: { width: 1440, height: 900 } };

dashboardTest(
  "Numbers ends with the revenue of a site, with its change and its course",
  async ({ url, open }) => {
    const asked = `site_id=${OTHER_SITE}&period=28d`;
    const query = `stats/query?${asked}&metrics=total_revenue`;
    const { page, faults } = await open(`${url}/?site=${OTHER_SITE}&period=28d`, WIDE);
    await page.locator(".stats .stat:nth-child(7) .sparkline").waitFor();
    await settled(page);
    const [{ value }] = (await askApi(url, query)).results[0].metrics.total_revenue;
    const shown = await page.innerText("[data-metric=total_revenue]");
    assert.equal(shown.replace(/[^\d.]/g, ""), value.toFixed(2));
    assert.equal(await page.locator(".stats .change").count(), 7);
    assert.equal(await page.locator(".stats .sparkline").count(), 7);
    // The chart shows it, and adds up to it.
    await page.click(".stats .stat:nth-child(7) .stat-press");
    await page.waitForURL(/metric=total_revenue/);
    await page.locator(".stats .stat:nth-child(7).pressed").waitFor();
    const cents = await chartedOf(page, "Revenue");
    assert.equal(cents.reduce((sum, one) => sum + one, 0), Math.round(value * 100));
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "Numbers ends with the conversions of a site without revenue; first with the way to its goals",
  async ({ url, open }) => {
    const site = "conversions.example";
    await sendEvent(url, site, 1);
    await sendEvent(url, site, 2, { path: "/thanks" });
    const { page, faults } = await open(`${url}/?site=${site}&period=7d`, WIDE);
    await page.click(".stats .stat:nth-child(7) button");
    await page.waitForURL(/section=section_goals/);
    const made = await fetch(`${url}/api/sites/${site}/goals`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Thanks", page: "/thanks" }),
    });
    assert.equal(made.status, 201, await made.text());
    await page.goBack();
    await page.reload();
    const number = page.locator(".stats .stat:nth-child(7) [data-metric=events]");
    await number.and(page.locator('[data-value="1"]')).waitFor();
    assert.equal(await page.locator(".stats .stat:nth-child(7) .change").count(), 1);
    await page.click(".stats .stat:nth-child(7) .stat-press");
    await page.waitForURL(/metric=conversions/);
    const counts = await chartedOf(page, "Conversions");
    assert.deepEqual(counts.filter((one) => one !== 0), [1]);
    assert.deepEqual(faults, []);
  },
);
