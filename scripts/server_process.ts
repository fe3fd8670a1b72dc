// A server in its own process, from source or as the compiled executable: started, awaited,
// listened to, stopped or killed. It must not import the program it starts.
import { ROOT } from "./lib.ts";

/** How the program is started. `env` is all the process gets beside its own settings. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What a process that ended by itself left. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with which settings a server runs. */
export interface ServerOptions {
  readonly dataDir: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const RIGHTS = ["net", "read", "write", "env", "ffi", "sys"];
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 60_000;

/** The program from its source, with the rights of `deno task start`. */
export function fromSource(): Program {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) =>
    // Any test of a server can be run with another number of threads.
    !name.startsWith("MALLARD_") || name === "MALLARD_INGEST_WORKERS"
  );
  return {
    name: "source",
    command: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--frozen",
      "--no-check",
      "--no-prompt",
      ...RIGHTS.map((right) => `--allow-${right}`),
      `--config=${ROOT}deno.json`,
      `${ROOT}src/main.ts`,
    ],
    env: Object.fromEntries(inherited),
  };
}

/** The compiled executable at a path, with nothing of this process's environment but a home. */
export function fromExecutable(path: string, home: string): Program {
  return { name: "executable", command: path, args: [], env: { HOME: home } };
}

/** A free port of this machine. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Runs the program until it ends by itself; killed after `msMax`, a minute by default. */
export async function runToEnd(
  program: Program,
  args: readonly string[],
  { cwd, env = {}, msMax = STOP_MS_MAX }: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly msMax?: number;
  },
): Promise<Ended> {
  const child = spawn(program, args, cwd, env);
  const timer = setTimeout(() => child.kill("SIGKILL"), msMax);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A started server. */
export class ServerProcess {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #child: Deno.ChildProcess;
  readonly #gathered: Promise<unknown>;
  #output = "";
  #ended: number | null = null;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.url = url;
    this.#child = child;
    this.#gathered = Promise.all([this.#gather(child.stdout), this.#gather(child.stderr)]);
    child.status.then(({ code }) => this.#ended = code);
  }

  /** Starts one on a free port; it is not ready yet. */
  static start(program: Program, { dataDir, cwd, env = {} }: ServerOptions): ServerProcess {
    const port = freePort();
    const child = spawn(program, [], cwd ?? dataDir, {
      MALLARD_HOST: "127.0.0.1",
      MALLARD_PORT: String(port),
      MALLARD_DATA_DIR: dataDir,
      ...env,
    });
    return new ServerProcess(child, `http://127.0.0.1:${port}`);
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** All it has written so far to its standard output and error. */
  get output(): string {
    return this.#output;
  }

  /** Whether the process is there no more. */
  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  /** Resolves when it answers. Rejects with what it wrote when it ends or takes too long. */
  async ready(): Promise<this> {
    for (const from = performance.now(); performance.now() - from < READY_MS_MAX;) {
      if (this.#ended !== null) {
        throw new Error(`The server ended at start with code ${this.#ended}:\n${this.#output}`);
      }
      const response = await fetch(`${this.url}/health/ready`).catch(() => null);
      await response?.body?.cancel();
      if (response?.ok) return this;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`The server was not ready in ${READY_MS_MAX / 1000} s:\n${this.#output}`);
  }

  /** Ends it at once, as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#end();
  }

  /** Asks it to stop, and does not wait for that. */
  askToStop(): void {
    this.#signal("SIGTERM");
  }

  /** Asks it to stop; resolves with its exit code. Killed after a minute, which is no code 0. */
  async stop(): Promise<number> {
    this.askToStop();
    const timer = setTimeout(() => this.#signal("SIGKILL"), STOP_MS_MAX);
    const code = await this.#end();
    clearTimeout(timer);
    return code;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  async #end(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#gathered;
    return code;
  }

  async #gather(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) this.#output += part;
  }
}

function spawn(
  program: Program,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  return new Deno.Command(program.command, {
    args: [...program.args, ...args],
    clearEnv: true,
    env: { ...program.env, ...env },
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
