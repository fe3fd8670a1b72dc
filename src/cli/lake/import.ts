// `mallard lake import`: events and sums of DATA_DIR into a lake, beside a server or without one.
import { lakeOptions } from "../../config/lake_options.ts";
import { requireOtherOrigin } from "../../storage/lake/exporting.ts";
import { type Imported, Importing } from "../../storage/lake/importing.ts";
import { LocalFolder } from "../../storage/lake/local_folder.ts";
import { bringOwnSums, type BroughtSums } from "../../storage/shared/sums_commands.ts";
import { whileLocked } from "../../storage/backup/folders.ts";
import { lockFolder } from "../../storage/lock.ts";
import { eventsFolderOf } from "../../storage/open_journal.ts";
import { openStorage } from "../../storage/open.ts";
import {
  asJson,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  requireCurrentSchema,
} from "../command.ts";
import { isServed } from "../imports/import.ts";
import { withProgress } from "../progress.ts";
import { withLake } from "./open.ts";

/** Files of one name must not be written twice at the same time. */
const LOCK = ".lake.lock";

/** What was imported, and what was not. */
interface Result extends Imported, BroughtSums {
  /** Events of the journal: they are not in files yet. */
  readonly waiting: number;
  /** Partitions that wait for them. */
  readonly partitionsWaiting: number;
  /** Events of sites that an owner has yet to accept. */
  readonly proposed: number;
}

/** Runs the command. */
export async function importIntoLake(context: CommandContext): Promise<CommandResult> {
  const { config, system: { files }, host } = context;
  const dataDir = dataDirOf(config);
  if (await files.size(`${dataDir}/mallard.sqlite`) === null) {
    throw new Error(`Cannot import ${dataDir}: there is no mallard.sqlite`);
  }
  await requireCurrentSchema(context, dataDir, "import into the lake");
  return await whileLocked(dataDir, "Cannot import into the lake", async () => {
    if (await isServed(context)) return await importFolder(context, dataDir, true);
    await flushJournal(context, dataDir);
    const lock = await lockFolder(files, dataDir, host.pid);
    try {
      return await importFolder(context, dataDir, false);
    } finally {
      await lock.release();
    }
  }, LOCK);
}

/** Without a server, what waits in the journal is written to Parquet first. */
async function flushJournal(
  { config, system, host }: CommandContext,
  dataDir: string,
): Promise<void> {
  const folder = new LocalFolder(dataDir);
  const { waiting } = folder.content();
  folder.close();
  if (waiting.length === 0) return;
  const storage = await openStorage(system, host, { ...config, dataDir });
  try {
    await storage.flusher.flush({ all: true });
  } finally {
    await storage.close();
  }
}

async function importFolder(
  context: CommandContext,
  dataDir: string,
  isRunning: boolean,
): Promise<CommandResult> {
  const { system, terminal } = context;
  const folder = new LocalFolder(dataDir);
  try {
    const { source, partitions, waiting, proposed } = folder.content();
    const key = ({ site_id, date }: { site_id: string; date: string }) => `${site_id} ${date}`;
    const busy = new Set(waiting.map(key));
    const ready = partitions.filter((one) => !busy.has(key(one)));
    const imported = await withLake(
      context,
      dataDir,
      { mayMake: true },
      async (lake) => {
        await requireOtherOrigin(system.files, lake, dataDir);
        return await withProgress(
          terminal,
          system.clock,
          "partitions",
          (onPartition) =>
            new Importing(system, lake, {
              eventsFolder: eventsFolderOf({ dataDir }),
              source,
              partitionNow: (partition) => folder.partition(partition),
              onPartition,
            }).run(ready, waiting),
        );
      },
    );
    const place = await lakeOptions(context.config, system.files);
    const sums = await folder.withSums((own) => bringOwnSums(place, system.clock, own));
    const events = waiting.reduce((sum, { events }) => sum + events, 0);
    return resultOf(context, {
      ...imported,
      waiting: events,
      partitionsWaiting: partitions.length - ready.length,
      proposed,
      ...sums,
    }, isRunning);
  } finally {
    folder.close();
  }
}

function resultOf(
  { options = {} }: CommandContext,
  result: Result,
  isRunning: boolean,
): CommandResult {
  const ok = result.faults.length === 0;
  if (options["json"] === true) return asJson(result, ok);
  const { events, partitions, partitionsThere, registered, rewritten, faults } = result;
  const lines = [
    `Imported ${events} events of ${partitions} partitions: ${registered} files as they are, ` +
    `${rewritten} written anew`,
    ...partitionsThere > 0 ? [`${partitionsThere} partitions were in the lake already`] : [],
    ...result.waiting === 0 ? [] : [
      `Not imported: ${result.waiting} events of the journal, and ${result.partitionsWaiting} ` +
      "partitions that wait for them; " +
      (isRunning ? "stop the server and import again" : "they could not be written to Parquet"),
    ],
    ...result.proposed === 0
      ? []
      : [`Not imported: ${result.proposed} events of sites that nobody has accepted`],
    ...result.sumDays === 0
      ? []
      : [`Imported sums of ${result.sumDays} days that other tools had added up`],
    ...result.sumDaysThere === 0
      ? []
      : [`Sums of ${result.sumDaysThere} days had come into the lake before`],
    ...result.gone === 0 ? [] : [
      `${result.gone} events that were imported are no longer in the data folder; they stay in ` +
      "the lake",
    ],
    ...faults.map((fault) => `Not imported: ${fault}`),
  ];
  return { text: lines.map((line) => `${line}\n`).join(""), ok };
}
