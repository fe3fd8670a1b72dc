// A DuckDB that holds given events, for comparing behavioral SQL with the brute force.
import * as duckdb from "@duckdb/node-api";
import { NULL_NAME, NULL_PAGE } from "./behavioral_brute.ts";
import { fakeSystem } from "../fake_system.ts";
import type { Event } from "../../../src/core/event.ts";
import { type Sql, sql } from "../../../src/core/sql.ts";
import { Db, type Row } from "../../../src/storage/duckdb.ts";
import { createHotTable, insertHotEvents, jsonOf } from "../../../src/storage/parquet/schema.ts";

/** The relation of all events of the open database, as reports receive it, with NULLs in it. */
export const EVENTS: Sql = sql`(
  select * exclude (site_id) replace (
    nullif(pathname, ${NULL_PAGE}) as pathname, nullif(event_name, ${NULL_NAME}) as event_name)
  from events
)`;

/** Seeds of the random tests: MALLARD_TEST_SEEDS, a list with commas, runs others. */
export const TEST_SEEDS: readonly number[] = (Deno.env.get("MALLARD_TEST_SEEDS") ?? "1")
  .split(",").map(Number);

/** Whether seeds were asked for: then every combination is tried, and on more visitors. */
export const THOROUGH: boolean = Deno.env.has("MALLARD_TEST_SEEDS");

/** Opens a DuckDB with `events`, hands it to `use`, and closes it. */
export async function withEvents(
  events: readonly Event[],
  use: (ask: (query: Sql) => Promise<Row[]>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const db = await Db.open(duckdb, fakeSystem().clock, {
    folder,
    spillFolder: `${folder}/spill`,
    memoryLimit: null,
    threads: 1,
    readers: 1,
  });
  try {
    await db.execute(createHotTable("events"));
    await db.executeEach(insertHotEvents("events"), [jsonOf(events)]);
    await use((query) => db.query(query));
  } finally {
    await db.close();
    await Deno.remove(folder, { recursive: true });
  }
}
