// `mallard rollback`: makes DATA_DIR one of the older program again, from the copy that was kept
// when this program raised its schema. No event is lost.
import { lockFolder } from "../storage/lock.ts";
import { openStorage } from "../storage/open.ts";
import { keptVersions, rollBack, sumDaysLost } from "../storage/state/roll_back.ts";
import { MIGRATIONS } from "../storage/state/migrations.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  dataDirOf,
  JSON_OPTION,
  requireCurrentSchema,
  succeeded,
} from "./command.ts";

/** The row of COMMANDS. */
export const ROLLBACK = {
  args: ["[VERSION]"],
  doc:
    "after an upgrade, make DATA_DIR readable for the older program again, with the schema that " +
    "it had, or that of VERSION. Events are written to Parquet and kept; settings and keys " +
    "are those of before the upgrade. Stop the server first, and start the older program after it",
  options: {
    "drop-sums": {
      type: "boolean",
      doc: "also where imports have brought sums of days, which the older program cannot keep",
    },
    json: JSON_OPTION,
  },
  example: "mallard rollback --config /etc/mallard/mallard.toml",
  run: async (context) => {
    const { args: [asked], config, system: { files }, host } = context;
    const dataDir = dataDirOf(config);
    await requireCurrentSchema(context, dataDir, "roll back");
    const kept = (await keptVersions(files, dataDir)).filter((one) => one < MIGRATIONS.length);
    const version = asked === undefined ? kept[0] : kept.find((one) => String(one) === asked);
    if (version === undefined) {
      const found = kept.length === 0 ? "there is none" : `there are ${kept.join(", ")}`;
      throw new Error(
        `Cannot roll back: no copy of an older schema${asked ? ` ${asked}` : ""} is kept in ` +
          `${dataDir}, ${found}; restore a backup instead`,
      );
    }
    const written = await writeEvents(context, dataDir, version);
    const lock = await lockFolder(files, dataDir, host.pid);
    const dropped = sumDaysLost(dataDir, version);
    try {
      await rollBack(files, dataDir, version);
    } finally {
      await lock.release();
    }
    return context.options?.["json"]
      ? asJson({ schema_version: version, events_written: written, sum_days_dropped: dropped })
      : succeeded(
        `Rolled back to schema version ${version}; ${written} events were written to Parquet. ` +
          (dropped > 0 ? `${dropped} days of sums were dropped: import their files again. ` : "") +
          "Start the older program now: this one would raise the schema again",
      );
  },
} as const satisfies Command;

/** Writes what the journal holds to Parquet, for the copy has an older journal. */
async function writeEvents(
  { config, system, host, options }: CommandContext,
  dataDir: string,
  version: number,
) {
  const storage = await openStorage(system, host, { ...config, dataDir });
  try {
    if (storage.proposals.size > 0) {
      throw new Error(
        `Cannot roll back: events of ${storage.proposals.size} proposed sites would be lost; ` +
          "accept or refuse them first (mallard sites)",
      );
    }
    // Nobody writes sums while the folder is open here.
    const lost = sumDaysLost(dataDir, version);
    if (lost > 0 && options?.["drop-sums"] !== true) {
      throw new Error(
        `Cannot roll back: ${lost} days of sums of imports would be lost, for the older schema ` +
          "has no place for them; keep the imported files, or a takeout, and use --drop-sums",
      );
    }
    const waiting = storage.hot.rows;
    if (waiting > 0) await storage.flusher.flush({ all: true });
    const left = storage.hot.rows + storage.hot.unreadableCount;
    if (left > 0) throw new Error(`Cannot roll back: ${left} events cannot be written to Parquet`);
    return waiting;
  } finally {
    await storage.close();
  }
}
