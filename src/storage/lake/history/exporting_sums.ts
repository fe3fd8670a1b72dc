// Writes the sums of days of a lake into the mallard.sqlite of a new data folder, with the imports
// that have brought them. Until it is whole it has another name.
import type { Clock, Files } from "../../../core/types.ts";
import type { PostgresPlace } from "../../shared/postgres.ts";
import { exportSums, type SharedSums } from "../../shared/sums_commands.ts";
import { Store } from "../../state/store.ts";

const PARTIAL = ".lake-export.sqlite";
/** Rows that are written in one transaction. */
const ROWS_AT_ONCE = 5000;

/**
 * Writes them; resolves with the number of days of imports. Where there are none, nothing is
 * written. Rejects with a sentence.
 */
export async function writeSums(
  files: Pick<Files, "remove" | "rename" | "sync">,
  place: PostgresPlace,
  clock: Pick<Clock, "sleep">,
  dataDir: string,
): Promise<number> {
  const path = `${dataDir}/${PARTIAL}`;
  const clear = async () => {
    for (const end of ["", "-wal", "-shm"]) await files.remove(path + end);
  };
  await clear();
  let store: Store | null = null;
  try {
    const days = await exportSums(place, clock, async (sums) => {
      store ??= await Store.open(path);
      await write(store, sums);
    });
    if (store === null) return days;
    await (store as Store).close();
    store = null;
    await files.rename(path, `${dataDir}/mallard.sqlite`);
    await files.sync(dataDir);
    return days;
  } finally {
    await (store as Store | null)?.close().catch(() => {});
    await clear();
  }
}

async function write(store: Store, { record, listed, rows }: SharedSums): Promise<void> {
  for await (const some of rows()) {
    for (let at = 0; at < some.length; at += ROWS_AT_ONCE) {
      await store.run("addSums", { id: record.id, rows: some.slice(at, at + ROWS_AT_ONCE) });
    }
  }
  await store.run("putSummedImport", { record, listed });
}
