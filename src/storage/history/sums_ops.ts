// Operations of mallard.sqlite for the sums of days that imports bring. They are primary data: what
// is here is nowhere else.
import {
  isSumKind,
  SUM_COLUMNS,
  SUM_KIND_NAMES,
  type SumColumn,
  type SumKind,
  type SumRow,
} from "./sum_kinds.ts";
import { textOf } from "../state/row.ts";
import type { Sqlite, SqliteRow, SqliteValue } from "../state/sqlite.ts";
import type { RunsOperations } from "../state/ops/operations.ts";

/**
 * The tables of this file, as one step of the schema. Only rows of days in `past_sum_days` are
 * read; `past_sum_garbage` names those that are to be deleted.
 */
export const SUMS_SCHEMA = `
  create table past_sums (
    import_id text not null,
    kind text not null,
    date text not null,
    key text not null,
    ${SUM_COLUMNS.map((name) => `${name} integer`).join(",\n    ")},
    primary key (import_id, kind, date, key)
  ) strict, without rowid;
  create table past_sum_days (
    site_id text not null,
    import_id text not null,
    date text not null,
    primary key (site_id, import_id, date)
  ) strict, without rowid;
  create table past_sum_kinds (
    import_id text not null,
    kind text not null,
    columns text not null,
    primary key (import_id, kind)
  ) strict, without rowid;
  create table past_sum_garbage (
    import_id text not null,
    first_date text not null,
    last_date text not null,
    primary key (import_id, first_date, last_date)
  ) strict, without rowid;
`;

/** Rows that are deleted in one transaction, so that events are never kept waiting for long. */
const ROWS_AT_ONCE = 5000;
const LAST_DATE = "9999-12-31";
/** Before every date of sums. */
export const FIRST_DATE = "0000-01-01";

/** What an import has of a site. */
export interface SummedImport {
  readonly id: string;
  readonly label: string;
  /** Local dates, sorted. */
  readonly dates: readonly string[];
  /** The counts that each kind has, wholly or in part. */
  readonly kinds: Readonly<Partial<Record<SumKind, readonly SumColumn[]>>>;
}

/** Which sums are asked for. */
export interface SumsQuestion {
  readonly import_id: string;
  readonly kind: SumKind;
  readonly dates: readonly string[];
  /** Places of the values that rows are grouped by. */
  readonly places: readonly number[];
  readonly byDate: boolean;
  /** The values at these places must be one of these lists, as JSON; null for any. */
  readonly only: { readonly at: readonly number[]; readonly lists: readonly string[] } | null;
}

/** A group of rows: its date where it has one, its values and counts. */
export interface SumGroup {
  readonly date: string;
  readonly values: readonly (string | null)[];
  /** Null where a row of the group lacks the count. */
  readonly counts: readonly (number | null)[];
}

const INSERT = `insert into past_sums
  (import_id, kind, date, key, ${SUM_COLUMNS.join(", ")})
  values (?, ?, ?, ?${", ?".repeat(SUM_COLUMNS.length)})
  on conflict do update set ${
  SUM_COLUMNS.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")
}`;

/** Adds rows of an import that is not done. Rows of one key are one. */
function addSums(
  db: Sqlite,
  { id, rows }: { readonly id: string; readonly rows: readonly SumRow[] },
): void {
  db.transaction(() => {
    for (const { kind, date, values, counts } of rows) {
      const numbers = SUM_COLUMNS.map((name) => counts[name]);
      db.run(INSERT, id, kind, date, JSON.stringify(values), ...numbers);
    }
  });
}

/** Makes garbage of what an import that is not done has written. */
export function discardRows(db: Sqlite, id: string): void {
  if (db.get("select 1 from past_sums where import_id = ? limit 1", id) === undefined) return;
  if (db.get("select 1 from past_imports where id = ? and state = 'done'", id)) return;
  throwAway(db, id, FIRST_DATE, LAST_DATE);
}

/** The same as an operation: the import begins again. */
function discardSums(db: Sqlite, id: string): void {
  db.transaction(() => discardRows(db, id));
}

/** Makes garbage of the rows of an import of some dates. */
export function throwAway(db: Sqlite, id: string, firstDate: string, lastDate: string): void {
  db.run("insert or ignore into past_sum_garbage values (?, ?, ?)", id, firstDate, lastDate);
}

