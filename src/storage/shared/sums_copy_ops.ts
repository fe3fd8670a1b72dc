// Operations of mallard.sqlite for its copy of the sums of days that several servers share. Rows
// of days are copied first, and shown when all of them are there.
import type { PastImport } from "../history/history_ops.ts";
import { hideDates, kindsOfReport, throwAway } from "../history/sums_ops.ts";
import type { RunsOperations } from "../state/ops/operations.ts";
import { textOf } from "../state/row.ts";
import type { Sqlite } from "../state/sqlite.ts";
import { COPIED } from "./tables.ts";

/** Days of an import: local dates, sorted. */
export interface SummedDays {
  readonly import_id: string;
  readonly dates: readonly string[];
}

/** The same with their site. */
export interface ListedSums extends SummedDays {
  readonly site_id: string;
}

/** What became of the copy. */
export interface TakenListed {
  /** Sites of which days were shown or hidden. */
  readonly sites: readonly string[];
  /** Days that are listed and have no copy yet; it is noted that they are being copied. */
  readonly missing: readonly SummedDays[];
}

/** The fact that names days whose rows are being copied: whoever is killed leaves some of them. */
const COPYING = "copied_sums";

/** The days that are shown, by import. */
function summedDays(db: Sqlite): ListedSums[] {
  const rows = db.all(
    "select site_id, import_id, date from past_sum_days order by import_id, site_id, date",
  );
  const all: { import_id: string; site_id: string; dates: string[] }[] = [];
  for (const row of rows) {
    const [import_id, site_id] = [textOf(row, "import_id"), textOf(row, "site_id")];
    const last = all.at(-1);
    if (last?.import_id === import_id && last.site_id === site_id) {
      last.dates.push(textOf(row, "date"));
    } else all.push({ import_id, site_id, dates: [textOf(row, "date")] });
  }
  return all;
}

/**
 * Shows and hides days so that they are those that are listed. `isCopied` says that all rows are
 * there of the days that the last call has named as missing; otherwise they are thrown away.
 */
function takeListed(
  db: Sqlite,
  { listed, isCopied }: { readonly listed: readonly ListedSums[]; readonly isCopied: boolean },
): TakenListed {
  return db.transaction(() => {
    const wanted = new Map(listed.map((one) => [one.import_id, new Set(one.dates)]));
    const sites = new Set<string>();
    for (const { import_id, site_id, dates } of summedDays(db)) {
      const gone = dates.filter((date) => !wanted.get(import_id)?.has(date));
      if (gone.length === 0) continue;
      sites.add(site_id);
      hideDates(db, import_id, gone);
    }
    const copied = takeNoted(db);
    const shown = new Map(summedDays(db).map((one) => [one.import_id, new Set(one.dates)]));
    const missing: SummedDays[] = [];
    for (const { import_id, site_id, dates } of listed) {
      const lacking = dates.filter((date) => !shown.get(import_id)?.has(date));
      const there = new Set(isCopied ? copied.get(import_id) : []);
      const fresh = lacking.filter((date) => there.has(date));
      if (fresh.length > 0) {
        show(db, { import_id, site_id, dates: fresh });
        sites.add(site_id);
      }
      const left = lacking.filter((date) => !there.has(date));
      if (left.length > 0) missing.push({ import_id, dates: left });
      shown.set(import_id, new Set([...shown.get(import_id) ?? [], ...fresh]));
    }
    for (const [id, dates] of copied) throwAwayUnshown(db, id, dates, shown.get(id) ?? new Set());
    if (missing.length > 0) note(db, missing);
    return { sites: [...sites], missing };
  });
}

/** Each range of garbage costs a look at all of an import: mostly it is one. */
function throwAwayUnshown(
  db: Sqlite,
  id: string,
  dates: readonly string[],
  shown: ReadonlySet<string>,
): void {
  const [first, last] = [dates.at(0), dates.at(-1)];
  if (first === undefined || last === undefined) return;
  const left = dates.filter((date) => !shown.has(date));
  const isOneRange = ![...shown].some((date) => date >= first && date <= last);
  if (isOneRange) return throwAway(db, id, first, last);
  for (const date of left) throwAway(db, id, date, date);
}

/** The days that were being copied, by import; it is forgotten. */
function takeNoted(db: Sqlite): Map<string, readonly string[]> {
  const row = db.get("select value from facts where name = ?", COPYING);
  if (!row) return new Map();
  db.run("delete from facts where name = ?", COPYING);
  const noted: SummedDays[] = JSON.parse(textOf(row, "value"));
  return new Map(noted.map(({ import_id, dates }) => [import_id, dates]));
}

function note(db: Sqlite, missing: readonly SummedDays[]): void {
  db.run("insert into facts (name, value) values (?, ?)", COPYING, JSON.stringify(missing));
}

function show(db: Sqlite, { import_id, site_id, dates }: ListedSums): void {
  for (const date of dates) {
    db.run("insert into past_sum_days values (?, ?, ?)", site_id, import_id, date);
  }
  db.run("insert or ignore into sites (site_id, created_at) values (?, 0)", site_id);
  const row = db.get("select report from past_imports where id = ?", import_id);
  for (const [kind, columns] of Object.entries(kindsOfReport(row && textOf(row, "report")))) {
    const held = JSON.stringify(columns);
    db.run("insert or replace into past_sum_kinds values (?, ?, ?)", import_id, kind, held);
  }
}

/** Puts an import on record that is done and of which all rows are there, and shows its days. */
function putSummedImport(
  db: Sqlite,
  { record, listed }: { readonly record: PastImport; readonly listed: ListedSums },
): void {
  const columns = COPIED.past_imports;
  db.transaction(() => {
    db.run(
      `insert into past_imports (${columns.join(", ")})
        values (${columns.map(() => "?").join(", ")})`,
      ...columns.map((name) => record[name]),
    );
    show(db, listed);
  });
}

/** Every operation by name, to be joined with those of the store. */
export const SUMS_COPY_OPS = { summedDays, takeListed, putSummedImport } as const;

/** The part of the store that keeps the copy. */
export type SumsCopyStore = RunsOperations<typeof SUMS_COPY_OPS>;
