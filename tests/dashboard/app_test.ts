// The dashboard as people use it: in Chromium, on a server with seventy days of readers, with
// what stands on the screen held against the API.
import assert from "node:assert/strict";
import type { Page } from "../support/browser/browser.ts";
import {
  askApi,
  dashboardTest,
  openIn,
  OTHER_SITE,
  PHONE,
  sameNumbers,
  sendEvent,
  settled,
  SITE,
  withServer,
} from "../support/browser/dashboard.ts";

const OF_SITE = `site_id=${SITE}`;

const filtersOf = (page: Page) => new URL(page.url()).searchParams.get("filters") ?? "";
const encoded = encodeURIComponent;

/** The attribute of all elements that match, as numbers. */
function numbersOf(page: Page, selector: string, attribute: string): Promise<number[]> {
  return page.$$eval(
    selector,
    (all, name) => all.map((one) => Number(one.getAttribute(name))),
    attribute,
  );
}

dashboardTest(
  "app.js: rows filter, keys compare, Back works, and all of it is in the URL",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&period=28d`);
    await sameNumbers(page, url, `${OF_SITE}&period=28d`);
    const pages = await askApi(
      url,
      `stats/query?${OF_SITE}&period=28d&metrics=visitors&dimensions=page&limit=9`,
    );
    const shown = await numbersOf(page, "[data-breakdown=pages] tbody tr", "data-visitors");
    const expected = pages.results.map((row: { metrics: { visitors: number } }) =>
      row.metrics.visitors
    );
    assert.deepEqual(shown, expected);
    const all = (await askApi(url, `stats/main?${OF_SITE}&period=28d`)).unique_visitors;
    const share = await page.innerText("[data-breakdown=pages] tbody .row-share >> nth=0");
    assert.ok(Math.abs(parseFloat(share) / 100 - expected[0] / all) <= 0.005, share);
    // On a wide screen each number has its course; what is well known has a mark.
    await page.waitForFunction(() => document.querySelectorAll(".stats .sparkline").length === 7);
    assert.ok(await page.locator("[data-breakdown=countries] svg.flag").count() > 0);
    await page.locator("[data-breakdown=sources] [data-value=Google] svg.mark").waitFor();

    await page.click('[data-breakdown=sources] button:has-text("Google")');
    await page.waitForURL(/filters=is%28source%2CGoogle%29/);
    await sameNumbers(page, url, `${OF_SITE}&period=28d&filters=is(source,Google)`);
    await page.click('[data-breakdown=countries] button:has-text("Germany")');
    await page.waitForURL(/is%28country%2CDE%29/);
    await page.click("[data-breakdown=devices] button", { modifiers: ["Shift"] });
    await page.waitForURL(/is_not%28device/);
    await sameNumbers(page, url, `${OF_SITE}&period=28d&filters=${encoded(filtersOf(page))}`);
    assert.equal(await page.locator(".chip").count(), 3);

    await page.keyboard.press("Escape");
    await page.keyboard.press("x");
    await page.waitForURL(/compare=none/);
    await settled(page);
    assert.equal(await page.locator(".stats .change").count(), 0);
    await page.keyboard.press("x");
    await page.waitForURL((address) => !address.search.includes("compare="));
    await settled(page);
    const before = "compare=previous_period&match_weekday=true";
    const main = await askApi(url, `stats/main?${OF_SITE}&period=28d&${before}`);
    // Those of the site, and its revenue.
    await page.locator(".stats .stat:nth-child(7) .change").waitFor();
    const changes = await page.locator(".stats .change").allInnerTexts();
    assert.equal(changes.length, 7);
    await whyItChanged(page, url, before);
    const change = main.change.unique_visitors;
    const sign = Math.abs(change) < 0.0005 ? /^0/ : change > 0 ? /^\+/ : /^\u2212/;
    assert.match(changes[0]?.trim() ?? "", sign);
    await page.keyboard.press("c");
    await page.locator(".compare .check input").last().check();
    await page.waitForURL(/whole=1/);
    await settled(page);
    const full = `stats/main?${OF_SITE}&period=28d&${before}&compare_full=true`;
    const whole = (await askApi(url, full)).meta;
    assert.equal(whole.notes, undefined);
    assert.match(await page.locator(".compared-with").innerText(), /^(Compared with|No data) /);
    await page.keyboard.press("Escape");
    await page.keyboard.press("w");
    await page.waitForURL(/period=7d/);
    for (let steps = 0; steps < 8; steps++) await page.goBack();
    assert.equal(new URL(page.url()).search, `?site=${SITE}&period=28d`);
    await sameNumbers(page, url, `${OF_SITE}&period=28d`);
    assert.deepEqual(faults, []);
  },
);

/** A change tells what accounts for it, and whether it is noise; one click filters by a value. */
async function whyItChanged(page: Page, url: string, before: string): Promise<void> {
  const question = `${OF_SITE}&period=28d&${before}`;
  const names =
    "visitors,visits,pageviews,views_per_visit,bounce_rate,visit_duration,total_revenue";
  const { metrics } = await askApi(url, `stats/changes?${question}&metrics=${names}`);
  const verdicts = names.split(",").map((name) =>
    metrics[name] as { within_noise: boolean; difference: number } | null
  );
  await page.waitForFunction(
    (marks) =>
      JSON.stringify(
        [...document.querySelectorAll(".stats .change")].map((one) =>
          one.classList.contains("noise")
        ),
      ) === marks,
    JSON.stringify(verdicts.map((one) => one?.within_noise && one.difference !== 0)),
  );
  assert.equal(verdicts.length, 7);
  await page.click(".stats button.change >> nth=6");
  const revenue = await askApi(url, `stats/why?${question}&metric=total_revenue&limit=12`);
  await page.waitForSelector(".why-rows tbody tr");
  const amounts = await page.innerText(".why-verdict strong");
  assert.match(
    amounts.replaceAll(/[^0-9.]+/g, " "),
    new RegExp(` ?${revenue.total.now.toFixed(2)}`),
  );
  assert.equal(await page.locator(".why-rows tbody tr").count(), revenue.results.length);
  await page.goBack();
  await page.click(".stats button.change >> nth=0");
  await page.waitForURL(/why=visitors/);
  await page.waitForSelector(".why-rows tbody tr");
  const why = await askApi(url, `stats/why?${question}&metric=visitors&limit=12`);
  const shown = await page.$$eval(
    ".why-rows tbody tr",
    (all) => all.map((one) => [one.getAttribute("data-dimension"), one.getAttribute("data-value")]),
  );
  assert.deepEqual(
    shown,
    why.results.map((row: Record<string, string>) => [row["dimension"], row["value"]]),
  );
  const against = await page.$$eval(
    ".why-rows tbody tr",
    (all) => all.map((one) => one.querySelector(".why-bar.against") !== null),
  );
  const shares: (number | null)[] = why.results.map((row: { share: number | null }) => row.share);
  assert.deepEqual(against, shares.map((share) => (share ?? 0) < 0));
  const verdict = await page.innerText(".why-verdict");
  assert.match(
    verdict,
    why.total.within_noise ? /Within noise/ : /More than chance: with 95% confidence/,
  );
  await page.click(".why-rows tbody button >> nth=0");
  await page.waitForURL((address) => !address.search.includes("why="));
  assert.match(filtersOf(page), new RegExp(`is\\(${why.results[0].dimension},`));
  await page.goBack();
  await page.goBack();
  await settled(page);
}

dashboardTest(
  "app.js: an event becomes a goal, whose conversions, rate and revenue are everywhere",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${OTHER_SITE}&period=28d&tabs=goal`);
    const path = `${url}/api/sites/${OTHER_SITE}/goals`;
    const none = page.locator(".blank:has-text('No goals yet')");
    assert.equal(await none.innerText(), "No goals yet. Add one in site settings.");
    await page.click("[data-goal=purchase]");
    await page.locator("[data-breakdown=goals] [data-value=purchase]").waitFor();
    await page.waitForSelector("[data-goal=purchase]", { state: "detached" });
    try {
      const metrics = "visitors,events,conversion_rate,total_revenue,time_on_page,exit_rate," +
        "engaged_visits";
      const ask = async (filters: string) =>
        (await askApi(
          url,
          `stats/query?site_id=${OTHER_SITE}&period=28d&metrics=${metrics}&filters=${filters}`,
        )).results[0].metrics;
      const goal = await ask("is(goal,purchase)");
      assert.ok(goal.total_revenue.length > 0);
      const row = "[data-breakdown=goals] [data-value=purchase]";
      assert.deepEqual(await numbersOf(page, row, "data-visitors"), [goal.visitors]);
      assert.deepEqual(await numbersOf(page, row, "data-events"), [goal.events]);
      const named = await page.locator("[data-breakdown=goals] th").allInnerTexts();
      assert.deepEqual(named.slice(0, 5), [
        "Goal",
        "Unique conversions",
        "Conversions",
        "Rate",
        "Revenue",
      ]);
      await page.click(`${row} button`);
      await page.locator("[data-metric=conversion_rate][data-value]").waitFor();
      await settled(page);
      const shown = async () =>
        Object.fromEntries(
          await page.$$eval(
            "[data-metric][data-value]",
            (all) => all.map((one) => [one.dataset["metric"], Number(one.dataset["value"])]),
          ),
        );
      const { visitors, events, conversion_rate } = goal;
      assert.deepEqual(await shown(), { visitors, events, conversion_rate });
      const amount = goal.total_revenue[0].value.toFixed(2);
      const money = await page.innerText("[data-metric=total_revenue]");
      assert.ok(money.replaceAll(",", "").includes(amount), `${money} is not ${amount}`);
      for (const panel of ["pages", "countries", "browsers"]) {
        const columns = await page.locator(`[data-breakdown=${panel}] thead th`).allInnerTexts();
        assert.equal(columns.at(-1), "Revenue", panel);
      }
      await page.goto(`${url}/?site=${OTHER_SITE}&period=28d&filters=is(page,/cart)`);
      await page.locator("[data-metric=exit_rate][data-value]").waitFor();
      const cart = await ask("is(page,/cart)");
      const { time_on_page, exit_rate, engaged_visits } = await shown();
      assert.deepEqual([time_on_page, exit_rate, engaged_visits], [
        ...[cart.time_on_page, cart.exit_rate, cart.engaged_visits],
      ]);
      assert.equal(await page.locator("[data-metric=scroll_depth]").count(), 1);
    } finally {
      for (const { id } of await askApi(url, `sites/${OTHER_SITE}/goals`)) {
        await (await fetch(`${path}/${id}`, { method: "DELETE" })).body?.cancel();
      }
    }
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: the chart zooms into what is marked, reads point by point and as a table",
  async ({ url, open }) => {
    const series = await askApi(url, `stats/timeseries?${OF_SITE}&period=7d`);
    const note = JSON.stringify({ date: series[3].date, text: "A new release" });
    const path = `${url}/api/sites/${SITE}/annotations`;
    await (await fetch(path, { method: "POST", body: note })).body?.cancel();
    const { page, faults } = await open(`${url}/?site=${SITE}&period=7d`);
    await settled(page);
    await page.focus(".chart");
    await page.keyboard.press("Home");
    for (const { visitors } of series.slice(0, 3)) {
      const spoken = await page.getAttribute(".chart", "aria-valuetext") ?? "";
      assert.match(spoken, new RegExp(`\\b${visitors}(,|$)`), spoken);
      await page.keyboard.press("ArrowRight");
    }
    assert.match(await page.innerText(".chart-tip"), /A new release/);
    const box = await page.locator(".chart .u-over").boundingBox();
    assert.ok(box);
    const at = (share: number): [number, number] => [box.x + box.width * share, box.y + 50];
    await page.mouse.move(...at(1 / 6));
    await page.mouse.down();
    await page.mouse.move(...at(2 / 6), { steps: 4 });
    await page.mouse.move(...at(3 / 6), { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const { searchParams } = new URL(page.url());
    assert.equal(searchParams.get("from"), series[1].date);
    assert.equal(searchParams.get("to"), series[3].date);
    await page.click("text=Show as table");
    // The days that were left out go when the answer for the marked ones is there.
    await page.waitForFunction(() => document.querySelectorAll(".chart tbody tr").length === 3);
    const told = await page.locator(".chart tbody td:nth-of-type(1)").allInnerTexts();
    assert.deepEqual(
      told.map(Number),
      series.slice(1, 4).map(({ visitors }: { visitors: number }) => visitors),
    );
    assert.match(await page.innerText(".chart tbody tr:last-child th"), /A new release/);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: the period is chosen by its letter, by arrows, in the calendar with keys alone",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    await page.keyboard.press("m");
    await page.waitForURL(/period=month/);
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(/period=last_month|from=/);
    await page.keyboard.press("i");
    await page.waitForURL(/interval=/);
    await page.keyboard.press("c");
    const today = new Date().toISOString().slice(0, 10);
    const day = page.locator(".calendar [tabindex='0']");
    await day.focus();
    // To the end of what can be chosen, then a week of days back from it.
    for (let months = 0; months < 3; months++) await page.keyboard.press("PageDown");
    await page.waitForFunction(
      (wanted) => document.activeElement?.getAttribute("data-day") === wanted,
      today,
    );
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    await page.waitForFunction(
      (other) => document.activeElement?.getAttribute("data-day") !== other,
      today,
    );
    const from = await page.evaluate(() => document.activeElement?.getAttribute("data-day"));
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`from=${from}&to=${today}`));
    await sameNumbers(page, url, `${OF_SITE}&start_date=${from}&end_date=${dayAfter(today)}`);
    assert.deepEqual(faults, []);
  },
);

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

