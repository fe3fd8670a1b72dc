// One set of events of Umami in each form that they can be had in: all give the same events, and
// their numbers are those of the set itself.
import assert from "node:assert/strict";
import { fakeSystem } from "../../support/fake_system.ts";
import {
  countsOf,
  importFiles,
  importsOf,
  running,
  tally,
  type TestFiles,
} from "../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

type Record_ = Readonly<Record<string, string | null>>;

const SITE_A = "5a3c1d9e-0000-4000-8000-000000000001";
const SESSIONS: readonly Record_[] = [
  ["s1", "chrome", "Windows 10", "laptop", "1920x1080", "DE", "DE-BE", "Berlin"],
  ["s2", "ios", "iOS", "mobile", "390x844", "US", "US-TX", "Austin"],
].map(([session_id, browser, os, device, screen, country, region, city]) => ({
  session_id: session_id ?? "",
  website_id: SITE_A,
  browser: browser ?? null,
  os: os ?? null,
  device: device ?? null,
  screen: screen ?? null,
  language: "de-DE",
  country: country ?? null,
  region: region ?? null,
  city: city ?? null,
  created_at: "2024-01-02 08:00:00.000",
}));

function event(n: number, session_id: string, more: Record_): Record_ {
  return {
    event_id: `e${n}`,
    website_id: SITE_A,
    session_id,
    visit_id: `v-${session_id}`,
    created_at: `2024-01-0${2 + (n % 3)} 10:00:0${n}.120`,
    url_path: "/",
    url_query: null,
    referrer_domain: null,
    referrer_path: null,
    referrer_query: null,
    page_title: 'A \\ title,\twith "all"\nof it\'s',
    event_type: "1",
    event_name: null,
    hostname: "www.example.com",
    ...more,
  };
}

const EVENTS: readonly Record_[] = [
  event(1, "s1", { referrer_domain: "duckduckgo.com", referrer_path: "/" }),
  event(2, "s1", { url_path: "/it's", url_query: "utm_source=news&page=2" }),
  event(3, "s2", { url_path: "/a,b\\c" }),
  event(4, "s2", { event_type: "2", event_name: 'sign "up"' }),
  event(5, "s2", { event_type: "5" }),
  event(6, "s1", { url_path: "/last" }),
];

const DATA: readonly Record_[] = [
  ["plan", "pro", null, "1"],
  ["seats", null, "3.0000", "2"],
  ["trial", "true", null, "3"],
].map(([data_key, string_value, number_value, data_type], n) => ({
  event_data_id: `d${n}`,
  website_id: SITE_A,
  website_event_id: "e4",
  data_key: data_key ?? "",
  string_value: string_value ?? null,
  number_value: number_value ?? null,
  date_value: null,
  data_type: data_type ?? null,
  created_at: "2024-01-02 08:00:00",
}));

const TABLES = { website_event: EVENTS, session: SESSIONS, event_data: DATA };

function csv(rows: readonly Record_[]): string {
  const cell = (value: string | null) => value === null ? "" : `"${value.replaceAll('"', '""')}"`;
  const lines = rows.map((row) => Object.values(row).map(cell).join(","));
  return [Object.keys(rows[0] ?? {}).join(","), ...lines, ""].join("\n");
}

function pgDump(): string {
  const value = (text: string | null) =>
    text === null ? "\\N" : text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t")
      .replaceAll("\n", "\\n");
  const copies = Object.entries(TABLES).map(([table, rows]) =>
    [
      `COPY public.${table} (${Object.keys(rows[0] ?? {}).join(", ")}) FROM stdin;`,
      ...rows.map((row) => Object.values(row).map(value).join("\t")),
      "\\.",
      "",
    ].join("\n")
  );
  return [
    "--",
    "-- PostgreSQL database dump",
    "--",
    "",
    "SET client_encoding = 'UTF8';",
    ...copies,
    "-- PostgreSQL database dump complete",
  ].join("\n");
}

