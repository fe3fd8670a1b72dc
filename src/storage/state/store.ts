// The main thread's side of mallard.sqlite: every operation of store_ops.ts as a promise. It
// holds no data itself.
import type { StoreArgs, StoreOp, StoreResult } from "./ops/store_ops.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * How a file is opened. Only the `server` changes its schema; so does `early`, where the journal of
 * a large file is to be checked later, with `checkWhole`. A `reader` reads beside a server,
 * `immutable` is a file that nobody writes, a `writer` writes into the schema that is there.
 */
export type OpenMode = "server" | "early" | "reader" | "immutable" | "writer";

/** What the thread opens. */
export interface OpenArgs {
  readonly path: string;
  readonly mode: OpenMode;
}

/** mallard.sqlite, open in its own thread. */
export class Store {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error === undefined) waiting?.resolve(data.result);
      else waiting?.reject(new Error(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const waiting of this.#waiting.values()) waiting.reject(new Error(event.message));
      this.#waiting.clear();
    };
  }

  /**
   * Opens the file; as `server` it is created where it is missing, and its schema is brought up to
   * date. Rejects with SQLite's message.
   */
  static async open(path: string, mode: OpenMode = "server"): Promise<Store> {
    const worker = new Worker(new URL("./store_worker.ts", import.meta.url), { type: "module" });
    const store = new Store(worker);
    try {
      await store.#send("open", { path, mode } satisfies OpenArgs);
    } catch (error) {
      worker.terminate();
      throw error;
    }
    return store;
  }

  /** Runs one operation as one transaction. Rejects with SQLite's message. */
  run<K extends StoreOp>(op: K, args: StoreArgs<K>): Promise<StoreResult<K>> {
    return this.#send(op, args) as Promise<StoreResult<K>>;
  }

  /** Finishes the requests made so far, closes the file and ends the thread. */
  async close(): Promise<void> {
    await this.#send("close", null);
    this.#worker.terminate();
  }

  #send(op: string, args: unknown): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, op, args });
    });
  }
}
