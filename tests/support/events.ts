// Builders of events, and a reader over a real DuckDB and real Parquet files filled with them.
import * as duckdb from "@duckdb/node-api";
import { type Event, EVENT_COLUMN_NAMES } from "../../src/core/event.ts";
import type { Db, ExtensionOptions } from "../../src/storage/duckdb.ts";
import { openStorage, type Storage } from "../../src/storage/open.ts";
import type { Reader } from "../../src/storage/reader.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { fakeSystem } from "./fake_system.ts";

/** What a test says of an event; `at` is an ISO time (microseconds allowed) or µs since 1970. */
export type EventInput = Partial<Omit<Event, "timestamp">> & {
  readonly at: string | number;
  readonly visitor?: string;
  readonly page?: string;
  readonly name?: string;
};

/** Microseconds of an ISO time with up to six digits of fraction; UTC where no zone is given. */
export function timeUs(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?Z?)?$/.exec(text);
  if (!match) throw new RangeError(`Cannot read time: "${text}"`);
  const ms = Date.parse(`${match[1]}T${match[2] ?? "00:00:00"}Z`);
  return ms * 1000 + Number((match[3] ?? "").padEnd(6, "0") || 0);
}

/** A pageview of `/` by visitor `v1` of example.com unless said otherwise. */
export function pageview({ at, visitor, page, name, ...rest }: EventInput): Event {
  const event = Object.fromEntries(EVENT_COLUMN_NAMES.map((column) => [column, null]));
  return {
    ...event,
    site_id: "example.com",
    visitor_id: visitor ?? "v1",
    timestamp: typeof at === "number" ? at : timeUs(at),
    event_name: name ?? "pageview",
    pathname: page ?? "/",
    ...rest,
  } as Event;
}

/** A custom event called `signup` unless said otherwise. */
export function customEvent(input: EventInput): Event {
  return pageview({ name: "signup", ...input });
}

/** A reader over some events. */
export interface TestReader {
  readonly reader: Reader;
  readonly db: Db;
  readonly journal: Pick<Storage, "append">;
  readonly flusher: Storage["flusher"];
  readonly folder: string;
  readonly storage: Storage;
  close(): Promise<void>;
}

const COLD_SHARE_MIN = 0.7;

/**
 * Stores events through the real journal; the first `coldShare` (0…1) of them go to Parquet, the
 * others stay hot. Order of arrival is the order given. With `MALLARD_TEST_LAKE` they are flushed
 * into a lake of their own, on the servers of `deno task lake:up`.
 */
export async function openTestReader(
  events: readonly Event[],
  { coldShare = 0, threads = null, memoryLimit = null, extension }: {
    coldShare?: number;
    threads?: number | null;
    memoryLimit?: string | null;
    extension?: ExtensionOptions | undefined;
  } = {},
): Promise<TestReader> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const lake = Deno.env.has("MALLARD_TEST_LAKE") ? await import("./lake/running.ts") : null;
  // Time limits of queries are real: DuckDB does not wait for a clock that stands still.
  const { clock } = realSystem({ format: "text", levelMin: "error" });
  const system = { ...fakeSystem(), clock };
  const storage = await openStorage(system, {
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(duckdb),
  }, {
    dataDir: folder,
    memory_limit: memoryLimit,
    threads,
    ...(extension === undefined ? {} : { extension }),
    ...lake ? { lake: await lake.freshLake() } : {},
  });
  if (storage.db.extensionFault !== null) throw new Error(storage.db.extensionFault);
  const { reader, db, flusher } = storage;
  // A lake without events would be no lake.
  const cold = Math.round(events.length * (lake ? Math.max(coldShare, COLD_SHARE_MIN) : coldShare));
  if (cold > 0) {
    await storage.append(events.slice(0, cold));
    await flusher.flush();
  }
  if (cold < events.length) await storage.append(events.slice(cold));
  return {
    reader,
    db,
    journal: storage,
    flusher,
    folder,
    storage,
    async close() {
      await storage.close();
      await Deno.remove(folder, { recursive: true });
      const errors = system.lines.filter((line) => line.level === "error");
      if (errors.length > 0) throw new Error(errors.map((line) => line.message).join("\n"));
    },
  };
}
