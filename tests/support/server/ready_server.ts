// The server in its own process on a free port, found by what it prints when it is
// ready: also under TLS and below a base path.
import { fromSource } from "../../../scripts/server_process.ts";

const READY = /is ready: (\S+)\/\n/;
const READY_MS_MAX = 60_000;

/** A running server. */
export interface ReadyServer {
  /** What it says to be reached by, base path included, without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** All it has written so far. */
  output(): string;
  /** Sends it a signal. */
  signal(signal: Deno.Signal): void;
  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number>;
}

/**
 * Starts one over a folder, by way of `under`, a command that runs its arguments. Rejects with what
 * it wrote where it ends before it is ready.
 */
export async function startReady(
  dataDir: string,
  env: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Promise<ReadyServer> {
  const program = fromSource();
  const [command = program.command, ...args] = [...under, program.command, ...program.args];
  const child = new Deno.Command(command, {
    args,
    clearEnv: true,
    env: {
      ...program.env,
      MALLARD_HOST: "127.0.0.1",
      MALLARD_PORT: "0",
      MALLARD_DATA_DIR: dataDir,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  let tell = () => {};
  const gather = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      output += part;
      tell();
    }
  };
  const gathered = Promise.all([gather(child.stdout), gather(child.stderr)]);
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS_MAX);
  const url = await new Promise<string | null>((resolve) => {
    tell = () => {
      const found = READY.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.status.then(() => resolve(null));
  });
  clearTimeout(timer);
  if (url === null) {
    await gathered;
    throw new Error(`The server ended before it was ready:\n${output}`);
  }
  return {
    url,
    pid: child.pid,
    output: () => output,
    signal: (signal) => child.kill(signal),
    async stop() {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await gathered;
      return code;
    },
  };
}
