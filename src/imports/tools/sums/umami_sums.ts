// Umami's export from the dashboard: a ZIP of lists, each with values and a count, and no dates. It
// can be kept where it is of one day, which the name of its file says.
import { isDate } from "../../../../dashboard/grammar/days.js";
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { SumColumn, SumKind } from "../../../storage/history/sum_kinds.ts";
import { Referrers, sourceOf } from "../../../ingest/enrich/referrer.ts";
import { literal } from "../../../storage/parquet/schema.ts";
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
import { csvRows, headerCells } from "../csv.ts";
import { umamiBrowser, umamiSystem } from "../umami_names.ts";

/** The lists by the names of their files. */
const LISTS: Readonly<Record<string, { readonly kind: SumKind; readonly counts: SumColumn }>> = {
  pages: { kind: "pages", counts: "visitors" },
  events: { kind: "events", counts: "events" },
  referrers: { kind: "sources", counts: "visitors" },
  browsers: { kind: "browsers", counts: "visitors" },
  os: { kind: "systems", counts: "visitors" },
  devices: { kind: "devices", counts: "visitors" },
  countries: { kind: "locations", counts: "visitors" },
};

/** The row of IMPORTERS. */
export const UMAMI_SUMS: Importer = {
  name: "umami-sums",
  label: "Umami (export of the dashboard)",
  detect: ({ name, header }) => {
    const [, list = ""] = /^(\w+)\.csv$/i.exec(name) ?? [];
    const isList = headerCells(header).join(",").toLowerCase() === "x,y";
    return isList && Object.hasOwn(LISTS, list.toLowerCase()) ? list.toLowerCase() : null;
  },
  read: async (files, context) => {
    const dated = files.map((file) => ({ file, date: dayOf(file) }));
    await fillReferrers(files, context);
    const sums = dated.flatMap(({ file, date }) => tableOf(file, date));
    return { sums, columns: COLUMN_NOTES } satisfies SumsSource;
  },
};

/** The day in the name of a list's file or of its archive. */
function dayOf({ sample: { name, archive } }: InputFile): string {
  const dates = [archive, name].flatMap((text) => text.match(/\d{4}-\d{2}-\d{2}/g) ?? []);
  const days = [...new Set(dates.filter(isDate))];
  const [day] = days;
  if (day !== undefined && days.length === 1) return day;
  throw new ImportFault(
    `Cannot import ${archive}: Umami's export from the dashboard has sums and no dates; export ` +
      "one day at a time and put it into the file's name, as in umami-2024-05-31.zip, or take " +
      "the tables website_event and session of its database",
  );
}

function rowsOf({ path }: InputFile): Sql {
  return csvRows(path, ["x", "y"]);
}

async function fillReferrers(
  files: readonly InputFile[],
  { db, signal }: ReadContext,
): Promise<void> {
  const lists = files.filter(({ role }) => role === "referrers").map((file) =>
    sql`select nullif(trim(x), '') as host from ${rowsOf(file)}`
  );
  const [first, ...others] = lists;
  if (!first) return;
  const referrers = new Referrers({ stripQuery: false });
  const all = others.reduce((union, one) => sql`${union} union all ${one}`, first);
  await fill(db, sql`(${all})`, {
    table: "hosts",
    keys: ["host"],
    columns: ["source"],
    read: ({ host }) => {
      const text = String(host);
      const read = referrers.read(/^\w+:/.test(text) ? text : `https://${text}`);
      return { source: sourceOf(read, []) ?? text };
    },
  }, () => Promise.resolve(signal.throwIfAborted()));
}

function tableOf(file: InputFile, date: string): SumTable[] {
  const list = LISTS[file.role];
  if (!list) return [];
  return [{
    file: file.sample.name,
    kind: list.kind,
    from: rowsOf(file),
    date: literal(date),
    values: valuesOf(file.role, textOrNull(raw("row.x"))),
    counts: { [list.counts]: tryCast(raw("row.y"), "double") },
  }];
}

function valuesOf(role: string, text: Sql): Sql[] {
  const none = raw("null::varchar");
  switch (role) {
    case "pages":
      return [none, text];
    case "events":
      return [text, none, none];
    case "referrers": {
      const source = sql`(select any_value(source) from hosts where hosts.host = trim(row.x))`;
      return [source, text, none, none, none, none, none, none];
    }
    case "browsers":
      return [umamiBrowser(text), none];
    case "os": {
      const { os, os_version } = umamiSystem(text);
      return [os, os_version];
    }
    case "devices":
      return [sql`case lower(${text}) when 'laptop' then 'desktop' else lower(${text}) end`];
    default:
      return [sql`upper(${text})`, none, none];
  }
}

const COLUMN_NOTES = notes(
  ["name of the file", "day"],
  ["pages, referrers: y", "visitors", "as Umami has counted since version 2.11; before, pageviews"],
  ["browsers, os, devices, countries: y", "visitors"],
  ["events: y", "events"],
  ["totals of the day", null, "the export has none"],
  ["rows after the first 500 of a list", null, "the export has none"],
);