dashboardTest(
  "app.js: details list every row, sort, search, and are saved as they are seen",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    await page.click("[aria-label='Details: Page']");
    const first = page.locator("dialog tbody tr").first();
    await first.waitFor();
    const { results, total } = await askApi(
      url,
      `stats/query?${OF_SITE}&metrics=visitors&dimensions=page&limit=100`,
    );
    assert.equal(await page.locator("dialog tbody tr").count(), Math.min(total, 100));
    assert.match(await first.innerText(), new RegExp(`^${results[0].dimensions[0]}\\s`));
    await page.click("dialog thead button:has-text('Page')");
    const sorted = results.map(({ dimensions }: { dimensions: string[] }) => dimensions[0]).sort();
    await page.waitForFunction(
      (text) => document.querySelector("dialog tbody th")?.textContent?.trim() === text,
      sorted[0],
    );
    await page.fill("dialog input[type=search]", "blog");
    await page.waitForFunction(() => {
      const cells = [...document.querySelectorAll("dialog tbody th")];
      return cells.length > 0 && cells.every((cell) => cell.textContent?.includes("blog")) &&
        document.querySelector("dialog .stale") === null;
    });
    const seen = await page.locator("dialog tbody th").allInnerTexts();
    const lines = (await savedBy(page, "CSV")).trim().split("\r\n");
    assert.match(lines[0] ?? "", /^page,visitors,/);
    assert.deepEqual(lines.slice(1).map((line) => line.split(",")[0]), seen);
    const rows = JSON.parse(await savedBy(page, "JSON"));
    assert.deepEqual(rows.map((row: { page: string }) => row.page), seen);
    assert.deepEqual(faults, []);
  },
);