/** Deletes some of the garbage; returns whether there is more. */
function sweepSums(db: Sqlite): boolean {
  return db.transaction(() => {
    const next = db.get("select * from past_sum_garbage limit 1");
    if (!next) return false;
    const bound = [
      textOf(next, "import_id"),
      textOf(next, "first_date"),
      textOf(next, "last_date"),
    ];
    const { changes } = db.run(
      `delete from past_sums where (import_id, kind, date, key) in (
        select import_id, kind, date, key from past_sums
        where import_id = ? and date between ? and ? limit ${ROWS_AT_ONCE})`,
      ...bound,
    );
    if (changes < ROWS_AT_ONCE) {
      db.run(
        "delete from past_sum_garbage where import_id = ? and first_date = ? and last_date = ?",
        ...bound,
      );
    }
    return true;
  });
}

/** Hides the rows of some days, to be swept. Call it in the transaction that takes their events. */
export function hideDays(db: Sqlite, site: string, firstDate: string, lastDate: string): number {
  const range = [site, firstDate, lastDate];
  const where = "where site_id = ? and date between ? and ?";
  const imports = db.all(`select distinct import_id from past_sum_days ${where}`, ...range);
  for (const row of imports) throwAway(db, textOf(row, "import_id"), firstDate, lastDate);
  return db.run(`delete from past_sum_days ${where}`, ...range).changes;
}

/** The same as an operation; returns the number of days of imports. */
function expireSums(
  db: Sqlite,
  { site_id, firstDate, lastDate }: {
    readonly site_id: string;
    readonly firstDate: string;
    readonly lastDate: string;
  },
): number {
  return db.transaction(() => hideDays(db, site_id, firstDate, lastDate));
}

/** Hides some dates of an import, sorted, to be swept: all of it where no other is shown. */
export function hideDates(db: Sqlite, id: string, dates: readonly string[]): void {
  const gone = new Set(dates);
  const shown = db.all("select date from past_sum_days where import_id = ? order by date", id)
    .map((row) => textOf(row, "date"));
  if (shown.every((date) => gone.has(date))) return hideSums(db, id);
  let range: [string, string] | null = null;
  for (const date of shown) {
    if (gone.has(date)) {
      range = [range?.[0] ?? date, date];
      db.run("delete from past_sum_days where import_id = ? and date = ?", id, date);
    } else if (range) {
      throwAway(db, id, ...range);
      range = null;
    }
  }
  if (range) throwAway(db, id, ...range);
}

/** All rows of one import and date. */
function readSums(
  db: Sqlite,
  { id, date }: { readonly id: string; readonly date: string },
): SumRow[] {
  return sumRowsOf(db, id, date);
}

/** The same of any mallard.sqlite. */
export function sumRowsOf(db: Sqlite, id: string, date: string): SumRow[] {
  // Named, the kinds are looked up: without them all rows of the import would be read.
  const rows = db.all(
    `select * from past_sums
      where import_id = ? and kind in (select value from json_each(?)) and date = ?`,
    id,
    JSON.stringify(SUM_KIND_NAMES),
    date,
  );
  return rows.flatMap((row) => {
    const kind = textOf(row, "kind");
    const counts = SUM_COLUMNS.map((name) => [name, numberOrNull(row[name])]);
    return isSumKind(kind)
      ? [{
        date,
        kind,
        values: JSON.parse(textOf(row, "key")),
        counts: Object.fromEntries(counts),
      }]
      : [];
  });
}

/** How many days of imports there are. */
function countSummedDays(
  db: Sqlite,
  { site_id, firstDate, lastDate }: {
    readonly site_id: string;
    readonly firstDate: string;
    readonly lastDate: string;
  },
): number {
  const row = db.get(
    "select count(*) as days from past_sum_days where site_id = ? and date between ? and ?",
    site_id,
    firstDate,
    lastDate,
  );
  return Number(row?.["days"] ?? 0);
}

/** What is kept of the sums that an import brings. */
export interface KeptSums {
  readonly site_id: string;
  readonly dates: readonly string[];
  /** Dates whose rows are there and are not to be kept after all. */
  readonly late: readonly string[];
  readonly kinds: SummedImport["kinds"];
  /** What must be so at the commit, where several servers may write. */
  readonly expected?: {
    /** So many rows were written, late ones included. */
    readonly rows: number;
    /** No other import has sums of the dates. */
    readonly isAlone: boolean;
  };
}

