// The files of other programs, against a count of the accepted events that shares nothing with the
// code that writes them, and read again by the importers of those programs.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { Event } from "../../src/core/event.ts";
import { EXPORT_FORMS, type ExportName, type FormSettings } from "../../src/exports/forms.ts";
import { ExportFiles } from "../../src/storage/backup/export_file.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";
import { pageview, timeUs } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { countsOf, importFiles, importsOf, running } from "../support/storage/imports.ts";
import { accept, EVER, openFolder, withFolder } from "../support/storage/storage.ts";

const MINUTE_US = 60_000_000;
const GAP_US = 30 * MINUTE_US;

function propsOf(n: number): string {
  const values = [1, -2.25, true, false, 'a "b", c\nd', "12", "\u00e4", ""];
  return JSON.stringify({ [n % 14 === 0 ? "plan" : "pl a.n"]: values[n / 7 % 8], n });
}

/** Visitors with pauses on both sides of half an hour, and every column that a form has. */
const EVENTS: readonly Event[] = Array.from({ length: 240 }, (_, n) =>
  pageview({
    at: timeUs("2024-01-10T22:00") + n * (n % 11 === 0 ? 17 : 13) * MINUTE_US + n,
    visitor: (n % 5).toString(16).padStart(64, "0"),
    page: n % 9 === 0 ? `/list?page=${n % 3}` : `/page/${n % 13}`,
    hostname: "www.example.com",
    browser: n % 2 === 0 ? "Chrome" : "Firefox",
    os: n % 2 === 0 ? "Windows" : "Android",
    os_version: n % 2 === 0 ? "10" : null,
    device_type: n % 2 === 0 ? "desktop" : "mobile",
    screen_size: "1920",
    country_code: n % 3 === 0 ? "DE" : null,
    region: n % 3 === 0 ? "DE-BE" : null,
    ...(n % 4 === 0
      ? { referrer: "https://blog.example/a?b=1", referrer_source: "blog.example" }
      : {}),
    ...(n % 6 === 1 ? { utm_source: "news", utm_campaign: '=1+1,"x"' } : {}),
    ...(n % 7 === 0 ? { event_name: "Signup", props: propsOf(n) } : {}),
    ...(n % 35 === 0 ? { revenue_amount: 1250 + n, revenue_currency: "EUR" } : {}),
  }));

/** Visits by the definition: a pause longer than the gap, or a second midnight, begins another. */
function visitCount(events: readonly Event[]): number {
  const DAY_US = 86_400_000_000;
  let visits = 0;
  for (const visitor of new Set(events.map(({ visitor_id }) => visitor_id))) {
    const times = events.filter((event) => event.visitor_id === visitor)
      .map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    let [last, chain, day] = [-Infinity, 0, 0];
    for (const time of times) {
      const today = Math.floor(time / DAY_US);
      if (time - last > GAP_US) {
        visits++;
        chain = time;
      } else if (today > Math.floor((chain + DAY_US - GAP_US) / DAY_US) && today > day) visits++;
      day = today;
      last = time;
    }
  }
  return visits;
}

/** These forms are made of events. */
const NO_ANSWERS: FormSettings["answers"] = {
  scope: { site: "example.com", nowUs: 0, zone: "UTC", weekStart: 1, gapUs: GAP_US },
  context: { query: () => Promise.reject(new Error()), rows: () => Promise.reject(new Error()) },
  sums: { of: () => Promise.reject(new Error()), ask: () => Promise.reject(new Error()) },
  firstUs: () => Promise.reject(new Error()),
};

async function written(folder: string, name: ExportName, fromUs = EVER.fromUs) {
  const system = fakeSystem();
  const storage = await openFolder(folder, system);
  await accept(storage, EVENTS);
  await storage.flusher.flush();
  const made = await ExportFiles.open(storage.reader, system.files, system.random, {
    folder: `${folder}/.exports`,
  });
  const form = EXPORT_FORMS[name].form({ gapUs: GAP_US, answers: NO_ANSWERS }, false);
  const { signal } = new AbortController();
  const file = await made.write("example.com", { ...EVER, fromUs }, form, signal);
  const bytes = new Uint8Array(await new Response(file.content).arrayBuffer());
  await storage.close();
  return { bytes, events: file.events };
}

