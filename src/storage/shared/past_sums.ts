// The sums of days that imports have brought, where several servers share them, as rows of
// PostgreSQL: each has rows of one import and one date as JSON. Only those that are `kept` count;
// the others are of imports that are not over. Each server copies them into its mallard.sqlite,
// which answers.
import { isSumKind, SUM_COLUMNS, type SumRow } from "../history/sum_kinds.ts";
import type { KeptSums } from "../history/sums_ops.ts";
import type { StoreArgs } from "../state/ops/store_ops.ts";
import type { RunPostgres } from "./postgres.ts";
import type { ListedSums } from "./sums_copy_ops.ts";
import { SCHEMA } from "./tables.ts";

const SUMS = `${SCHEMA}.past_sums`;
const IMPORTS = `${SCHEMA}.past_imports`;
/** What is read with one statement, at most. */
const DATES_AT_ONCE = 200;
const ROWS_AT_ONCE = 20_000;
/** Facts that tell of which imports sums have come, whatever has become of them. */
const CAME = "sums_of:";

/** Adds rows of an import that is not done. The same rows again change nothing. */
export async function addSums(
  run: RunPostgres,
  { id, rows }: StoreArgs<"addSums">,
): Promise<void> {
  await insertSums(run, id, rows, false);
}

/** The import must be on record. */
async function insertSums(
  run: RunPostgres,
  id: string,
  rows: readonly SumRow[],
  isKept: boolean,
): Promise<void> {
  const byDate = [...Map.groupBy(rows, ({ date }) => date)];
  await run(
    `insert into ${SUMS} (import_id, site_id, date, checksum, row_count, body, kept)
      select $1, site_id, given.date, md5(given.body), given.row_count::integer, given.body, $5
      from ${IMPORTS}, unnest($2::text[], $3::text[], $4::text[]) as given (date, row_count, body)
      where id = $1 on conflict do nothing`,
    id,
    byDate.map(([date]) => date),
    byDate.map(([, some]) => String(some.length)),
    byDate.map(([, some]) => JSON.stringify(some.map(listOf))),
    isKept,
  );
}

/** What is kept of a row: a later program may have more counts, at the end. */
function listOf({ kind, values, counts }: SumRow): unknown {
  return [kind, values, SUM_COLUMNS.map((name) => counts[name])];
}

/** The rows of a date. Those of a kind that only a later program knows are left out. */
function rowsIn(date: string, body: string): SumRow[] {
  const lists: [string, SumRow["values"], (number | null)[]][] = JSON.parse(body);
  return lists.flatMap(([kind, values, numbers]) => {
    const counts = Object.fromEntries(SUM_COLUMNS.map((name, at) => [name, numbers[at] ?? null]));
    return isSumKind(kind) ? [{ date, kind, values, counts: counts as SumRow["counts"] }] : [];
  });
}

/** Removes what an import has added that is not done. */
export async function discardSums(run: RunPostgres, id: string): Promise<void> {
  await run(`delete from ${SUMS} where import_id = $1 and not kept`, id);
}

/** Removes days of a site that count; resolves with the number of days of imports. */
export async function expireSums(
  run: RunPostgres,
  { site_id, firstDate, lastDate }: StoreArgs<"expireSums">,
): Promise<number> {
  const [row] = await run(
    `with gone as (
        delete from ${SUMS} where site_id = $1 and date between $2 and $3 and kept
        returning import_id, date
      ) select count(distinct (import_id, date)) as days from gone`,
    site_id,
    firstDate,
    lastDate,
  );
  return Number(row?.["days"] ?? 0);
}

/**
 * Lets the rows of an import count. Call it in the transaction that ends it. Rejects where other
 * rows are there than were added, or another import has filled some of its days meanwhile.
 */
export async function keepSums(
  run: RunPostgres,
  id: string,
  { site_id, dates, late, expected }: KeptSums,
): Promise<void> {
  const [found] = await run(
    `select coalesce(sum(row_count), 0)::bigint as rows from ${SUMS} where import_id = $1`,
    id,
  );
  if (expected && found?.["rows"] !== expected.rows) {
    throw new Error(`Cannot commit the import ${id}: its sums are not those that were written`);
  }
  if (expected?.isAlone) {
    const taken = await run(
      `select 1 from ${SUMS}
        where site_id = $1 and import_id <> $2 and kept and date = any($3) limit 1`,
      site_id,
      id,
      dates,
    );
    if (taken.length > 0) {
      throw new Error(`Cannot commit the import ${id}: another one has filled some of its days`);
    }
  }
  await run(`delete from ${SUMS} where import_id = $1 and date = any($2)`, id, late);
  await run(`update ${SUMS} set kept = true where import_id = $1`, id);
  await noteCome(run, id);
}

