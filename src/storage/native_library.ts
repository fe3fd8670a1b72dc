// Makes DuckDB's package loadable in the compiled executable, where its shared library has to be
// unpacked to disk first: once, checked, and with an old or damaged copy replaced. It must not
// know the package itself.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { AppError, messageOf } from "../core/errors.ts";
import type { Files, Random } from "../core/types.ts";

/** What the platform must offer for loading a shared library. */
export interface NativeHost {
  /** True inside the compiled executable. */
  readonly isStandalone: boolean;
  /** Loads a shared library into this process. Throws the platform's error. */
  link(path: string): void;
  /** Makes `folder` the place of the runtime's temporary files; the result puts the old back. */
  redirectTemporaryFiles(folder: string): () => void;
}

/** Where the library goes, and where the compressed copy inside the executable is. */
export interface NativeOptions {
  /** Folder of the setting `native_dir`; made when missing. */
  readonly nativeDir: string;
  /** Folder of `library.json` and `library.gz`. */
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
/** Name of the embedded library, compressed with gzip. */
export const ARCHIVE_NAME = "library.gz";

const EMBEDDED_DIR = fileURLToPath(new URL("../../native", import.meta.url));
const FOLDER_PREFIX = "duckdb-";
const ATTEMPTS_MAX = 3;

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
    if (!await isIntact(files, path, manifest)) {
      await unpack(files, random, path, manifest, embeddedDir);
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
  embeddedDir: string,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const part = `${path}.${random.uuid()}.part`;
  const hash = createHash("sha256");
  try {
    await files.makeDir(folder);
    const library = decompressed(files, `${embeddedDir}/${ARCHIVE_NAME}`, hash);
    await files.writeStream(part, ReadableStream.from(library), 0o555);
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
async function* decompressed(files: Files, archive: string, hash: ReturnType<typeof createHash>) {
  try {
    const packed = await files.stream(archive);
    for await (const piece of packed.pipeThrough(new DecompressionStream("gzip"))) {
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
