// `mallard adopt`: adds Parquet files that were copied into DATA_DIR to the catalog, names those
// that are not counted, and moves the rows of a wrong folder when asked to.
import { messageOf } from "../core/errors.ts";
import type { Files } from "../core/types.ts";
import { openStorage, type Storage } from "../storage/open.ts";
import { moveRows } from "../storage/adoption/move_rows.ts";
import { asJson, type Command, dataDirOf, JSON_OPTION, requireCurrentSchema } from "./command.ts";
import { isOverLake } from "./lake/over_lake.ts";
import { type Progress, withProgress } from "./progress.ts";

/** What was done. */
interface Adopted {
  /** Files that are not counted, and why. */
  readonly not_counted: readonly { readonly path: string; readonly reason: string }[];
  readonly moved: readonly { readonly path: string; readonly events: number }[];
  /** Why files could not be moved. */
  readonly failures: readonly string[];
  readonly written: { readonly events: number; readonly of: number };
  /** Files in the catalog now. */
  readonly files: number;
}

/** The row of COMMANDS. */
export const ADOPT = {
  args: ["[move]"],
  doc: "add Parquet files copied into DATA_DIR; a running server does this automatically. " +
    "Events that wait in the journal are written to Parquet. " +
    "move: put rows of a wrong folder where they belong",
  actions: ["move"],
  options: { json: JSON_OPTION },
  example: "mallard adopt move",
  run: async (context) => {
    const { args: [action], config, system, host, options, terminal } = context;
    if (action !== undefined && action !== "move") {
      throw new Error(`Cannot run adopt ${action}: it is not move`);
    }
    const dataDir = dataDirOf(config);
    await requireCurrentSchema(context, dataDir, "adopt files");
    if (await isOverLake(context, dataDir)) {
      throw new Error(
        `Cannot adopt files: the events of ${dataDir} are in a lake; put the files into the ` +
          'folder events of an empty data folder, and run "mallard adopt" and "mallard lake ' +
          'import" there',
      );
    }
    const adopted = await withProgress(terminal, system.clock, "files", async (onFile) => {
      const storage = await openStorage(system, host, { ...config, dataDir, onFile });
      try {
        const paths = { events: `${dataDir}/events`, isMove: action !== undefined };
        return await adopt(storage, system.files, paths, onFile);
      } finally {
        await storage.close();
      }
    });
    const ok = adopted.failures.length === 0;
    if (options?.["json"]) return asJson(adopted, ok);
    const text = linesOf(adopted).join("\n");
    if (!ok) throw new Error(text);
    return { text: `${text}\n`, ok };
  },
} as const satisfies Command;

async function adopt(
  storage: Storage,
  files: Files,
  { events, isMove }: { readonly events: string; readonly isMove: boolean },
  onFile: Progress,
): Promise<Adopted> {
  const refused = [...storage.refused()].map(([path, reason]) => ({ path, reason }));
  const moved: { path: string; events: number }[] = [];
  const failures: string[] = [];
  for (const { path } of isMove ? refused : []) {
    try {
      moved.push({ path, events: await moveRows(storage, files, events, path) });
    } catch (error) {
      failures.push(messageOf(error));
    }
    onFile(moved.length + failures.length, refused.length);
  }
  const waiting = storage.hot.rows;
  if (waiting > 0) await storage.flusher.flush({ all: true });
  return {
    not_counted: isMove ? [] : refused,
    moved,
    failures,
    written: { events: waiting - storage.hot.rows, of: waiting },
    files: storage.fileCount(),
  };
}

function linesOf({ not_counted, moved, failures, written, files }: Adopted): string[] {
  return [
    ...not_counted.map(({ path, reason }) => `Not counted: ${path}: ${reason}`),
    ...moved.map(({ path, events }) => `Moved ${events} events of ${path}`),
    ...failures,
    ...written.of > 0 ? [`Wrote ${written.events} of ${written.of} waiting events to Parquet`] : [],
    `The catalog holds ${files} files`,
  ];
}
