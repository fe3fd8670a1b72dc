// DATA_DIR as somebody would look at it who has copied it: every file's bytes, and the events in
// the Parquet files.
import { openDuckDb } from "./duckdb.ts";

/** A stored event by column name; `timestamp` as `YYYY-MM-DD HH:MM:SS.ffffff`. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Every file below a folder by its path, its bytes as Latin-1 text. */
export async function filesOf(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) { for (const [inner, text] of await filesOf(path)) texts.set(inner, text); }
    else texts.set(path, new TextDecoder("latin1").decode(await Deno.readFile(path)));
  }
  return texts;
}

/** The events in the Parquet files of a DATA_DIR, oldest first. */
export async function storedRows(folder: string): Promise<StoredRow[]> {
  const duckdb = await openDuckDb();
  try {
    return await duckdb.rows(`
      select * replace (strftime(timestamp, '%Y-%m-%d %H:%M:%S.%f') as timestamp)
      from read_parquet('${folder}/events/*/*/*.parquet', hive_partitioning = false)
      order by timestamp, site_id`);
  } finally {
    duckdb.close();
  }
}
