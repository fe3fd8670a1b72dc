// The real server as a process of its own, for the measurements of storage: started from source
// on a free port, timed until it is ready, and its memory read from the system.
import { memoryOf } from "./lib.ts";
import { ROOT } from "../../lib.ts";

/** A running server. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its first answer that it is ready. */
  readonly readyMs: number;
  memory(): { nowMb: number; peakMb: number };
  /** Waits for what the server does at its end. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

const POLL_MS = 5;
const READY_MS_MAX = 900_000;

/** Starts it on a data folder. Rejects when it ends by itself or is not ready in time. */
export async function startServer(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", "--no-check", "src/main.ts"],
    cwd: ROOT,
    env: {
      MALLARD_HOST: "127.0.0.1",
      MALLARD_PORT: String(port),
      MALLARD_DATA_DIR: dataDir,
      ...env,
    },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  const end = async (signal: Deno.Signal) => {
    if (!ended) child.kill(signal);
    await child.status;
  };
  while (!await isReady(url)) {
    if (ended) throw new Error(`Cannot start the server on ${dataDir}: it ended`);
    if (performance.now() - startMs > READY_MS_MAX) {
      await end("SIGKILL");
      throw new Error(`Cannot start the server on ${dataDir}: it is not ready in time`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return {
    url,
    pid: child.pid,
    readyMs: performance.now() - startMs,
    memory: () => memoryOf(child.pid),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
