// `deno task compile [--target NAME] [--output FILE]`: makes the one file a server needs,
// dist/mallard for this machine's kind. Everything the program reads at run time is embedded; what
// the target does not need is left out.
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  appendedFooter,
  ARCHIVE_NAME,
  embeddedFrom,
  MANIFEST_NAME,
  TRAILER_BYTES,
} from "../../src/storage/native_library.ts";
import manifest from "../../deno.json" with { type: "json" };
import { filesBelow, ROOT } from "../lib.ts";
import { bundleProgram } from "./bundle.ts";
import { COUNTRIES_NAME, packCountries, packLibrary } from "./pack.ts";
import { fetchCompileRuntime, NoCompileRuntime } from "./runtime.ts";
import {
  COUNTRIES,
  excludedFiles,
  isTarget,
  type NpmPackage,
  type Packages,
  type TargetName,
  TARGETS,
} from "./targets.ts";

/** What was made. */
export interface Executable {
  readonly path: string;
  readonly bytes: number;
  /** True when made with the runtime of runtime.ts: not for release. */
  readonly forTestsOnly: boolean;
}

/** For which machine, this one when missing, and the path of the file when it is not in `dist/`. */
export interface CompileOptions {
  readonly target?: TargetName;
  readonly output?: string;
}

const ENTRY = "src/main.ts";
const NATIVE = "native";
const BINARY = Deno.build.os === "windows" ? "mallard.exe" : "mallard";
const DIST = `${ROOT}dist`;

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
 * Makes an executable, unless the one there was made from the same inputs. Rejects with
 * NoCompileRuntime where none can be compiled for the target.
 */
export async function compile(
  say: (line: string) => void = () => {},
  options: CompileOptions = {},
): Promise<Executable> {
  // One at a time, also where two test runs ask for it at once.
  using lock = await Deno.open(`${await madeDir(DIST)}/compile.lock`, {
    write: true,
    create: true,
  });
  await lock.lock(true);
  return await compileUnlessKnown(say, options);
}