/** Notes that the sums of an import have come; resolves with whether they had not before. */
async function noteCome(run: RunPostgres, id: string): Promise<boolean> {
  const noted = await run(
    `insert into ${SCHEMA}.facts values ($1, '') on conflict do nothing returning name`,
    `${CAME}${id}`,
  );
  return noted.length > 0;
}

/** Removes all of an import. Call it in the transaction that undoes it. */
export async function removeSums(run: RunPostgres, id: string): Promise<void> {
  await run(`delete from ${SUMS} where import_id = $1`, id);
}

/**
 * Brings the sums of an import that was made elsewhere, which must be on record. Resolves with
 * false, and changes nothing, where they have come before, or where the import is not done.
 */
export async function bringSums(
  run: RunPostgres,
  id: string,
  rows: AsyncIterable<readonly SumRow[]>,
): Promise<boolean> {
  const done = await run(`select 1 from ${IMPORTS} where id = $1 and state = 'done'`, id);
  if (done.length === 0 || !await noteCome(run, id)) return false;
  for await (const some of rows) await insertSums(run, id, some, true);
  return true;
}

/** The days of sums that count, by import. */
export async function listSums(run: RunPostgres): Promise<ListedSums[]> {
  const rows = await run(
    `select import_id, site_id, string_agg(distinct date, ' ' order by date) as dates
      from ${SUMS} where kept group by import_id, site_id order by import_id`,
  );
  return rows.map((row) => ({
    import_id: String(row["import_id"]),
    site_id: String(row["site_id"]),
    dates: String(row["dates"]).split(" "),
  }));
}

/** The dates of a site of which other imports have sums. */
export async function summedElsewhere(
  run: RunPostgres,
  site: string,
  id: string,
): Promise<string[]> {
  const rows = await run(
    `select distinct date from ${SUMS} where site_id = $1 and import_id <> $2 and kept`,
    site,
    id,
  );
  return rows.map((row) => String(row["date"]));
}

/** Imports of which rows are there, with their sites. */
export async function importsWithSums(
  run: RunPostgres,
): Promise<{ readonly id: string; readonly site: string }[]> {
  const rows = await run(`select distinct import_id, site_id from ${SUMS} order by 1, 2`);
  return rows.map((row) => ({ id: String(row["import_id"]), site: String(row["site_id"]) }));
}

/** Some dates of an import, few enough to be read at once. */
export async function portionsOf(
  run: RunPostgres,
  id: string,
  dates: readonly string[],
): Promise<string[][]> {
  const counts = await run(
    `select date, sum(row_count)::bigint as rows from ${SUMS}
      where import_id = $1 and kept and date = any($2) group by date order by date`,
    id,
    dates,
  );
  const portions: string[][] = [];
  let held = 0;
  for (const row of counts) {
    const last = portions.at(-1);
    const rows = Number(row["rows"]);
    if (last && last.length < DATES_AT_ONCE && held + rows <= ROWS_AT_ONCE) {
      last.push(String(row["date"]));
      held += rows;
    } else {
      portions.push([String(row["date"])]);
      held = rows;
    }
  }
  return portions;
}

/** The rows of an import of some dates. */
export async function readSums(
  run: RunPostgres,
  id: string,
  dates: readonly string[],
): Promise<SumRow[]> {
  const rows = await run(
    `select date, body from ${SUMS} where import_id = $1 and kept and date = any($2)`,
    id,
    dates,
  );
  return rows.flatMap((row) => rowsIn(String(row["date"]), String(row["body"])));
}

/** How many days of imports have sums, and what is not as it was written. */
export async function verifySums(
  run: RunPostgres,
): Promise<{ readonly days: number; readonly faults: readonly string[] }> {
  const faults: string[] = [];
  let days = 0;
  const found = await run(
    `select s.import_id, s.site_id, i.state, count(distinct s.date) as days
      from ${SUMS} s left join ${IMPORTS} i on i.id = s.import_id
      where s.kept group by 1, 2, 3 order by 2, 1`,
  );
  for (const { import_id, site_id, state, days: ofImport } of found) {
    days += Number(ofImport);
    if (state !== "done") {
      faults.push(`${site_id}: sums of the import ${import_id} are no import's`);
    }
    // One after the other: a statement has ten seconds.
    const changed = await run(
      `select date from ${SUMS} where import_id = $1 and kept
        and (md5(body) <> checksum or json_array_length(body::json) <> row_count)
        group by date order by date`,
      import_id ?? "",
    );
    faults.push(
      ...changed.map(({ date }) =>
        `${site_id} ${date}: the sums of the import ${import_id} are not as they were written`
      ),
    );
  }
  return { days, faults };
}
