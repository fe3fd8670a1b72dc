// Makes the files of an import ready to be read: unpacked, and as UTF-8. What is packed is written
// as a stream; a plain file is only linked. Names in archives are never paths here.
import { createGunzip } from "node:zlib";
import { pipeline, Readable } from "node:stream";
import { IMPORT_UNPACKED_BYTES_FREE, IMPORT_UNPACKED_RATIO_MAX } from "../../core/limits.ts";
import { messageOf } from "../../core/errors.ts";
import type { Files } from "../../core/types.ts";
import { ImportFault } from "../importer.ts";
import { unzip } from "../../storage/archive/zip.ts";

/** A file as it was given. */
export interface GivenFile {
  readonly name: string;
  readonly path: string;
}

/** A file that DuckDB can read, with its first bytes. */
export interface PreparedFile extends GivenFile {
  /** The file that it was in, or its own name. */
  readonly archive: string;
  readonly head: Uint8Array;
}

const HEAD_BYTES = 64 * 1024;
const MODE = 0o600;
/** What is unpacked at once: each piece costs a turn of the event loop. */
const PIECE_BYTES = 1024 * 1024;

/** What a file is by its first bytes. */
function kindOf(head: Uint8Array): "gzip" | "zip" | "parquet" | "text" {
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
  if (starts(0x1f, 0x8b)) return "gzip";
  if (starts(0x50, 0x4b, 3, 4) || starts(0x50, 0x4b, 5, 6)) return "zip";
  if (starts(0x50, 0x41, 0x52, 0x31)) return "parquet";
  return "text";
}

/** Unpacks and decodes files into a folder. Throws an ImportFault where one cannot be. */
export async function prepare(
  files: Files,
  given: readonly GivenFile[],
  folder: string,
  signal: AbortSignal,
): Promise<PreparedFile[]> {
  const prepared: PreparedFile[] = [];
  const place = () => `${folder}/${prepared.length}.input`;
  const add = async (archive: string, name: string, stream: ReadableStream<Uint8Array>) => {
    const path = place();
    await files.writeStream(path, stream, MODE);
    prepared.push({ name, archive, path, head: await headOf(files, path) });
  };
  await files.makeDir(folder);
  for (const { name, path } of given) {
    signal.throwIfAborted();
    const head = await headOf(files, path);
    const kind = kindOf(head);
    const limit = new Limit(await files.size(path) ?? 0, name);
    try {
      if (kind === "zip") {
        await unzip(
          await files.stream(path),
          (entry, stream) => add(name, entry, decoded(stream.pipeThrough(limit.stream()))),
        );
      } else if (kind === "gzip") {
        const stream = gunzipped(await files.stream(path));
        await add(
          name,
          name.replace(/\.gz$/i, ""),
          decoded(stream.pipeThrough(limit.stream())),
        );
      } else if (encodingOf(head) !== "utf-8" && kind === "text") {
        await add(name, name, decoded(await files.stream(path)));
      } else {
        await linkOrCopy(files, path, place());
        prepared.push({ name, archive: name, path: place(), head });
      }
    } catch (caught) {
      // What unpacks may fail first, for its stream was ended.
      const error = limit.fault ?? caught;
      if (error instanceof ImportFault || signal.aborted) throw error;
      throw new ImportFault(`Cannot unpack ${name}: ${messageOf(error)}`);
    }
  }
  return prepared;
}

async function linkOrCopy(files: Files, from: string, to: string): Promise<void> {
  await files.remove(to);
  try {
    await files.link(from, to);
  } catch {
    await files.copy(from, to);
  }
}

async function headOf(files: Files, path: string): Promise<Uint8Array> {
  const reader = (await files.stream(path)).getReader();
  const parts: number[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    for (const byte of value.subarray(0, HEAD_BYTES - parts.length)) parts.push(byte);
    if (parts.length >= HEAD_BYTES) {
      await reader.cancel();
      break;
    }
  }
  return Uint8Array.from(parts);
}

/** What a gzip file holds. The stream fails where it is no such file. */
export function gunzipped(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array> {
  // Unlike DecompressionStream it reads files of several parts, as log rotation appends them.
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  // A fault is told to whoever reads what comes out; the file is closed in any case.
  pipeline(Readable.from(stream), gunzip, () => {});
  return ReadableStream.from(gunzip as AsyncIterable<Uint8Array>);
}

/** Lets the streams of one file fail together where more comes out than any honest file holds. */
class Limit {
  readonly #name: string;
  readonly #most: number;
  #count = 0;
  #fault: ImportFault | null = null;

  constructor(bytes: number, name: string) {
    this.#name = name;
    this.#most = Math.max(IMPORT_UNPACKED_BYTES_FREE, bytes * IMPORT_UNPACKED_RATIO_MAX);
  }

  /** Why they failed; null where they did not. */
  get fault(): ImportFault | null {
    return this.#fault;
  }

  stream(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (part, controller) => {
        this.#count += part.length;
        if (this.#count > this.#most) {
          this.#fault = new ImportFault(
            `Cannot unpack ${this.#name}: it holds more than ${IMPORT_UNPACKED_RATIO_MAX} times ` +
              "its size",
          );
          throw this.#fault;
        }
        controller.enqueue(part);
      },
    });
  }
}

/** The encoding of a text by its first bytes. */
export function encodingOf(head: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | "windows-1252" {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (kindOf(head) !== "text") return "utf-8";
  try {
    // The last character may be cut.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

/** The same text as UTF-8; the encoding is told by the first part. */
function decoded(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let decoder: TextDecoder | null | undefined;
  const encoder = new TextEncoder();
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        if (decoder === undefined) {
          const encoding = encodingOf(part.subarray(0, HEAD_BYTES));
          decoder = encoding === "utf-8" ? null : new TextDecoder(encoding);
        }
        controller.enqueue(
          decoder === null ? part : encoder.encode(decoder.decode(part, { stream: true })),
        );
      },
      flush(controller) {
        if (decoder) controller.enqueue(encoder.encode(decoder.decode()));
      },
    }),
  );
}
