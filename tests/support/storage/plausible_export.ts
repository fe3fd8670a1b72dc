// A Plausible export made from its documented format, with every table, and the same numbers as
// plain rows, so that tests can count them by themselves.
import { zipSync } from "fflate";
import { seededRandom } from "../fake_system.ts";

/** A row of a table: texts and counts by column. */
export type PlausibleRow = Readonly<Record<string, string | number>>;

/** The rows of each table. */
export type PlausibleTables = Readonly<Record<string, readonly PlausibleRow[]>>;

const VALUES: Readonly<Record<string, readonly PlausibleRow[]>> = {
  visitors: [{}],
  pages: [
    { hostname: "example.com", page: "/" },
    { hostname: "example.com", page: "/docs" },
    { hostname: "docs.example.com", page: "/docs" },
    { hostname: "example.com", page: '/a "quoted", page' },
  ],
  entry_pages: [{ entry_page: "/" }, { entry_page: "/docs" }],
  exit_pages: [{ exit_page: "/" }, { exit_page: "/docs" }],
  sources: [
    sourceOf("Google", "google.com", ["", "", ""]),
    sourceOf("", "", ["", "", ""]),
    sourceOf("newsletter", "mail.google.com", ["newsletter", "email", "spring"]),
    sourceOf("Hacker News", "news.ycombinator.com/item", ["", "", ""]),
  ],
  locations: [
    { country: "DE", region: "DE-BW", city: 2825297 },
    { country: "DE", region: "DE-BE", city: 2950159 },
    { country: "US", region: "US-OR", city: 5746545 },
    { country: "", region: "", city: 0 },
  ],
  devices: [{ device: "Desktop" }, { device: "Laptop" }, { device: "Mobile" }],
  browsers: [
    { browser: "Chrome", browser_version: "120.0" },
    { browser: "Chrome", browser_version: "121.0" },
    { browser: "Microsoft Edge", browser_version: "111.0" },
  ],
  operating_systems: [
    { operating_system: "Mac", operating_system_version: "10.14" },
    { operating_system: "GNU/Linux", operating_system_version: "" },
  ],
  custom_events: [
    { name: "Signup", link_url: "", path: "" },
    { name: "Outbound Link: Click", link_url: "https://one.example.com/", path: "" },
    { name: "404", link_url: "", path: "/no-such-page" },
  ],
  custom_props: [{ property: "plan", value: "pro" }, { property: "plan", value: "free" }],
};

function sourceOf(source: string, referrer: string, [a, b, c]: readonly [string, string, string]) {
  const rest = { utm_content: "", utm_term: "" };
  return { source, referrer, utm_source: a, utm_medium: b, utm_campaign: c, ...rest };
}

const COUNTS: Readonly<Record<string, readonly string[]>> = {
  pages: [
    ...["visits", "visitors", "pageviews", "total_scroll_depth", "total_scroll_depth_visits"],
    ...["total_time_on_page", "total_time_on_page_visits"],
  ],
  entry_pages: ["visitors", "entrances", "visit_duration", "bounces", "pageviews"],
  exit_pages: ["visitors", "visit_duration", "exits", "bounces", "pageviews"],
  custom_events: ["visitors", "events"],
  custom_props: ["visitors", "events"],
};
const USUAL = ["visitors", "visits", "visit_duration", "bounces", "pageviews"];

/** The tables of some days: every number is different, and from the seed. */
export function plausibleTables(dates: readonly string[], seed = 1): PlausibleTables {
  const random = seededRandom(seed);
  const number = () => 1 + ((random.bytes(2)[0] ?? 0) % 90);
  const table = (name: string, values: readonly PlausibleRow[]) =>
    dates.flatMap((date) =>
      values.map((value) => {
        const counts = (COUNTS[name] ?? USUAL).map((column) => [column, number()]);
        return { date, ...value, ...Object.fromEntries(counts) };
      })
    );
  return Object.fromEntries(
    Object.entries(VALUES).map(([name, values]) => [name, table(name, values)]),
  );
}

/** A table as its file. */
export function plausibleCsv(rows: readonly PlausibleRow[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: string | number | undefined) =>
    typeof value === "number" ? String(value) : `"${String(value).replaceAll('"', '""')}"`;
  const lines = rows.map((row) => names.map((name) => cell(row[name])).join(","));
  return [names.map(cell).join(","), ...lines].join("\n") + "\n";
}

/** The archive. */
export function plausibleZip(tables: PlausibleTables): Uint8Array<ArrayBuffer> {
  const files = Object.entries(tables).map(([name, rows]) => {
    const dates = rows.map((row) => String(row["date"]).replaceAll("-", "")).sort();
    const path = `imported_${name}_${dates[0]}_${dates.at(-1)}.csv`;
    return [path, new TextEncoder().encode(plausibleCsv(rows))];
  });
  return zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>;
}

/** Days after one another. */
export function datesFrom(first: string, count: number): string[] {
  return Array.from(
    { length: count },
    (_, day) => new Date(Date.parse(first) + day * 86_400_000).toISOString().slice(0, 10),
  );
}

/** The sum of a count over the rows that a test keeps. */
export function sumOf(
  rows: readonly PlausibleRow[] | undefined,
  column: string,
  keep: (row: PlausibleRow) => boolean = () => true,
): number {
  return (rows ?? []).filter(keep).reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}
