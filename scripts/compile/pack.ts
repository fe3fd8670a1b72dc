// What an executable holds compressed: DuckDB's shared library, without what only debuggers and
// linkers read, and the country database.
import { createHash } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import {
  ARCHIVE_NAME,
  type LibraryManifest,
  MANIFEST_NAME,
} from "../../src/storage/native_library.ts";
import { countriesOf, libraryOf, type Packages, type Target } from "./targets.ts";

/** Name of the country database in the executable: that in its package. */
export const COUNTRIES_NAME = "geo-whois-asn-country.mmdb";

/** A higher level makes the library little smaller, and takes minutes. */
const LEVEL = 12;
const LEVEL_MAX = 19;
/** 8 MiB: what unpacking needs in memory. */
const WINDOW_LOG = 23;

/** Writes a target's library into `folder`, compressed, with its manifest. */
export async function packLibrary(
  folder: string,
  target: Target,
  packages: Packages,
): Promise<void> {
  const found = libraryOf(target, packages);
  if (found === null) throw new Error(`Cannot compile: ${target.library} is not installed`);
  const content = strippedElf(await Deno.readFile(found.path));
  const manifest: LibraryManifest = {
    name: target.library,
    version: found.version,
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
  const text = JSON.stringify(manifest) + "\n";
  const [archive, known] = [`${folder}/${ARCHIVE_NAME}`, `${folder}/${MANIFEST_NAME}`];
  if (await Deno.readTextFile(known).catch(() => "") === text && await exists(archive)) return;
  await Deno.writeFile(archive, packed(content, LEVEL));
  await Deno.writeTextFile(known, text);
}

/** Writes the country database into `folder`, compressed. */
export async function packCountries(folder: string, packages: Packages): Promise<void> {
  const path = countriesOf(packages);
  if (path === null) throw new Error("Cannot compile: the country database is not installed");
  const content = packed(await Deno.readFile(path), LEVEL_MAX);
  await Deno.writeFile(`${folder}/${COUNTRIES_NAME}`, content);
}

function packed(content: Uint8Array<ArrayBuffer>, level: number): Uint8Array<ArrayBuffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_windowLog]: WINDOW_LOG,
  };
  return new Uint8Array(zstdCompressSync(content, { params }));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const ELF_64_LITTLE = [0x7f, 0x45, 0x4c, 0x46, 2, 1];

/**
 * A 64-bit ELF file without its sections, of which a loader reads none, and without what lies
 * behind the last segment: tables of symbols. Any other file as it is.
 */
export function strippedElf(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!ELF_64_LITTLE.every((byte, index) => file[index] === byte)) return file;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [headersAt, headerBytes] = [Number(view.getBigUint64(32, true)), view.getUint16(54, true)];
  let end = 0;
  for (let index = 0; index < view.getUint16(56, true); index++) {
    const at = headersAt + index * headerBytes;
    const [from, bytes] = [view.getBigUint64(at + 8, true), view.getBigUint64(at + 32, true)];
    end = Math.max(end, Number(from + bytes));
  }
  const kept = file.slice(0, end);
  const header = new DataView(kept.buffer);
  header.setBigUint64(40, 0n, true); // Where the sections' headers are.
  header.setUint16(60, 0, true); // How many there are.
  header.setUint16(62, 0, true); // Which of them has their names.
  return kept;
}