async function compileUnlessKnown(
  say: (line: string) => void,
  { target, output }: CompileOptions,
): Promise<Executable> {
  const path = output ?? `${DIST}/${target === undefined ? BINARY : TARGETS[target].file}`;
  const stamp = `${DIST}/${path.slice(path.lastIndexOf("/") + 1)}.json`;
  const inputs = await hashInputs();
  const known = await readJson<Executable & { inputs: string }>(stamp);
  if (known?.inputs === inputs && await fileBytes(path) === known.bytes) {
    return { path, bytes: known.bytes, forTestsOnly: known.forTestsOnly };
  }
  const scratch = await Deno.makeTempDir({ dir: DIST, prefix: "build-" });
  try {
    const built = `${scratch}/${path.slice(path.lastIndexOf("/") + 1)}`;
    const forTestsOnly = await compileTo(built, `${scratch}/program`, target ?? ownTarget(), say);
    await madeDir(path.slice(0, path.lastIndexOf("/")));
    await Deno.rename(built, path);
    const bytes = await fileBytes(path) ?? 0;
    await Deno.writeTextFile(stamp, JSON.stringify({ inputs, bytes, forTestsOnly }));
    return { path, bytes, forTestsOnly };
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/**
 * Compiles with DuckDB's library appended where the format is known: what is embedded is in memory
 * while the program runs. Tells whether the runtime for tests was used.
 */
async function compileTo(
  path: string,
  folder: string,
  target: TargetName,
  say: (line: string) => void,
) {
  const canAppend = TARGETS[target].os === "linux";
  const args = await prepare(folder, target);
  const run = (embeds: boolean) => runCompile(args(path, embeds), folder, target, say);
  const forTestsOnly = await run(!canAppend);
  if (!canAppend || await appendLibrary(path)) return forTestsOnly;
  say("What deno compile embeds is not where it was expected; embedding DuckDB's library, too");
  return await run(true);
}

/** Puts the library before what is embedded; false where that is not found. */
async function appendLibrary(path: string): Promise<boolean> {
  const file = await Deno.readFile(path);
  const from = embeddedFrom(file.length, file.subarray(-TRAILER_BYTES));
  if (from === null) return false;
  const archive = await Deno.readFile(`${ROOT}${NATIVE}/${ARCHIVE_NAME}`);
  const parts = [file.subarray(0, from), archive, appendedFooter(archive.length)];
  await Deno.writeFile(path, new Blob([...parts, file.subarray(from)]).stream());
  return true;
}

/** This machine's kind. */
function ownTarget(): TargetName {
  const { target } = Deno.build;
  if (isTarget(target)) return target;
  throw new NoCompileRuntime(`Cannot compile: there is no executable for ${target}`);
}

/** Runs `deno compile`, if need be with the runtime for tests; tells whether that was used. */
async function runCompile(
  args: string[],
  cwd: string,
  target: TargetName,
  say: (line: string) => void,
): Promise<boolean> {
  const plain = await deno(Deno.execPath(), args, { cwd });
  if (plain.success) return false;
  if (!/base binary|denort/.test(plain.stderr)) {
    throw new Error(`Cannot compile: ${plain.stderr.trim()}`);
  }
  if (target !== Deno.build.target) {
    throw new NoCompileRuntime(
      `Cannot compile for ${target}: Deno's compile runtime for it cannot be downloaded here`,
    );
  }
  say("Deno's compile runtime cannot be downloaded here; taking one for tests only");
  const runtime = await fetchCompileRuntime(`${ROOT}dist/compile_runtime`);
  const second = await deno(runtime.deno, args, {
    cwd,
    env: { DENORT_BIN: runtime.denort },
  });
  if (!second.success) throw new Error(`Cannot compile: ${second.stderr.trim()}`);
  return true;
}

async function deno(
  command: string,
  args: string[],
  { cwd = ROOT, env = {} }: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
) {
  const output = await new Deno.Command(command, {
    args,
    cwd,
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

/** Fetches what a target needs and lays it out in `folder`; the arguments of `deno compile`. */
async function prepare(
  folder: string,
  target: TargetName,
): Promise<(output: string, embeds: boolean) => string[]> {
  // Everything at hand first: what `deno compile` fetches by itself could not be left out.
  const { os, arch } = TARGETS[target];
  const isOwn = target === Deno.build.target;
  const installed = await deno(Deno.execPath(), [
    "install",
    "--frozen",
    ...isOwn ? [] : ["--os", os, "--arch", arch],
  ]);
  if (!installed.success) throw new Error(`Cannot compile: ${installed.stderr.trim()}`);
  const workers = filesBelow("src").filter((path) => path.endsWith("_worker.ts"));
  const packages = await listPackages([ENTRY, ...workers]);
  await packLibrary(await madeDir(`${ROOT}${NATIVE}`), TARGETS[target], packages);
  const program = await bundleProgram(folder, workers);
  for (const path of [...filesBelow("dashboard"), ...filesBelow(NATIVE), "deno.lock"]) {
    await madeDir(`${folder}/${path}`.replace(/\/[^/]*$/, ""));
    await Deno.copyFile(ROOT + path, `${folder}/${path}`);
  }
  await packCountries(`${folder}/${NATIVE}`, packages);
  const imports = { ...manifest.imports, [`${COUNTRIES}/`]: `./${NATIVE}/` };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ ...manifest, imports }));
  const excluded = excludedFiles(TARGETS[target], packages);
  return (output, embeds) => [
    "compile",
    ...isOwn ? [] : ["--target", target],
    "--quiet", // The executable, too: else strangers can make its HTTP/2 write to standard error.
    "--no-check", // Types are checked where the tests run.
    "--no-code-cache", // It would lie in the shared temporary folder under a name anyone can guess.
    ...PERMISSIONS,
    ...[
      ...program.workers,
      "dashboard",
      `${NATIVE}/${MANIFEST_NAME}`,
      `${NATIVE}/${COUNTRIES_NAME}`,
      ...embeds ? [`${NATIVE}/${ARCHIVE_NAME}`] : [],
    ].flatMap((path) => ["--include", path]),
    ...excluded.flatMap((path) => ["--exclude", path]),
    "--output",
    output,
    program.entry,
  ];
}

/** The npm packages of the program, from what its entries import. */
async function listPackages(entries: readonly string[]): Promise<Packages> {
  const known = new Map<string, NpmPackage>();
  const imported = new Set<string>();
  for (const entry of entries) {
    const { success, stdout, stderr } = await deno(Deno.execPath(), ["info", "--json", entry]);
    if (!success) throw new Error(`Cannot list what ${entry} imports: ${stderr.trim()}`);
    const info = JSON.parse(stdout);
    for (const [id, found] of Object.entries(info.npmPackages)) {
      known.set(id, found as NpmPackage);
    }
    for (const module of info.modules) if (module.npmPackage) imported.add(module.npmPackage);
  }
  return { known, imported, filesOf: packageFiles };
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

const HELP = `deno task compile [--target NAME] [--output FILE]

  --target   for which machine; this one when missing
             ${Object.keys(TARGETS).join("\n             ")}
             image: that of TARGETARCH, which builders of container images set
  --output   the file; in dist/ and named after the target when missing
`;

/** Linux by the names that builders of images have for architectures. */
const IMAGES: Readonly<Record<string, TargetName>> = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};

function targetOf(name: string): TargetName {
  const named = name === "image" ? IMAGES[Deno.env.get("TARGETARCH") ?? ""] ?? "" : name;
  if (isTarget(named)) return named;
  console.error(`Cannot compile for ${name}: it is none of\n${Object.keys(TARGETS).join("\n")}`);
  Deno.exit(2);
}

async function main(args: string[]): Promise<void> {
  const { values: { target, output, help } } = parseArgs({
    args,
    options: {
      target: { type: "string" },
      output: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (help) return console.log(HELP);
  const options = {
    ...target !== undefined && { target: targetOf(target) },
    ...output !== undefined && { output: resolve(output) },
  };
  try {
    const made = await compile((line) => console.error(line), options);
    console.log(`${made.path}: ${(made.bytes / 1e6).toFixed(1)} MB`);
    if (made.forTestsOnly) console.log("Made with a runtime for tests: do not release this file.");
  } catch (error) {
    if (!(error instanceof NoCompileRuntime)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

if (import.meta.main) await main(Deno.args);
