// `deno task compile`: makes dist/mallard, the one file a server needs. Everything the program
// reads at run time is embedded; what this machine's kind does not need is left out.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { ARCHIVE_NAME, MANIFEST_NAME } from "../../src/storage/native_library.ts";
import { fetchCompileRuntime } from "./runtime.ts";
import { filesBelow, ROOT } from "../lib.ts";

/** What was made. */
export interface Executable {
  readonly path: string;
  readonly bytes: number;
  /** True when made with the runtime of runtime.ts: not for release. */
  readonly forTestsOnly: boolean;
}

const ENTRY = "src/main.ts";
const COUNTRIES = "@ip-location-db/geo-whois-asn-country-mmdb/";
const NATIVE = "native";
const BINARY = Deno.build.os === "windows" ? "mallard.exe" : "mallard";

// What the program may do. Everything it might need is granted beforehand and nothing asked for
// later: a server has nobody to answer. It starts no other program, so `run` is not among them.
// Of the system it uses the size of memory and the umask; the latter cannot be granted by itself.
const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-sys",
];

/**
 * Makes dist/mallard, unless the one there was made from the same inputs. Rejects with
 * NoCompileRuntime on a machine where nothing can be compiled.
 */
export async function compile(say: (line: string) => void = () => {}): Promise<Executable> {
  // One at a time, also where two test runs ask for it at once.
  using lock = await Deno.open(`${await madeDir(`${ROOT}dist`)}/compile.lock`, {
    write: true,
    create: true,
  });
  await lock.lock(true);
  return await compileUnlessKnown(say);
}

