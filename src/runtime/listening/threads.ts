// Several threads that listen on one port, so that the main thread need not. The system gives each
// new connection to one of them.
import { SECOND_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Clock, Log } from "../../core/types.ts";
import { type ConnectionCounts, Connections } from "../connections.ts";
import type { Handle, Listener } from "../listener.ts";
import { countsOfThread, sumOfCounts } from "./counts.ts";
import { freePort, openPort, type PortOptions } from "./port.ts";
import { ListenerThread } from "./thread.ts";

const RESTART_MS = SECOND_MS;

/** How many threads listen, and what each may take. */
export interface ThreadsOptions extends PortOptions {
  readonly threads: number;
  readonly connectionsMax: number;
  readonly requestsMax: number;
  readonly eventPaths: readonly string[];
}

/** A port with several listeners. */
export interface Threads extends Listener {
  /** Resolves when all listen that can; rejects where none can. */
  readonly opened: Promise<void>;
  counts(): ConnectionCounts;
}

/** Listens. Throws where the port or the certificate cannot be used. */
export function openThreads(
  handle: Handle,
  clock: Clock,
  log: Log,
  options: ThreadsOptions,
): Threads {
  if (options.threads > 1) {
    return new SharedPort(handle, clock, log, { ...options, port: freePort(options) });
  }
  const { connectionsMax, requestsMax } = options;
  const connections = new Connections(clock, connectionsMax, requestsMax);
  const own = openPort(handle, connections, clock, log, options, { isShared: false });
  return Object.assign(own, {
    opened: Promise.resolve(),
    counts: () => connections.counts(),
  });
}

class SharedPort implements Threads {
  readonly port: number;
  readonly opened: Promise<void>;
  readonly #handle: Handle;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: ThreadsOptions;
  readonly #threads: (ListenerThread | null)[] = [];
  readonly #counts: SharedArrayBuffer[] = [];
  #hasOpened = false;
  #isClosed = false;

  constructor(
    handle: Handle,
    clock: Clock,
    log: Log,
    options: ThreadsOptions,
  ) {
    this.port = options.port;
    this.#handle = handle;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    for (let index = 0; index < options.threads; index++) this.#start(index);
    this.opened = this.#firstTry();
    this.opened.catch(() => {});
  }

  counts(): ConnectionCounts {
    return sumOfCounts(this.#counts);
  }

  async reload(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.reload()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread?.close()));
  }

  async #firstTry(): Promise<void> {
    const tried = await Promise.allSettled(this.#threads.map((thread) => thread?.opened));
    const faults = tried.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    if (faults.length === tried.length) throw faults[0];
    this.#hasOpened = true;
    for (const fault of faults) this.#tell(fault);
  }

  #tell(fault: unknown): void {
    this.#log("error", "Cannot listen with a thread", { reason: messageOf(fault) });
  }

  #start(index: number): void {
    const { host, tls_cert_path, tls_key_path, trusted_proxies, eventPaths } = this.#options;
    const { connectionsMax, requestsMax } = this.#options;
    const counts = countsOfThread();
    this.#counts[index] = counts;
    const given = { host, tls_cert_path, tls_key_path, trusted_proxies, eventPaths };
    const thread = new ListenerThread(this.#handle, this.#clock, this.#log, {
      ...given,
      port: this.port,
      connectionsMax,
      requestsMax,
      counts,
    }, (reason) => {
      this.#log("error", "A thread that listens has failed: it is started again", { reason });
      void this.#restart(index);
    });
    this.#threads[index] = thread;
    thread.opened.catch((fault) => {
      this.#counts[index] = countsOfThread();
      // The first time the others are enough, or the start fails.
      if (!this.#hasOpened) return;
      this.#tell(fault);
      void this.#restart(index);
    });
  }

  /** Its connections are gone; what it was answered is kept. */
  async #restart(index: number): Promise<void> {
    this.#threads[index] = null;
    await this.#clock.sleep(RESTART_MS);
    if (!this.#isClosed) this.#start(index);
  }
}