/** The text of the file that a button of the dialog saves. */
async function savedBy(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click(`dialog button:has-text('${button}')`),
  ]);
  return await Deno.readTextFile(await download.path());
}

dashboardTest(
  "app.js: a filter is made with suggestions of the data, and kept as a segment",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`);
    await settled(page);
    await page.keyboard.press("/");
    await page.selectOption("dialog select[aria-label=Dimension]", "country");
    await page.click("dialog .tokens input");
    await page.keyboard.type("germ");
    await page.click("dialog [role=option]:has-text('Germany')");
    await page.click("dialog button:has-text('Apply')");
    await page.waitForURL(/is%28country%2CDE%29/);
    const german = `${OF_SITE}&filters=is(country,DE)`;
    await sameNumbers(page, url, german);
    assert.match(await page.locator(".chip").innerText(), /Country is Germany/);
    await page.click("text=Save as segment");
    await page.fill("dialog input", "Germans");
    await page.click("dialog button:has-text('Save')");
    await page.waitForURL(/is%28segment%2CGermans%29/);
    await sameNumbers(page, url, german);
    await page.click(".chip-cross");
    await sameNumbers(page, url, OF_SITE);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: a funnel is built, put in another order, kept, changed, and its losses are filters",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&view=behaviour`);
    await page.click('[data-suggested="page:/"]');
    await funnelIs(page, url, "page:/");
    // The first field that has no step yet.
    const field = page.locator(".step .tokens input").last();
    await field.fill("/pricing");
    await field.press("Enter");
    await funnelIs(page, url, "page:/,page:/pricing");
    await leftAddsUp(page, url);
    await page.fill(".save-line input", "To the prices");
    await page.click(".save-line button");
    const kept = page.locator(".saved button:has-text('To the prices')");
    await kept.waitFor();
    await page.locator(".step select").first().focus();
    await page.keyboard.press("Alt+ArrowDown");
    await funnelIs(page, url, "page:/pricing,page:/");
    await kept.click();
    await funnelIs(page, url, "page:/,page:/pricing");
    assert.equal(await kept.getAttribute("aria-pressed"), "true");
    await page.click(".step-tools [aria-label='Remove step 2']");
    await funnelIs(page, url, "page:/");
    await page.click(".save-line button:has-text('Save changes')");
    await page.locator(".saved button[aria-pressed=true]").waitFor();
    const funnels = await askApi(url, `sites/${SITE}/funnels`);
    assert.deepEqual(
      funnels.map(({ name, steps }: Record<string, string>) => [name, steps]),
      [["To the prices", "page:/"]],
    );
    await page.goBack();
    await funnelIs(page, url, "page:/,page:/pricing");
    await page.click(".funnel-gap button");
    await page.waitForURL(/has_not_done/);
    await sameNumbers(page, url, `${OF_SITE}&filters=${encoded(filtersOf(page))}`);
    assert.deepEqual(faults, []);
  },
);

