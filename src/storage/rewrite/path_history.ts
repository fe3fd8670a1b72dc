// Brings the path rules of a site to the events that are stored: file by file a rewritten one takes
// the place of the old one in one transaction of SQLite, which is kept until the owner confirms or
// undoes. A crash at any moment is continued by the next run.
import { AppError, messageOf } from "../../core/errors.ts";
import {
  faultOfPathRules,
  type PathRewrite,
  pathRewrite,
  type PathRules,
} from "../../core/paths/rules.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { findCorruptFiles, mayBeCorruption } from "../parquet/corruption.ts";
import { TEMPORARY } from "../parquet/file_name.ts";
import type { CatalogFile } from "../parquet/partition.ts";
import { settle } from "../parquet/partition_file.ts";
import type { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { foreignColumns } from "../parquet/schema.ts";
import type { KeptOriginal, PathJob } from "../state/ops/rewrite_ops.ts";
import type { Store } from "../state/store.ts";
import type { Catalog } from "../tiers/catalog.ts";
import type { Flushing } from "../tiers/flush.ts";
import type { ParquetTier } from "../tiers/parquet_tier.ts";
import type { Recovery } from "../tiers/recovery.ts";
import type { Originals } from "./originals.ts";
import { findTexts, forgetTexts, type TextRule, writeRewritten } from "./rewrite_file.ts";

/** What is told of a site's job. */
export interface HistoryStatus {
  readonly state: PathJob["state"];
  readonly rules: PathRules;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Rewritten files, their events, and the bytes of their originals, which are kept. */
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
  /** Files with columns of another program, which are left as they are. */
  readonly skipped: number;
  /** Why the last run stopped; it is tried again. */
  readonly failure: string | null;
}

/** After a failure the next run waits. */
const RETRY_MS = 60_000;

/** The parts that rewriting works on. */
export interface HistoryParts {
  readonly db: Db;
  readonly store: Store;
  readonly files: Files;
  readonly catalog: Catalog;
  readonly parquet: ParquetTier;
  readonly recovery: Recovery;
  readonly originals: Originals;
  readonly flusher: Flushing;
  readonly numbers: PartitionNumbers;
  readonly clock: Clock;
  readonly log: Log;
  readonly mutex: Mutex;
  /** Where the events are instead of DATA_DIR; null where they are there. */
  readonly lake: unknown;
}

/** Rewrites the history of sites, one site after the other. */
export class PathHistory {
  readonly #parts: HistoryParts;
  readonly #eventsFolder: string;
  readonly #jobs = new Map<string, PathJob>();
  readonly #failures = new Map<string, { readonly reason: string; readonly atMs: number }>();
  /** Replaced files of this run that are being deleted. */
  #removals: Promise<void>[] = [];

  private constructor(parts: HistoryParts, eventsFolder: string) {
    this.#parts = parts;
    this.#eventsFolder = eventsFolder;
  }

  /** Reads which jobs there are. */
  static async open(
    parts: HistoryParts,
    { eventsFolder }: { readonly eventsFolder: string },
  ): Promise<PathHistory> {
    const history = new PathHistory(parts, eventsFolder);
    for (const job of await parts.store.run("listPathJobs", undefined)) {
      history.#jobs.set(job.site_id, job);
    }
    return history;
  }

  /** The job of a site, or null. */
  status(site: string): HistoryStatus | null {
    const job = this.#jobs.get(site);
    if (!job) return null;
    const kept = this.#parts.originals.of(site);
    return {
      state: job.state,
      rules: rulesOf(job),
      startedMs: job.started_at,
      files: kept.length,
      events: kept.reduce((sum, { rows }) => sum + rows, 0),
      bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
      skipped: job.skipped,
      failure: this.#failures.get(site)?.reason ?? null,
    };
  }

  /** Begins to rewrite; `run` does the work. Throws `conflict` while there is a job. */
  async begin(site: string, rules: PathRules): Promise<void> {
    if (this.#parts.lake !== null) {
      throw new AppError(
        "conflict",
        "Cannot rewrite the history: its events are in a lake, where files are not rewritten; " +
          "the rules count for new events",
      );
    }
    if (this.#jobs.has(site)) {
      throw new AppError(
        "conflict",
        "Cannot rewrite the history: it is rewritten already; confirm or undo that first",
      );
    }
    await this.#put({
      site_id: site,
      state: "rewriting",
      rules: JSON.stringify(rules),
      started_at: this.#parts.clock.nowMs(),
      skipped: 0,
    });
  }

  /** Begins to undo, also while files are being rewritten. Throws `conflict` without a job. */
  async undo(site: string): Promise<void> {
    await this.#put({ ...this.#jobOf(site, "undo"), state: "undoing" });
  }

  /** Gives the originals up. Throws `conflict` unless all is rewritten. */
  async confirm(site: string): Promise<void> {
    const { originals, mutex, store } = this.#parts;
    await mutex.run(async () => {
      const job = this.#jobOf(site, "confirm");
      if (job.state !== "rewritten") {
        throw new AppError("conflict", `Cannot confirm the history: it is ${job.state}`);
      }
      await store.run("endPathJob", site);
      this.#jobs.delete(site);
      await originals.drop(originals.of(site));
    });
    await store.run("emptyLog", undefined);
  }

  /** Ends the job of a site that is deleted. */
  async forget(site: string): Promise<void> {
    if (!this.#jobs.has(site)) return;
    await this.#parts.store.run("endPathJob", site);
    this.#jobs.delete(site);
  }

  /**
   * Does what is to be done, and tries what has failed again a minute later. Stops early when the
   * signal aborts.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const due = [...this.#jobs.values()].filter(({ state }) => state !== "rewritten");
    if (due.length > 0) await this.#parts.originals.removeStrays();
    for (const { site_id, state } of due) {
      const failed = this.#failures.get(site_id);
      if (signal.aborted) return;
      if (failed && clock.nowMs() < failed.atMs + RETRY_MS) continue;
      try {
        await (state === "rewriting"
          ? this.#rewriteSite(site_id, signal)
          : this.#undoSite(site_id));
        this.#failures.delete(site_id);
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        this.#failures.set(site_id, { reason, atMs: clock.nowMs() });
        log("error", "Cannot apply path rules to stored events yet", { site_id, state, reason });
      }
    }
  }

  #jobOf(site: string, action: string): PathJob {
    const job = this.#jobs.get(site);
    if (job) return job;
    throw new AppError("conflict", `Cannot ${action} the history: it is not rewritten`);
  }

  async #put(job: PathJob): Promise<void> {
    await this.#parts.store.run("putPathJob", job);
    this.#jobs.set(job.site_id, job);
    this.#failures.delete(job.site_id);
  }

  #isRewriting(site: string, signal: AbortSignal): boolean {
    return !signal.aborted && this.#jobs.get(site)?.state === "rewriting";
  }

  /** Twice at least: an event that was accepted before the rules may be flushed after the first. */
  async #rewriteSite(site: string, signal: AbortSignal): Promise<void> {
    const { catalog, flusher, originals, log } = this.#parts;
    const job = this.#jobOf(site, "rewrite");
    const rewrite = pathRewrite(rulesOf(job));
    const seen = new Set<string>();
    let skipped = 0;
    for (let round = 0, fresh = 1; round < 2 || fresh > 0; round++) {
      fresh = 0;
      await flusher.flush({ all: true });
      if (flusher.failing) throw new Error("Cannot flush events to Parquet");
      for (const file of catalog.current.files.get(site) ?? []) {
        if (!this.#isRewriting(site, signal)) return;
        if (originals.isResult(file.path) || seen.has(file.path)) continue;
        seen.add(file.path);
        const outcome = await this.#rewriteFile(file, rewrite, signal);
        if (outcome === "skipped") skipped++;
        if (outcome === "replaced") fresh++;
      }
    }
    await Promise.all(this.#removals.splice(0));
    if (!this.#isRewriting(site, signal)) return;
    await this.#put({ ...job, state: "rewritten", skipped });
    const { files, events } = this.status(site) ?? { files: 0, events: 0 };
    log("info", "Applied path rules to stored events", { site_id: site, files, events, skipped });
  }

  async #rewriteFile(
    file: CatalogFile,
    rewrite: PathRewrite,
    signal: AbortSignal,
  ): Promise<"replaced" | "unchanged" | "skipped"> {
    const { db, catalog, files, parquet, clock } = this.#parts;
    const rule: TextRule = {
      columns: ["pathname"],
      may: "",
      change: (_, text) => rewrite(text),
    };
    const lease = catalog.lease();
    try {
      if (!lease.snapshot.files.get(file.site_id)?.includes(file)) return "unchanged";
      const pause = () => clock.sleep(0, signal);
      const texts = await findTexts(db, this.#eventsFolder, file, rule, { pause, signal });
      if (texts === 0) return "unchanged";
      const foreign = await foreignColumns(db, [`${this.#eventsFolder}/${file.path}`]);
      if (foreign.length > 0) return "skipped";
      return await this.#replace(file, rule, signal);
    } catch (error) {
      if (signal.aborted || !mayBeCorruption(error)) throw error;
      const corrupt = await findCorruptFiles(db, files, this.#eventsFolder, [file]);
      if (corrupt.length === 0) throw error;
      await parquet.quarantine(corrupt);
      return "unchanged";
    } finally {
      lease.release();
      await forgetTexts(db);
    }
  }

  /** Writes the new file, keeps the old one, and exchanges them if nobody else did. */
  async #replace(
    file: CatalogFile,
    rule: TextRule,
    signal: AbortSignal,
  ): Promise<"replaced" | "unchanged"> {
    const { db, files, originals, mutex, numbers } = this.#parts;
    const number = await mutex.run(() => numbers.next(file));
    let made: string | null = null;
    try {
      await originals.link(file);
      const options = { rule, number, signal };
      const written = await writeRewritten(db, files, this.#eventsFolder, file, options);
      made = `${this.#eventsFolder}/${written.path}${TEMPORARY}`;
      return await mutex.run(() => this.#exchange(file, written)) ? "replaced" : "unchanged";
    } finally {
      if (made !== null) await files.remove(made).catch(() => {});
      await originals.unlink(file).catch(() => {});
    }
  }

  async #exchange(file: CatalogFile, written: CatalogFile): Promise<boolean> {
    const { catalog, files, originals, parquet, store } = this.#parts;
    if (!catalog.current.files.get(file.site_id)?.includes(file)) return false;
    if (this.#jobs.get(file.site_id)?.state !== "rewriting") return false;
    await settle(files, this.#eventsFolder, written);
    try {
      await store.run("replaceKept", { added: written, original: file });
    } catch (error) {
      await files.remove(`${this.#eventsFolder}/${written.path}`);
      throw error;
    }
    originals.note({ ...file, replaced_by: written.path });
    catalog.changed(file.site_id);
    this.#removals.push(parquet.publish([written], [file]));
    return true;
  }

  async #undoSite(site: string): Promise<void> {
    const { originals, parquet, store, log } = this.#parts;
    await parquet.sweep();
    let busy = 0;
    const kept = originals.of(site);
    for (const original of kept) if (!await this.#undoFile(original)) busy++;
    await Promise.all(this.#removals.splice(0));
    // A query still reads an original that was replaced: the next run goes on.
    if (busy > 0) return;
    await store.run("endPathJob", site);
    this.#jobs.delete(site);
    log("info", "Took path rules back from stored events", { site_id: site, files: kept.length });
  }

  /** Whether the original is in its place again; not while its old name is to be deleted. */
  #undoFile(original: KeptOriginal): Promise<boolean> {
    const { catalog, originals, parquet, recovery, store, mutex, log } = this.#parts;
    return mutex.run(async () => {
      const { path, site_id, replaced_by } = original;
      if (!originals.isResult(replaced_by)) return true;
      const replaced = catalog.current.files.get(site_id)?.filter((one) =>
        one.path === replaced_by
      ) ?? [];
      if (replaced.length === 0 && !isUnreadable(recovery, replaced_by)) {
        // Its events went elsewhere: with the original they would be counted twice.
        log("warn", "Left events rewritten: their file is gone", { path: replaced_by });
        await store.run("forgetOriginals", [path]);
        await originals.drop([original]);
        return true;
      }
      const deleting = await store.run("listPendingDeletes", undefined);
      if (deleting.includes(path) || catalog.readable().has(path)) return false;
      await store.run("addPendingDelete", path);
      await originals.putBack(original);
      await store.run("restoreOriginal", original);
      recovery.missing.drop([replaced_by]);
      const { replaced_by: _, ...file } = original;
      catalog.changed(site_id);
      this.#removals.push(parquet.publish([file], replaced));
      await originals.drop([original]);
      return true;
    });
  }
}

/** Whether a file is missing on disk or in quarantine: the original is its events then. */
function isUnreadable({ missing, quarantined }: Recovery, path: string): boolean {
  return missing.paths.includes(path) || quarantined.includes(path);
}

/** The rules of a job; none where mallard.sqlite was damaged. */
function rulesOf({ rules }: PathJob): PathRules {
  try {
    const read: unknown = JSON.parse(rules);
    return faultOfPathRules(read) === null ? read as PathRules : {};
  } catch {
    return {};
  }
}
