// Texts read as lines, and written, as streams: for files that hold several tables.
import type { Files } from "../../core/types.ts";

const MODE = 0o600;

/** The lines of a file, some at a time. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of stream) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
  }
  if (rest !== "") yield [rest];
}

/** Texts on their way to a file. */
export interface Writer {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Writes texts to a file as a stream. */
export function writerTo(files: Files, path: string): Writer {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writing = files.writeStream(path, readable, MODE);
  const writer = writable.getWriter();
  // A failure is told by close().
  writing.catch(() => writer.abort().catch(() => {}));
  const encoder = new TextEncoder();
  return {
    async write(text) {
      await writer.ready;
      await writer.write(encoder.encode(text));
    },
    async close() {
      await writer.close().catch(() => {});
      await writing;
    },
  };
}
