// The process that the program runs in: arguments, environment, standard streams, signals, the
// listening socket, and the host built from them. With system.ts the only place that touches the
// outside world.
import manifest from "../../deno.json" with { type: "json" };
import type { Config } from "../config/load.ts";
import type { Log, System } from "../core/types.ts";
import { importDuckDb } from "../storage/duckdb.ts";
import { loadDuckDb } from "../storage/native_library.ts";
import type { Host } from "./host.ts";

/** Version of the program. */
export const VERSION: string = manifest.version;

/** Writes to standard output. */
export function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Writes lines to standard error, each with the program's name. */
export function printErrors(lines: readonly string[]): void {
  const text = lines.map((line) => `mallard: ${line}\n`).join("");
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** What other users may do with files that are made from now on; 0600 stays 0600. */
export function limitNewFiles(readableBy: Config["data_readable_by"]): void {
  if (Deno.build.os !== "windows") Deno.umask(readableBy === "everyone" ? 0o022 : 0o027);
}

/** Standard input to its end. */
export async function readInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}

/** Runs `stop` at the first SIGINT or SIGTERM; later signals are ignored. */
export function onStopSignal(stop: (signal: string) => void): void {
  let stopping = false;
  const once = (signal: Deno.Signal) => () => {
    if (!stopping) stop(signal);
    stopping = true;
  };
  Deno.addSignalListener("SIGINT", once("SIGINT"));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", once("SIGTERM"));
}

/** An open port. */
export interface Listener {
  readonly port: number;
  /** Accepts no further connection; resolves when the open ones have ended. */
  close(): Promise<void>;
}

/** Listens as the settings say. Throws where the port or the certificate cannot be used. */
export function listen(
  config: Config,
  handle: (request: Request, peer: string) => Promise<Response>,
  log: Log,
): Listener {
  const server = Deno.serve({
    hostname: config.host,
    port: config.port,
    ...readCertificate(config),
    onListen: ({ hostname, port }) => log("info", "Listening", { host: hostname, port }),
  }, (request, { remoteAddr }) => handle(request, remoteAddr.hostname));
  return { port: server.addr.port, close: () => server.shutdown() };
}

/** The files of a certificate; a restart reads new ones. */
function readCertificate({ tls_cert_path, tls_key_path }: Config): { cert?: string; key?: string } {
  if (tls_cert_path === null || tls_key_path === null) return {};
  const read = (path: string) => {
    const text = Deno.readTextFileSync(path);
    if (text.trim() === "") throw new Error(`${path} is empty`);
    return text;
  };
  return { cert: read(tls_cert_path), key: read(tls_key_path) };
}

/** What the app needs to know of this process. */
export function realHost({ native_dir }: Config, { files, random }: System): Host {
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
        files,
        random,
        importDuckDb,
        { nativeDir: native_dir },
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

/** Tests that kill the server compact at once and often: milliseconds between two runs. */
function testCompaction(): Pick<Host, "compaction"> {
  const everyMs = Number(Deno.env.get("MALLARD_TEST_COMPACTION_MS") ?? 0);
  return everyMs > 0 ? { compaction: { delayMs: 0, everyMs } } : {};
}

function redirectTemporaryFiles(folder: string): () => void {
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  return () => before === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", before);
}
