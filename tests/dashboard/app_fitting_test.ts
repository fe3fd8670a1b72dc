// No word of the interface is cut or covered, no field too narrow for its choices, no control too
// small: in the languages with the longest words.
import assert from "node:assert/strict";
import type { Page } from "../support/browser/browser.ts";
import { dashboardTest, settled, SITE } from "../support/browser/dashboard.ts";
import { misfits } from "../support/browser/misfits.ts";

const press = (key: string, seen: string) => async (page: Page) => {
  await page.keyboard.press(key);
  await page.locator(seen).first().waitFor();
};

/** Places, and what is done there: texts differ by language. */
const PLACES: Readonly<Record<string, ((page: Page) => Promise<unknown>) | null>> = {
  "": null,
  "view=behaviour&report=retention": null,
  "view=behaviour&report=sequence": null,
  "view=settings": null,
  "view=settings&section=section_snippet": null,
  "view=settings&section=section_goals": null,
  "view=settings&section=section_keys": null,
  "view=settings&section=section_data": null,
  "view=settings&section=section_danger": null,
  "view=sites": null,
  "filters=is(source,Google)": press("/", "dialog .condition"),
  "period=7d": press("c", ".calendar"),
  "period=91d": press("0", "[role=listbox]"),
};

/** Observers of sizes run in the first frame, what they draw is laid out in the second. */
async function resize(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.evaluate(() =>
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  );
  await settled(page);
}

for (const locale of ["de-DE", "fr-FR", "es-ES"]) {
  dashboardTest(
    `app.js: no word of the interface is cut or covered, no control too small: ${locale}`,
    async ({ url, open }) => {
      const { page, faults } = await open("about:blank", { locale, reducedMotion: "reduce" });
      const found: string[] = [];
      for (const [search, act] of Object.entries(PLACES)) {
        await page.goto(`${url}/?site=${SITE}&${search}`);
        await settled(page);
        await act?.(page);
        for (const width of [768, 320]) {
          await resize(page, width);
          for (const line of await misfits(page)) found.push(`${search} at ${width} px: ${line}`);
        }
      }
      assert.deepEqual(found, []);
      assert.deepEqual(faults, []);
    },
  );
}

dashboardTest("misfits() finds what is cut, covered and too small", async ({ url, open }) => {
  const { page } = await open(`${url}/?site=${SITE}&view=settings`, { locale: "de-DE" });
  await settled(page);
  await resize(page, 320);
  assert.deepEqual(await misfits(page), []);
  await page.evaluate(() => {
    const put = (what: string, style: Readonly<Record<string, string>>) => {
      const one = document.querySelector<HTMLElement>(what);
      if (one) Object.assign(one.style, style);
    };
    put("main", { minWidth: "400px" });
    put(".title", { width: "20px", overflow: "hidden", whiteSpace: "nowrap" });
    put(".setting select", { width: "60px" });
    put(".setting input", { minHeight: "0", height: "20px" });
    put(".settings .panel h2", { position: "relative", top: "2.5rem" });
  });
  const kinds = new Set((await misfits(page)).map((line) => line.split(/[: ]/)[0]));
  for (const kind of ["page", "cut", "over", "select", "small"]) assert.ok(kinds.has(kind), kind);
});

dashboardTest(
  "hints, checkboxes and buttons stand with their fields, settings without gaps",
  async ({ url, open }) => {
    const { page, faults } = await open("about:blank", { locale: "es-ES" });
    const shown = async (search: string, width: number) => {
      await page.goto(`${url}/?site=${SITE}&${search}`);
      await resize(page, width);
    };
    await shown("view=settings&section=section_privacy", 320);
    const lines = await page.$$eval(".check", (all) =>
      all.map((one) => {
        const box = one.querySelector("input")?.getBoundingClientRect() ?? new DOMRect();
        const range = document.createRange();
        range.selectNodeContents(one.lastChild ?? one);
        const [first = new DOMRect(), second] = range.getClientRects();
        const middle = (of: DOMRect) => of.top + of.height / 2;
        return { isLong: second !== undefined, off: middle(box) - middle(first) };
      }));
    assert.ok(lines.some(({ isLong }) => isLong), "no label has two lines");
    for (const { off } of lines) assert.ok(Math.abs(off) <= 2, `${off} px off the first line`);

    await shown("view=behaviour&report=sequence&sequence=page:/,within 1 hour,event:signup", 1440);
    const starts = await page.$$eval(
      ".report-body > :is(.hint, .sequence-words, .button)",
      (all) => all.map((one) => Math.round(one.getBoundingClientRect().left)),
    );
    assert.deepEqual(new Set(starts).size, 1, starts.join());
    assert.ok(starts.length >= 3, starts.join());
    await resize(page, 320);
    await page.reload();
    await settled(page);
    const pill = await page.locator(".pill[aria-pressed=true]").boundingBox();
    assert.ok(pill && pill.x >= 0 && pill.x + pill.width <= 320, JSON.stringify(pill));

    await shown("view=settings&section=section_data", 1440);
    const gaps = await page.$$eval(".settings > *", (columns) =>
      columns.flatMap((column) => {
        const boxes = [...column.children].map((one) => one.getBoundingClientRect());
        return boxes.slice(1).map((box, at) => Math.round(box.top - (boxes[at]?.bottom ?? 0)));
      }));
    assert.ok(gaps.length >= 3, gaps.join());
    for (const gap of gaps) assert.ok(gap <= 24, gaps.join());
    const widths = await page.$$eval(
      ":is(.setting, .settings-body, .report-body) > .button",
      (all) => all.map((one) => one.getBoundingClientRect().width),
    );
    for (const width of widths) assert.ok(width < 320, widths.join());
    assert.deepEqual(faults, []);
  },
);
