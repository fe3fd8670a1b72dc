// GoatCounter's JSON export, version 1: tables of what was counted by hour or day, and of the
// paths, referrers, browsers and systems that they name by number. It counts a page once for each
// visitor and visit, so that there are views of pages and no visitors of days.
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import { Referrers, sourceOf } from "../../../ingest/enrich/referrer.ts";
import { channelOf } from "../../../reference/channels.ts";
import { literal, literalPath } from "../../../storage/parquet/schema.ts";
import {
  type Importer,
  ImportFault,
  type InputFile,
  notes,
  type ReadContext,
  type SumsSource,
  type SumTable,
  textOrNull,
  tryCast,
} from "../../importer.ts";
import { fill } from "../../stage/enrich.ts";
import { fillPlaces, placeName } from "./places.ts";

/** The columns of each file that is read. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  paths: ["id", "event", "path"],
  refs: ["id", "ref", "ref_scheme"],
  browsers: ["id", "name", "version"],
  systems: ["id", "name", "version"],
  hit_stats: ["hour", "path_id", "ref_id", "count"],
  browser_stats: ["day", "path_id", "browser_id", "count"],
  system_stats: ["day", "path_id", "system_id", "count"],
  location_stats: ["day", "path_id", "location", "count"],
  language_stats: ["day", "path_id", "language", "count"],
  size_stats: ["day", "path_id", "width", "count"],
};

/** The row of IMPORTERS. */
export const GOATCOUNTER_JSON: Importer = {
  name: "goatcounter-json",
  label: "GoatCounter (JSON)",
  detect: ({ name, header }) => {
    const [, table = ""] = /^(\w+)\.jsonl?$/.exec(name) ?? [];
    return header.startsWith("{") && Object.hasOwn(COLUMNS, table) ? table : null;
  },
  read: async (files, context) => {
    const tables = new Map(files.map((file) => [file.role, file]));
    for (const name of ["paths", "hit_stats"]) {
      if (tables.has(name)) continue;
      throw new ImportFault(
        `Cannot import GoatCounter's export: ${name}.jsonl is missing; take the whole ZIP file`,
      );
    }
    await fillNames(tables, context);
    return { sums: sumsOf(tables), columns: COLUMN_NOTES } satisfies SumsSource;
  },
};

type Tables = ReadonlyMap<string, InputFile>;

/** The rows of a file, every value as text; what cannot be read is NULL. */
function rowsOf(tables: Tables, name: string): Sql {
  const file = tables.get(name);
  const columns = COLUMNS[name] ?? [];
  if (!file) {
    return sql`(select ${join(columns.map((one) => raw(`null::varchar as ${one}`)))} where false)`;
  }
  const typed = columns.map((one) => raw(`'${one}': 'VARCHAR'`));
  return sql`read_json(${literal(literalPath(file.path))}, format = 'newline_delimited',
    ignore_errors = true, columns = {${join(typed)}})`;
}

/** What referrers, places and languages are called, each read once. */
async function fillNames(tables: Tables, { db, signal }: ReadContext): Promise<void> {
  const pause = () => Promise.resolve(signal.throwIfAborted());
  const referrers = new Referrers({ stripQuery: false });
  await fill(
    db,
    sql`(select distinct coalesce(ref, '') as ref, coalesce(ref_scheme, '') as scheme
    from ${rowsOf(tables, "refs")})`,
    {
      table: "ref_names",
      keys: ["ref", "scheme"],
      columns: ["source", "referrer", "utm_source", "channel"],
      read: ({ ref, scheme }) => refNames(referrers, String(ref), String(scheme)),
    },
    pause,
  );
  await fill(
    db,
    sql`(select distinct nullif(language, '') as language
    from ${rowsOf(tables, "language_stats")})`,
    {
      table: "language_names",
      keys: ["language"],
      columns: ["name"],
      read: ({ language }) => ({ name: languageName(String(language)) }),
    },
    pause,
  );
  const places = sql`(select case when contains(location, '-') then location end as region,
    null::varchar as city from ${rowsOf(tables, "location_stats")})`;
  await fillPlaces(db, places, pause);
}

function refNames(referrers: Referrers, ref: string, scheme: string) {
  const named = (names: { source: string; referrer?: string; utm_source?: string }) => ({
    referrer: null,
    utm_source: null,
    ...names,
    channel: channelOf({
      referrer_source: names.utm_source === undefined ? names.source : null,
      utm_source: names.utm_source ?? null,
      source_tag: null,
      utm_medium: null,
      utm_campaign: null,
      click_id: null,
    }),
  });
  if (ref === "") return { source: null, referrer: null, utm_source: null, channel: "Direct" };
  if (scheme === "g") return named({ source: ref });
  if (scheme === "c") return named({ source: ref, utm_source: ref });
  const read = referrers.read(/^\w+:/.test(ref) ? ref : `https://${ref}`);
  return named({ source: sourceOf(read, []) ?? ref, referrer: read.stored ?? ref });
}

/** `eng` is `en` here. */
function languageName(code: string): string {
  try {
    return Intl.getCanonicalLocales(code)[0] ?? code;
  } catch {
    return code;
  }
}

type Base = Omit<SumTable, "kind" | "values">;

const COUNT = tryCast(raw("row.count"), "double");
const NONE = raw("null");