function mysqlDump(): string {
  const value = (text: string | null) =>
    text === null
      ? "NULL"
      : /^\d+(\.\d+)?$/.test(text)
      ? text
      : `'${
        text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")
          .replaceAll('"', '\\"')
      }'`;
  const tables = Object.entries(TABLES).map(([table, rows]) => {
    const names = Object.keys(rows[0] ?? {});
    const tuples = rows.map((row) => `(${Object.values(row).map(value).join(",")})`);
    return [
      `CREATE TABLE \`${table}\` (`,
      ...names.map((name) => `  \`${name}\` varchar(500) DEFAULT NULL,`),
      "  PRIMARY KEY (`website_id`)",
      ") ENGINE=InnoDB;",
      `INSERT INTO \`${table}\` VALUES ${tuples.slice(0, 2).join(",")};`,
      `INSERT INTO \`${table}\` VALUES ${tuples.slice(2).join(",")};`,
    ].filter((line) => !line.endsWith("VALUES ;")).join("\n");
  });
  return ["-- MySQL dump 10.13", "", ...tables, "-- Dump completed", ""].join("\n");
}

function flat(): string {
  const sessions = new Map(SESSIONS.map((row) => [row["session_id"], row]));
  return csv(EVENTS.map((row) => ({ ...sessions.get(row["session_id"] ?? ""), ...row })));
}

/** In each form, and whether that has properties. */
const FORMS: readonly [name: string, files: TestFiles, hasProps: boolean][] = [
  ["CSV of the tables", {
    "website_event.csv": csv(EVENTS),
    "session.csv": csv(SESSIONS),
    "event_data.csv": csv(DATA),
  }, true],
  ["pg_dump", { "umami.sql": pgDump() }, true],
  ["mysqldump", { "umami.sql": mysqlDump() }, true],
  ["dumps that overlap", { "old.sql": pgDump(), "new.sql": mysqlDump() }, true],
  ["the Cloud's CSV", { "cloud.csv": flat() }, false],
];

Deno.test("UMAMI reads the same events of every form that Umami gives", async () => {
  for (const [name, files, hasProps] of FORMS) {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const imports = await importsOf(folder, system, storage);
      const { state, report } = await importFiles(running(imports), files);
      assert.equal(state, "done", `${name}: ${report.error}`);
      assert.deepEqual(report.totals, { events: 5, pageviews: 4, visitors: 2 }, name);
      assert.deepEqual(report.apart, { "no view and no event": 1 });
      const column = (wanted: string) => countsOf(storage, wanted);
      assert.deepEqual(
        await column("pathname"),
        tally(["/", "/it's", "/a,b/c", "/", "/last"]),
        name,
      );
      assert.deepEqual(
        await column("event_name"),
        tally([...Array(4).fill("pageview"), 'sign "up"']),
        name,
      );
      assert.deepEqual(await column("hostname"), { "www.example.com": 5 });
      assert.deepEqual(await column("utm_source"), tally([null, null, null, null, "news"]));
      assert.deepEqual(
        await column("referrer_source"),
        tally([null, null, null, null, "DuckDuckGo"]),
      );
      assert.deepEqual(await column("browser"), { Chrome: 3, Safari: 2 });
      assert.deepEqual(await column("os"), { Windows: 3, iOS: 2 });
      assert.deepEqual(await column("device_type"), { desktop: 3, mobile: 2 });
      assert.deepEqual(await column("region"), { "DE-BE": 3, "US-TX": 2 });
      assert.deepEqual(await column("city"), { Berlin: 3, Austin: 2 });
      assert.equal(Object.keys(await column("visitor_id")).length, 2);
      assert.deepEqual(await column("title"), { [`A \\ title,with "all"of it's`]: 5 }, name);
      assert.deepEqual(await column("language"), { "de-DE": 5 }, name);
      const props = hasProps ? '{"plan":"pro","seats":3,"trial":true}' : null;
      assert.deepEqual(await column("props"), tally([null, null, null, null, props]), name);
      await storage.close();
    });
  }
});

Deno.test("UMAMI asks which of several websites is meant", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const other = { ...event(7, "s9", {}), website_id: "other-website" };
    const files = { "website_event.csv": csv([...EVENTS, other]) };
    const asked = await importFiles(running(imports), files);
    assert.equal(asked.state, "failed");
    assert.match(
      String(asked.report.error),
      /several websites: 5a3c.* \(6 events\), other-website/,
    );
    const one = await importFiles(running(imports), files, { website: "other-website" });
    assert.deepEqual(one.report.totals, { events: 1, pageviews: 1, visitors: 1 });
    const none = await importFiles(running(imports), { "session.csv": csv(SESSIONS) });
    assert.match(String(none.report.error), /no table website_event/);
    await storage.close();
  });
});