/** Those who left are all told where they went; rate and steps are held against what was before. */
async function leftAddsUp(page: Page, url: string): Promise<void> {
  const asked = `${OF_SITE}&period=30d&compare=previous_period&match_weekday=true&detail=true`;
  const answer = await askApi(
    url,
    `stats/funnel?${asked}&steps=${encoded("page:/,page:/pricing")}&window=1%20day`,
  );
  const went = await numbersOf(page, ".went-to [data-went]", "data-went");
  assert.equal(went.reduce((sum, n) => sum + n, 0), answer.steps[1].dropped);
  assert.equal(await page.locator(".funnel-rate .change").count(), 1);
  assert.equal(await page.locator(".funnel-step .change").count(), 2);
  assert.equal(answer.verdicts.length, 1);
  // The rate as a whole, and that of the last step.
  const isSure = answer.verdicts[0]?.within_noise === false;
  assert.equal(await page.locator(".change.good, .change.bad").count(), isSure ? 2 : 0);
  assert.match(await page.innerText(".compared-with"), /compared with|No data|Compared/);
}

/** Waits until a funnel of these steps is shown, and holds it against the API. */
async function funnelIs(page: Page, url: string, steps: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => new URL(location.href).searchParams.get("steps") === wanted,
    steps,
  );
  await page.locator(".funnel > li").nth(steps.split(",").length - 1).waitFor();
  await settled(page);
  const answer = await askApi(
    url,
    `stats/funnel?${OF_SITE}&period=30d&steps=${encoded(steps)}&window=1%20day`,
  );
  assert.deepEqual(
    await numbersOf(page, ".funnel > li", "data-visitors"),
    answer.map(({ visitors }: { visitors: number }) => visitors),
  );
}

dashboardTest(
  "app.js: shows retention of all visitors and of those with a first event",
  async ({ url, open }) => {
    const address = `${url}/?site=${SITE}&view=behaviour&report=retention`;
    const { page, faults } = await open(address);
    // With ids of a day there is nothing to show but why.
    await page.locator(".hint:has-text('visitors for 1 day, so later')").waitFor();
    assert.equal(await page.locator(".heat").count(), 0);
    await visitorIdDays(url, 30);
    await page.goto(address);
    await page.locator(".hint:has-text('Visitor IDs changed on')").waitFor();
    const asked = `stats/retention?${OF_SITE}&period=30d&detail=true&count=8&cohorts=week`;
    await retentionIs(page, await askApi(url, asked));
    const first = page.locator(".optional-step").first();
    await first.locator("select").selectOption("page");
    await first.locator(".tokens input").fill("/pricing");
    await first.locator(".tokens input").press("Enter");
    await page.waitForURL(/first=page/);
    const again = page.locator(".optional-step").nth(1);
    await again.locator("select").selectOption("event");
    await again.locator(".tokens input").fill("signup");
    await again.locator(".tokens input").press("Enter");
    await page.waitForURL(/again=event/);
    await retentionIs(page, await askApi(url, `${asked}&first=page:/pricing&again=event:signup`));
    await page.click(".tab:has-text('Days')");
    await page.waitForURL(/cohorts=day/);
    await settled(page);
    // Just after midnight the running day has no visitor yet, and so no row.
    const rows = await page.locator(".heat tbody tr").count();
    assert.ok(rows === 30 || rows === 31, `${rows} rows`);
    await page.click(".hint button");
    await page.locator(".setting:has-text('Recognise returning') select").waitFor();
    await visitorIdDays(url, 1);
    assert.deepEqual(faults, []);
  },
);

async function visitorIdDays(url: string, visitor_id_days: number): Promise<void> {
  const body = JSON.stringify({ visitor_id_days });
  const { status } = await fetch(`${url}/api/sites/${SITE}`, { method: "PATCH", body });
  assert.equal(status, 200);
}

interface RetentionAnswer {
  readonly rows: readonly { size: number; rates: readonly (number | null)[] }[];
}

async function retentionIs(page: Page, { rows }: RetentionAnswer): Promise<void> {
  await settled(page);
  const lines = await page.$$eval(
    ".heat tbody tr",
    (all) => all.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText)),
  );
  assert.equal(lines.length, rows.length + 1, "a line for all, and one for each group");
  for (const [index, { size, rates }] of rows.entries()) {
    const [shown = "", ...cells] = lines[index + 1] ?? [];
    assert.equal(Number(shown.replaceAll(",", "")), size);
    for (const [at, rate] of rates.entries()) {
      const cell = cells[at] ?? "";
      if (rate === null) assert.match(cell, /^[?·]$/);
      else assert.ok(Math.abs(parseFloat(cell) / 100 - rate) <= 0.005, `${cell} is not ${rate}`);
    }
  }
}

