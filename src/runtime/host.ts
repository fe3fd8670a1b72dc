// What the program knows of its process: set by process.ts, faked in tests.
import type { DuckDbModule } from "../storage/duckdb.ts";
import type { AskPeer } from "../storage/lake/nodes/peers.ts";
import type { ConnectionCounts } from "./connections.ts";
import type { Probes } from "./probes.ts";

/** What the app needs to know of the process it runs in. */
export interface Host {
  readonly version: string;
  readonly pid: number;
  /** Memory that the process may use, in bytes; null when unknown. */
  readonly memoryBytes: number | null;
  /** Loads DuckDB; called once, at start. */
  readonly loadDuckDb: () => Promise<DuckDbModule>;
  /** The limit of open descriptors; null when unknown. */
  readonly descriptorLimit?: number | null;
  /** The connections of the listener, where there is one. */
  readonly connections?: () => ConnectionCounts;
  /** What the process uses of its memory, by part, in bytes. */
  readonly memoryUse?: () => Readonly<Record<string, number>>;
  /** Gives memory back that is not in use. */
  readonly releaseMemory?: () => void;
  /** Lets threads that accept events go before threads that run queries. */
  readonly orderThreads?: () => void;
  /** Log lines that were dropped since the start, for nobody read them. */
  readonly droppedLogLines?: () => number;
  /** Asks another server over the same lake. */
  readonly askPeer?: AskPeer;
  /** How the doctor asks the machine, where it is not the real one. */
  readonly probes?: Probes;
  /** Whether this is development: reports may be explained. */
  readonly isDevelopment?: boolean;
  /** When files are merged; five minutes after start and each minute unless a test says else. */
  readonly compaction?: { readonly delayMs: number; readonly everyMs: number };
  /** Tests hold the start here: events are accepted, statistics are not there yet. */
  readonly beforeFill?: () => Promise<void>;
  /** Shows the one-time setup token to the owner. It is never logged. */
  readonly tellSetupToken?: (token: string) => void;
}
