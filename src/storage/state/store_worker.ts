// The thread that owns mallard.sqlite: it takes one request after the other, so that waiting for
// the disk never blocks the main thread. A request is { id, op, args }, a reply { id, result } or
// { id, error }.
import { migrate } from "./migrations.ts";
import { Sqlite } from "./sqlite.ts";
import { STORE_OPS, type StoreOp } from "./ops/store_ops.ts";

interface Request {
  readonly id: number;
  readonly op: StoreOp | "open" | "close";
  readonly args: unknown;
}

let db: Sqlite | undefined;

function answer({ op, args }: Request): unknown {
  if (op === "open") {
    const opened = Sqlite.open(String(args));
    try {
      opened.check();
      migrate(opened);
    } catch (error) {
      opened.close();
      throw error;
    }
    db = opened;
    return null;
  }
  if (!db) throw new Error(`Cannot run ${op}: mallard.sqlite is not open`);
  if (op === "close") {
    db.close();
    db = undefined;
    return null;
  }
  const run = STORE_OPS[op] as (db: Sqlite, args: unknown) => unknown;
  return run(db, args) ?? null;
}

const port = globalThis as unknown as {
  onmessage: (message: MessageEvent<Request>) => void;
  postMessage: (value: unknown) => void;
};

port.onmessage = async ({ data }) => {
  try {
    port.postMessage({ id: data.id, result: await answer(data) });
  } catch (error) {
    port.postMessage({
      id: data.id,
      error: error instanceof Error ? error.message : String(error),
    });
  }
};
