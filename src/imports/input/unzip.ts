// Reads a ZIP archive as a stream, file after file. The only file that knows fflate.
import { Unzip, type UnzipFile, UnzipInflate } from "fflate";
import { IMPORT_ARCHIVE_FILES_MAX } from "../../core/limits.ts";
import { nextTask } from "../../storage/duckdb/next_task.ts";
import { ImportFault } from "../importer.ts";

/** Bytes of packed content that are unpacked before whoever reads it has its turn. */
const PIECE_BYTES = 16 * 1024;

interface State {
  fault: Error | null;
  files: number;
  /** The last file that is taken, after all before it. */
  taking: Promise<void>;
  /** Streams that are not at their end. */
  readonly open: Set<ReadableStreamDefaultController<Uint8Array>>;
}

type Take = (name: string, content: ReadableStream<Uint8Array>) => Promise<void>;

/**
 * Calls `take` for each file of an archive with its name, without folders, and its content, one
 * after the other. Rejects where the archive is damaged or has too many files.
 */
export async function unzip(
  packed: ReadableStream<Uint8Array>,
  name: string,
  take: Take,
): Promise<void> {
  const state: State = { fault: null, files: 0, taking: Promise.resolve(), open: new Set() };
  const archive = new Unzip((file) => {
    if (file.name.endsWith("/") || state.fault) return;
    if (++state.files <= IMPORT_ARCHIVE_FILES_MAX) return takeFile(file, take, state);
    state.fault = new ImportFault(
      `Cannot unpack ${name}: it holds more than ${IMPORT_ARCHIVE_FILES_MAX} files`,
    );
  });
  archive.register(UnzipInflate);
  for await (const part of packed) {
    for (let at = 0; at < part.length && !state.fault; at += PIECE_BYTES) {
      archive.push(part.subarray(at, at + PIECE_BYTES));
      await drained(state);
    }
    if (state.fault) break;
  }
  if (!state.fault) archive.push(new Uint8Array(), true);
  for (const controller of state.open) {
    controller.error(state.fault ?? new Error("the archive ends too early"));
  }
  await state.taking;
  if (state.fault) throw state.fault;
  if (state.files === 0) throw new Error("it is no archive, or an empty one");
}

function takeFile(file: UnzipFile, take: Take, state: State): void {
  const content = new ReadableStream<Uint8Array>({
    start(controller) {
      state.open.add(controller);
      file.ondata = (error, data, isFinal) => {
        if (error) state.fault ??= error;
        if (error || state.fault) {
          state.open.delete(controller);
          return controller.error(state.fault);
        }
        if (data.length > 0) controller.enqueue(data);
        if (!isFinal) return;
        state.open.delete(controller);
        controller.close();
      };
    },
  }, { highWaterMark: 0 });
  file.start();
  const name = file.name.split(/[/\\]/).at(-1) ?? "";
  state.taking = state.taking.then(() => take(name, content)).catch((error) => {
    state.fault ??= error instanceof Error ? error : new Error(String(error));
  });
}

/** Resolves when what was unpacked is taken, so that little of it is in memory. */
async function drained(state: State): Promise<void> {
  // A chunk that waits keeps desiredSize below zero.
  const isWaiting = () => [...state.open].some(({ desiredSize }) => (desiredSize ?? 0) < 0);
  while (!state.fault && isWaiting()) await nextTask();
}
