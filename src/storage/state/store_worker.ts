// The thread that owns mallard.sqlite: it handles one request after the other, so that waiting for
// the disk never blocks the main thread. A request is { id, op, args }, a reply { id, result } or
// { id, error }.
import { migrate, schemaVersion } from "./migrations.ts";
import { Sqlite } from "./sqlite.ts";
import { STORE_OPS, type StoreOp } from "./ops/store_ops.ts";
import type { OpenArgs, OpenMode } from "./store.ts";

interface Request {
  readonly id: number;
  readonly op: StoreOp | "open" | "close";
  readonly args: unknown;
}

let db: Sqlite | undefined;

/** Checking more takes longer than events may wait. */
const CHECKED_BYTES_MAX = 8 * 1024 * 1024;
const TABLES_OF_EVENTS = ["journal", "proposed_events"];

/** What opens a file, and what must hold before its operations run. */
const MODES: Readonly<
  Record<OpenMode, { open(path: string): Sqlite; ready(db: Sqlite, path: string): unknown }>
> = {
  server: {
    open: (path) => Sqlite.open(path),
    ready: async (opened, path) => {
      opened.check();
      await migrate(opened, path);
    },
  },
  early: {
    open: (path) => Sqlite.open(path),
    ready: async (opened, path) => {
      if (opened.bytes <= CHECKED_BYTES_MAX) opened.check();
      else opened.checkBut(TABLES_OF_EVENTS);
      await migrate(opened, path);
    },
  },
  reader: { open: (path) => Sqlite.openReader(path), ready: schemaVersion },
  immutable: {
    open: (path) => Sqlite.openImmutable(path),
    ready: (opened) => {
      opened.check();
      schemaVersion(opened);
    },
  },
  writer: { open: (path) => Sqlite.openWriter(path), ready: schemaVersion },
};

async function openFile({ path, mode }: OpenArgs): Promise<null> {
  const { open, ready } = MODES[mode];
  const opened = open(path);
  try {
    await ready(opened, path);
  } catch (error) {
    opened.close();
    throw error;
  }
  db = opened;
  return null;
}

function answer({ op, args }: Request): unknown {
  if (op === "open") return openFile(args as OpenArgs);
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
