// Reads and writes ZIP archives as streams, file after file. The only file that knows fflate.
import { Unzip, type UnzipFile, UnzipInflate, Zip, ZipDeflate } from "fflate";
import { IMPORT_ARCHIVE_FILES_MAX } from "../../core/limits.ts";
import { nextTask } from "../duckdb/next_task.ts";

/** Bytes of packed content that are unpacked before whoever reads it has its turn. */
const PIECE_BYTES = 16 * 1024;

/** What ends an archive, before a comment. */
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const TAIL_BYTES = END_BYTES + 65_535;

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
  take: Take,
): Promise<void> {
  const state: State = { fault: null, files: 0, taking: Promise.resolve(), open: new Set() };
  let tail = new Uint8Array();
  const archive = new Unzip((file) => {
    if (file.name.endsWith("/") || state.fault) return;
    if (++state.files <= IMPORT_ARCHIVE_FILES_MAX) return takeFile(file, take, state);
    state.fault = new Error(`it holds more than ${IMPORT_ARCHIVE_FILES_MAX} files`);
  });
  archive.register(UnzipInflate);
  for await (const part of packed) {
    tail = lastOf(tail, part);
    for (let at = 0; at < part.length && !state.fault; at += PIECE_BYTES) {
      archive.push(part.subarray(at, at + PIECE_BYTES));
      await drained(state);
    }
    if (state.fault) break;
  }
  if (!state.fault) archive.push(new Uint8Array(), true);
  if (state.files > 0 && !hasEnd(tail)) {
    state.fault ??= new Error("the archive ends too early");
  }
  for (const controller of state.open) {
    controller.error(state.fault ?? new Error("the archive ends too early"));
  }
  await state.taking;
  if (state.fault) throw state.fault;
  if (state.files === 0) throw new Error("it is no archive, or an empty one");
}

function lastOf(tail: Uint8Array, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = tail.subarray(Math.max(0, tail.length + part.length - TAIL_BYTES));
  const last = part.subarray(-TAIL_BYTES);
  const all = new Uint8Array(kept.length + last.length);
  all.set(kept);
  all.set(last, kept.length);
  return all;
}

/** Whether the last bytes hold what ends an archive: a download that broke off lacks it. */
function hasEnd(tail: Uint8Array<ArrayBuffer>): boolean {
  const view = new DataView(tail.buffer);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) === END_SIGNATURE) return true;
  }
  return false;
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

/** A file of an archive; its content is asked for when its turn comes. */
export interface ZipEntry {
  readonly name: string;
  readonly content: () => AsyncIterable<string | Uint8Array>;
}

/** No time tells when an archive was made: the earliest that one can hold. */
const MADE_AT = "1980-01-01T00:00:00";
/** Larger archives need another form of the list of files. */
const ARCHIVE_BYTES_MAX = 0xffff_ffff;

/** The bytes of an archive of some files. Throws a RangeError beyond 4 GiB. */
export async function* zipOf(
  entries: readonly ZipEntry[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const made: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const archive = new Zip((error, part) => {
    if (error) throw error;
    bytes += part.length;
    if (bytes > ARCHIVE_BYTES_MAX) {
      throw new RangeError("Cannot write the archive: it exceeds 4 GiB");
    }
    made.push(Uint8Array.from(part));
  });
  const encoder = new TextEncoder();
  for (const { name, content } of entries) {
    const file = new ZipDeflate(name);
    file.mtime = MADE_AT;
    archive.add(file);
    for await (const part of content()) {
      file.push(typeof part === "string" ? encoder.encode(part) : part);
      yield* made.splice(0);
    }
    file.push(new Uint8Array(), true);
    yield* made.splice(0);
  }
  archive.end();
  yield* made.splice(0);
}
