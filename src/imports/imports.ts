// Runs imports: each is a row in mallard.sqlite, with its files in a folder of its own. Reading
// makes files of events in runs of days; from them the days are written, and committed all at once.
// Whatever ends the process, an import goes on from its last whole step, or leaves no trace.
import { csvCell } from "../../dashboard/grammar/csv.js";
import { AppError, messageOf } from "../core/errors.ts";
import { HOUR_MS, MINUTE_MS } from "../core/durations.ts";
import type { System } from "../core/types.ts";
import { type Db, isOutOfMemory } from "../storage/duckdb.ts";
import type { ImportHistory } from "../storage/history/history.ts";
import type { CatalogFile } from "../storage/parquet/partition.ts";
import { type HistoryStore, isOpen, type PastImport } from "../storage/history/history_ops.ts";
import { ImportFault, tellable } from "./importer.ts";
import { importerOf, samplesOf } from "./importers.ts";
import { prepare } from "./input/prepare.ts";
import { ImportList, optionsOf, REJECTS_FILE, reportOf, type ShownImport } from "./list.ts";
import {
  type ImportReport,
  plannedReport,
  type ReadReport,
  readReport,
  sumsReport,
} from "./report.ts";
import type { EnrichParts, SiteRules } from "./stage/enrich.ts";
import type { EventOptions } from "./stage/events.ts";
import { type RejectedRow, TooManyBadRows } from "./stage/rows.ts";
import { ROWS_FOLDER, Staging } from "./stage/stage.ts";
import { stagedSums, stageSums, SUMS_FILE } from "./stage/sums.ts";
import { type DaysToWrite, writeDays } from "./write.ts";

/** What imports work with. */
export interface ImportParts {
  readonly system: System;
  readonly store: HistoryStore;
  readonly history: ImportHistory;
  readonly enrich: EnrichParts;
  /** Opens a DuckDB of the import's own, with bounded memory, that spills into a folder. */
  readonly openDb: (spillFolder: string, memoryMib: number) => Promise<Db>;
  /** Its memory in MiB; where that is too little, the import goes on with the next. */
  readonly memoryMibs: readonly number[];
  readonly rulesOf: (site: string) => SiteRules;
  /** How many runs of days are written at the same time, with the first of `memoryMibs`. */
  readonly lanes: number;
  readonly stageOptions: () => Omit<EventOptions, "salt" | "idDays">;
  readonly idDaysOf: (site: string) => number;
  readonly zoneOf: (site: string) => string;
  readonly isKnown: (site: string) => boolean;
  /** Accepts a site that the owner imports. */
  readonly take: (site: string) => void;
  /** Forgets a site without events. */
  readonly forget: (site: string) => Promise<unknown>;
  /** Told after each day that is written. */
  readonly onDay?: DaysToWrite["onDay"];
}

const MODE = 0o600;
/** Another name than where rows were one file: what is left of those is read again. */
const READ_FILE = "staged.json";
const ATTEMPTS_MAX = 5;
/** What DuckDB says of files that it will not read the next time either. */
const UNREADABLE = new RegExp(
  "^(?:Invalid Input|Conversion|Parser|Binder|Catalog|Not implemented|Parameter Not Allowed) Error",
);

/** Runs imports. */
export class Imports {
  readonly #parts: ImportParts;
  /** What is on record. */
  readonly list: ImportList;
  /** When an import that failed is tried again. */
  readonly #later = new Map<string, number>();
  /** Imports that are over, of which something may be left in the history. */
  readonly #left = new Map<string, string>();
  /** When the history is looked through for more of them. */
  #lookMs = -Infinity;

  /** `folder` is that of all imports. */
  constructor(
    parts: ImportParts,
    place: { readonly folder: string; readonly node: string | null },
  ) {
    this.#parts = parts;
    this.list = new ImportList(parts.system, parts.store, place);
  }

  /**
   * Removes what ended processes have left of the files of imports: their rows may hold addresses.
   * Call it before others are begun.
   */
  async clean(): Promise<void> {
    const { system: { files, log }, store } = this.#parts;
    for (const { name } of await files.list(this.list.folder)) {
      const found = await store.run("findPastImport", name);
      if (found && isOpen(found)) continue;
      log("info", "Removing files of an import that is over", { import: name });
      if (found && isUnwanted(found)) this.#left.set(name, found.site_id);
      else if (found) await this.#removeFiles(name);
      else await files.removeTree(this.list.folderOf(name));
    }
  }