dashboardTest(
  "app.js: the flow is walked in the picture and in the table, forwards and backwards",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&view=behaviour&report=flow`);
    await page.locator(".sankey .box").first().waitFor();
    await page.click(".sankey .box[role=button][aria-label^='/pricing:']");
    await page.waitForURL(/page=%2Fpricing/);
    await flowIs(page, url, "/pricing", "next");
    await page.click("button:has-text('Previous pages')");
    await page.waitForURL(/direction=previous/);
    await flowIs(page, url, "/pricing", "previous");
    await page.locator(".flow-table button").first().click();
    await page.waitForFunction(() =>
      !["", "/pricing"].includes(new URL(location.href).searchParams.get("page") ?? "")
    );
    await settled(page);
    await page.click("text=Show as chart");
    await page.locator(".sankey .box").first().waitFor();
    assert.deepEqual(faults, []);
  },
);

interface FlowNode {
  readonly kind: string;
  readonly name: string | null;
  readonly count: number;
}

/** The second step of the table says what the API says, for the pages that are named. */
async function flowIs(page: Page, url: string, from: string, direction: string): Promise<void> {
  await settled(page);
  const asTable = page.locator("text=Show as table");
  if (await asTable.count() > 0) await asTable.click();
  const { children } = await askApi(
    url,
    `stats/flow?${OF_SITE}&period=30d&detail=true&depth=3&page=${from}&direction=${direction}`,
  );
  const counts = new Map(
    (children as FlowNode[]).filter(({ kind }) => kind === "page")
      .map(({ name, count }) => [name, count]),
  );
  const rows = await page.$$eval(
    ".flow-table tbody tr",
    (all) => all.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText)),
  );
  const second = rows.filter(([step]) => step === "2");
  const named = second.map(([, source, target, count = ""]) => ({
    name: (direction === "next" ? target : source) ?? "",
    count: Number(count.replaceAll(",", "")),
  })).filter(({ name }) => name.startsWith("/"));
  assert.ok(named.length >= 3, JSON.stringify(rows.slice(0, 12)));
  for (const { name, count } of named) assert.equal(count, counts.get(name), name);
}

dashboardTest(
  "app.js: a sequence is built from rows and described in words",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}&view=behaviour&report=sequence`);
    const fill = async (index: number, text: string) => {
      const field = page.locator(".steps .tokens input").nth(index);
      await field.fill(text);
      await field.press("Enter");
    };
    await page.locator(".steps .tokens input").first().waitFor();
    await fill(0, "/pricing");
    await page.locator(".steps > .step select").nth(1).selectOption("event");
    await fill(1, "signup");
    await page.click("label:has-text('Limit time between') input");
    await page.click("label:has-text('Exclude if they did') input");
    await fill(1, "/about");
    const steps = "page:/pricing,within 1 hour,without page:/about,event:signup";
    await page.waitForFunction(
      (wanted) => new URL(location.href).searchParams.get("sequence") === wanted,
      steps,
    );
    await settled(page);
    const answer = await askApi(url, `stats/sequences?${OF_SITE}&steps=${encoded(steps)}`);
    assert.ok(answer.converting_visitors > 0);
    assert.equal(
      await page.innerText(".sequence-words"),
      "/pricing, then signup within 1 hour without /about",
    );
    const { page: german } = await open(page.url(), { locale: "de-DE" });
    await settled(german);
    assert.equal(
      await german.innerText(".sequence-words"),
      "/pricing, dann signup höchstens 1 Stunde danach ohne /about",
    );
    const [shown] = await page.locator(".sequence-numbers .live-value").allInnerTexts();
    assert.equal(Number(shown), answer.converting_visitors);
    assert.equal(await page.locator(".sequence-numbers .change").count(), 3);
    await page.click("button:has-text('Show visits with all of these steps')");
    await page.waitForURL(/filters=has_done/);
    assert.equal(await page.locator(".chip").count(), 2);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: one more site is added, and realtime counts while its events arrive",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?view=sites&site=${SITE}`);
    await page.click("main button:has-text('Add another site')");
    await page.fill(".start input", "added.example");
    assert.equal(
      await page.innerText(".start pre"),
      `<script async defer src="${url}/mallard.js" data-domain="added.example"></script>`,
    );
    await sendEvent(url, "added.example", 144);
    await page.waitForURL(/site=added\.example/);
    await page.locator('[data-metric=visitors][data-value="1"]').waitFor();
    await page.click("nav >> text=Realtime");
    await page.locator('.live [data-live="1"]').first().waitFor();
    await sendEvent(url, "added.example", 145, { path: "/second" });
    await page.locator('.live [data-live="2"]').nth(1).waitFor();
    await page.locator('.breakdown [data-value="/second"][data-visitors="1"]').waitFor();
    await page.locator("nav .now.on:text-is('2')").waitFor();
    await page.click('.breakdown button:has-text("/second")');
    await page.waitForURL(/is%28page%2C%2Fsecond%29/);
    await page.locator('.live [data-live="1"]').nth(1).waitFor();
    await sendEvent(url, "added.example", 146, { path: "/second" });
    await page.locator('.live [data-live="2"]').nth(1).waitFor();
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: goals, segments and funnels are made, changed and removed with keys alone",
  async ({ url, open }) => {
    const keep = async (kind: string, body: unknown) => {
      const init = { method: "POST", body: JSON.stringify(body) };
      const answer = await fetch(`${url}/api/sites/${OTHER_SITE}/${kind}`, init);
      assert.equal(answer.status, 201, await answer.text());
    };
    await keep("segments", { name: "Searchers", filters: "is(source,Google);is(device,mobile)" });
    await keep("funnels", { name: "Way in", steps: "page:/,event:signup[plan=pro]" });
    const { page, faults } = await open(
      `${url}/?site=${OTHER_SITE}&view=settings&section=section_goals`,
    );
    const goals = page.locator(".panel", { has: page.locator("h2:text-is('Goals')") });
    await goals.locator("input").first().fill("Prices seen");
    await goals.locator("select").selectOption("page");
    await goals.locator(".tokens input").fill("/pricing");
    await goals.locator("button:has-text('Add')").click();
    await goals.locator(".items b:has-text('Prices seen')").waitFor();

    await rename(page, "Prices seen", "Prices read");
    await page.locator(".items .item-form input").nth(2).fill("plan=pro");
    await page.keyboard.press("Enter");
    await goals.locator(".items b:has-text('Prices read')").waitFor();
    await rename(page, "Searchers", "Seekers");
    await page.click(".items .chip-cross >> nth=1");
    await page.click(".items .chip-text");
    await page.selectOption("dialog select[aria-label=Condition]", "is_not");
    await page.click("dialog button:has-text('Apply')");
    await page.click(".items .item-form button:has-text('Save')");
    await page.locator(".items b:has-text('Seekers')").waitFor();
    await rename(page, "Way in", "Way through");
    await page.click(".items .step-tools [aria-label='Move step 2 up']");
    await page.click(".items .item-form button:has-text('Save')");
    await page.locator(".items b:has-text('Way through')").waitFor();

    const [goal] = await askApi(url, `sites/${OTHER_SITE}/goals`);
    assert.deepEqual(
      [goal.name, goal.page, goal.props],
      ["Prices read", "/pricing", { plan: "pro" }],
    );
    const [segment] = await askApi(url, `sites/${OTHER_SITE}/segments`);
    assert.deepEqual([segment.name, segment.filters], ["Seekers", "is_not(source,Google)"]);
    const [funnel] = await askApi(url, `sites/${OTHER_SITE}/funnels`);
    assert.deepEqual(
      [funnel.name, funnel.steps],
      ["Way through", "event:signup[plan=pro],page:/"],
    );

    await page.focus('[aria-label="Remove: Way through"]');
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "Cancel");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.locator(".items b:has-text('Way through')").waitFor({ state: "detached" });
    assert.deepEqual(await askApi(url, `sites/${OTHER_SITE}/funnels`), []);
    assert.deepEqual(faults, []);
  },
);

