// Brings imports of sums of days that were made without a lake to the servers that share one: the
// record of each, and its rows, once.
import type { PastImport } from "../history/history_ops.ts";
import type { SumRow } from "../history/sum_kinds.ts";
import { recordImport } from "./past_imports.ts";
import { bringSums } from "./past_sums.ts";
import type { RunPostgres } from "./postgres.ts";
import { bump } from "./shared_ops.ts";
import { CHANNEL } from "./tables.ts";

/** Rows of one statement, but for those of one day, which stay together. */
const ROWS_AT_ONCE = 2000;

/**
 * Brings one import, which is done, in a transaction, and tells all servers. Resolves with false
 * where its sums have come before, whatever has become of them.
 */
export async function bringImport(
  run: RunPostgres,
  record: PastImport,
  rows: AsyncIterable<readonly SumRow[]>,
): Promise<boolean> {
  await bump(run, ["past_imports"]);
  await recordImport(run, record);
  const isNew = await bringSums(run, record.id, rows);
  await run(`notify ${CHANNEL}`);
  return isNew;
}

/** The rows of some days, as they are read, many at once. */
export async function* inPortions(
  dates: readonly string[],
  read: (date: string) => readonly SumRow[] | Promise<readonly SumRow[]>,
): AsyncGenerator<readonly SumRow[]> {
  let held: SumRow[] = [];
  for (const date of dates) {
    held.push(...await read(date));
    if (held.length < ROWS_AT_ONCE) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
}
