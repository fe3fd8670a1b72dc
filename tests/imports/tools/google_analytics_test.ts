// Events of Google Analytics 4 as BigQuery writes them, as lines of JSON, as a list and as Parquet:
// each gives the same events.
import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { fakeSystem } from "../../support/fake_system.ts";
import { countsOf, importFiles, importsOf, running, tally } from "../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

type Params = Readonly<Record<string, string | number>>;

function event(n: number, name: string, visitor: string | null, params: Params, more = {}) {
  return {
    event_date: "20240102",
    event_timestamp: String(Date.UTC(2024, 0, 2, 10, n) * 1000 + n),
    event_name: name,
    event_params: Object.entries(params).map(([key, value]) => ({
      key,
      value: {
        string_value: typeof value === "string" ? value : null,
        int_value: typeof value === "number" && Number.isInteger(value) ? String(value) : null,
        float_value: null,
        double_value: typeof value === "number" && !Number.isInteger(value) ? value : null,
      },
    })),
    user_pseudo_id: visitor,
    device: {
      category: "mobile",
      operating_system: "Macintosh",
      operating_system_version: "Macintosh Intel 10.15",
      language: "de-de",
      web_info: { browser: "Safari", browser_version: "17.1", hostname: "www.example.com" },
    },
    geo: { country: "T\u00fcrkiye", region: "Ankara", city: "(not set)" },
    platform: "WEB",
    ecommerce: { purchase_revenue: null as number | null },
    ...more,
  };
}

const page = (path: string, more: Params = {}) => ({
  page_location: `https://www.example.com${path}`,
  page_title: "Title",
  ga_session_id: 17,
  ...more,
});

const EVENTS = [
  event(0, "session_start", "u.1", page("/")),
  event(1, "page_view", "u.1", page("/?utm_source=mail", { page_referrer: "https://bing.com/" })),
  event(2, "scroll", "u.1", page("/", { percent_scrolled: 90 })),
  event(3, "purchase", "u.1", page("/buy", { currency: "eur", coupon: "X", rate: 0.5 }), {
    ecommerce: { purchase_revenue: 19.99 },
  }),
  event(4, "page_view", null, page("/none"), { geo: { country: "Germany" } }),
  event(5, "screen_view", "u.2", {}, { platform: "ANDROID" }),
];
const LINES = EVENTS.map((one) => JSON.stringify(one)).join("\n") + "\n";

async function parquet(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir();
  const instance = await duckdb.DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await Deno.writeTextFile(`${folder}/lines.json`, LINES);
    await connection.run(`copy (
        select * replace (event_timestamp::bigint as event_timestamp)
        from read_json('${folder}/lines.json', format = 'newline_delimited')
      ) to '${folder}/events.parquet' (format parquet)`);
    return await Deno.readFile(`${folder}/events.parquet`);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("GOOGLE_ANALYTICS reads the same events of JSON and Parquet", async () => {
  const forms: readonly (readonly [string, string | Uint8Array<ArrayBuffer>])[] = [
    ["bquxjob.json", LINES],
    ["list.json", JSON.stringify(EVENTS)],
    ["events.parquet", await parquet()],
  ];
  for (const [name, content] of forms) {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const imports = await importsOf(folder, system, storage);
      const { state, report } = await importFiles(running(imports), { [name]: content });
      assert.equal(state, "done", `${name}: ${report.error}`);
      assert.deepEqual(report.totals, { events: 4, pageviews: 2, visitors: 2 }, name);
      assert.deepEqual(report.apart, { "made by the tool": 1, "of an app": 1 }, name);
      const column = (wanted: string) => countsOf(storage, wanted);
      assert.deepEqual(
        await column("event_name"),
        tally(["pageview", "scroll", "purchase", "pageview"]),
        name,
      );
      assert.deepEqual(await column("pathname"), tally(["/", "/", "/buy", "/none"]), name);
      assert.deepEqual(await column("referrer_source"), tally([null, null, null, "Bing"]), name);
      assert.deepEqual(await column("utm_source"), tally([null, null, null, "mail"]), name);
      assert.deepEqual(await column("country_code"), { TR: 3, DE: 1 }, name);
      assert.deepEqual(await column("city"), tally(Array(4).fill(null)), name);
      assert.deepEqual(await column("os"), { macOS: 4 }, name);
      assert.deepEqual(await column("os_version"), { "10.15": 4 }, name);
      assert.deepEqual(await column("language"), { "de-DE": 4 }, name);
      assert.deepEqual(await column("interactive"), tally([null, null, null, "false"]), name);
      assert.deepEqual(
        await column("props"),
        tally([null, null, '{"percent_scrolled":90}', '{"coupon":"X","rate":0.5}']),
        name,
      );
      assert.deepEqual(await column("revenue_currency"), tally([null, null, null, "EUR"]), name);
      await storage.close();
    });
  }
});

Deno.test("GOOGLE_ANALYTICS counts a day once beside its unfinished table", async () => {
  const lines = (date: string, paths: readonly string[]) =>
    paths.map((path, n) =>
      `${JSON.stringify(event(n, "page_view", "u.1", page(path), { event_date: date }))}\n`
    ).join("");
  type Case = readonly [Readonly<Record<string, string>>, readonly string[], number];
  const cases: readonly Case[] = [
    [
      {
        "events_intraday_20240102-000.json": lines("20240102", ["/a", "/b"]),
        "events_20240102-000.json": lines("20240102", ["/a", "/b", "/c"]),
      },
      ["/a", "/b", "/c"],
      2,
    ],
    [
      {
        "events_20240101-000.json": lines("20240101", ["/old"]),
        "events_intraday_20240102-000.json": lines("20240102", ["/a", "/b"]),
      },
      ["/old", "/a", "/b"],
      0,
    ],
    [{ "events_intraday_20240102-000.json": lines("20240102", ["/a"]) }, ["/a"], 0],
  ];
  for (const [files, paths, repeated] of cases) {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const imports = await importsOf(folder, system, storage);
      const { report } = await importFiles(running(imports), files);
      assert.deepEqual(await countsOf(storage, "pathname"), tally([...paths]));
      assert.equal(report.apart?.["also in the table of the day"] ?? 0, repeated);
      await storage.close();
    });
  }
});

Deno.test("GOOGLE_ANALYTICS tells the line of a rejected row", async () => {
  const countries = ["Germany", "France", "Germany", "Japan"];
  const lines = Array.from({ length: 40 }, (_, n) =>
    JSON.stringify(
      event(n, n === 16 ? "" : "page_view", "u.1", page("/"), {
        geo: { country: countries[n % countries.length] },
      }),
    ));
  lines[8] = "no JSON";
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const { report } = await importFiles(running(imports), { "e.json": lines.join("\n") });
    assert.deepEqual(report.rejects?.map(({ line }) => line), [9, 17]);
    await storage.close();
  });
});
