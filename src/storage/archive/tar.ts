// One file of a folder's files: a tar archive (POSIX), written and read as a stream. It holds plain
// files only; a name that leads out of the folder is refused.
import type { Files } from "../../core/types.ts";

const BLOCK = 512;
const NAME_BYTES = 100;
/** The largest size that eleven octal digits hold. */
const SIZE_MAX = 8 ** 11 - 1;
const PLAIN = "0";
const LONG_NAME = "x";
const FOLDER = "5";
const NAMES_BYTES_MAX = 64 * 1024;
const utf8 = new TextEncoder();

/** Writes the files below a folder into one archive, in the order of their names. */
export async function packFolder(files: Files, folder: string, path: string, mode: number) {
  const names = (await files.tree(folder)).sort();
  await files.writeStream(path, ReadableStream.from(blocksOf(files, folder, names)), mode);
}

async function* blocksOf(
  files: Files,
  folder: string,
  names: readonly string[],
): AsyncGenerator<Uint8Array> {
  for (const name of names) {
    const size = await files.size(`${folder}/${name}`) ?? 0;
    if (size > SIZE_MAX) throw new Error(`${name} is too large for a tar archive`);
    if (utf8.encode(name).length > NAME_BYTES) {
      const record = recordOf("path", name);
      yield headerOf("name", record.length, LONG_NAME);
      yield padded(record);
      yield headerOf(name.replace(/[^\x20-\x7e]/g, "_").slice(0, NAME_BYTES), size, PLAIN);
    } else yield headerOf(name, size, PLAIN);
    let count = 0;
    for await (const part of await files.stream(`${folder}/${name}`)) {
      count += part.length;
      yield part;
    }
    if (count !== size) throw new Error(`${name} changed while it was read`);
    yield new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** A record says its own length, in decimal digits. */
function recordOf(key: string, value: string): Uint8Array {
  const rest = utf8.encode(` ${key}=${value}\n`).length;
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return utf8.encode(`${length} ${key}=${value}\n`);
}

function padded(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  all.set(bytes);
  return all;
}

function headerOf(name: string, size: number, type: string): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => header.set(utf8.encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(name, 0);
  put(`${octal(0o600, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  put(`${octal(size, 11)}\0${octal(0, 11)}\0        ${type}`, 124);
  put("ustar\x0000", 257);
  put(`${octal(header.reduce((sum, byte) => sum + byte, 0), 6)}\0 `, 148);
  return header;
}

/** Whether a file begins like an archive that this program wrote. */
export async function isTar(files: Files, path: string): Promise<boolean> {
  // A pipe would keep the reader waiting.
  if (!await files.isFile(path)) return false;
  const head = await files.readRange(path, 0, BLOCK).catch(() => null);
  return head !== null && textOf(head, 257, 5) === "ustar";
}

/** Writes the files of an archive below a folder. Rejects with what is wrong with it. */
export async function unpackTar(files: Files, path: string, folder: string, mode: number) {
  const total = await files.size(path) ?? 0;
  let long: string | null = null;
  for (let at = 0; at < total;) {
    const header = await files.readRange(path, at, BLOCK);
    if (header === null || header.length < BLOCK) throw new Error("the archive ends too early");
    if (header.every((byte) => byte === 0)) return;
    requireHeader(header);
    const size = parseInt(textOf(header, 124, 12), 8);
    at += BLOCK;
    if (at + size > total) throw new Error("the archive ends too early");
    const type = textOf(header, 156, 1);
    if (type === LONG_NAME && size <= NAMES_BYTES_MAX) {
      const record = new TextDecoder().decode(await files.readRange(path, at, size) ?? undefined);
      long = /^\d+ path=(.+)\n$/s.exec(record)?.[1] ?? null;
    } else if (type === PLAIN) {
      const name = long ?? textOf(header, 0, NAME_BYTES);
      long = null;
      await writeEntry(files, path, { from: at, size }, folder, safeName(name), mode);
    } else if (type !== FOLDER) throw new Error("the archive holds what is no plain file");
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error("the archive ends too early");
}

function requireHeader(header: Uint8Array): void {
  const sum = parseInt(textOf(header, 148, 8), 8);
  const counted = header.reduce(
    (all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte),
    0,
  );
  const size = parseInt(textOf(header, 124, 12), 8);
  if (sum === counted && Number.isSafeInteger(size) && size >= 0) return;
  throw new Error("the archive is damaged");
}

function textOf(bytes: Uint8Array, from: number, length: number): string {
  const text = new TextDecoder().decode(bytes.subarray(from, from + length));
  return text.replace(/\0.*$/s, "").trim();
}

/** A name is a path below the folder, and nothing else. */
function safeName(name: string): string {
  const parts = name.split("/");
  const isSafe = !name.includes("\\") && !name.includes("\0") &&
    parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (isSafe) return name;
  throw new Error("a name in the archive leads out of it");
}

const PIECE_BYTES = 1024 * 1024;

async function writeEntry(
  files: Files,
  archive: string,
  { from, size }: { readonly from: number; readonly size: number },
  folder: string,
  name: string,
  mode: number,
): Promise<void> {
  const parent = name.split("/").slice(0, -1).join("/");
  await files.makeDir(parent === "" ? folder : `${folder}/${parent}`);
  const pieces = async function* () {
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const piece = await files.readRange(archive, from + at, Math.min(PIECE_BYTES, size - at));
      if (piece === null || piece.length === 0) throw new Error("the archive ends too early");
      yield piece;
    }
  };
  await files.writeStream(`${folder}/${name}`, ReadableStream.from(pieces()), mode);
}