/** Opens what is kept under a name by keys, and types another name; it is not saved yet. */
async function rename(page: Page, name: string, renamed: string): Promise<void> {
  const label = `Edit: ${name}`;
  const focusIs = (selector: string) =>
    page.waitForFunction(
      ([label, selector]) =>
        document.activeElement?.matches(selector ?? "") &&
        document.activeElement.closest("[aria-label]")?.getAttribute("aria-label") === label,
      [label, selector],
    );
  await page.focus(`button[aria-label="${label}"]`);
  await page.keyboard.press("Enter");
  // The first field has the focus; Escape gives it back to the button.
  await focusIs("input");
  await page.keyboard.press("Escape");
  await focusIs("button");
  await page.keyboard.press("Enter");
  await focusIs("input");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(renamed);
}

dashboardTest(
  "app.js: a key is made and revoked, and events are erased after a look at how many",
  async ({ url, open }) => {
    for (const visitor of [140, 141, 142]) await sendEvent(url, "gone.example", visitor);
    const { page } = await open(`${url}/?site=gone.example&view=settings&section=section_keys`);
    await page.fill(".item-form input", "For scripts");
    await page.click("button:has-text('Create key')");
    const key = await page.innerText(".made-key pre");
    assert.match(key, /^mm_[0-9a-f]{32}$/);
    await page.click("[aria-label='Revoke: For scripts']");
    await page.click(".items button:has-text('Revoke')");
    await page.locator(".items b:has-text('For scripts')").waitFor({ state: "detached" });
    const [made] = await askApi(url, "keys");
    assert.equal(made.revoked, true);
    await page.click(".pill:has-text('Danger')");
    await page.click("button:has-text('Preview')");
    await page.locator("text=3 events will be deleted").waitFor();
    await page.click("button:has-text('Erase now')");
    await page.locator("text=3 events were deleted").waitFor();
    const main = await askApi(url, "stats/main?site_id=gone.example&period=all");
    assert.equal(main.total_pageviews, 0);
  },
);

dashboardTest(
  "app.js: after an erasure the servers over a lake are named until all have done it",
  async ({ url, open }) => {
    await sendEvent(url, "gone.example", 143);
    const { page } = await open(`${url}/?site=gone.example&view=settings&section=section_danger`);
    let missing = [{ server: "node2", flushed_at: null }];
    const busy = { status: 503, json: { error: "Cannot read it: try again", code: "busy" } };
    let isBusy = true;
    await page.route(
      "**/api/gdpr/erasures/7",
      (route) => route.fulfill(isBusy ? busy : { json: { missing } }),
    );
    await page.route("**/api/gdpr/erase?*", (route) => {
      const isDry = route.request().url().includes("dry_run=true");
      return route.fulfill({ json: { events_deleted: 3, ...isDry ? {} : { erasure_id: 7 } } });
    });
    await page.click("button:has-text('Preview')");
    await page.click("button:has-text('Erase now')");
    const waiting = page.locator("[role=status] >> text=yet to erase what they hold: node2");
    await page.locator("[role=status] >> text=yet to erase what they hold: …").waitFor();
    isBusy = false;
    await waiting.waitFor();
    missing = [];
    await waiting.waitFor({ state: "detached" });
  },
);

