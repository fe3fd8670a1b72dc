// What commands beside the servers of a lake do with the sums of days that imports have brought:
// bring those of a data folder, write all of them into one, and check them.
import type { Clock } from "../../core/types.ts";
import type { PastImport } from "../history/history_ops.ts";
import type { SumRow } from "../history/sum_kinds.ts";
import { bringImport, inPortions } from "./bringing.ts";
import { findPastImport } from "./past_imports.ts";
import { listSums, portionsOf, readSums, verifySums } from "./past_sums.ts";
import { Postgres, type PostgresPlace, type RunPostgres } from "./postgres.ts";
import type { ListedSums } from "./sums_copy_ops.ts";
import { prepareSchema, SCHEMA } from "./tables.ts";

/** An import of sums of a data folder. */
export interface OwnSums {
  readonly record: PastImport;
  /** Local dates, sorted. */
  readonly dates: readonly string[];
  readonly read: (date: string) => readonly SumRow[];
}

/** Days of imports. */
export interface BroughtSums {
  readonly sumDays: number;
  /** Days of imports that had come before. */
  readonly sumDaysThere: number;
}

/** An import of sums, as a new data folder takes it. */
export interface SharedSums {
  readonly record: PastImport;
  readonly listed: ListedSums;
  /** All rows, some at once. */
  readonly rows: () => AsyncIterable<readonly SumRow[]>;
}

type Ask = <T>(tried: string, work: (run: RunPostgres) => Promise<T>) => Promise<T>;

async function withPostgres<T>(
  place: PostgresPlace,
  clock: Pick<Clock, "sleep">,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const postgres = new Postgres(place, "mallard command", clock);
  try {
    return await work((tried, ask) =>
      postgres.transaction(tried, ask, { isolation: "read committed" })
    );
  } finally {
    postgres.close();
  }
}

/** Whether there is a place for sums: no program that knows it may have been there yet. */
async function hasSums(run: RunPostgres): Promise<boolean> {
  const [row] = await run("select to_regclass($1)::text as name", `${SCHEMA}.past_sums`);
  return row?.["name"] !== null;
}

/** Brings the sums of a data folder, each import in one transaction. Rejects with a sentence. */
export async function bringOwnSums(
  place: PostgresPlace,
  clock: Pick<Clock, "sleep">,
  own: readonly OwnSums[],
): Promise<BroughtSums> {
  const brought = { sumDays: 0, sumDaysThere: 0 };
  if (own.length === 0) return brought;
  await withPostgres(place, clock, async (ask) => {
    const tried = "Cannot import sums into the lake";
    await ask(tried, prepareSchema);
    for (const { record, dates, read } of own) {
      const isNew = await ask(
        tried,
        (run) => bringImport(run, record, inPortions(dates, read)),
      );
      brought[isNew ? "sumDays" : "sumDaysThere"] += dates.length;
    }
  });
  return brought;
}

/** Gives every import of sums to `take`; resolves with the number of days of imports. */
export function exportSums(
  place: PostgresPlace,
  clock: Pick<Clock, "sleep">,
  take: (sums: SharedSums) => Promise<void>,
): Promise<number> {
  const tried = "Cannot export sums from the lake";
  return withPostgres(place, clock, async (ask) => {
    let days = 0;
    const all = await ask(tried, async (run) => await hasSums(run) ? await listSums(run) : []);
    for (const listed of all) {
      const { import_id: id, dates } = listed;
      const record = await ask(tried, (run) => findPastImport(run, id));
      if (record === null) continue;
      const rows = async function* () {
        for (const some of await ask(tried, (run) => portionsOf(run, id, dates))) {
          yield await ask(tried, (run) => readSums(run, id, some));
        }
      };
      await take({ record, listed, rows });
      days += dates.length;
    }
    return days;
  });
}

/** Checks the sums that the servers share. Rejects with a sentence. */
export function verifySharedSums(
  place: PostgresPlace,
  clock: Pick<Clock, "sleep">,
): ReturnType<typeof verifySums> {
  return withPostgres(
    place,
    clock,
    (ask) =>
      ask(
        "Cannot read the sums of imports",
        async (run) => await hasSums(run) ? await verifySums(run) : { days: 0, faults: [] },
      ),
  );
}
