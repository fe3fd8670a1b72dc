import assert from "node:assert/strict";
import type { Page } from "../../../support/browser/browser.ts";
import { dashboardTest, OTHER_SITE, settled } from "../../../support/browser/dashboard.ts";

const LOCALES = ["en", "de", "fr", "es"];
const WIDTHS = [320, 768, 1024, 1280, 1440];
/** Below, what does not fit of the tabs is scrolled to. */
const FITS_FROM = 768;

for (const locale of LOCALES) {
  dashboardTest(
    `Breakdown has its tabs in one line, and a share in every row, in ${locale} at any width`,
    async ({ url, open }) => {
      const { page, faults } = await open(`${url}/?site=${OTHER_SITE}&period=28d`, { locale });
      await settled(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const panels = await page.$$eval(".breakdown", (all) =>
          all.map((panel) => {
            const head = panel.querySelector(".panel-head");
            const tabs = panel.querySelector(".tabs");
            const tops = [...tabs?.children ?? []].map((tab) => tab.getBoundingClientRect().top);
            const rows = [...panel.querySelectorAll(".bars tbody tr")];
            return {
              title: panel.querySelector("h2")?.textContent,
              lines: new Set(tops.map(Math.round)).size,
              hidden: (tabs?.scrollWidth ?? 0) - (tabs?.clientWidth ?? 0),
              top: Math.round(head?.getBoundingClientRect().top ?? 0),
              height: Math.round(head?.clientHeight ?? 0),
              rows: rows.length,
              shares: rows.filter((row) =>
                (row.querySelector(".row-share")?.getBoundingClientRect().width ?? 0) > 0
              ).length,
              cut: rows.filter((row) =>
                [...row.querySelectorAll("td")].some((cell) =>
                  cell.scrollWidth > cell.clientWidth
                )
              ).length,
            };
          }));
        for (const { title, lines, hidden, top, height, rows, shares, cut } of panels) {
          const at = `${title} at ${width} px`;
          assert.equal(lines, 1, at);
          assert.ok(rows > 0 && shares === rows, `${at}: ${shares} shares in ${rows} rows`);
          assert.equal(cut, 0, `${at}: cells are cut`);
          if (width < FITS_FROM) continue;
          assert.ok(hidden <= 0, `${at}: ${hidden} px of the tabs are hidden`);
          const beside = panels.filter((other) => other.top === top);
          assert.ok(beside.every((other) => other.height === height), `${at}: heads differ`);
        }
      }
      assert.deepEqual(faults, []);
    },
  );
}

/** What a name takes of its cell at least, on the narrowest screen. */
const NAME_PART_MIN = 0.95;

dashboardTest(
  "Breakdown gives names the room of links and of unknown changes on a narrow screen",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${OTHER_SITE}&period=12mo`, {
      viewport: { width: 320, height: 900 },
    });
    await settled(page);
    const [row] = await page.$$eval("[data-breakdown=pages] tbody tr", (all) =>
      all.map((one) => ({
        label: one.querySelector(".bar-label")?.getBoundingClientRect().width ?? 0,
        name: one.querySelector("th")?.getBoundingClientRect().width ?? 1,
        change: one.querySelector("td + td")?.getBoundingClientRect().width,
        changed: one.querySelector(".change")?.textContent,
      })));
    assert.ok(row);
    // Seventy days of data: there is nothing to compare a year with.
    assert.deepEqual([row.changed, row.change], ["–", 0]);
    assert.ok(row.label / row.name > NAME_PART_MIN, `${row.label} of ${row.name} px`);
  },
);

/** Names in rows that are cut, and words of them that are broken. */
const cutNames = (page: Page) =>
  page.$$eval(
    ".bars[data-breakdown]:not([data-breakdown=pages]) .bar-label",
    (all) =>
      all.flatMap((label) => {
        if (label.scrollWidth > label.clientWidth || label.scrollHeight > label.clientHeight) {
          return [`cut: ${label.textContent}`];
        }
        const text = [...label.childNodes].find(({ nodeType }) => nodeType === Node.TEXT_NODE);
        return [...(text?.textContent ?? "").matchAll(/\S+/g)].flatMap(({ 0: word, index }) => {
          const range = document.createRange();
          range.setStart(text as Node, index);
          range.setEnd(text as Node, index + word.length);
          const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
          return lines.size > 1 ? [`broken: ${word}`] : [];
        });
      }),
  );

dashboardTest(
  "Breakdown shows names of countries, sources and browsers whole on narrow screens",
  async ({ url, open }) => {
    for (const locale of LOCALES) {
      const { page } = await open(`${url}/?site=${OTHER_SITE}&period=28d`, { locale });
      await settled(page);
      for (const width of [320, 390, 768, 1024]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await cutNames(page), [], `${locale} at ${width} px`);
      }
      const long = await page.$$eval(
        ".bar-label",
        (all) => all.filter(({ textContent }) => (textContent?.length ?? 0) > 14).length,
      );
      assert.ok(long > 0, `no long names in ${locale}`);
      await page.close();
    }
  },
);

dashboardTest(
  "Breakdown shows names of browsers whole, and its links on the narrowest touch screen",
  async ({ url, open }) => {
    const search = `?site=${OTHER_SITE}&period=28d`;
    const { page } = await open(`${url}/${search}`, { viewport: { width: 1440, height: 900 } });
    await settled(page);
    const names = await page.$$eval(
      "[data-breakdown=browsers] .bar-label",
      (all) =>
        all.map((one) => ({
          name: one.textContent,
          isCut: one.scrollWidth > one.clientWidth,
        })),
    );
    assert.ok(names.some(({ name }) => name?.includes("Samsung Internet")));
    assert.deepEqual(names.filter(({ isCut }) => isCut), []);
    const touch = await open(`${url}/${search}`, {
      viewport: { width: 320, height: 900 },
      hasTouch: true,
      isMobile: true,
    });
    await settled(touch.page);
    const link = touch.page.locator("[data-breakdown=pages] .row-link").first();
    const box = await link.boundingBox();
    assert.ok(await link.isVisible() && (box?.width ?? 0) >= 24);
    assert.equal(await link.evaluate((one) => getComputedStyle(one).opacity), "1");
  },
);

dashboardTest(
  "Breakdown shows changes beside the revenue of a goal, on a phone, too",
  async ({ url, open }) => {
    const path = `${url}/api/sites/${OTHER_SITE}/goals`;
    const body = JSON.stringify({ name: "Paid", event: "purchase" });
    const headers = { "content-type": "application/json" };
    const made = await (await fetch(path, { method: "POST", headers, body })).json();
    try {
      const address = `${url}/?site=${OTHER_SITE}&period=28d&filters=is(goal,Paid)`;
      for (const width of [375, 1024, 1440]) {
        const { page } = await open(address, { viewport: { width, height: 900 } });
        await settled(page);
        for (const id of ["pages", "browsers"]) {
          const table = page.locator(`[data-breakdown=${id}]`);
          const shown = await table.locator("th[scope=col]").evaluateAll((all) =>
            all.filter((one) => (one as HTMLElement).offsetWidth > 0).map((one) => one.textContent)
          );
          assert.deepEqual(shown.slice(1), ["Visitors", "Change", "Revenue"], `${id} at ${width}`);
          const cut = await table.locator("td").evaluateAll((all) =>
            all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)
          );
          assert.deepEqual(cut, [], `${id} at ${width} px`);
        }
        await page.close();
      }
    } finally {
      await (await fetch(`${path}/${made.id}`, { method: "DELETE" })).body?.cancel();
    }
  },
);
