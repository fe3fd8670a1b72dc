// Writes the events of a lake into a new data folder: a Parquet file for each partition, which a
// server adopts at its start. All of one snapshot; what an earlier run has written whole stays.
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { fileName, TEMPORARY } from "../parquet/file_name.ts";
import { type Partition, partitionFolder } from "../parquet/partition.ts";
import { settle, writeTemporary } from "../parquet/partition_file.ts";
import { ALL_COLUMNS, coldRelation, literal } from "../parquet/schema.ts";
import { CATALOG } from "./connection.ts";
import type { Lake } from "./lake.ts";
import { EVENTS, isSame, type Measure, measureOf, MEASURES } from "./tables.ts";
import { newestSnapshot } from "./verifying.ts";

/** What was written. */
export interface Exported {
  readonly events: number;
  readonly partitions: number;
  /** Partitions that an earlier run had written. */
  readonly partitionsThere: number;
}

/** A partition of the lake. */
interface LakePartition extends Partition {
  readonly measure: Measure;
}

/** Of which lake the events of a data folder are, in a file of the folder. */
const ORIGIN = ".lake-origin";
const OWNER_ONLY = 0o600;

/** Notes of which lake a data folder has its events, before it has any. */
export async function noteOrigin(files: Files, lake: Lake, dataDir: string): Promise<void> {
  const id = new TextEncoder().encode(await idOf(lake));
  await files.write(`${dataDir}/${ORIGIN}`, id, OWNER_ONLY);
}

/** Rejects where the events of a data folder came out of the lake, which has them already. */
export async function requireOtherOrigin(
  files: Files,
  lake: Lake,
  dataDir: string,
): Promise<void> {
  const origin = await files.readText(`${dataDir}/${ORIGIN}`);
  if (origin === null || origin !== await idOf(lake)) return;
  throw new Error(
    `Cannot import ${dataDir} into the lake: it was exported from this lake, which would count ` +
      "its events twice; name an empty database and another lake_data_path for a new lake",
  );
}

/** What tells a lake from others, and stays: the name that DuckLake gave its table of events. */
async function idOf(lake: Lake): Promise<string> {
  const [row] = await lake.query(
    "Cannot read the catalog of the lake",
    sql`select table_uuid::varchar as id from ${CATALOG}.ducklake_table
      where table_name = 'events' and end_snapshot is null`,
  );
  return String(row?.["id"]);
}

/** Rejects with a sentence where a file is in the way, and as the lake or the disk does. */
export async function exportEvents(
  files: Files,
  lake: Lake,
  eventsFolder: string,
  { onPartition }: { readonly onPartition?: (done: number, total: number) => void } = {},
): Promise<Exported> {
  const at = sql`at (version => ${raw(String(await newestSnapshot(lake)))})`;
  const rows = await lake.query(
    "Cannot read the events of the lake",
    sql`select site_id, date::varchar as date, ${MEASURES} from ${EVENTS} ${at}
      group by site_id, date order by site_id, date`,
  );
  const partitions = rows.map((row): LakePartition => ({
    site_id: String(row["site_id"]),
    date: String(row["date"]),
    measure: measureOf(row),
  }));
  const done = { events: 0, partitions: 0, partitionsThere: 0 };
  for (const [index, partition] of partitions.entries()) {
    onPartition?.(index, partitions.length);
    if (await isWritten(files, lake, eventsFolder, partition)) {
      done.partitionsThere++;
      continue;
    }
    await write(files, lake, eventsFolder, partition, at);
    done.partitions++;
    done.events += partition.measure.events;
  }
  return done;
}

/** Whether an earlier run has written a partition. Rejects where its file holds something else. */
async function isWritten(
  files: Files,
  lake: Lake,
  eventsFolder: string,
  partition: LakePartition,
): Promise<boolean> {
  const path = `${eventsFolder}/${partitionFolder(partition)}/${fileName(1)}`;
  if (await files.size(path) === null) return false;
  const [row] = await lake.db.query(
    sql`select ${MEASURES} from ${coldRelation([path], partition.site_id)}`,
  );
  if (isSame(measureOf(row), partition.measure)) return true;
  throw new Error(`Cannot export from the lake: ${path} holds other events; name a new folder`);
}

async function write(
  files: Files,
  lake: Lake,
  eventsFolder: string,
  { measure, ...partition }: LakePartition,
  at: Sql,
): Promise<void> {
  const { site_id, date } = partition;
  const source = sql`(
    select ${ALL_COLUMNS} from ${EVENTS} ${at}
    where site_id = ${literal(site_id)} and date = ${literal(date)}::date
  )`;
  const file = await lake.attempt(
    "Cannot export from the lake",
    () =>
      writeTemporary(lake.db, files, eventsFolder, partition, {
        number: 1,
        source,
        order: "byTime",
        origin: {},
      }),
  );
  if (file.rows !== measure.events) {
    await files.remove(`${eventsFolder}/${file.path}${TEMPORARY}`);
    throw new Error(
      `Cannot export ${site_id} ${date}: ${file.rows} events came of ${measure.events}`,
    );
  }
  await settle(files, eventsFolder, file);
}