/** Shows the rows of an import. Call it in the transaction that ends it. */
export function keepSums(db: Sqlite, id: string, { site_id, dates, late, kinds }: KeptSums): void {
  for (const date of dates) {
    db.run("insert into past_sum_days values (?, ?, ?)", site_id, id, date);
  }
  for (const date of late) throwAway(db, id, date, date);
  for (const [kind, columns] of Object.entries(kinds)) {
    db.run("insert into past_sum_kinds values (?, ?, ?)", id, kind, JSON.stringify(columns));
  }
}

/** Hides what an import has, to be swept. Call it in the transaction that undoes it. */
export function hideSums(db: Sqlite, id: string): void {
  if (db.run("delete from past_sum_days where import_id = ?", id).changes > 0) {
    throwAway(db, id, FIRST_DATE, LAST_DATE);
  }
  db.run("delete from past_sum_kinds where import_id = ?", id);
}

/** What imports have of a site, the oldest import first. */
function summedImports(db: Sqlite, site: string): SummedImport[] {
  const imports = db.all(
    `select id, report ->> 'label' as label from past_imports
      where id in (select import_id from past_sum_days where site_id = ?)
      order by created_at, id`,
    site,
  );
  return imports.map((row) => {
    const id = textOf(row, "id");
    const dates = db.all(
      "select date from past_sum_days where site_id = ? and import_id = ? order by date",
      site,
      id,
    ).map((day) => textOf(day, "date"));
    const kinds = db.all("select kind, columns from past_sum_kinds where import_id = ?", id);
    return { id, label: String(row["label"] ?? ""), dates, kinds: kindsOf(kinds) };
  });
}

/** The counts of each kind, as the report of an import names them. */
export function kindsOfReport(report: string | undefined): SummedImport["kinds"] {
  const { sums = {} } = JSON.parse(report ?? "{}");
  return sums;
}

function kindsOf(rows: readonly SqliteRow[]): SummedImport["kinds"] {
  const kinds: Partial<Record<SumKind, readonly SumColumn[]>> = {};
  for (const row of rows) {
    const kind = textOf(row, "kind");
    if (isSumKind(kind)) kinds[kind] = JSON.parse(textOf(row, "columns"));
  }
  return kinds;
}

/** The groups of a question, in no order. */
function askSums(db: Sqlite, question: SumsQuestion): SumGroup[] {
  const { places, byDate, only } = question;
  const values = places.map((at, index) => `key ->> ${at} as v${index}`);
  const counts = SUM_COLUMNS.map((name) =>
    `case when count(*) = count(${name}) then sum(${name}) end as ${name}`
  );
  const by = [...(byDate ? ["date"] : []), ...places.map((_, index) => `v${index}`)];
  const narrowed = only === null
    ? ""
    : `and json_array(${only.at.map((at) => `key ->> ${at}`).join(", ")}) in (
        select value from json_each(?))`;
  const rows = db.all(
    `select ${[byDate ? "date" : "'' as date", ...values, ...counts].join(", ")}
      from past_sums
      where import_id = ? and kind = ? and date in (select value from json_each(?)) ${narrowed}
      ${by.length > 0 ? `group by ${by.join(", ")}` : "having count(*) > 0"}`,
    question.import_id,
    question.kind,
    JSON.stringify(question.dates),
    ...(only === null ? [] : [JSON.stringify(only.lists)]),
  );
  return rows.map((row) => ({
    date: String(row["date"]),
    values: places.map((_, index) => textOrNull(row[`v${index}`])),
    counts: SUM_COLUMNS.map((name) => numberOrNull(row[name])),
  }));
}

function textOrNull(value: SqliteValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: SqliteValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** Dates on which imports have sums of a site. */
export function summedDates(db: Sqlite, site: string): string[] {
  return db.all("select distinct date from past_sum_days where site_id = ?", site)
    .map((row) => textOf(row, "date"));
}

/** Every operation by name, to be joined with those of the store. */
export const SUMS_OPS = {
  addSums,
  discardSums,
  sweepSums,
  expireSums,
  readSums,
  countSummedDays,
  summedImports,
  askSums,
} as const;

/** The part of the store that these rows need. */
export type SumsStore = RunsOperations<typeof SUMS_OPS>;