async function compileUnlessKnown(say: (line: string) => void): Promise<Executable> {
  const path = `${ROOT}dist/${BINARY}`;
  const stamp = `${ROOT}dist/mallard.json`;
  const inputs = await hashInputs();
  const known = await readJson<Executable & { inputs: string }>(stamp);
  if (known?.inputs === inputs && await fileBytes(path) === known.bytes) {
    return { path, bytes: known.bytes, forTestsOnly: known.forTestsOnly };
  }
  // Everything at hand first: what `deno compile` fetches by itself could not be left out.
  const installed = await deno(Deno.execPath(), ["install", "--frozen"]);
  if (!installed.success) throw new Error(`Cannot compile: ${installed.stderr.trim()}`);
  await embedLibrary();
  const scratch = await Deno.makeTempDir({ dir: `${ROOT}dist`, prefix: "build-" });
  try {
    const built = `${scratch}/${BINARY}`;
    const forTestsOnly = await runCompile(await compileArguments(built), say);
    await Deno.rename(built, path);
    const bytes = await fileBytes(path) ?? 0;
    await Deno.writeTextFile(stamp, JSON.stringify({ inputs, bytes, forTestsOnly }));
    return { path, bytes, forTestsOnly };
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Runs `deno compile`, if need be with the runtime for tests; tells whether that was used. */
async function runCompile(args: string[], say: (line: string) => void): Promise<boolean> {
  const plain = await deno(Deno.execPath(), args);
  if (plain.success) return false;
  if (!/base binary|denort/.test(plain.stderr)) {
    throw new Error(`Cannot compile: ${plain.stderr.trim()}`);
  }
  say("Deno's compile runtime cannot be downloaded here; taking one for tests only");
  const runtime = await fetchCompileRuntime(`${ROOT}dist/compile_runtime`);
  const second = await deno(runtime.deno, args, { DENORT_BIN: runtime.denort });
  if (!second.success) throw new Error(`Cannot compile: ${second.stderr.trim()}`);
  return true;
}

async function deno(command: string, args: string[], env: Record<string, string> = {}) {
  const output = await new Deno.Command(command, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return {
    success: output.success,
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
  };
}

/** Writes DuckDB's library for this machine into `native/`, compressed, with its manifest. */
async function embedLibrary(): Promise<void> {
  const { library, version } = bindings();
  const content = await Deno.readFile(library);
  const manifest = {
    name: library.slice(library.lastIndexOf("/") + 1),
    version,
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
  const folder = await madeDir(`${ROOT}${NATIVE}`);
  const known = await readJson<typeof manifest>(`${folder}/${MANIFEST_NAME}`);
  if (known?.sha256 === manifest.sha256 && await fileBytes(`${folder}/${ARCHIVE_NAME}`)) return;
  await Deno.writeFile(`${folder}/${ARCHIVE_NAME}`, gzipSync(content, { level: 9 }));
  await Deno.writeTextFile(`${folder}/${MANIFEST_NAME}`, JSON.stringify(manifest) + "\n");
}

/** DuckDB's shared library for this machine, and its version. */
function bindings(): { library: string; version: string } {
  const fromApi = createRequire(import.meta.resolve("@duckdb/node-api"));
  const fromBindings = createRequire(fromApi.resolve("@duckdb/node-bindings"));
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const [platform, name] = Deno.build.os === "windows"
    ? ["win32", "duckdb.dll"]
    : Deno.build.os === "darwin"
    ? ["darwin", "libduckdb.dylib"]
    : ["linux", "libduckdb.so"];
  const library = fromBindings.resolve(`@duckdb/node-bindings-${platform}-${arch}/${name}`)
    .replaceAll("\\", "/");
  return { library, version: library.split("/").at(-2) ?? "" };
}

async function compileArguments(output: string): Promise<string[]> {
  const workers = filesBelow("src").filter((path) => path.endsWith("_worker.ts"));
  const included = [
    ...workers,
    "dashboard",
    `${NATIVE}/${MANIFEST_NAME}`,
    `${NATIVE}/${ARCHIVE_NAME}`,
  ];
  const { npmIncludes, excluded } = await npmFiles([ENTRY, ...workers]);
  return [
    "compile",
    "--quiet", // The executable, too: else strangers can make its HTTP/2 write to standard error.
    "--frozen",
    "--no-check", // Types are checked where the tests run.
    "--no-code-cache", // It would lie in the shared temporary folder under a name anyone can guess.
    ...PERMISSIONS,
    ...[...included, ...npmIncludes].flatMap((path) => ["--include", path]),
    ...excluded.flatMap((path) => ["--exclude", path]),
    "--output",
    output,
    ENTRY,
  ];
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: string[];
  readonly localPath?: string;
}

/**
 * The npm packages to add that no import names, and every file to leave out: of packages only
 * the tools and tests use, of other platforms, and what is only there for people to read. (Only
 * exact files can be left out of npm packages; folders have no effect.)
 */
async function npmFiles(entries: string[]) {
  const packages = new Map<string, NpmPackage>();
  const needed = new Set<string>();
  for (const entry of entries) {
    const { success, stdout, stderr } = await deno(Deno.execPath(), ["info", "--json", entry]);
    if (!success) throw new Error(`Cannot list what ${entry} imports: ${stderr.trim()}`);
    const info = JSON.parse(stdout);
    for (const [id, found] of Object.entries(info.npmPackages)) {
      packages.set(id, found as NpmPackage);
    }
    for (const module of info.modules) if (module.npmPackage) needed.add(module.npmPackage);
  }
  const countries = [...packages].filter(([, { name }]) => `${name}/` === COUNTRIES);
  for (const [id] of countries) needed.add(id);
  for (const id of needed) packages.get(id)?.dependencies.forEach((name) => needed.add(name));
  const excluded: string[] = [];
  for (const [id, { localPath }] of packages) {
    for (const path of localPath ? packageFiles(localPath) : []) {
      if (!needed.has(id) || isSuperfluous(path)) excluded.push(path);
    }
  }
  return { npmIncludes: countries.map(([id]) => `npm:${id}`), excluded };
}

/** Whether no run of the program reads this file of a package it uses. */
function isSuperfluous(path: string): boolean {
  return /\.d\.[cm]?ts$|\.map$|\.md$|-ipv[46]\.mmdb$/.test(path) ||
    /\/node-bindings-[^/]+-musl\//.test(path) && /\.(so|node)$/.test(path) ||
    /\/(libduckdb\.(so|dylib)|duckdb\.dll)$/.test(path); // Embedded compressed instead.
}

/** A hash over everything the executable is made from. */
async function hashInputs(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([Deno.version, Deno.build.target]));
  const scripts = filesBelow("scripts").filter((path) => path.startsWith("scripts/compile"));
  const paths = [...filesBelow("src"), ...filesBelow("dashboard"), ...scripts];
  for (const path of [...paths, "deno.json", "deno.lock"]) {
    hash.update(`${path}\0`).update(await Deno.readFile(ROOT + path)).update("\0");
  }
  return hash.digest("hex");
}

/** Paths of the files of a package; none where it is for another platform and was not fetched. */
function packageFiles(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? packageFiles(`${folder}/${name}`) : [`${folder}/${name}`]
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function madeDir(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  return path;
}

async function fileBytes(path: string): Promise<number | null> {
  return (await Deno.stat(path).catch(() => null))?.size ?? null;
}

async function readJson<T>(path: string): Promise<T | null> {
  const text = await Deno.readTextFile(path).catch(() => null);
  return text === null ? null : JSON.parse(text) as T;
}

if (import.meta.main) {
  const { path, bytes, forTestsOnly } = await compile((line) => console.error(line));
  console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`);
  if (forTestsOnly) console.log("Made with a runtime for tests: do not release this file.");
}
