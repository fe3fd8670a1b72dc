// What a catalog of many files costs. The rows of files that are not there are put into DuckLake's
// tables, with all that a flush writes of one: statements of PostgreSQL, no commits of DuckLake.
import { sql } from "../../../src/core/sql.ts";
import { stockQuery } from "../../../src/storage/lake/stock.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { openOverLake } from "../../../tests/support/lake/lake.ts";
import { pageview } from "../../../tests/support/events.ts";
import { type Parts, sqlOf } from "../../lake/parts.ts";
import { newLake } from "../../lake/plain.ts";
import { benchSystem, quiet, SITE, table, timed } from "../storage/lib.ts";

const COMMITS = 9;
const EVENTS = 1_000;
const DAYS_A_SITE = 365;
const AT_US = Date.UTC(2026, 0, 1) * 1000;

/** Milliseconds of a flush of 1,000 events of a day of one site. */
export async function benchCommits(storage: Storage): Promise<number> {
  const times: number[] = [];
  for (let commit = 0; commit < COMMITS; commit++) {
    const at = AT_US + commit * EVENTS;
    const events = Array.from({ length: EVENTS }, (_, n) => pageview({ at: at + n }));
    await storage.append(events);
    await storage.hot.sync();
    const { ms } = await timed(() => storage.flusher.flush());
    if (storage.flusher.failing) throw new Error("Cannot measure flushes: one failed");
    times.push(ms);
  }
  return quiet(times);
}

/** Copies the rows of the newest file, as those of so many files of other sites and dates. */
const copied = (files: number) => `
  create temp table one as
    select * from ducklake_data_file where end_snapshot is null order by 1 desc limit 1;
  create temp table many as
    select 1000000 + n as id, 'site' || n / ${DAYS_A_SITE} || '.example.com' as site,
      (date '2025-01-01' + n % ${DAYS_A_SITE})::text as day
    from generate_series(1, ${files}) n;
  insert into ducklake_data_file
    select (jsonb_populate_record(null::ducklake_data_file, to_jsonb(one) || jsonb_build_object(
      'data_file_id', id, 'path', 'none/' || id || '.parquet'))).* from one, many;
  insert into ducklake_file_partition_value
    select id, table_id, key, case key when 0 then site else day end
    from one, many, generate_series(0, 1) key;
  insert into ducklake_file_column_stats
    select (jsonb_populate_record(null::ducklake_file_column_stats,
      to_jsonb(s) || jsonb_build_object('data_file_id', id)
        || case c.column_name
          when 'site_id' then jsonb_build_object('min_value', site, 'max_value', site)
          when 'date' then jsonb_build_object('min_value', day, 'max_value', day)
          when 'timestamp' then jsonb_build_object('min_value', day || ' 00:00:00',
            'max_value', day || ' 23:59:59')
          else '{}' end)).*
    from one join ducklake_file_column_stats s using (data_file_id)
    join ducklake_column c on c.table_id = s.table_id and c.column_id = s.column_id, many;
  analyze`;

/** A flush, a question about one day, and a look at what there is; then a start. */
async function measured(storage: Storage): Promise<Record<string, number>> {
  const flush = await benchCommits(storage);
  const many = async (work: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let run = 0; run < COMMITS; run++) times.push((await timed(work)).ms);
    return quiet(times);
  };
  const span = { fromUs: AT_US, toUs: AT_US + 1_000_000 };
  const question = await many(() =>
    storage.reader.query(SITE, span, (events) => sql`select count(*) from ${events}`)
  );
  const lake = await storage.lake?.node.lake();
  const snapshot = storage.lake?.node.marked.snapshot ?? 0;
  const look = await many(() => lake?.db.query(stockQuery(snapshot, null)) ?? Promise.resolve());
  return { flush, question, look };
}

/** The same before and after the catalog has so many files. */
export async function benchCatalog(parts: Parts, files: number): Promise<unknown> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-lake-" });
  const env = await newLake(parts, "catalog");
  const system = benchSystem();
  try {
    const storage = await openOverLake(folder, env, { system });
    const few = await measured(storage);
    await storage.close();
    const bytes = async () =>
      Number(await sqlOf(parts, "select pg_database_size(current_database())", "catalog"));
    const before = await bytes();
    await sqlOf(parts, copied(files), "catalog");
    const bytesAFile = (await bytes() - before) / files;
    let again: Storage | null = null;
    const start = await timed(async () => {
      again = await openOverLake(folder, env, { system });
    });
    if (again === null) throw new Error("Cannot open the lake again");
    const lots = await measured(again);
    await (again as Storage).close();
    const names = Object.keys(few);
    console.log(`\nA catalog with ${files} files more, whose rows were put in by hand, ms`);
    console.log(table([
      ["", ...names],
      ["few files", ...names.map((name) => few[name]?.toFixed(0) ?? "")],
      [`${files} files more`, ...names.map((name) => lots[name]?.toFixed(0) ?? "")],
    ]));
    console.log(
      `${bytesAFile.toFixed(0)} bytes of PostgreSQL a file; a start takes ` +
        `${start.ms.toFixed(0)} ms`,
    );
    return { files, few, lots, bytesAFile, startMs: start.ms };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
