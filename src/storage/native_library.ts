// Makes DuckDB's package loadable in the compiled executable, where its shared library has to be
// unpacked to disk first: once, checked, and with an old or damaged copy replaced. It must not
// know the package itself.
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { createZstdDecompress } from "node:zlib";
import { AppError, messageOf } from "../core/errors.ts";
import type { Files, Random } from "../core/types.ts";

/** What the platform must offer for loading a shared library. */
export interface NativeHost {
  /** True inside the compiled executable. */
  readonly isStandalone: boolean;
  /** Path of this executable. */
  readonly executable: string;
  /** What changes where a file is written to or replaced. Rejects where there is none. */
  stampOf(path: string): Promise<string>;
  /** Loads a shared library into this process. Throws the platform's error. */
  link(path: string): void;
  /** Makes `folder` the place of the runtime's temporary files; the result puts the old back. */
  redirectTemporaryFiles(folder: string): () => void;
}

/** Where the library goes, and where the embedded files are. */
export interface NativeOptions {
  /** Folder of the setting `native_dir`; made when missing. */
  readonly nativeDir: string;
  /** Folder of `library.json` and, where it is not appended, `library.zst`. */
  readonly embeddedDir?: string;
}

/** `library.json`, written when the executable is made: the library under its own file name. */
export interface LibraryManifest {
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Name of the embedded manifest. */
export const MANIFEST_NAME = "library.json";
/** Name of the embedded library, compressed with Zstandard. */
export const ARCHIVE_NAME = "library.zst";

// What `deno compile` embeds is at the end of an ELF file, and all of it is in memory while the
// program runs. So the library is put before it, with its length and this mark.
const APPENDED_MARK = "mallard library\n";
const LENGTH_BYTES = 8;
const PIECE_BYTES = 2 ** 20;
/** The end of an executable: a mark, and in its last eight bytes how long the embedded is. */
const TRAILER_MARK = "d3n0l4nd";
/** Bytes of that end. */
export const TRAILER_BYTES = 24;

/** Where the embedded begins in an ELF file; null where its end is of another kind. */
export function embeddedFrom(fileBytes: number, trailer: Uint8Array): number | null {
  if (trailer.length !== TRAILER_BYTES || !startsWith(trailer, TRAILER_MARK)) return null;
  const from = fileBytes - TRAILER_BYTES - lengthAt(trailer, TRAILER_BYTES - LENGTH_BYTES);
  return from > 0 ? from : null;
}

/** What is written behind an appended library. */
export function appendedFooter(bytes: number): Uint8Array<ArrayBuffer> {
  const footer = new Uint8Array(APPENDED_MARK.length + LENGTH_BYTES);
  footer.set(new TextEncoder().encode(APPENDED_MARK));
  new DataView(footer.buffer).setBigUint64(APPENDED_MARK.length, BigInt(bytes), true);
  return footer;
}

const EMBEDDED_DIR = fileURLToPath(new URL("../../native", import.meta.url));
const FOLDER_PREFIX = "duckdb-";
const ATTEMPTS_MAX = 3;
/** Beside the library: the stamp it had when it was found intact. */
const INTACT_NAME = "intact";

/**
 * What `importModule` imports, with its library in place before. Rejects with `unavailable` and a
 * sentence naming the setting `native_dir` when the library cannot be unpacked or loaded.
 */
export async function loadDuckDb<Module>(
  host: NativeHost,
  files: Files,
  random: Random,
  importModule: () => Promise<Module>,
  options: NativeOptions,
): Promise<Module> {
  if (!host.isStandalone) return await importModule();
  const folder = await linkLibrary(host, files, random, options);
  // The runtime unpacks DuckDB's addon by itself, into the folder for temporary files. There the
  // file might not be executable, and in a shared one its name can be guessed.
  const restore = await isWritable(files, random, folder)
    ? host.redirectTemporaryFiles(folder)
    : () => {};
  try {
    return await importModule();
  } catch (error) {
    throw unavailable(`Cannot load DuckDB's addon: ${messageOf(error)}`);
  } finally {
    restore();
  }
}

/**
 * Unpacks the library unless an intact copy is there, loads it, and removes those of other
 * versions. Returns its folder. Rejects as `loadDuckDb` does.
 */
export async function linkLibrary(
  host: NativeHost,
  files: Files,
  random: Random,
  { nativeDir, embeddedDir = EMBEDDED_DIR }: NativeOptions,
): Promise<string> {
  const manifest = await readManifest(files, embeddedDir);
  const name = `${FOLDER_PREFIX}${manifest.version}-${manifest.sha256.slice(0, 16)}`;
  const folder = `${nativeDir}/${name}`;
  const path = `${folder}/${manifest.name}`;
  // A program of another version that starts now may remove what this one has just unpacked.
  for (let attempt = 1;; attempt++) {
    if (!await isKnownIntact(host, files, path, manifest)) {
      if (!await isIntact(files, path, manifest)) {
        const packed = await packedLibrary(files, host.executable, embeddedDir);
        await unpack(files, random, path, manifest, packed);
      }
      await noteIntact(host, files, path);
    }
    try {
      host.link(path);
      break;
    } catch (error) {
      if (attempt < ATTEMPTS_MAX && await files.size(path) === null) continue;
      throw unavailable(`Cannot load DuckDB's library from ${path}: ${messageOf(error)}`);
    }
  }
  await removeOthers(files, nativeDir, name, manifest.name);
  return folder;
}

async function readManifest(files: Files, embeddedDir: string): Promise<LibraryManifest> {
  const text = await files.readText(`${embeddedDir}/${MANIFEST_NAME}`);
  if (text === null) {
    throw new AppError(
      "unavailable",
      `Cannot find DuckDB's library in this executable: it has no ${MANIFEST_NAME}`,
    );
  }
  return JSON.parse(text);
}

/** The compressed library: appended to the executable, else embedded. */
async function packedLibrary(
  files: Files,
  executable: string,
  embeddedDir: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const end = await appendedEnd(files, executable);
  if (end === null) return await files.stream(`${embeddedDir}/${ARCHIVE_NAME}`);
  return ReadableStream.from(pieces(files, executable, end.from, end.to));
}

/** Where the appended library is; null where there is none. */
async function appendedEnd(files: Files, path: string) {
  const size = await files.size(path);
  if (size === null || size < TRAILER_BYTES) return null;
  const trailer = await files.readRange(path, size - TRAILER_BYTES, TRAILER_BYTES);
  const end = trailer && embeddedFrom(size, trailer);
  const footerBytes = APPENDED_MARK.length + LENGTH_BYTES;
  if (!end || end < footerBytes) return null;
  const footer = await files.readRange(path, end - footerBytes, footerBytes);
  if (footer === null || !startsWith(footer, APPENDED_MARK)) return null;
  const to = end - footerBytes;
  return { from: to - lengthAt(footer, APPENDED_MARK.length), to };
}

async function* pieces(files: Files, path: string, from: number, to: number) {
  for (let at = from; at < to; at += PIECE_BYTES) {
    const piece = await files.readRange(path, at, Math.min(PIECE_BYTES, to - at));
    if (piece === null) return;
    yield piece;
  }
}

function startsWith(bytes: Uint8Array, mark: string): boolean {
  return [...mark].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Number(view.getBigUint64(at, true));
}

/** Whether the copy is the very file that was once found intact. */
async function isKnownIntact(
  host: NativeHost,
  files: Files,
  path: string,
  manifest: LibraryManifest,
): Promise<boolean> {
  try {
    if (await files.size(path) !== manifest.bytes) return false;
    const known = await files.readText(intactPath(path));
    return known !== null && known === await host.stampOf(path);
  } catch {
    return false;
  }
}

/** The next start need not read all of it. Never fails. */
async function noteIntact(host: NativeHost, files: Files, path: string): Promise<void> {
  try {
    const stamp = new TextEncoder().encode(await host.stampOf(path));
    await files.write(intactPath(path), stamp, 0o644);
  } catch {
    // Read-only: the next start reads all of it again.
  }
}

function intactPath(path: string): string {
  return `${path.slice(0, path.lastIndexOf("/"))}/${INTACT_NAME}`;
}

/** In pieces: the whole of it in memory would be most of what a start needs. */
async function isIntact(files: Files, path: string, manifest: LibraryManifest): Promise<boolean> {
  try {
    if (await files.size(path) !== manifest.bytes) return false;
    const hash = createHash("sha256");
    for await (const piece of await files.stream(path)) hash.update(piece);
    return hash.digest("hex") === manifest.sha256;
  } catch {
    return false; // A copy that cannot be read is replaced; if that fails, the error says why.
  }
}

async function unpack(
  files: Files,
  random: Random,
  path: string,
  manifest: LibraryManifest,
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const part = `${path}.${random.uuid()}.part`;
  const hash = createHash("sha256");
  try {
    await files.makeDir(folder);
    await files.writeStream(part, ReadableStream.from(decompressed(packed, hash)), 0o555);
    if (hash.digest("hex") === manifest.sha256) {
      await files.rename(part, path);
      return await files.sync(folder);
    }
  } catch (error) {
    // Another process may have finished the same work, and tidied, in the meantime.
    if (await isIntact(files, path, manifest)) return;
    await files.remove(part).catch(() => {});
    throw unavailable(`Cannot unpack DuckDB's library into ${folder}: ${messageOf(error)}`);
  }
  await files.remove(part).catch(() => {});
  throw new AppError(
    "unavailable",
    "Cannot unpack DuckDB's library: this executable is damaged; fetch it again",
  );
}

/** The library, piece by piece into `hash` as well. It ends early where the archive is damaged. */
async function* decompressed(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  hash: ReturnType<typeof createHash>,
) {
  try {
    const unpacking: ReadableWritablePair = Duplex.toWeb(createZstdDecompress());
    for await (const piece of packed.pipeThrough(unpacking)) {
      hash.update(piece);
      yield piece;
    }
  } catch {
    // Its hash is then not that of the library.
  }
}

/** Removes the folders of other versions and what killed attempts left. Never fails. */
async function removeOthers(
  files: Files,
  nativeDir: string,
  ownFolder: string,
  ownName: string,
): Promise<void> {
  try {
    for (const { name, isDirectory } of await files.list(nativeDir)) {
      if (!isDirectory || !name.startsWith(FOLDER_PREFIX)) continue;
      const folder = `${nativeDir}/${name}`;
      for (const file of await files.list(folder)) {
        const isPart = file.name.startsWith(`${ownName}.`) && file.name.endsWith(".part");
        if (name !== ownFolder || isPart) await files.remove(`${folder}/${file.name}`);
      }
      if (name !== ownFolder) await files.remove(folder);
    }
  } catch {
    // Somebody else's files, or a system that keeps loaded libraries: they only take up room.
  }
}

async function isWritable(files: Files, random: Random, folder: string): Promise<boolean> {
  const probe = `${folder}/${random.uuid()}.probe`;
  try {
    await files.write(probe, new Uint8Array(), 0o600);
    await files.remove(probe);
    return true;
  } catch {
    return false;
  }
}

function unavailable(problem: string): AppError {
  return new AppError(
    "unavailable",
    `${problem}. The setting native_dir (MALLARD_NATIVE_DIR) names the folder for it: one that ` +
      "this user may write to, on a disk from which programs may run",
  );
}