async function query(bytes: Uint8Array, statement: string) {
  return await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.csv`, bytes);
    const duckdb = await openDuckDb();
    try {
      const csv = `read_csv('${folder}/a.csv', header = true, all_varchar = true)`;
      return await duckdb.rows(statement.replace("FILE", csv));
    } finally {
      duckdb.close();
    }
  });
}

async function importedCounts(
  bytes: Uint8Array<ArrayBuffer>,
  columns: readonly string[],
  name = "export.csv",
) {
  return await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const { state, report } = await importFiles(running(imports), { [name]: bytes });
    assert.equal(state, "done", report.error);
    const counts: Record<string, unknown> = {};
    for (const column of columns) counts[column] = await countsOf(storage, column);
    await storage.close();
    return { counts, totals: report.totals };
  });
}

/** Revenue is stored in hundredths. */
function unitsOf(amount: number | null): number | null {
  return amount === null ? null : amount / 100;
}

function distinct(values: readonly unknown[]): number {
  return new Set(values).size;
}

function counted(value: (event: Event) => string | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of EVENTS) {
    const text = value(event) ?? "";
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
}

const views = EVENTS.filter(({ event_name }) => event_name === "pageview");
const TOTALS = {
  events: EVENTS.length,
  pageviews: views.length,
  visitors: distinct(EVENTS.map(({ visitor_id }) => visitor_id)),
};

Deno.test("umamiForm() has every event with its visitor and visit", async () => {
  await withFolder(async (folder) => {
    const { bytes, events } = await written(folder, "umami");
    assert.equal(events, EVENTS.length);
    const rows = await query(
      bytes,
      `select count(*) as events, count(distinct session_id) as visitors,
        count(distinct visit_id) as visits, count(distinct event_id) as ids,
        count(*) filter (where event_type = '1') as views,
        count(*) filter (where referrer_domain = 'blog.example' and referrer_path = '/a'
          and referrer_query = 'b=1') as referred,
        count(*) filter (where utm_campaign = '=1+1,"x"') as campaign,
        count(distinct website_id) as sites from FILE`,
    );
    const expected = {
      events: EVENTS.length,
      visitors: 5,
      visits: visitCount(EVENTS),
      ids: EVENTS.length,
      views: views.length,
      referred: EVENTS.filter(({ referrer }) => referrer !== null).length,
      campaign: EVENTS.filter(({ utm_campaign }) => utm_campaign !== null).length,
      sites: 1,
    };
    const numbers = Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]);
    assert.deepEqual(Object.fromEntries(numbers), expected);
    const back = await importedCounts(bytes, ["browser", "os", "event_name", "country_code"]);
    assert.deepEqual(back.totals, TOTALS);
    assert.deepEqual(back.counts, {
      browser: counted(({ browser }) => browser),
      os: counted(({ os }) => os),
      event_name: counted(({ event_name }) => event_name),
      country_code: counted(({ country_code }) => country_code),
    });
  });
});

Deno.test("umamiTables() has every event with its session and properties", async () => {
  await withFolder(async (folder) => {
    const { bytes, events } = await written(folder, "umami-tables");
    assert.equal(events, EVENTS.length);
    const files = unzipSync(bytes);
    assert.deepEqual(Object.keys(files), ["website_event.csv", "session.csv", "event_data.csv"]);
    const paid = EVENTS.filter(({ revenue_amount }) => revenue_amount !== null);
    const keys = EVENTS.reduce(
      (count, { props }) => count + Object.keys(JSON.parse(props ?? "{}")).length,
      0,
    );
    const counts = async (name: string, statement: string) =>
      (await query(files[name] ?? new Uint8Array(), statement))[0];
    assert.deepEqual(
      await counts("session.csv", "select count(*)::integer as n from FILE"),
      { n: TOTALS.visitors },
    );
    assert.deepEqual(
      await counts(
        "event_data.csv",
        `select count(*)::integer as n, count(distinct event_data_id)::integer as ids,
          count(*) filter (data_key = 'currency')::integer as paid from FILE`,
      ),
      { n: keys + 2 * paid.length, ids: keys + 2 * paid.length, paid: paid.length },
    );
    // Read back: every value of an event that the tables have columns for. Browsers and places are
    // those of a visitor there.
    const columns = ["event_name", "utm_campaign", "hostname", "referrer_source"];
    const back = await importedCounts(
      bytes,
      [...columns, "props", "revenue_amount", "revenue_currency"],
      "umami.zip",
    );
    assert.deepEqual(back.totals, TOTALS);
    const sorted = (text: string | null) =>
      text === null ? null : JSON.stringify(
        Object.fromEntries(Object.entries(JSON.parse(text)).sort()),
      );
    const money = ({ revenue_amount, revenue_currency }: Event) =>
      revenue_amount === null
        ? {}
        : { currency: revenue_currency, revenue: unitsOf(revenue_amount) };
    const { props, ...others } = back.counts;
    assert.deepEqual(others, {
      event_name: counted(({ event_name }) => event_name),
      utm_campaign: counted(({ utm_campaign }) => utm_campaign),
      hostname: counted(({ hostname }) => hostname),
      referrer_source: counted(({ referrer_source }) => referrer_source),
      revenue_amount: counted(({ revenue_amount }) => unitsOf(revenue_amount)?.toString() ?? null),
      revenue_currency: counted(({ revenue_currency }) => revenue_currency),
    });
    const found: Record<string, number> = {};
    for (const [text, count] of Object.entries(props as Record<string, number>)) {
      found[text === "" ? "" : sorted(text) ?? ""] = count;
    }
    const expected = counted((event) => {
      if (event.props === null && event.revenue_amount === null) return null;
      const own = JSON.parse(event.props ?? "{}");
      return sorted(JSON.stringify({ ...own, ...money(event) }));
    });
    assert.deepEqual(found, expected);
  });
});

Deno.test("umamiForm() cuts events at the range, and no visit", async () => {
  await withFolder(async (folder) => {
    const from = EVENTS[100]?.timestamp ?? 0;
    const { bytes, events } = await written(folder, "umami", from);
    assert.equal(events, EVENTS.filter(({ timestamp }) => timestamp >= from).length);
    const rows = await query(bytes, "select count(*) as n, min(created_at) as first from FILE");
    assert.equal(Number(rows[0]?.["n"]), events);
  });
});

Deno.test("GOATCOUNTER_FORM has version 2's columns, and each visitor once a path", async () => {
  await withFolder(async (folder) => {
    const { bytes, events } = await written(folder, "goatcounter");
    assert.equal(events, EVENTS.length);
    const text = new Uint8Array(gunzipSync(bytes));
    assert.equal(
      new TextDecoder().decode(text).split("\n", 1)[0],
      "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
        "Screen size,Location,FirstVisit,Date",
    );
    const rows = await query(
      text,
      `select "2Path" as path, count(*) as hits,
        count(*) filter (where "FirstVisit" = 'true') as visitors
      from FILE where "Event" = 'false' group by path order by path`,
    );
    const paths = [...new Set(views.map(({ pathname }) => pathname))].sort();
    assert.deepEqual(
      rows.map(({ path, hits, visitors }) => [path, Number(hits), Number(visitors)]),
      paths.map((path) => {
        const hits = views.filter(({ pathname }) => pathname === path);
        return [path, hits.length, distinct(hits.map(({ visitor_id }) => visitor_id))];
      }),
    );
    const back = await importedCounts(bytes, ["browser", "event_name", "country_code", "region"]);
    assert.deepEqual(back.totals, TOTALS);
    assert.deepEqual(back.counts, {
      browser: counted(({ browser }) => browser),
      event_name: counted(({ event_name }) => event_name),
      country_code: counted(({ country_code }) => country_code),
      region: counted(({ region }) => region),
    });
  });
});
