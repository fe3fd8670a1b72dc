import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { flagOf } from "../../../../dashboard/lib/marks/marks.js";
import flags from "../../../../dashboard/vendor/flags.js";
import places from "../../../../src/reference/places.json" with { type: "json" };
import { dashboardTest, settled, SITE } from "../../../support/browser/dashboard.ts";

const VENDORED = new URL("../../../../dashboard/vendor/flags.js", import.meta.url);
const WORLD = new URL("../../../../dashboard/world.json", import.meta.url);
const GZIPPED_MAX = 60_000;

/** The codes of ISO 3166-1. */
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ " +
  "BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM " +
  "DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS " +
  "GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN " +
  "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ " +
  "MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM " +
  "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV " +
  "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI " +
  "VN VU WF WS YE YT ZA ZM ZW";

const MODULE = /\/vendor\/flags\.js$/;
const ROWS = "[data-breakdown=countries] tbody tr";

Deno.test("every country has a flag, in the bundle or in the module of the others", async () => {
  const world: { countries: [string, string][] } = JSON.parse(await Deno.readTextFile(WORLD));
  const codes = new Set([
    ...COUNTRIES.split(" "),
    ...places.regions.split("\n").map((line) => line.slice(0, 2)),
    ...world.countries.map(([code]) => code).filter((code) => code !== ""),
  ]);
  assert.equal(COUNTRIES.split(" ").length, 249);
  const missing = [...codes].filter((code) => !flagOf(code) && !Object.hasOwn(flags, code));
  assert.deepEqual(missing, []);
  const twice = Object.keys(flags).filter((code) => flagOf(code));
  assert.deepEqual(twice, [], "run deno task vendor");
});

Deno.test("the flags of the module are shapes alone, and at most 60 KB gzipped", async () => {
  const shape = /^(?:<\/?(?:circle|ellipse|g|path)(?: [a-z][\w-]*="[^"<>]*")*\/?>)+$/;
  for (const [code, [box = "", parts = ""]] of Object.entries(flags)) {
    assert.match(box, /^[\d.]+ [\d.]+ [\d.]+ [\d.]+$/, code);
    assert.match(parts, shape, code);
    assert.doesNotMatch(parts, / (?:on\w+|style|href|id|class)=/, code);
  }
  const bytes = gzipSync(await Deno.readFile(VENDORED), { level: 9 }).byteLength;
  assert.ok(bytes <= GZIPPED_MAX, `${bytes} bytes`);
});

dashboardTest("countries with flags in the bundle ask for no module", async ({ url, context }) => {
  const page = await (await context()).newPage();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${url}/?site=${SITE}&filters=is(country,DE,IN,AU)`);
  await settled(page);
  assert.equal(await page.locator(`${ROWS} svg.flag`).count(), 3);
  await page.waitForLoadState("networkidle");
  assert.deepEqual(asked.filter((address) => MODULE.test(address)), []);
});

dashboardTest(
  "flags of other countries are asked for once, and replace their codes in place",
  async ({ url, context }) => {
    const look = await context();
    const page = await look.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    let asked = 0;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await look.route(MODULE, async (route) => {
      asked++;
      await released;
      await route.continue();
    });
    const boxes = () =>
      page.$$eval(`${ROWS} .flag`, (all) =>
        all.map((flag) => {
          const { x, y, width, height } = flag.getBoundingClientRect();
          const cell = flag.closest("tr")?.getBoundingClientRect().height;
          return { x, y, width, height, cell };
        }));
    await page.goto(`${url}/?site=${SITE}&filters=is(country,KR,MX,TR)`);
    await settled(page);
    const codes = await page.locator(`${ROWS} span.flag`).allTextContents();
    assert.deepEqual(codes.sort(), ["KR", "MX", "TR"]);
    const before = await boxes();
    release();
    await page.waitForFunction(
      (rows) => document.querySelectorAll(`${rows} svg.flag path`).length > 3,
      ROWS,
    );
    assert.equal(await page.locator(`${ROWS} span.flag`).count(), 0);
    assert.deepEqual(await boxes(), before);
    const { search } = new URL(page.url());
    await page.click(`${ROWS} button:has-text("Mexico")`);
    await page.waitForURL((address) => address.search !== search);
    await settled(page);
    assert.ok(await page.locator(`${ROWS} svg.flag`).count() > 0);
    assert.equal(await page.locator(`${ROWS} span.flag`).count(), 0);
    assert.equal(asked, 1);
    assert.deepEqual(faults, []);
  },
);