/** The rows of a table with their path, and `columns` of what is joined, of pages or of events. */
function baseOf(tables: Tables, name: string, joined = raw(""), columns = raw("1 as one")) {
  return (isEvent: boolean): Base => ({
    file: tables.get(name)?.sample.name ?? `${name}.jsonl`,
    from: sql`(select stats.*, paths.path, paths.event, ${columns}
      from ${rowsOf(tables, name)} as stats
      left join ${rowsOf(tables, "paths")} as paths on paths.id = stats.path_id ${joined}
      where coalesce(lower(paths.event) = 'true', false) = ${raw(String(isEvent))})`,
    fault: raw("case when row.path is null then 'its path is not listed' end"),
    date: name === "hit_stats" ? raw("left(row.hour, 10)") : raw("row.day"),
    counts: isEvent ? { events: COUNT, pageviews: raw("0") } : { pageviews: COUNT, events: COUNT },
  });
}

function sumsOf(tables: Tables): SumTable[] {
  return [...hitsOf(tables), ...sourcesOf(tables), ...clientsOf(tables)];
}

/** Days, pages and events, all of the same rows. */
function hitsOf(tables: Tables): SumTable[] {
  const [pages, events] = [false, true].map(baseOf(tables, "hit_stats"));
  if (!pages || !events) return [];
  const again = { isRepeated: true } as const;
  const counts = { ...pages.counts, visitors: COUNT };
  return [
    { ...pages, kind: "days", values: [] },
    { ...events, kind: "days", values: [] },
    { ...pages, ...again, kind: "pages", values: [NONE, raw("row.path")], counts },
    { ...pages, ...again, kind: "events", values: [raw("'pageview'"), NONE, NONE] },
    { ...events, ...again, kind: "events", values: [raw("row.path"), NONE, NONE] },
  ];
}

function sourcesOf(tables: Tables): SumTable[] {
  if (!tables.has("refs")) return [];
  const joined = sql`left join ${rowsOf(tables, "refs")} as refs on refs.id = stats.ref_id
    left join ref_names as names on names.ref = coalesce(refs.ref, '')
      and names.scheme = coalesce(refs.ref_scheme, '')`;
  const columns = raw("names.source, names.referrer, names.utm_source, names.channel");
  const named = ["source", "referrer", "utm_source"].map((name) => raw(`row.${name}`));
  const values = [...named, NONE, NONE, NONE, NONE, raw("row.channel")];
  const base = baseOf(tables, "hit_stats", joined, columns)(false);
  return [{ ...base, kind: "sources", values, isRepeated: true }];
}

/** Browsers, systems, places, languages and screens, as far as they are there. */
function clientsOf(tables: Tables): SumTable[] {
  const has = (...names: string[]) => names.every((name) => tables.has(name));
  const named = (name: string, of: string, id: string) =>
    baseOf(
      tables,
      name,
      sql`left join ${rowsOf(tables, of)} as names on names.id = stats.${raw(id)}`,
      raw("names.name, names.version"),
    )(false);
  const values = ["name", "version"].map((name) => textOrNull(raw(`row.${name}`)));
  const language = sql`(select any_value(name) from language_names
    where language_names.language = row.language)`;
  const country = textOrNull(raw("upper(left(row.location, 2))"));
  const region = placeName("regions", raw("row.location"));
  const plain = (name: string) => baseOf(tables, name)(false);
  return [
    ...has("browsers", "browser_stats")
      ? [{ ...named("browser_stats", "browsers", "browser_id"), kind: "browsers", values } as const]
      : [],
    ...has("systems", "system_stats")
      ? [{ ...named("system_stats", "systems", "system_id"), kind: "systems", values } as const]
      : [],
    ...has("location_stats")
      ? [
        { ...plain("location_stats"), kind: "locations", values: [country, region, NONE] } as const,
      ]
      : [],
    ...has("language_stats")
      ? [{ ...plain("language_stats"), kind: "languages", values: [language] } as const]
      : [],
    ...has("size_stats") ? sizes(plain("size_stats")) : [],
  ];
}

/** Kinds of screens and devices by the width of the screen; 0 is not known. */
function sizes(base: Base): SumTable[] {
  const width = sql`nullif(${tryCast(raw("row.width"), "bigint")}, 0)`;
  const screen = sql`case when ${width} < 768 then 'mobile' when ${width} < 1024 then 'tablet'
    when ${width} < 1440 then 'laptop' when ${width} >= 1440 then 'desktop' end`;
  const device = sql`case when ${width} < 768 then 'mobile' when ${width} < 1024 then 'tablet'
    when ${width} >= 1024 then 'desktop' end`;
  return [
    { ...base, kind: "screens", values: [screen] },
    { ...base, kind: "devices", values: [device], isRepeated: true },
  ];
}

const COLUMN_NOTES = notes(
  ["hit_stats: hour", "day", "in UTC"],
  ["hit_stats: count", "pageviews", "a page is counted once in a visit"],
  ["hit_stats: count", null, "visitors of days: they are counted for each page alone"],
  ["paths", "page, name", "of an event its name"],
  ["refs", "source, referrer, utm_source, channel"],
  ["browsers, systems", "browser, os and versions"],
  ["location", "country, region", "the region by its name"],
  ["language", "language"],
  ["width", "screen, device"],
  ["campaign_stats", null, "the export has no names of campaigns"],
);
