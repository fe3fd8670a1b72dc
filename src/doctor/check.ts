// What a check of the doctor is given, and what it returns.
import type { Finding, SeenRequest } from "../api/doctor.ts";
import type { Health } from "../api/health.ts";
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import type { GeoFacts } from "../ingest/enrich/geoip.ts";
import type { Probes } from "../runtime/probes.ts";
import type { BackupState } from "../storage/backup/schedule.ts";
import type { LakeFaults } from "../storage/lake/upkeep.ts";
import type { StoreFacts } from "./store_facts.ts";

/** The running server, as its own doctor sees it. */
export interface ServerFacts {
  readonly health: Health;
  /** The database of places in use; null where there is none. */
  readonly geo: GeoFacts | null;
  readonly backups: BackupState;
  /** What needs somebody to act in the lake; null where there is none. Rejects where it fails. */
  readonly lake: () => Promise<LakeFaults | null>;
  /** Resolves with the request that comes back with a number; null when none comes in time. */
  readonly expect: (nonce: string) => Promise<SeenRequest | null>;
}

/** What a check is given. */
export interface DoctorContext {
  readonly config: Config;
  /** As an absolute path. */
  readonly dataDir: string;
  readonly system: Pick<System, "clock" | "files" | "random">;
  /** Memory that the process may use. */
  readonly memoryBytes: number | null;
  readonly probes: Probes;
  /** Null where the check is made by a command while no server answers. */
  readonly server: ServerFacts | null;
  /** Null where there is no mallard.sqlite. Rejects where it cannot be read. */
  readonly store: () => Promise<StoreFacts | null>;
}

/** The result of a check, without its name. */
export type Result = Omit<Finding, "check">;

/** One check. What it throws is a failure of the check itself. */
export type Check = (context: DoctorContext) => Promise<Result> | Result;

/** All is well. */
export function ok(found: string): Result {
  return { status: "ok", found, todo: "" };
}

/** The program works, but not as well or not as safely as it could. */
export function warn(found: string, todo: string): Result {
  return { status: "warn", found, todo };
}

/** Something does not work, or will lose data. */
export function fail(found: string, todo: string): Result {
  return { status: "fail", found, todo };
}
