// The command line: arguments and environment become settings, settings become the app, and
// signals stop it. Whatever goes wrong is told in a sentence, with a status that tells its kind.
import manifest from "../deno.json" with { type: "json" };
import { createApp } from "./app.ts";
import { type Config, loadConfig, optionsHelp } from "./config/load.ts";
import { messageOf } from "./core/errors.ts";
import type { Host } from "./runtime/host.ts";
import type { System } from "./core/types.ts";
import { importDuckDb } from "./storage/duckdb.ts";
import { loadDuckDb } from "./storage/native_library.ts";
import { realSystem } from "./runtime/system.ts";
import { type Verb, type VerbName, VERBS, verbsHelp } from "./cli/commands.ts";

const VERSION = manifest.version;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Connections that are still open at stop get this long to end by themselves. */
const LINGER_MS = 2000;

const USAGE = `Mallard Metrics ${VERSION}: web analytics that you own

Usage:
  mallard [serve] [FILE]       start the server, with the settings in FILE if given
${verbsHelp()}  mallard --help | --version
  --config FILE                the settings file, for any of them

`;

/** What the arguments ask for. */
interface Command {
  readonly verb: "serve" | "help" | "version" | VerbName;
  readonly configPath: string | null;
  readonly args: readonly string[];
}

function parseArguments(given: readonly string[]): Command | { readonly fault: string } {
  let configPath: string | null = null;
  const words: string[] = [];
  for (let index = 0; index < given.length; index++) {
    const arg = given[index] ?? "";
    if (arg === "--help" || arg === "-h") return { verb: "help", configPath, args: [] };
    if (arg === "--version" || arg === "-V") return { verb: "version", configPath, args: [] };
    if (arg === "--config" || arg === "-c" || arg.startsWith("--config=")) {
      const path = arg.startsWith("--config=") ? arg.slice("--config=".length) : given[++index];
      if (!path) return { fault: "--config needs a file" };
      if (configPath !== null) return { fault: "there is more than one --config" };
      configPath = path;
    } else if (arg.startsWith("-")) {
      return { fault: `there is no option ${arg}` };
    } else {
      words.push(arg);
    }
  }
  const [first, ...rest] = words;
  if (first !== undefined && Object.hasOwn(VERBS, first)) {
    const verb = first as VerbName;
    const wanted = VERBS[verb].args;
    if (rest.length === wanted.length) return { verb, configPath, args: rest };
    return { fault: `${verb} takes ${wanted.length === 0 ? "no argument" : wanted.join(" ")}` };
  }
  const files = first === "serve" ? rest : words;
  if (files.length > 1 || files.length === 1 && configPath !== null) {
    return { fault: `there is one argument too many: ${files.at(-1)}` };
  }
  return { verb: "serve", configPath: files[0] ?? configPath, args: [] };
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function complain(lines: readonly string[], status: number): never {
  Deno.stderr.writeSync(
    new TextEncoder().encode(lines.map((line) => `mallard: ${line}\n`).join("")),
  );
  Deno.exit(status);
}

function readConfig(configPath: string | null): { config: Config; warnings: readonly string[] } {
  let file = null;
  if (configPath !== null) {
    try {
      file = { path: configPath, text: Deno.readTextFileSync(configPath) };
    } catch (error) {
      complain([`Cannot read settings file ${configPath}: ${messageOf(error)}`], EXIT_USAGE);
    }
  }
  const loaded = loadConfig({ file, env: Deno.env.toObject() });
  if ("faults" in loaded) complain(loaded.faults, EXIT_USAGE);
  return loaded;
}

/** The files of a certificate; a restart takes new ones. */
function readCertificate({ tls_cert_path, tls_key_path }: Config): { cert?: string; key?: string } {
  if (tls_cert_path === null || tls_key_path === null) return {};
  const read = (path: string) => {
    const text = Deno.readTextFileSync(path);
    if (text.trim() === "") throw new Error(`${path} is empty`);
    return text;
  };
  return { cert: read(tls_cert_path), key: read(tls_key_path) };
}

/** Where it was tried to listen, and with which certificate. */
function listeningPlace({ host, port, tls_cert_path, tls_key_path }: Config): string {
  const place = `${host}:${port}`;
  return tls_cert_path === null
    ? place
    : `${place} with the certificate ${tls_cert_path} and the key ${tls_key_path}`;
}

function hostOf(config: Config, system: System): Host {
  return {
    version: VERSION,
    pid: Deno.pid,
    memoryBytes: Deno.systemMemoryInfo().total || null,
    loadDuckDb: () =>
      loadDuckDb(
        {
          isStandalone: Deno.build.standalone,
          link: (path) => {
            Deno.dlopen(path, {});
          },
          redirectTemporaryFiles,
        },
        system.files,
        system.random,
        importDuckDb,
        { nativeDir: config.native_dir },
      ),
    ...testCompaction(),
    isDevelopment: Deno.env.get("MALLARD_DEV") === "1",
    tellSetupToken: (token) =>
      print(
        "No password is set yet. Setting one from another machine needs this one-time token:\n" +
          `  ${token}\n`,
      ),
  };
}

/** Tests that kill the server want merging at once and often: milliseconds between two runs. */
function testCompaction(): Pick<Host, "compaction"> {
  const everyMs = Number(Deno.env.get("MALLARD_TEST_COMPACTION_MS") ?? 0);
  return everyMs > 0 ? { compaction: { delayMs: 0, everyMs } } : {};
}

function redirectTemporaryFiles(folder: string): () => void {
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  return () => before === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", before);
}

/** The host as it stands in an address: a name of this machine for all of its addresses. */
function shownHostOf(host: string): string {
  if (["0.0.0.0", "::"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

async function serve(configPath: string | null): Promise<void> {
  const { config, warnings } = readConfig(configPath);
  const system = realSystem({ format: config.log_format, levelMin: "info" });
  const { log } = system;
  for (const warning of warnings) log("warn", warning);
  const app = createApp(config, system, hostOf(config, system));
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: config.host,
      port: config.port,
      ...readCertificate(config),
      onListen: ({ hostname, port }) => log("info", "Listening", { host: hostname, port }),
    }, (request, { remoteAddr }) => app.handle(request, { peer: remoteAddr.hostname }));
  } catch (error) {
    complain([`Cannot listen on ${listeningPlace(config)}: ${messageOf(error)}`], EXIT_FAILED);
  }
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log("info", "Stopping", { signal });
    const closed = server.shutdown();
    await Promise.race([closed, system.clock.sleep(LINGER_MS)]);
    await app.stop();
    log("info", "Stopped");
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGINT", () => void stop("SIGINT"));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => void stop("SIGTERM"));
  try {
    await app.start();
  } catch (error) {
    complain([messageOf(error)], EXIT_FAILED);
  }
  const { port } = server.addr;
  const shownHost = shownHostOf(config.host);
  const scheme = config.tls_cert_path === null ? "http" : "https";
  const { base_path } = config;
  print(`Mallard Metrics ${VERSION} is ready: ${scheme}://${shownHost}:${port}${base_path}/\n`);
}

async function runVerb(verb: VerbName, { configPath, args }: Command): Promise<void> {
  const { config } = readConfig(configPath);
  const system = realSystem({ format: config.log_format, levelMin: "info" });
  const readInput = () => new Response(Deno.stdin.readable).text();
  const run: Verb["run"] = VERBS[verb].run;
  try {
    const result = await run({ config, system, host: hostOf(config, system), args, readInput });
    print(result.text);
    Deno.exit(result.isFine ? 0 : EXIT_FAILED);
  } catch (error) {
    complain([messageOf(error)], EXIT_FAILED);
  }
}

async function main(): Promise<void> {
  const command = parseArguments(Deno.args);
  if ("fault" in command) complain([`${command.fault}; see --help`], EXIT_USAGE);
  switch (command.verb) {
    case "help":
      return print(`${USAGE}${optionsHelp()}\n`);
    case "version":
      return print(`mallard ${VERSION}\n`);
    case "serve":
      return await serve(command.configPath);
    default:
      return await runVerb(command.verb, command);
  }
}

await main();