  /** Removes all but the lines of rejected rows. */
  async #removeFiles(id: string): Promise<void> {
    const { files } = this.#parts.system;
    for (const name of ["given", "work"]) {
      await files.removeTree(`${this.list.folderOf(id)}/${name}`).catch(() => {});
    }
    await files.remove(this.list.folderOf(id)).catch(() => {});
  }

  /** Throws `unavailable` where no import can be made now. */
  requirePossible(): void {
    this.#parts.history.requirePossible();
  }

  /** Cancels an import that is not over, or takes out the events of one that is done. */
  async end(id: string): Promise<ShownImport> {
    if (await this.list.wishEnd(id) === "undo") await this.#undo(id);
    else await this.#cancelElsewhere(id);
    return await this.list.find(id);
  }

  /** Ends an import of another server, which may be gone for good; if it is not, it notices. */
  async #cancelElsewhere(id: string): Promise<void> {
    const found = await this.#parts.store.run("findPastImport", id);
    if (!found || this.list.isHere(found)) return;
    await this.#state(id, "cancelled", { ...reportOf(found), phase: "over" });
    const ended = await this.#parts.store.run("findPastImport", id);
    if (!ended || !isUnwanted(ended)) return;
    this.#left.set(id, found.site_id);
    await this.#takeOutLeft();
  }

  /** Ends an import that is to be cancelled and that nobody runs. */
  async settle(id: string): Promise<ShownImport> {
    return await this.run(id, new AbortController().signal);
  }

  /** Runs what waits, one after the other, and what the command line wishes. */
  async runWaiting(signal: AbortSignal): Promise<void> {
    const { system: { clock }, store } = this.#parts;
    await this.#findLeft();
    await this.#takeOutLeft();
    for (const one of await store.run("listPastImports", undefined)) {
      if (signal.aborted) return;
      if (one.wish !== "cancel" && clock.nowMs() < (this.#later.get(one.id) ?? 0)) continue;
      if (one.state === "done" && one.wish === "undo") await this.#undoWished(one, signal);
      if (!isOpen(one) || !this.list.isHere(one)) continue;
      await this.#runOne(one, signal);
    }
  }

  /** Where what servers share is out of reach, not even a failure can be recorded. */
  async #runOne({ id, site_id }: PastImport, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts.system;
    try {
      await this.run(id, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      this.#later.set(id, clock.nowMs() + MINUTE_MS);
      log("warn", "Import waits", { import: id, site_id, reason: messageOf(error) });
    }
  }

  /**
   * Looks for what nobody has taken out, seldom: whatever server an import ran on may have died
   * between the import's end and that. What no record tells of is no such rest, and stays.
   */
  async #findLeft(): Promise<void> {
    const { system: { clock, log }, history, store } = this.#parts;
    if (clock.uptimeMs() < this.#lookMs) return;
    this.#lookMs = clock.uptimeMs() + MINUTE_MS;
    try {
      // Whoever brings something is on record before.
      const brought = await history.brought();
      for (const { id, site } of brought) {
        const found = await store.run("findPastImport", id);
        if (found && (isUnwanted(found) || found.state === "undone")) this.#left.set(id, site);
      }
      this.#lookMs = clock.uptimeMs() + HOUR_MS;
    } catch (error) {
      // While what servers share is out of reach, they say so themselves.
      if (error instanceof AppError) return;
      log("warn", "Cannot look for what imports have left", { reason: messageOf(error) });
    }
  }

  /** What could not be taken out is tried again each minute, and at the next start. */
  async #takeOutLeft(): Promise<void> {
    const { system: { clock, log }, history } = this.#parts;
    for (const [id, site] of this.#left) {
      if (clock.nowMs() < (this.#later.get(id) ?? 0)) continue;
      try {
        await history.takeOut(id, site);
        await this.#removeFiles(id);
        this.#left.delete(id);
        this.#later.delete(id);
      } catch (error) {
        this.#later.set(id, clock.nowMs() + MINUTE_MS);
        log("warn", "Import not taken out", {
          import: id,
          site_id: site,
          reason: messageOf(error),
        });
      }
    }
  }

  /** Others go on where it fails. */
  async #undoWished({ id, site_id }: PastImport, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts.system;
    try {
      await this.#undo(id);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#later.set(id, clock.nowMs() + MINUTE_MS);
      log("warn", "Import not undone", { import: id, site_id, reason: messageOf(error) });
    }
  }

  async #undo(id: string): Promise<void> {
    const { system: { log, files }, history, store } = this.#parts;
    const { site_id, report } = await this.list.find(id);
    const events = await history.undo(id, site_id).catch(async (error) => {
      if (!(error instanceof AppError)) throw error;
      if (error.code === "unavailable") throw undoneLater(error);
      // Whoever was refused does not expect it to happen later.
      await store.run("wishImport", { id, wish: "" });
      throw error;
    });
    await files.removeTree(this.list.folderOf(id));
    if (report.new_site) await this.#parts.forget(site_id);
    log("info", "Import undone", { import: id, site_id, events });
  }

  /** Runs one import to its end. Rejects only when it was stopped. */
  async run(id: string, signal: AbortSignal): Promise<ShownImport> {
    const { system: { clock, log }, store } = this.#parts;
    const found = await store.run("findPastImport", id);
    if (!found || !isOpen(found)) return await this.list.find(id);
    const before = reportOf(found);
    const stop = new AbortController();
    const abort = () => stop.abort(new Stopped());
    signal.addEventListener("abort", abort);
    const watch = clock.every(1000, () => void this.#watch(id, stop));
    try {
      await this.#state(id, "running", { ...before, phase: "reading" });
      if (found.wish === "cancel") throw new Cancelled();
      await this.#run(found, stop.signal);
      this.#later.delete(id);
    } catch (error) {
      if (signal.aborted) throw error;
      await this.#watch(id, stop);
      const reason = stop.signal.aborted ? stop.signal.reason : error;
      await this.#failed(found, before, reason);
    } finally {
      watch();
      signal.removeEventListener("abort", abort);
    }
    const shown = await this.list.find(id);
    if (shown.state !== "waiting") {
      if (isUnwanted(shown)) {
        this.#left.set(id, shown.site_id);
        this.#later.delete(id);
        await this.#takeOutLeft();
      } else await this.#removeFiles(id);
      await this.#parts.history.sweepSums().catch(() => {});
    }
    const { state, site_id, report } = shown;
    log(report.error === undefined ? "info" : "warn", "Import ended", {
      import: id,
      site_id,
      state,
      events: state === "done" ? report.totals?.events : undefined,
      reason: report.error,
    });
    return shown;
  }

  /** Stops an import that its owner cancels. */
  async #watch(id: string, stop: AbortController): Promise<void> {
    const found = await this.#parts.store.run("findPastImport", id).catch(() => null);
    if (found && (found.wish === "cancel" || !isOpen(found))) stop.abort(new Cancelled());
  }

  async #failed(found: PastImport, before: ImportReport, reason: unknown): Promise<void> {
    const { id } = found;
    if (reason instanceof Cancelled) return await this.#state(id, "cancelled", { phase: "over" });
    const line = messageOf(reason).split("\n", 1)[0] ?? "";
    // What DuckDB quotes may be of a row.
    const error = reason instanceof ImportFault
      ? line
      : line.replace(/"[^"]*"|'[^']*'/g, (quoted) => tellable(quoted));
    if (reason instanceof TooManyBadRows) await this.#writeRejects(id, reason.rejects);
    if (reason instanceof ImportFault) {
      const rejects = reason instanceof TooManyBadRows ? reason.rejects.slice(0, 20) : [];
      return await this.#state(id, "failed", { phase: "over", error, rejects });
    }
    if (reason instanceof AppError && reason.code === "conflict") {
      return await this.#state(id, "failed", { phase: "over", error });
    }
    // Trying again helps where the disk or the memory was short, and not where the files are odd.
    if (UNREADABLE.test(error)) {
      const told = `Cannot read the files: ${error}`;
      return await this.#state(id, "failed", { phase: "over", error: told });
    }
    // What servers share is out of reach for as long as it is.
    const isPassing = reason instanceof AppError && reason.code === "unavailable";
    const attempts = (before.attempts ?? 0) + (isPassing ? 0 : 1);
    const state = attempts < ATTEMPTS_MAX ? "waiting" : "failed";
    this.#later.set(id, this.#parts.system.clock.nowMs() + MINUTE_MS);
    await this.#state(id, state, { phase: "reading", error, attempts });
  }

  async #state(id: string, state: PastImport["state"], report: ImportReport): Promise<void> {
    await this.#parts.store.run("setImportState", {
      id,
      state,
      report: JSON.stringify(report),
      atMs: this.#parts.system.clock.nowMs(),
    });
  }

  async #run(found: PastImport, signal: AbortSignal): Promise<void> {
    const { memoryMibs, lanes, system: { log } } = this.#parts;
    for (const [attempt, memoryMib] of memoryMibs.entries()) {
      const isFirst = attempt === 0;
      try {
        return await this.#runWithin(found, { memoryMib, lanes: isFirst ? lanes : 1 }, signal);
      } catch (error) {
        const more = memoryMibs[attempt + 1];
        if (!isOutOfMemory(error) || signal.aborted || more === undefined) throw error;
        log("info", "Giving an import more memory", { import: found.id, mib: more });
      }
    }
  }

  async #runWithin(
    found: PastImport,
    { memoryMib, lanes }: { readonly memoryMib: number; readonly lanes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { openDb, history, zoneOf } = this.#parts;
    const work = `${this.list.folderOf(found.id)}/work`;
    const db = await openDb(`${work}/spill`, memoryMib);
    const closeEarly = () => void db.close();
    signal.addEventListener("abort", closeEarly);
    try {
      const staging = this.#stagingOf(db, found, work, signal);
      const read = await this.#readOnce(db, found, { staging, work }, signal);
      const { days, dry_run } = optionsOf(found);
      const free = await history.freeDays(found.site_id, days, zoneOf(found.site_id), found.id);
      const report = await plannedReport(staging, read, free);
      if (dry_run) return await this.#state(found.id, "previewed", { ...report, phase: "over" });
      // Some of it may be there before it is run again.
      const new_site = reportOf(found).new_site ?? !this.#parts.isKnown(found.site_id);
      const planned = { ...report, new_site };
      await this.#state(found.id, "running", { ...planned, phase: "writing" });
      await this.#write(db, found, { staging, work, report: planned, lanes }, signal);
    } finally {
      signal.removeEventListener("abort", closeEarly);
      await db.close();
    }
  }

  #stagingOf(db: Db, found: PastImport, folder: string, signal: AbortSignal): Staging {
    const { enrich, rulesOf, stageOptions, idDaysOf, system: { clock, files } } = this.#parts;
    return new Staging({
      db,
      files,
      folder,
      enrich,
      rules: rulesOf(found.site_id),
      options: { ...stageOptions(), salt: found.salt, idDays: idDaysOf(found.site_id) },
      pause: () => clock.turn(),
      signal,
    });
  }

  /** Reads the files into one file of rows, unless that was done before. */
  async #readOnce(
    db: Db,
    found: PastImport,
    { staging, work }: { readonly staging: Staging; readonly work: string },
    signal: AbortSignal,
  ): Promise<ReadReport> {
    const { files, clock } = this.#parts.system;
    const known = await files.readText(`${work}/${READ_FILE}`);
    if (known !== null) {
      const read = JSON.parse(known) as ReadReport;
      if (read.form !== null) await staging.resume(read.form);
      return read;
    }
    // A reading that was cut off begins again.
    for (const { name } of await files.list(work)) {
      if (name !== "spill") await files.removeTree(`${work}/${name}`);
    }
    const options = optionsOf(found);
    const prepared = await prepare(files, options.files, work, signal);
    const chosen = importerOf(await samplesOf(db, prepared), options.tool);
    const source = await chosen.importer.read(chosen.files, {
      db,
      files,
      folder: work,
      site: found.site_id,
      website: options.website,
      signal,
    });
    const about = {
      tool: chosen.importer.name,
      label: chosen.importer.label,
      files: options.files.map(({ name }) => name),
      unused: chosen.unused,
      columns: source.columns,
    };
    if ("sums" in source) {
      const staged = await stageSums(db, work, source, { nowMs: clock.nowMs(), signal });
      return await this.#keep(found.id, work, SUMS_FILE, staged, sumsReport(staged, about));
    }
    const staged = await staging.read(source, clock.nowMs());
    return await this.#keep(found.id, work, ROWS_FOLDER, staged, readReport(staged, about));
  }

  /** Keeps what was read on disk, so that reading need not be done again. */
  async #keep(
    id: string,
    work: string,
    kept: string,
    { rejects }: { readonly rejects: readonly RejectedRow[] },
    report: ReadReport,
  ): Promise<ReadReport> {
    const { files } = this.#parts.system;
    for (const { name } of await files.list(work)) {
      if (name !== "spill" && name !== kept) await files.removeTree(`${work}/${name}`);
    }
    if (rejects.length > 0) await this.#writeRejects(id, rejects);
    for (const path of await files.tree(work)) {
      if (path.startsWith(`${kept}/`)) await files.sync(`${work}/${path}`);
    }
    await files.sync(`${work}/${kept}`);
    await files.write(`${work}/${READ_FILE}.tmp`, bytesOf(JSON.stringify(report)), MODE);
    await files.rename(`${work}/${READ_FILE}.tmp`, `${work}/${READ_FILE}`);
    await files.sync(work);
    return report;
  }

  async #writeRejects(id: string, rejects: readonly RejectedRow[]): Promise<void> {
    const lines = rejects.map(({ line, reason }) => `${line},${csvCell(reason)}\n`);
    const path = `${this.list.folderOf(id)}/${REJECTS_FILE}`;
    await this.#parts.system.files.write(path, bytesOf(`line,reason\n${lines.join("")}`), MODE);
  }

  async #write(
    db: Db,
    found: PastImport,
    { staging, work, report, lanes }: {
      readonly staging: Staging;
      readonly work: string;
      readonly report: ImportReport & Required<Pick<ImportReport, "days">>;
      readonly lanes: number;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { history, take, zoneOf, onDay, system: { files } } = this.#parts;
    const { id, site_id: site } = found;
    const days = report.days.filter((day) => day.left_out === null);
    const dates = days.map(({ date }) => date);
    const written: CatalogFile[] = [];
    try {
      if (report.sums) await this.#writeSums(db, id, work, dates, signal);
      else {
        const write = { id, site, days, lanes, signal, onDay };
        await writeDays(db, history, staging, write, written);
      }
      // Rows may hold addresses: they go before any event is there. Without them the files would
      // be read again.
      await files.remove(`${work}/${READ_FILE}`);
      await files.removeTree(`${work}/${ROWS_FOLDER}`);
      signal.throwIfAborted();
      await history.commit(id, written, {
        site,
        zone: zoneOf(site),
        choice: optionsOf(found).days,
        sums: report.sums ? { dates, kinds: report.sums } : null,
        signal,
        report: (added) => JSON.stringify({ ...committedReport(report, added), phase: "over" }),
      });
    } catch (error) {
      await history.discard(id, written).catch(() => {});
      throw error;
    }
    if (dates.length > 0) take(site);
  }

  /** Writes sums that nobody sees yet; those of an attempt that was cut off go first. */
  async #writeSums(
    db: Db,
    id: string,
    work: string,
    dates: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { history, system: { clock } } = this.#parts;
    await history.discardSums(id);
    for await (const rows of stagedSums(db, work, dates)) {
      signal.throwIfAborted();
      await history.addSums(id, rows);
      await clock.turn();
    }
  }
}

