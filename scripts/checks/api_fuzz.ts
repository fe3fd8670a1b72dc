// `deno task check:api [--examples N]`: schemathesis asks a running server all that its description
// of the API allows, and near it: no answer may be a 5xx or have a status that is not described.
// It is fetched from PyPI into a temporary folder, or found where MALLARD_TEST_SCHEMATHESIS says.
import { parseArgs } from "node:util";
import { fromSource, runToEnd, ServerProcess } from "../server_process.ts";

const VERSION = "4.32.5";
const PYTHON = "python3";
const CHECKS = "not_a_server_error,status_code_conformance";
const MINUTES_MAX = 20;

/** What came of it. */
export interface ApiFuzz {
  readonly ok: boolean;
  readonly output: string;
}

/** The command, installed below `folder` unless one is named; null where it cannot be had. */
export async function findSchemathesis(folder: string): Promise<string | null> {
  const named = Deno.env.get("MALLARD_TEST_SCHEMATHESIS");
  if (named !== undefined) return named;
  const venv = `${folder}/venv`;
  const made = await run(PYTHON, ["-m", "venv", venv]) &&
    await run(`${venv}/bin/pip`, ["install", "--quiet", `schemathesis==${VERSION}`]);
  return made ? `${venv}/bin/schemathesis` : null;
}

async function run(command: string, args: readonly string[]): Promise<boolean> {
  const child = new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" });
  return await child.output().then(({ success }) => success, () => false);
}

/** Starts a server in `folder` and asks it, with as many random examples of each operation. */
export async function fuzzApi(
  schemathesis: string,
  folder: string,
  { examples }: { readonly examples: number },
): Promise<ApiFuzz> {
  const dataDir = `${folder}/data`;
  await Deno.mkdir(dataDir, { recursive: true });
  const env = {
    MALLARD_DATA_DIR: dataDir,
    MALLARD_ADMIN_PASSWORD: "battery staple",
    MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
    MALLARD_MAX_LOGIN_ATTEMPTS: "0",
  };
  const server = await ServerProcess.start(fromSource(), { dataDir, env }).ready();
  try {
    const seeds = ["seed", "--days", "2", "--sites", "1", "--visitors", "20", "--json"];
    await runToEnd(fromSource(), seeds, { cwd: folder, env });
    const key = await runToEnd(fromSource(), ["keys", "create", "fuzz", "--scope", "Admin"], {
      cwd: folder,
      env,
    });
    const described = await (await fetch(`${server.url}/api/openapi.json`)).json();
    const path = `${folder}/api.json`;
    await Deno.writeTextFile(path, JSON.stringify(readable(described)));
    return await ask(schemathesis, folder, [
      ...["run", path, "--url", server.url, "--header", `X-API-Key: ${key.stdout.trim()}`],
      ...["--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", String(examples)],
      ...["--generation-with-security-parameters", "false", "--exclude-path", "/api/stats/live"],
      ...["--continue-on-failure", "--no-shrink", "--no-color", "--seed", "1"],
      ...["--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off"],
    ]);
  } finally {
    await server.stop();
  }
}

async function ask(command: string, cwd: string, args: readonly string[]): Promise<ApiFuzz> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(MINUTES_MAX * 60_000),
  });
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { ok: success, output: text.decode(stdout) + text.decode(stderr) };
}

/**
 * The description as this version of schemathesis reads it: it fails where `type` is a list, and
 * cannot write bodies of NDJSON.
 */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "application/x-ndjson");
  const { type, ...rest } = Object.fromEntries(entries.map(([name, of]) => [name, readable(of)]));
  if (!Array.isArray(type)) return type === undefined ? rest : { type, ...rest };
  const anyOf = type.map((one) => ({ type: one }));
  return Object.keys(rest).length === 0 ? { anyOf } : { allOf: [rest, { anyOf }] };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { examples: { type: "string", default: "50" } },
  });
  const folder = await Deno.makeTempDir({ prefix: "mallard-api-" });
  try {
    const schemathesis = await findSchemathesis(folder);
    if (schemathesis === null) throw new Error(`Cannot install schemathesis ${VERSION} from PyPI`);
    const { ok, output } = await fuzzApi(schemathesis, folder, {
      examples: Number(values.examples),
    });
    console.log(output);
    if (!ok) Deno.exitCode = 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
