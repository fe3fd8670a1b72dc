// `mallard lake export DIR`: the events and sums of a lake as a new data folder.
import { resolve } from "node:path";
import { lakeOptions } from "../../config/lake_options.ts";
import { exportEvents, noteOrigin } from "../../storage/lake/exporting.ts";
import { writeSums } from "../../storage/lake/history/exporting_sums.ts";
import { eventsFolderOf } from "../../storage/open_journal.ts";
import { asJson, type CommandContext, type CommandResult } from "../command.ts";
import { withProgress } from "../progress.ts";
import { withLake } from "./open.ts";

/** Runs the command. */
export async function exportFromLake(context: CommandContext): Promise<CommandResult> {
  const { config, system: { clock, files }, terminal, options = {} } = context;
  const dataDir = resolve(context.args[1] ?? "");
  if (await files.size(`${dataDir}/mallard.sqlite`) !== null) {
    throw new Error(
      `Cannot export from the lake into ${dataDir}: a server has used it; name a new folder`,
    );
  }
  await files.makeDir(dataDir);
  const eventsFolder = eventsFolderOf({ dataDir });
  const exported = await withLake(
    context,
    dataDir,
    { mayMake: false },
    async (lake) => {
      await noteOrigin(files, lake, dataDir);
      return await withProgress(
        terminal,
        clock,
        "partitions",
        (onPartition) => exportEvents(files, lake, eventsFolder, { onPartition }),
      );
    },
  );
  // Last: where there are some, the folder has the mallard.sqlite of a server then.
  const place = await lakeOptions(config, files);
  const sumDays = await writeSums(files, place, clock, dataDir);
  if (options["json"] === true) return asJson({ folder: dataDir, ...exported, sumDays });
  const { events, partitions, partitionsThere } = exported;
  const lines = [
    `Exported ${events} events of ${partitions} partitions into ${dataDir}`,
    ...partitionsThere > 0 ? [`${partitionsThere} partitions were there already`] : [],
    ...sumDays > 0 ? [`Exported sums of ${sumDays} days that other tools had added up`] : [],
    "A server started with this folder as DATA_DIR adopts them",
  ];
  return { text: lines.map((line) => `${line}\n`).join(""), ok: true };
}