/** Whether nothing of an import is to be there. */
function isUnwanted({ state }: Pick<PastImport, "state">): boolean {
  return state === "failed" || state === "cancelled";
}

/** The refusal of an undo of which some may be done, and the rest is done as soon as it can be. */
function undoneLater({ message, code, headers }: AppError): AppError {
  return new AppError(code, `${message}; the import is undone as soon as that is over`, headers);
}

/** The report of the days that were added: those that are taken since are left out. */
function committedReport(
  report: ImportReport & Required<Pick<ImportReport, "days">>,
  dates: ReadonlySet<string>,
): ImportReport {
  const late = report.days.filter((day) => day.left_out === null && !dates.has(day.date));
  if (late.length === 0) return report;
  const { totals = { events: 0, pageviews: 0, visitors: 0 } } = report;
  const less = (name: "events" | "pageviews" | "visitors") =>
    late.reduce((sum, day) => sum + day[name], 0);
  return {
    ...report,
    days: report.days.map((day) => late.includes(day) ? { ...day, left_out: "own" } : day),
    totals: {
      ...totals,
      events: totals.events - less("events"),
      pageviews: totals.pageviews - less("pageviews"),
      ...(report.sums ? { visitors: totals.visitors - less("visitors") } : {}),
    },
  };
}

class Cancelled extends Error {}
class Stopped extends Error {}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
