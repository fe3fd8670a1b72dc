import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { createHash } from "node:crypto";
import type { Files } from "../../src/core/types.ts";
import { realSystem } from "../../src/runtime/system.ts";
import {
  appendedFooter,
  embeddedFrom,
  linkLibrary,
  loadDuckDb,
  type NativeHost,
  TRAILER_BYTES,
} from "../../src/storage/native_library.ts";

const { files, random } = realSystem({ format: "text", levelMin: "error" });
const LIBRARY = crypto.getRandomValues(new Uint8Array(40_000));
const SHA256 = createHash("sha256").update(LIBRARY).digest("hex");
const FOLDER = `duckdb-1.2.3-${SHA256.slice(0, 16)}`;

interface Place {
  readonly nativeDir: string;
  readonly embeddedDir: string;
  /** Where the library has to be. */
  readonly path: string;
}

/** Runs `work` with a compressed library beside an empty native folder. */
async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "mallard_native_" });
  try {
    const embeddedDir = `${root}/embedded`;
    const nativeDir = `${root}/native`;
    await Deno.mkdir(embeddedDir);
    await Deno.writeFile(`${embeddedDir}/library.zst`, zstdCompressSync(LIBRARY));
    const manifest = { name: "lib.so", version: "1.2.3", bytes: LIBRARY.length, sha256: SHA256 };
    await Deno.writeTextFile(`${embeddedDir}/library.json`, JSON.stringify(manifest));
    await work({ nativeDir, embeddedDir, path: `${nativeDir}/${FOLDER}/lib.so` });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** A platform that loads a library by reading it, and remembers which. */
function host(linked: string[] = [], link?: (path: string) => void): NativeHost {
  return {
    isStandalone: true,
    executable: "/none",
    async stampOf(path) {
      const { ino, size, mtime } = await Deno.stat(path);
      return JSON.stringify([ino, size, mtime]);
    },
    link(path) {
      link?.(path);
      assert.deepEqual(Deno.readFileSync(path), LIBRARY);
      linked.push(path);
    },
    redirectTemporaryFiles: () => () => {},
  };
}

Deno.test("linkLibrary() unpacks the library and loads it from a folder of its version", () =>
  inPlace(async (place) => {
    const linked: string[] = [];
    const folder = await linkLibrary(host(linked), files, random, place);
    assert.equal(folder, `${place.nativeDir}/${FOLDER}`);
    assert.deepEqual(linked, [place.path]);
    assert.deepEqual((await files.list(folder)).map(({ name }) => name), ["intact", "lib.so"]);
  }));

Deno.test("linkLibrary() does not unpack where an intact copy lies", () =>
  inPlace(async (place) => {
    await linkLibrary(host(), files, random, place);
    await Deno.remove(`${place.embeddedDir}/library.zst`);
    const before = (await Deno.stat(place.path)).ino;
    await linkLibrary(host(), files, random, place);
    assert.equal((await Deno.stat(place.path)).ino, before);
  }));

for (
  const [what, damaged] of [
    ["truncated", LIBRARY.slice(0, 100)],
    ["empty", new Uint8Array()],
    ["altered", LIBRARY.map((byte, index) => index === 30_000 ? byte ^ 1 : byte)],
  ] as const
) {
  Deno.test(`linkLibrary() replaces a copy that is ${what}`, () =>
    inPlace(async (place) => {
      await Deno.mkdir(`${place.nativeDir}/${FOLDER}`, { recursive: true });
      await Deno.writeFile(place.path, damaged);
      await linkLibrary(host(), files, random, place);
      assert.deepEqual(await Deno.readFile(place.path), LIBRARY);
    }));
}

Deno.test("linkLibrary() reads the whole of a copy only after it has changed", () =>
  inPlace(async (place) => {
    await linkLibrary(host(), files, random, place);
    let reads = 0;
    const watched: Files = {
      ...files,
      stream: (path) => {
        if (path === place.path) reads++;
        return files.stream(path);
      },
    };
    await linkLibrary(host(), watched, random, place);
    assert.equal(reads, 0);
    await Deno.chmod(place.path, 0o644);
    await Deno.writeFile(place.path, LIBRARY.map((byte, index) => index === 7 ? byte ^ 1 : byte));
    await linkLibrary(host(), watched, random, place);
    assert.equal(reads, 1);
    assert.deepEqual(await Deno.readFile(place.path), LIBRARY);
  }));

Deno.test("linkLibrary() needs no write access where an intact copy lies", () =>
  inPlace(async (place) => {
    await linkLibrary(host(), files, random, place);
    const refuse = () => Promise.reject(new Error("Read-only file system (os error 30)"));
    const readOnly: Files = {
      ...files,
      write: refuse,
      writeStream: refuse,
      rename: refuse,
      remove: refuse,
    };
    const linked: string[] = [];
    await linkLibrary(host(linked), readOnly, random, place);
    assert.deepEqual(linked, [place.path]);
  }));

Deno.test("linkLibrary() names the setting when the folder cannot be written", () =>
  inPlace(async (place) => {
    await Deno.writeTextFile(place.nativeDir, "a file where the folder should be");
    await assert.rejects(linkLibrary(host(), files, random, place), (error: Error) => {
      assert.match(error.message, /^Cannot unpack DuckDB's library into .*native_dir/);
      assert.match(error.message, /MALLARD_NATIVE_DIR/);
      return true;
    });
  }));

Deno.test("linkLibrary() names the setting when the folder's disk runs no programs", () =>
  inPlace(async (place) => {
    const refuse = () => {
      throw new Error("failed to map segment from shared object");
    };
    await assert.rejects(
      linkLibrary(host([], refuse), files, random, place),
      /^AppError: Cannot load DuckDB's library from .*failed to map.*MALLARD_NATIVE_DIR/,
    );
  }));

Deno.test("linkLibrary() leaves no half-written file when the disk is full", () =>
  inPlace(async (place) => {
    const full: Files = {
      ...files,
      async writeStream(path, data, mode) {
        await data.cancel();
        await files.write(path, new Uint8Array(5), mode);
        throw new Error("No space left on device (os error 28)");
      },
    };
    await assert.rejects(linkLibrary(host(), full, random, place), /No space left on device/);
    assert.deepEqual(await files.list(`${place.nativeDir}/${FOLDER}`), []);
  }));

Deno.test("linkLibrary() tells a damaged executable from a bad folder", () =>
  inPlace(async (place) => {
    const archive = zstdCompressSync(LIBRARY);
    for (const damaged of [archive.subarray(0, 900), zstdCompressSync(LIBRARY.slice(1)), LIBRARY]) {
      await Deno.writeFile(`${place.embeddedDir}/library.zst`, damaged);
      await assert.rejects(linkLibrary(host(), files, random, place), /executable is damaged/);
    }
    await Deno.remove(`${place.embeddedDir}/library.json`);
    await assert.rejects(linkLibrary(host(), files, random, place), /has no library.json/);
  }));

Deno.test("linkLibrary() succeeds for ten that start at once", () =>
  inPlace(async (place) => {
    const linked: string[] = [];
    await Promise.all(
      Array.from({ length: 10 }, () => linkLibrary(host(linked), files, random, place)),
    );
    assert.deepEqual(linked, Array(10).fill(place.path));
    assert.deepEqual(await files.tree(place.nativeDir), [
      `${FOLDER}/intact`,
      `${FOLDER}/lib.so`,
    ]);
  }));

Deno.test("linkLibrary() unpacks again when another version removed the copy before loading", () =>
  inPlace(async (place) => {
    const linked: string[] = [];
    let removals = 1;
    const flaky = host(linked, (path) => {
      if (removals-- > 0) Deno.removeSync(path);
    });
    await linkLibrary(flaky, files, random, place);
    assert.deepEqual(linked, [place.path]);
  }));

Deno.test("linkLibrary() removes other versions and killed attempts, and nothing else", () =>
  inPlace(async (place) => {
    for (const name of ["duckdb-1.2.2-aaaa", FOLDER, "of_the_owner"]) {
      await Deno.mkdir(`${place.nativeDir}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${place.nativeDir}/${name}/lib.so.1234.part`, "half");
      await Deno.writeTextFile(`${place.nativeDir}/${name}/addon.node`, "addon");
    }
    await linkLibrary(host(), files, random, place);
    assert.deepEqual(await files.tree(place.nativeDir), [
      `${FOLDER}/addon.node`,
      `${FOLDER}/intact`,
      `${FOLDER}/lib.so`,
      "of_the_owner/addon.node",
      "of_the_owner/lib.so.1234.part",
    ]);
  }));

Deno.test("loadDuckDb() takes the package as it is when not compiled", async () => {
  const source: NativeHost = {
    isStandalone: false,
    executable: "/none",
    async stampOf(path) {
      const { ino, size, mtime } = await Deno.stat(path);
      return JSON.stringify([ino, size, mtime]);
    },
    link: () => assert.fail("linked"),
    redirectTemporaryFiles: () => assert.fail("redirected"),
  };
  const load = () => Promise.resolve("module");
  const options = { nativeDir: "/nonexistent/native" };
  assert.equal(await loadDuckDb(source, files, random, load, options), "module");
});

Deno.test("loadDuckDb() has the addon unpacked beside the library, and only the addon", () =>
  inPlace(async (place) => {
    const steps: string[] = [];
    const recording: NativeHost = {
      ...host([], () => steps.push("link")),
      redirectTemporaryFiles(folder) {
        steps.push(`to ${folder}`);
        return () => steps.push("back");
      },
    };
    const load = () => Promise.resolve(steps.push("import"));
    await loadDuckDb(recording, files, random, load, place);
    assert.deepEqual(steps, ["link", `to ${place.nativeDir}/${FOLDER}`, "import", "back"]);
    const fail = () => Promise.reject(new Error("no such symbol"));
    await assert.rejects(
      loadDuckDb(recording, files, random, fail, place),
      /Cannot load DuckDB's addon: no such symbol.*native_dir/,
    );
    assert.equal(steps.at(-1), "back");
    assert.deepEqual(await files.tree(place.nativeDir), [
      `${FOLDER}/intact`,
      `${FOLDER}/lib.so`,
    ]);
  }));

Deno.test("linkLibrary() takes the library that is appended to the executable", () =>
  inPlace(async (place) => {
    const packed = await Deno.readFile(`${place.embeddedDir}/library.zst`);
    await Deno.remove(`${place.embeddedDir}/library.zst`);
    const executable = `${place.embeddedDir}/mallard`;
    const embedded = crypto.getRandomValues(new Uint8Array(3000));
    const trailer = new Uint8Array(TRAILER_BYTES);
    trailer.set(new TextEncoder().encode("d3n0l4nd"));
    new DataView(trailer.buffer).setBigUint64(16, BigInt(embedded.length), true);
    const runtime = crypto.getRandomValues(new Uint8Array(5000));
    const parts = [runtime, packed, appendedFooter(packed.length), embedded, trailer];
    const file = new Blob(parts);
    await Deno.writeFile(executable, file.stream());
    assert.equal(embeddedFrom(file.size, trailer), file.size - TRAILER_BYTES - embedded.length);
    const linked: string[] = [];
    await linkLibrary({ ...host(linked), executable }, files, random, place);
    assert.deepEqual(linked, [place.path]);
    // Without the mark of its length nothing is taken for a library.
    await Deno.writeFile(executable, new Blob([runtime, packed, embedded, trailer]).stream());
    await Deno.remove(place.path);
    await assert.rejects(linkLibrary({ ...host(), executable }, files, random, place));
    assert.equal(embeddedFrom(file.size, trailer.toReversed()), null);
  }));
