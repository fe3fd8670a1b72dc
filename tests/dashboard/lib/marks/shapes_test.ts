import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { shapeOf } from "../../../../dashboard/lib/marks/shapes.js";
import brands from "../../../../dashboard/vendor/brands.js";
import moreBrands from "../../../../dashboard/vendor/more_brands.js";
import { contrastOfWhite, luminance } from "../../../../scripts/brands.ts";
import { SOURCES } from "../../../../src/reference/sources.ts";
import { BROWSERS, SYSTEMS } from "../../../../src/ingest/enrich/agent_names.ts";
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

const VENDORED = ["brands.js", "more_brands.js"].map((name) =>
  new URL(`../../../../dashboard/vendor/${name}`, import.meta.url)
);
const GZIPPED_MAX = 36_000;
/** WCAG asks it of graphical objects. */
const CONTRAST_MIN = 3;
const BRANDS: Readonly<Record<string, readonly string[]>> = { ...brands, ...moreBrands };
const MODULES = /\/(?:brands|more_brands|shapes)\.js$/;

Deno.test("every icon is of a value that this program names", () => {
  const names = new Set([
    ...Object.values(SOURCES).flat().map(([name]) => name),
    ...Object.values(BROWSERS),
    ...Object.values(SYSTEMS),
  ]);
  assert.deepEqual(Object.keys(BRANDS).filter((name) => !names.has(name)), []);
});

Deno.test("icons are seen on their brand's colour, and take at most 36 KB gzipped", async () => {
  for (const [name, [field = "", shape = "", path = ""]] of Object.entries(BRANDS)) {
    const contrast = shape === "fff" ? contrastOfWhite(field) : (luminance(field) + 0.05) /
      (luminance("111111") + 0.05);
    assert.ok(contrast >= CONTRAST_MIN, `${name}: ${contrast}`);
    assert.match(path, /^[MmLlHhVvCcSsQqTtAaZz\d\s.,-]+$/, name);
  }
  const files = await Promise.all(VENDORED.map((file) => Deno.readFile(file)));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).byteLength, 0);
  assert.ok(bytes <= GZIPPED_MAX, `${bytes} bytes`);
});

Deno.test("shapeOf() draws the marks of brands that the sets of icons have, not letters", () => {
  const values = ["Bing", "ChatGPT", "Edge", "LinkedIn", "Mail.ru", "QQ Browser", "Vivaldi"];
  for (const value of values) {
    const [, , path = ""] = BRANDS[value] ?? [];
    assert.ok(path.length > 100, value);
    const drawn = JSON.stringify(shapeOf("source", value));
    assert.ok(drawn.includes(path) && !drawn.includes('"text"'), value);
  }
});

Deno.test("shapeOf() draws something for every value", () => {
  for (const kind of ["source", "browser", "os", "device"] as const) {
    for (const value of ["Google", "Windows", "Edge", "mobile", "example.com", "constructor", ""]) {
      assert.ok(shapeOf(kind, value), `${kind} ${value}`);
    }
  }
});

dashboardTest(
  "icons come after the page, in places that were there before, by three requests",
  async ({ url, context }) => {
    const look = await context();
    const page = await look.newPage();
    const asked: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await look.route(MODULES, async (route) => {
      asked.push(route.request().url());
      await released;
      await route.continue();
    });
    const rows = "[data-breakdown=sources] tbody tr";
    const places = () =>
      page.$$eval(`${rows} .mark`, (all) =>
        all.map((mark) => {
          const { x, y, width, height } = mark.getBoundingClientRect();
          return { x, y, width, height };
        }));
    await page.goto(`${url}/?site=${SITE}&period=30d`);
    await settled(page);
    assert.equal(await page.locator(`${rows} svg.mark`).count(), 0);
    const before = await places();
    assert.ok(before.length > 0);
    release();
    await page.locator(`${rows} svg.mark`).first().waitFor();
    assert.deepEqual(await places(), before);
    assert.equal(asked.length, 3);
  },
);
