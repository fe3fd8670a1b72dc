// How much memory the process may use, and how it is divided: the smaller of the machine's and of
// every control group around the process, less what JavaScript and buffers need.
import { CACHE_CHARS_MAX, IMPORT_EVENTS_MAX, QUEUE_EVENTS_MAX } from "../core/limits.ts";

/** What depends on the memory. */
export interface MemoryPlan {
  /** What the process may use; null when unknown. */
  readonly bytes: number | null;
  /** Memory limit of DuckDB as it reads it; null leaves DuckDB's own. */
  readonly duckdbLimit: string | null;
  /** The same of the DuckDB in which a statement of an owner runs, one at a time. */
  readonly sqlLimit: string;
  /** Threads of DuckDB at most; null for no bound. */
  readonly threadsMax: number | null;
  /** Statements of reports at once. */
  readonly slots: number;
  /** Statements of owners at once. */
  readonly ownerSlots: number;
  /** Hot events at most: beyond it, they are flushed. */
  readonly hotRowsMax: number;
  /** Events waiting for the journal before ingestion answers 503. */
  readonly queueEventsMax: number;
  /** Size of the answer cache, in characters of JSON. */
  readonly cacheCharsMax: number;
}

const MIB = 2 ** 20;
/** JavaScript, SQLite, results and buffers, measured under load. */
const PROCESS_BYTES = 224 * MIB;
const DUCKDB_SHARE = 0.5;
const DUCKDB_BYTES_MIN = 96 * MIB;
/** Of what DuckDB and the process leave. */
const SQL_SHARE = 0.25;
const SQL_BYTES_MIN = 64 * MIB;
const SQL_BYTES_MAX = 256 * MIB;
/** Below this a thread spends its time on spilling. */
const THREAD_BYTES = 125 * MIB;
/** A report over some millions of events takes so much, measured. */
const SLOT_BYTES = 256 * MIB;
/** One of two slots is always an owner's. */
const SLOTS_MIN = 2;
const SLOTS_MAX = 4;
/** Of DuckDB's memory; queries and flushes need the rest. */
const HOT_SHARE = 0.5;
/** A hot event in memory, measured. */
const HOT_ROW_BYTES = 800;
const QUEUE_SHARE = 1 / 16;
/** An event with its request and its JSON. */
const QUEUE_EVENT_BYTES = 2048;
/** One import fits, and others go on. */
const QUEUE_EVENTS_MIN = IMPORT_EVENTS_MAX + 2000;
/** An answer takes several bytes for each character of its JSON. */
const CACHE_SHARE = 1 / 64;

/** Of the disk space that is free at a start. */
const SPILL_SHARE = 0.5;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** An amount of memory as DuckDB reads it, like 512MB or 2GiB, in bytes; null for another text. */
export function bytesOfText(text: string): number | null {
  const [, count, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?) ?([kmgt]i?b)$/i.exec(text) ?? [];
  const unitBytes = UNIT_BYTES[unit.toLowerCase()];
  return unitBytes === undefined ? null : Number(count) * unitBytes;
}

/** Divides the memory. An owner's setting takes precedence, and what DuckDB does follows it. */
export function memoryPlan(
  bytes: number | null,
  set: { readonly memory_limit: string | null; readonly threads: number | null },
): MemoryPlan {
  const own = bytesOfText(set.memory_limit ?? "");
  const rest = bytes === null ? null : Math.max(
    DUCKDB_BYTES_MIN,
    (bytes - PROCESS_BYTES) * DUCKDB_SHARE,
  );
  const duckdb = own ?? rest ?? Infinity;
  const slots = Math.min(SLOTS_MAX, Math.max(SLOTS_MIN, Math.floor(duckdb / SLOT_BYTES)));
  const threads = Math.max(1, Math.floor(duckdb / THREAD_BYTES));
  const left = bytes === null ? Infinity : bytes - PROCESS_BYTES - duckdb;
  const sqlBytes = Math.min(SQL_BYTES_MAX, Math.max(SQL_BYTES_MIN, left * SQL_SHARE));
  const queueEvents = Math.floor((bytes ?? Infinity) * QUEUE_SHARE / QUEUE_EVENT_BYTES);
  return {
    bytes,
    duckdbLimit: set.memory_limit ?? (rest === null ? null : `${Math.floor(rest / MIB)}MiB`),
    sqlLimit: `${Math.floor(sqlBytes / MIB)}MiB`,
    threadsMax: set.threads ?? (Number.isFinite(threads) ? threads : null),
    slots,
    // Two that share so little memory write most of their work to disk, measured.
    ownerSlots: slots === SLOTS_MIN ? 1 : slots,
    hotRowsMax: Math.floor(duckdb * HOT_SHARE / HOT_ROW_BYTES),
    queueEventsMax: Math.min(QUEUE_EVENTS_MAX, Math.max(QUEUE_EVENTS_MIN, queueEvents)),
    cacheCharsMax: Math.min(CACHE_CHARS_MAX, Math.floor((bytes ?? Infinity) * CACHE_SHARE)),
  };
}

/**
 * What queries may spill, as DuckDB reads it: no more than half of the free space, so that events
 * find room beside it; null leaves DuckDB's own bound.
 */
export function spillLimitOf(
  set: string | undefined,
  free: { readonly bytes: number } | null,
): string | null {
  const half = free === null ? Infinity : Math.floor(free.bytes * SPILL_SHARE);
  if (half >= (bytesOfText(set ?? "") ?? Infinity)) return set ?? null;
  return `${Math.floor(half / 1024)}KiB`;
}

/**
 * The smaller of the machine's memory and the limits of all control groups; null for neither.
 * `read` returns the text of a file of /proc or /sys, null where it cannot be read: a limit that
 * cannot be read counts as none.
 */
export function memoryOf(
  read: (path: string) => string | null,
  machineBytes: number | null,
): number | null {
  const paths = new Set(limitFiles(read("/proc/self/cgroup") ?? ""));
  const found = [...paths].map((path) => bytesOf(read(path)));
  const limits = [...found, machineBytes].filter((limit) => limit !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}

/**
 * Every file that may hold a limit: of the group of the process and of its parents, version 2 and
 * 1. In a container the own group is often mounted as the root, so the root is always asked.
 */
function* limitFiles(groups: string): Generator<string> {
  for (const line of ["0::/", "0:memory:/", ...groups.split("\n")]) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isFirst = controllers.split(",").includes("memory");
    if (controllers !== "" && !isFirst) continue;
    const parts = path.split("/").filter((part) => part !== "" && part !== "..");
    for (let depth = parts.length; depth >= 0; depth--) {
      const group = parts.slice(0, depth).map((part) => `/${part}`).join("");
      if (isFirst) yield `/sys/fs/cgroup/memory${group}/memory.limit_in_bytes`;
      else {
        yield `/sys/fs/cgroup${group}/memory.max`;
        yield `/sys/fs/cgroup${group}/memory.high`;
        yield `/sys/fs/cgroup/unified${group}/memory.max`;
      }
    }
  }
}

/** A limit in bytes; null for none: `max`, or the largest number of pages of version 1. */
function bytesOf(text: string | null): number | null {
  const bytes = /^\d+$/.test(text?.trim() ?? "") ? Number(text) : 0;
  return bytes > 0 && bytes < Number.MAX_SAFE_INTEGER ? bytes : null;
}
