// Writes a ZIP archive as a stream, file after file, without their sizes in advance.
import { crc32 } from "node:zlib";

/** A file of an archive; its content is asked for when its turn comes. */
export interface ZipEntry {
  readonly name: string;
  readonly content: () => AsyncIterable<string>;
}

/** What is known of a written file. */
interface Written {
  readonly name: Uint8Array<ArrayBuffer>;
  readonly offset: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Sizes follow the content; names are UTF-8. */
const FLAGS = 0x0808;
const DEFLATE = 8;
const VERSION = 20;
/** 1980-01-01: no time tells when the archive was made. */
const DATE = 0x21;
const BYTES_MAX = 0xffff_ffff;

/** The bytes of an archive of some files. */
export async function* zipOf(
  entries: readonly ZipEntry[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const written: Written[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const file = { name: new TextEncoder().encode(name), offset, crc: 0, packed: 0, size: 0 };
    yield* counted(numbers([4, LOCAL], ...headOf(file)), file.name);
    const plain = ReadableStream.from(bytesOf(content(), file));
    const packed = plain.pipeThrough(new CompressionStream("deflate-raw"));
    for await (const part of packed) {
      file.packed += part.length;
      yield* counted(Uint8Array.from(part));
    }
    const sizes = [[4, file.crc], [4, file.packed], [4, file.size]] as const;
    yield* counted(numbers([4, DESCRIPTOR], ...sizes));
    written.push(file);
  }
  const start = offset;
  for (const file of written) {
    const rest = [[2, 0], [2, 0], [2, 0], [4, 0], [4, file.offset]] as const;
    yield* counted(numbers([4, CENTRAL], [2, VERSION], ...headOf(file), ...rest), file.name);
  }
  const count = [2, written.length] as const;
  yield numbers([4, END], [2, 0], [2, 0], count, count, [4, offset - start], [4, start], [2, 0]);

  function* counted(...parts: readonly Uint8Array<ArrayBuffer>[]) {
    for (const part of parts) {
      offset += part.length;
      if (offset > BYTES_MAX) throw new RangeError("Cannot write the archive: it exceeds 4 GiB");
      yield part;
    }
  }
}

/** What a file's own header and its line in the list have in common. */
function headOf({ name, crc, packed, size }: Written): (readonly [bytes: number, n: number])[] {
  return [
    ...[[2, VERSION], [2, FLAGS], [2, DEFLATE], [2, 0], [2, DATE]] as const,
    ...[[4, crc], [4, packed], [4, size], [2, name.length], [2, 0]] as const,
  ];
}

async function* bytesOf(
  texts: AsyncIterable<string>,
  file: { crc: number; size: number },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const text of texts) {
    const bytes = encoder.encode(text);
    file.crc = crc32(bytes, file.crc);
    file.size += bytes.length;
    yield bytes;
  }
}

/** Numbers of two or four bytes, the lowest byte first. */
function numbers(...values: readonly (readonly [bytes: number, n: number])[]) {
  const bytes = new Uint8Array(values.reduce((sum, [length]) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [length, value] of values) {
    if (length === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += length;
  }
  return bytes;
}