dashboardTest(
  "app.js: speaks the browser's language or the one chosen, and all is there by keyboard",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${SITE}`, { locale: "de-DE" });
    await settled(page);
    assert.equal(await page.getAttribute("html", "lang"), "de");
    assert.match(await page.innerText(".overview"), /Absprungrate/);
    assert.match(await page.innerText("[data-breakdown=countries]"), /Vereinigte Staaten/);
    await page.keyboard.press("?");
    await page.locator("dialog:has-text('Tastenkürzel')").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    const skip = await page.evaluate(() => document.activeElement?.getAttribute("href"));
    assert.equal(skip, "#main");
    await page.keyboard.press("c");
    await page.locator(".sheet").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".sheet").waitFor({ state: "detached" });

    await page.click("[aria-label=Menü]");
    await page.selectOption(".language select", "fr");
    await page.waitForFunction(() => document.documentElement.lang === "fr");
    await settled(page);
    assert.match(await page.innerText("[data-breakdown=countries]"), /États-Unis/);
    await page.reload();
    await settled(page);
    assert.equal(await page.getAttribute("html", "lang"), "fr");
    await page.click("[aria-label=Menu]");
    await page.selectOption(".language select", "");
    await page.waitForFunction(() => document.documentElement.lang === "de");
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: begins with the first event; a password is set, asked for on a phone, and expires",
  ({ context }) =>
    withServer(0, async ({ url }) => {
      const desktop = await context();
      const { page, faults } = await openIn(desktop, `${url}/`);
      await page.fill(".start input", "first.example");
      await sendEvent(url, "first.example", 145);
      await page.locator('[data-metric=visitors][data-value="1"]').waitFor();
      await page.click("[aria-label=Menu]");
      await page.click("text=Set a password");
      const fields = page.locator("dialog input[type=password]");
      await fields.first().waitFor();
      await fields.first().fill("quack quack");
      await fields.nth(1).fill("quack quick");
      await page.click("dialog button:has-text('Set password')");
      await page.locator("text=Passwords don't match.").waitFor();
      await fields.nth(1).fill("quack quack");
      await page.click("dialog button:has-text('Set password')");
      await page.locator("dialog").waitFor({ state: "detached" });
      assert.deepEqual(faults, []);

      const phone = await context(PHONE);
      const { page: small } = await openIn(phone, `${url}/?site=first.example&period=7d`);
      await small.fill("input[type=password]", "not this one");
      await small.tap("button:has-text('Log in')");
      await small.locator("text=Wrong password.").waitFor();
      await small.fill("input[type=password]", "quack quack");
      await small.keyboard.press("Enter");
      await small.locator('[data-metric=visitors][data-value="1"]').waitFor();
      assert.match(small.url(), /period=7d/);

      // A login that has ended leads to the password, and back to what was looked at.
      await desktop.clearCookies();
      await page.keyboard.press("w");
      await page.fill("input[type=password]", "quack quack");
      await page.keyboard.press("Enter");
      await page.locator('[data-metric=visitors][data-value="1"]').waitFor();
      assert.match(page.url(), /period=7d/);
      await page.click("[aria-label=Menu]");
      await page.click("text=Log out");
      await page.locator("h1:has-text('Log in')").waitFor();
    }),
);

dashboardTest(
  "app.js: settings say what changed, show what was saved, and a deleted site is gone at once",
  async ({ url, open }) => {
    await sendEvent(url, "settled.example", 150);
    const { page, faults } = await open(`${url}/?site=settled.example&view=settings`);
    await page.fill("input[placeholder]:not([type=number]) >> nth=0", "Settled");
    await page.locator(".save-bar:has-text('Not saved yet: Name')").waitFor();
    await page.click("button:has-text('Discard')");
    await page.locator(".save-bar").waitFor({ state: "detached" });
    await page.fill(".settings-fields input >> nth=0", "Settled");
    await page.click("button:has-text('Save')");
    await page.locator("text=Saved.").waitFor();
    assert.equal(await page.inputValue(".settings-fields input >> nth=0"), "Settled");
    await page.locator("h1:has-text('Settled')").waitFor();
    await page.click(".pill:has-text('Privacy')");
    const days = page.locator(".setting:has-text('Recognise returning') select");
    assert.deepEqual(await days.locator("option").allInnerTexts(), ["1 day", "7 days", "30 days"]);
    await days.selectOption("7");
    await page.click("button:has-text('Save')");
    await page.locator("text=Saved.").waitFor();
    assert.equal((await askApi(url, "sites/settled.example")).visitor_id_days, 7);
    await page.click(".pill:has-text('Danger')");
    await page.fill("form:has-text('to confirm') input[autocomplete=off]", "settled.example");
    await page.click("form button:has-text('Delete site')");
    await page.waitForURL(/view=sites/);
    await page.locator(".site-card").first().waitFor();
    assert.equal(await page.locator(".site-card:has-text('Settled')").count(), 0);
    assert.deepEqual(faults, []);
  },
);

dashboardTest(
  "app.js: values are found by what is shown, and a half-made filter is not thrown away",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/`, { locale: "de-DE" });
    // A copied address means one site.
    await page.waitForURL(/site=/);
    await settled(page);
    await page.keyboard.press("/");
    await page.locator("dialog .condition").waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "SELECT");
    await page.selectOption("dialog .condition select >> nth=0", "country");
    const field = page.locator("dialog .tokens input");
    await field.fill("Nirgendwo");
    await field.press("Enter");
    await page.locator("dialog .tokens [role=alert]:has-text('Nirgendwo')").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("[role=alertdialog] button:has-text('Weiter bearbeiten')").click();
    await field.fill("Vereinigte St");
    await page.locator("dialog [role=option]:has-text('Vereinigte Staaten')").waitFor();
    await field.press("Enter");
    await page.locator("dialog .token:has-text('Vereinigte Staaten')").waitFor();
    await page.click("dialog button:has-text('Anwenden')");
    await page.waitForURL(/is%28country%2CUS%29/);
    await page.locator(".chip:has-text('Vereinigte Staaten')").waitFor();
    await page.focus(".chip-cross");
    await page.keyboard.press("Enter");
    await page.locator(".chip").waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.closest(".tools") !== null);

    await hoursAreFound(page);
    await whatNothingHasIsSaid(page);

    await page.keyboard.press("/");
    await page.locator("dialog .condition").waitFor();
    await page.selectOption("dialog .condition select >> nth=1", "matches");
    await field.fill("(");
    await field.press("Enter");
    await page.locator("dialog .fault-line:has-text('(')").waitFor();
    await page.keyboard.press("Escape");
    await page.click("[role=alertdialog] button:has-text('Verwerfen')");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.goto(`${page.url()}&details=country`);
    await page.fill("dialog input[type=search]", "vereinigte sta");
    await page.waitForFunction(() => document.querySelectorAll("dialog tbody tr").length === 1);
    assert.match(await page.innerText("dialog tbody"), /Vereinigte Staaten/);
    assert.deepEqual(faults, []);
  },
);

/** What fits several values is no value; an hour is found as it is shown. */
async function hoursAreFound(page: Page): Promise<void> {
  const field = page.locator("dialog .tokens input");
  await page.keyboard.press("/");
  await page.locator("dialog .condition").waitFor();
  await page.selectOption("dialog .condition select >> nth=0", "hour_of_day");
  await field.fill("1");
  await page.locator("dialog [role=option]:has-text('11 Uhr')").waitFor();
  await field.press("Enter");
  await page.locator("dialog .tokens [role=alert]:has-text('Mehrere Werte')").waitFor();
  assert.ok(await page.locator("dialog [role=option]").count() > 1);
  await field.fill("12uhr");
  await page.locator("dialog [role=option]:has-text('12 Uhr')").waitFor();
  await field.press("Enter");
  await page.locator("dialog .token:has-text('12 Uhr')").waitFor();
  await field.press("Enter");
  await page.waitForURL(/is%28hour_of_day%2C12%29/);
  await page.locator(".chip:has-text('12 Uhr') .chip-cross").click();
  await page.locator(".chip").waitFor({ state: "detached" });
}

/** What nothing in the period has is applied the second time. */
async function whatNothingHasIsSaid(page: Page): Promise<void> {
  const field = page.locator("dialog .tokens input");
  await page.keyboard.press("/");
  await page.locator("dialog .condition").waitFor();
  await page.selectOption("dialog .condition select >> nth=0", "page");
  await field.fill("/nirgends");
  await field.press("Enter");
  await page.click("dialog button:has-text('Anwenden')");
  await page.locator("dialog .fault-line:has-text('Nichts in diesem Zeitraum')").waitFor();
  assert.equal(filtersOf(page), "");
  await page.click("dialog button:has-text('Anwenden')");
  await page.waitForURL(/is%28page%2C%2Fnirgends%29/);
  await page.locator(".chip .chip-cross").click();
  await page.locator(".chip").waitFor({ state: "detached" });
}

dashboardTest(
  "app.js: a pasted address becomes a site, and another spelling is shown when it arrives",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?view=sites&site=${SITE}`);
    await sitesAreOrdered(page, url);
    await page.click("main button:has-text('Add another site')");
    for (const none of ["not a site!!", "http://", "ex ample.com"]) {
      await page.fill(".start input", none);
      await page.locator(`.start .fault-line:has-text("“${none}” is no domain")`).waitFor();
      assert.match(await page.innerText(".start pre"), /data-domain="example\.com"/);
      assert.equal(await page.locator(".start .waiting, .start a").count(), 0);
    }
    await page.fill(".start input", "pasted.example:8080");
    await page.locator("text=Will be counted as pasted.example").waitFor();
    assert.equal(await page.locator(".start .fault-line:not(:empty)").count(), 0);
    assert.equal(await page.getAttribute(".start a.button", "href"), "https://pasted.example/");
    await page.fill(".start input", "https://www.Pasted.example/path?a=b");
    await page.locator("text=Will be counted as pasted.example").waitFor();
    assert.deepEqual(await page.locator(".ticks .done").count(), 1);
    assert.match(await page.innerText(".ticks .done"), /\sdone$/);
    await page.click(".start .tab:has-text('Next.js')");
    assert.match(await page.innerText(".start pre"), /next\/script/);
    await page.click(".start .tab:has-text('HTML')");
    assert.match(await page.innerText(".start pre"), /data-domain="pasted\.example"/);
    assert.equal((await page.innerText(".start")).match(/\bpaste\b/gi)?.length, 1);
    await sendEvent(url, "shop.pasted.example", 151);
    await page.locator(".waiting:has-text('shop.pasted.example') button").click();
    await page.waitForURL(/site=shop\.pasted\.example/);
    assert.deepEqual(faults, []);
  },
);

/** A pinned site comes first, after a reload, too; the period and the total follow. */
async function sitesAreOrdered(page: Page, url: string): Promise<void> {
  const first = () => page.locator(".site-card h2").first().innerText();
  await page.locator(`[aria-label='Pin ${OTHER_SITE}']`).click();
  await page.reload();
  await page.locator(`[aria-label='Pin ${OTHER_SITE}'][aria-pressed=true]`).waitFor();
  assert.equal(await first(), OTHER_SITE);
  await page.locator(".site-card .change").first().waitFor();
  // Only what the answer says is more than chance has a colour.
  const period = await page.inputValue("select[aria-label=Period]");
  const { sites } = await askApi(url, `stats/sites?period=${period}&compare=previous_period`);
  const judged = sites.filter((site: { within_noise: boolean; change: { visitors: number } }) =>
    !site.within_noise && Math.abs(site.change.visitors) >= 0.0005
  );
  assert.equal(await page.locator(".site-card .change").count(), sites.length);
  assert.equal(await page.locator(".change.good, .change.bad").count(), judged.length);
  await page.selectOption("select[aria-label=Period]", "7d");
  const { unique_visitors } = await askApi(url, `stats/main?site_id=${OTHER_SITE}&period=7d`);
  const number = unique_visitors.toLocaleString("en-GB");
  await page.locator(`.site-card >> nth=0 >> b:text-is('${number}')`).waitFor();
  await page.locator(".sites-total:has-text('pageviews')").waitFor();
  await page.locator(`[aria-label='Pin ${OTHER_SITE}']`).click();
}

dashboardTest(
  "app.js: single visits are listed where the owner allows it, and pages are opened",
  async ({ url, open }) => {
    const { page } = await open(`${url}/?site=${SITE}&view=behaviour&report=visits&period=7d`);
    await page.locator("text=Single visits are not listed").waitFor();
    const allow = (visit_list: boolean) =>
      fetch(`${url}/api/sites/${SITE}`, { method: "PATCH", body: JSON.stringify({ visit_list }) });
    assert.equal((await allow(true)).status, 200);
    try {
      await page.reload();
      await page.locator("[data-visit]").first().waitFor();
      const { visits } = await askApi(url, `stats/visits?${OF_SITE}&period=7d&limit=20`);
      const shown = await page.$$eval(
        "[data-visit]",
        (all) => all.map((one) => one.getAttribute("data-visit")),
      );
      assert.deepEqual(shown, visits.map((visit: { started_at: string }) => visit.started_at));
      await page.locator("[data-visit] summary").first().click();
      assert.equal(
        await page.locator("[data-visit]").first().locator("ol li").count(),
        visits[0].steps.length,
      );
      await page.goto(`${url}/?site=${SITE}&period=7d`);
      const row = page.locator("[data-breakdown=pages] .row-link").first();
      await row.waitFor({ state: "attached" });
      assert.equal(await row.getAttribute("rel"), "noopener noreferrer");
      assert.match(await row.getAttribute("href") ?? "", new RegExp(`^https://${SITE}/`));
    } finally {
      await (await allow(false)).body?.cancel();
    }
  },
);

dashboardTest(
  "app.js: a click on the chart makes a note; panels are hidden and moved in this browser",
  async ({ url, open }) => {
    const { page, faults } = await open(`${url}/?site=${OTHER_SITE}&period=7d`);
    await settled(page);
    const series = await askApi(url, `stats/timeseries?site_id=${OTHER_SITE}&period=7d`);
    const box = await page.locator(".chart .u-over").boundingBox();
    assert.ok(box);
    await page.mouse.click(box.x + box.width * 2 / 6, box.y + 40);
    await page.fill(".chart-note input", "Clicked");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".chart-note", { state: "detached" });
    const path = `sites/${OTHER_SITE}/annotations`;
    const notes = await askApi(url, path);
    const [note] = notes.filter(({ text }: { text: string }) => text === "Clicked");
    assert.equal(note.date, series[2].date);
    await (await fetch(`${url}/api/${path}/${note.id}`, { method: "DELETE" })).body?.cancel();

    await page.click("text=Arrange panels");
    await page.locator("dialog label:has-text('Locations') input").uncheck();
    await page.click("dialog [aria-label='Move Sources up']");
    await page.keyboard.press("Escape");
    await page.reload();
    await settled(page);
    const titles = await page.locator(".breakdowns h2").allInnerTexts();
    assert.deepEqual(titles.slice(0, 3), ["Sources", "Pages", "Events"]);
    assert.ok(!titles.includes("Locations"));
    assert.deepEqual(faults, []);
  },
);
