// Makes the rollups of days that are over: oldest first, some days of a month at a time, beside
// everything else. What cannot be made is left out; its questions are answered from events.
import { dateOfDay, dayOfDate } from "../../../dashboard/grammar/days.js";
import { MINUTE_MS } from "../../core/durations.ts";
import { edgeUs } from "../../sites/id_period.ts";
import { messageOf } from "../../core/errors.ts";
import { ENGAGED_MS_MAX } from "../../core/limits.ts";
import { rangeOfDays } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Log } from "../../core/types.ts";
import { localDate } from "../../core/zone.ts";
import type { Row } from "../../storage/duckdb.ts";
import { PauseError } from "../../storage/duckdb/faults.ts";
import type { Storage } from "../../storage/open.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { daysOfVisits, type RollupFiles } from "../../storage/rollups/rollups.ts";
import type { RollupDay } from "../../storage/state/ops/rollup_ops.ts";
import type { Scope } from "../query.ts";
import type { SettingsSource } from "../run.ts";
import {
  createRows,
  EDGE,
  findMissingTexts,
  insertEdge,
  insertMoney,
  insertShape,
  keptSquares,
  visitRows,
} from "./day_rows.ts";
import { ENGAGEMENT_COLUMNS } from "../engagement/engagement.ts";
import {
  createEngagements,
  createEvents,
  createOthers,
  createPaid,
  type Days,
  NO_ENGAGEMENTS,
  READ_COLUMNS,
  spanToRead,
  type Tables,
  tablesOf,
} from "./day_tables.ts";
import { createPropKeys, insertPropKeys, insertPropKeysEdge, PROP_COLUMNS } from "./prop_keys.ts";
import { reachOf, rulesText } from "./rules.ts";
import { SHAPES } from "./shapes.ts";

/** Events that are added up at once. */
const EVENTS_AT_ONCE = 250_000;
/** Fewer events, of fewer days, are left to be answered from events: that is as fast. */
const EVENTS_MIN = 2_000;
const DAYS_MIN = 7;
/** A day that could not be made, as when a visit of it goes on, is tried again after this. */
const RETRY_MS = 10 * MINUTE_MS;
/** Days before today that have an edge: those that a visitor of today can have been seen on. */
const EDGE_DAYS = 3;
/** Each group costs its description; a larger one holds more that a question does not read. */
const ROW_GROUP_ROWS = 32_768;
/** Many columns of many visits are read at once: each group costs its description. */
const VISITS_ROW_GROUP_ROWS = 122_880;
/** Numbers as differences: the times in the lists take less, and are read sooner. */
const DELTAS = raw(", parquet_version v2");
const UNION = "\n      union all by name\n      ";

/** The parts of storage that rollups are made of. */
export type RollupParts = Pick<Storage, "db" | "reader" | "rollups" | "mutex">;

/** What the builder depends on of a site's settings. */
export interface BuilderOptions {
  /** For how many UTC days a visitor id of the site lasts; 0 when each event has its own. */
  readonly visitorIdDays: (site: string) => number;
  /** Fewer events than this, of fewer than a week of days, have no rollups; 2,000 when missing. */
  readonly eventsMin?: number;
  /** What else is to be done each time, as for visits that are kept elsewhere. */
  readonly afterRun?: () => Promise<void>;
}

/** Counts since the start. */
export interface RollupCounts {
  /** Days whose sums were made. */
  days: number;
  failures: number;
}

/** How days are added up, and the time zone in which they are days. */
interface Rules {
  readonly site: string;
  readonly zone: string;
  readonly gapUs: number;
  readonly weekStart: Scope["weekStart"];
  /** Days that a visitor is looked back for; null: visitors are counted within a day alone. */
  readonly reachDays: number | null;
  readonly idDays: number;
  readonly text: string;
}

/** What a site was when nothing was left to be made. */
interface Done {
  readonly files: readonly unknown[];
  readonly other: string;
}

type Ask = (statement: Sql) => Promise<Row[]>;

/** Makes rollups. */
export class RollupBuilder {
  readonly counts: RollupCounts = { days: 0, failures: 0 };
  readonly #parts: RollupParts;
  readonly #sites: SettingsSource;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: BuilderOptions;
  /** When days of a site that could not be made are tried again. */
  readonly #waiting = new Map<string, Map<number, number>>();
  /** A look at thousands of sites must cost nothing while nothing has changed. */
  readonly #done = new Map<string, Done>();
  #number = 0;

  constructor(
    parts: RollupParts,
    sites: SettingsSource,
    clock: Clock,
    log: Log,
    options: BuilderOptions,
  ) {
    this.#parts = parts;
    this.#sites = sites;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
  }

  /**
   * Makes whatever is due; stops early, leaving no trace, when the signal aborts. Rejects with
   * `PauseError` where DuckDB is opened again meanwhile; any other failure is logged and counted.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const site of this.#parts.reader.sites()) {
      if (signal.aborted) return;
      try {
        const now = await this.#stateOf(site);
        const known = this.#done.get(site);
        if (known?.files === now.files && known.other === now.other) continue;
        await this.#buildSite(site, signal);
        if (!signal.aborted && !this.#hasWaiting(site)) this.#done.set(site, now);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof PauseError) throw error;
        this.counts.failures++;
        this.#log("warn", "Cannot make rollups of a site", {
          site_id: site,
          reason: messageOf(error).slice(0, 500),
        });
      }
    }
    await this.#parts.rollups.sweep();
    await this.#options.afterRun?.();
  }

  async #stateOf(site: string): Promise<Done> {
    const { zone, gapUs } = await this.#sites.settings(site);
    const day = localDate(zone, this.#clock.nowMs() * 1000);
    const idDays = this.#options.visitorIdDays(site);
    const { reader, rollups } = this.#parts;
    const other = [zone, gapUs, idDays, day, rollups.epochOf(site)].join(" ");
    return { files: reader.storedOf(site), other };
  }

  #hasWaiting(site: string): boolean {
    const days = this.#waiting.get(site);
    for (const [day, untilMs] of days ?? []) {
      if (untilMs <= this.#clock.nowMs()) days?.delete(day);
    }
    if (days?.size === 0) this.#waiting.delete(site);
    return this.#waiting.has(site);
  }

  async #buildSite(site: string, signal: AbortSignal): Promise<void> {
    const firstDate = this.#parts.reader.firstDate(site);
    if (firstDate === null) return;
    const { rollups } = this.#parts;
    await rollups.load(site);
    const rules = await this.#rulesOf(site);
    const others = rollups.view(site)?.days.filter((day) => day.rules !== rules.text) ?? [];
    if (others.length > 0) {
      this.#waiting.delete(site);
      await rollups.forget(site, [...new Set(others.map(({ path }) => path))]);
    }
    const today = dayOfDate(localDate(rules.zone, this.#clock.nowMs() * 1000));
    let day = dayOfDate(firstDate) - 1;
    if (!this.#isWorthIt(rules, day, today)) return;
    let most = Infinity;
    while (day < today && !signal.aborted) {
      const days = this.#nextDays(rules, day, today).slice(0, most);
      const last = days.at(-1);
      if (last === undefined) return;
      const isMade = await this.#build(rules, days, signal);
      if (isMade === "again") return await this.#buildSite(site, signal);
      // Only the days that cannot be made shall be left.
      if (isMade === "ambiguous" && days.length > 1) {
        most = Math.ceil(days.length / 2);
        continue;
      }
      if (isMade !== "made") this.#waitFor(rules, days);
      [day, most] = [last + 1, most * 2];
    }
  }

  /** Whether so many days or events have no rollups that a look at them pays. */
  #isWorthIt({ site, zone }: Rules, from: number, today: number): boolean {
    const made = new Set(this.#parts.rollups.view(site)?.days.map(({ day }) => day));
    const missing: number[] = [];
    for (let day = from; day < today; day++) if (!made.has(day)) missing.push(day);
    if (missing.length >= DAYS_MIN) return true;
    const events = missing.map((day) =>
      this.#parts.reader.rowsBetween(site, rangeOfDays(zone, day, day + 1))
    );
    return events.reduce((sum, rows) => sum + rows, 0) >= (this.#options.eventsMin ?? EVENTS_MIN);
  }

  /** What could not be made is tried again later. */
  #waitFor({ site }: Rules, days: readonly number[]): void {
    const untilMs = this.#clock.nowMs() + RETRY_MS;
    const waiting = this.#waiting.get(site) ?? new Map<number, number>();
    for (const day of days) waiting.set(day, untilMs);
    this.#waiting.set(site, waiting);
  }

  #isWaiting({ site }: Rules, day: number): boolean {
    const untilMs = this.#waiting.get(site)?.get(day);
    return untilMs !== undefined && untilMs > this.#clock.nowMs();
  }

  async #rulesOf(site: string): Promise<Rules> {
    const { zone, gapUs, weekStart } = await this.#sites.settings(site);
    const idDays = this.#options.visitorIdDays(site);
    const known = this.#parts.rollups.view(site)?.reachDays ?? 0;
    const reachDays = reachOf(idDays, known);
    return {
      site,
      zone,
      gapUs,
      weekStart,
      idDays,
      reachDays,
      text: rulesText(zone, gapUs, reachDays),
    };
  }

  /** The next days of one month that have no rollups, from a day on, without a hole. */
  #nextDays(rules: Rules, from: number, today: number): number[] {
    const made = new Set(this.#parts.rollups.view(rules.site)?.days.map(({ day }) => day));
    const days: number[] = [];
    let events = 0;
    for (let day = from; day < today; day++) {
      if (made.has(day) || this.#isWaiting(rules, day)) {
        if (days.length > 0) break;
        continue;
      }
      const first = days[0];
      if (first !== undefined && monthOf(day) !== monthOf(first)) break;
      const { fromUs, toUs } = rangeOfDays(rules.zone, day, day + 1);
      if (toUs === fromUs) continue;
      events += this.#parts.reader.rowsBetween(rules.site, { fromUs, toUs });
      if (days.length > 0 && events > EVENTS_AT_ONCE) break;
      days.push(day);
    }
    return days;
  }

  /**
   * Makes some days. `again`: what was found out changes the rules of the site. `ambiguous`: on one
   * of them a value is a text that stands for a missing one.
   */
  async #build(
    rules: Rules,
    days: readonly number[],
    signal: AbortSignal,
  ): Promise<"made" | "not" | "again" | "ambiguous"> {
    const { db, rollups } = this.#parts;
    const tables = tablesOf(++this.#number);
    const asked = daysOf(rules, days[0] ?? 0, days.at(-1) ?? 0);
    const span = spanToRead(asked.scope);
    const watch = rollups.watch(rules.site, span.fromUs, span.toUs);
    const ask = (statement: Sql) => db.query(statement, { signal });
    let written: RollupFiles | undefined;
    try {
      const knownUs = await this.#readEvents(rules, tables, asked, signal);
      for (const statement of createOthers(tables, asked)) await ask(statement);
      const closed = await this.#closedDays(rules, days, tables, knownUs, ask);
      const last = closed.at(-1);
      if (last === undefined) return "not";
      const made = { ...asked, last: last.day };
      await this.#addUp(rules, tables, made, closed, ask);
      const reach = await this.#farthest(rules, tables, made, ask);
      if (rules.reachDays !== null && reach > rules.reachDays) {
        await rollups.setReach(rules.site, reach);
        return "again";
      }
      if ((await ask(findMissingTexts(tables))).length > 0) return "ambiguous";
      const kept = this.#keptDays(rules, last.day);
      const files = filesOf(kept, closed, (days) => this.#eventsOf(rules, days));
      const target = written = rollups.nextFiles(rules.site, files.first, files.last);
      await this.#write(target, tables, kept, ask);
      await this.#writeVisits(target, tables, made, files.merged, ask);
      const all = daysIn(target, kept, closed, files.merged);
      return await this.#parts.mutex.run(async () => {
        if (watch.isStale || kept.some((day) => !this.#isKnown(rules.site, day))) return "not";
        await rollups.keep(rules.site, target, all);
        this.counts.days += closed.length;
        return "made";
      });
    } finally {
      rollups.unwatch(watch);
      await db.drop(Object.values({ ...tables })).catch(() => {});
      if (written) await rollups.discard(rules.site, written);
    }
  }

  /** Makes the table of events; resolves with the time up to which every event is in a file. */
  async #readEvents(
    { site }: Rules,
    tables: Tables,
    days: Days,
    signal: AbortSignal,
  ): Promise<number> {
    const nowUs = Math.floor(this.#clock.nowMs() * 1000);
    const span = spanToRead(days.scope);
    let knownUs = 0;
    const partUntil = (us: number) => ({
      fromUs: span.fromUs,
      toUs: Math.max(span.fromUs, Math.min(span.toUs, us)),
    });
    const { reader } = this.#parts;
    await reader.queryOf(site, span, (sources) => {
      knownUs = Math.min(sources.hotFromUs, nowUs);
      return createEvents(tables, sources.events(partUntil(knownUs), READ_COLUMNS));
    }, { signal });
    await reader.queryOf(
      site,
      span,
      ({ events }) => createPropKeys(tables, days, events(partUntil(knownUs), PROP_COLUMNS)),
      { signal },
    );
    await reader.queryOf(site, span, ({ engagements }) => {
      const rows = engagements?.(partUntil(knownUs), ENGAGEMENT_COLUMNS) ?? NO_ENGAGEMENTS;
      return createEngagements(tables, rows);
    }, { signal });
    return knownUs;
  }

  /** The days of which every visit has ended, with what they depend on. */
  async #closedDays(
    rules: Rules,
    days: readonly number[],
    { placed }: Tables,
    knownUs: number,
    ask: Ask,
  ): Promise<RollupDay[]> {
    const closed: RollupDay[] = [];
    for (const day of days) {
      const { fromUs: startUs, toUs: endUs } = rangeOfDays(rules.zone, day, day + 1);
      const [row] = await ask(sql`select max(us) as last_us from ${ident(placed)}
        where visit_start_us < ${endUs}`);
      const lastUs = Number(row?.["last_us"] ?? endUs);
      // Another event up to a gap after the last one would belong to the same visit, and an
      // engagement whose visible time began until then.
      const { scope } = daysOf(rules, day, day);
      const { fromUs: readsFromUs, toUs } = spanToRead(scope);
      const readsToUs = Math.min(
        Math.max(endUs, lastUs + rules.gapUs + ENGAGED_MS_MAX * 1000 + 1),
        toUs,
      );
      if (readsToUs > knownUs) break;
      closed.push({
        day,
        path: "",
        visitsPath: "",
        rules: rules.text,
        startUs,
        endUs,
        readsFromUs,
        readsToUs,
        holdsFromUs: readsFromUs,
        holdsToUs: readsToUs,
        idDays: rules.idDays,
        hasEdge: this.#hasEdge(rules, day),
      });
    }
    return closed;
  }

  /** Fills the table of rows. */
  async #addUp(
    rules: Rules,
    tables: Tables,
    days: Days,
    closed: readonly RollupDay[],
    ask: Ask,
  ): Promise<void> {
    await ask(createRows(tables));
    // A site may have been silent for months: their files say so, and nothing has to be added up.
    const some = await ask(sql`select 1 from ${ident(tables.events)}
      union all select 1 from ${ident(tables.engagements)} limit 1`);
    if (some.length === 0) return;
    const paid = await ask(sql`select 1 from ${ident(tables.events)}
      where revenue_amount is not null limit 1`);
    if (paid.length > 0) await ask(createPaid(tables, days));
    const edges = closed.filter(({ hasEdge }) => hasEdge).map(({ day, endUs }) => ({
      day,
      endUs,
      sinceUs: edgeUs(endUs, rules.idDays, rules.gapUs),
    }));
    await ask(insertPropKeys(tables, days));
    if (edges.length > 0) await ask(insertPropKeysEdge(tables, edges));
    for (const shape of SHAPES) {
      await ask(insertShape(tables, shape, days));
      if (paid.length > 0) await ask(insertMoney(tables, shape, days));
      if (edges.length > 0) await ask(insertEdge(tables, shape, edges));
    }
  }

  /** Days of the same month that are made already. */
  #keptDays(rules: Rules, day: number): RollupDay[] {
    return (this.#parts.rollups.view(rules.site)?.days ?? [])
      .filter((known) => monthOf(known.day) === monthOf(day))
      .map((known) => ({ ...known, hasEdge: known.hasEdge && this.#hasEdge(rules, known.day) }));
  }

  /** Whether a day is one of the last, after which ranges are completed by events. */
  #hasEdge({ zone, idDays, reachDays }: Rules, day: number): boolean {
    const today = dayOfDate(localDate(zone, this.#clock.nowMs() * 1000));
    return reachDays !== null && idDays <= 1 && day >= today - EDGE_DAYS;
  }

  #isKnown(site: string, { day, path }: RollupDay): boolean {
    const known = this.#parts.rollups.view(site)?.days ?? [];
    return known.some((one) => one.day === day && one.path === path);
  }

  /** Most days between two sightings of one visitor, as far as they are beyond the reach. */
  async #farthest(
    rules: Rules,
    { rows, visitDays }: Tables,
    days: Days,
    ask: Ask,
  ): Promise<number> {
    if (rules.reachDays === null) return 0;
    const { rollups } = this.#parts;
    const [from, to] = [days.first - rules.reachDays, days.last + rules.reachDays];
    const [within] = await ask(sql`select max(gap) as days from ${ident(rows)}`);
    const found = Number(within?.["days"] ?? 0);
    const far = (rollups.view(rules.site)?.days ?? [])
      .filter(({ day }) => day < from || day > to);
    if (far.length === 0) return found;
    const paths = [...new Set(far.map(({ visitsPath }) => rollups.absolute(visitsPath)))];
    const [beyond] = await ask(sql`
      select max(abs(other.day - own.day)) as days
      from read_parquet(${paths}) other
      join ${ident(visitDays)} own using (visitor_id)
      where own.day between ${days.first} and ${days.last}
        and (other.day < ${from} or other.day > ${to})`);
    return Math.max(found, Number(beyond?.["days"] ?? 0));
  }

  /** Writes the sums of the days, with those of the month that are made already. */
  async #write(
    { path }: RollupFiles,
    { rows }: Tables,
    kept: readonly RollupDay[],
    ask: Ask,
  ): Promise<void> {
    const edges = [-1, ...kept.filter(({ hasEdge }) => hasEdge).map(({ day }) => day)];
    const old = this.#keptRows(kept, "path").map((part) =>
      sql`${part}
          and (not starts_with(shape, ${literal(EDGE)}) or day in (${raw(edges.join(", "))}))`
    );
    const all = join([sql`select * from ${ident(rows)}`, ...old], UNION);
    await this.#copy(
      path,
      sql`select * replace (${keptSquares()}) from (${all}) order by shape, day, v1, v2`,
      ROW_GROUP_ROWS,
      ask,
    );
  }

  /** Writes the visits of the days, with those of other files that it replaces. */
  async #writeVisits(
    { visitsPath }: RollupFiles,
    tables: Tables,
    days: Days,
    merged: readonly RollupDay[],
    ask: Ask,
  ): Promise<void> {
    const old = this.#keptRows(merged, "visitsPath");
    const all = join([visitRows(tables, days), ...old], UNION);
    await this.#copy(
      visitsPath,
      sql`select * from (${all}) order by day, visit`,
      VISITS_ROW_GROUP_ROWS,
      ask,
      DELTAS,
    );
  }

  /** The rows of days that are made already: a statement for each of their files. */
  #keptRows(kept: readonly RollupDay[], file: keyof RollupFiles): Sql[] {
    return [...Map.groupBy(kept, (day) => day[file])].map(([path, days]) =>
      sql`select * from read_parquet(${literal(this.#parts.rollups.absolute(path))})
        where day in (${raw(days.map(({ day }) => day).join(", "))})`
    );
  }

  async #copy(
    path: string,
    rows: Sql,
    groupRows: number,
    ask: Ask,
    format = raw(""),
  ): Promise<void> {
    const target = await this.#parts.rollups.prepare(path);
    await ask(sql`copy (${rows}) to ${literal(target)} (
      format parquet, compression zstd, row_group_size ${raw(String(groupRows))}${format}
    )`);
  }

  #eventsOf({ site, zone }: Rules, days: readonly RollupDay[]): number {
    return days.reduce(
      (sum, { day }) => sum + this.#parts.reader.rowsBetween(site, rangeOfDays(zone, day, day + 1)),
      0,
    );
  }
}

function daysOf(rules: Rules, first: number, last: number): Days {
  const { site, zone, gapUs, weekStart, reachDays } = rules;
  const back = first - (reachDays ?? 0);
  const range = { ...rangeOfDays(zone, back, last + 1), dates: null };
  const scope: Scope = { site, nowUs: 0, range, zone, weekStart, gapUs, filter: null, goals: [] };
  return { scope, back, first, last, isKeyed: reachDays === null };
}

/**
 * The days whose file of visits is replaced by the new one, and the days it stretches over. Files
 * never overlap; and a file that is small beside the new one is taken in, so that there are few.
 */
function filesOf(
  kept: readonly RollupDay[],
  closed: readonly RollupDay[],
  eventsOf: (days: readonly RollupDay[]) => number,
): { readonly merged: readonly RollupDay[]; readonly first: number; readonly last: number } {
  const numbers = closed.map(({ day }) => day);
  let [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  let events = eventsOf(closed);
  const merged: RollupDay[] = [];
  let others = [...new Set(kept.map(({ visitsPath }) => visitsPath))].map((path) => {
    const days = kept.filter(({ visitsPath }) => visitsPath === path);
    return { days, events: eventsOf(days), ...daysOfVisits(path) };
  });
  for (;;) {
    const next = others.find((file) => file.first <= last && file.last >= first) ??
      others.find((file) => file.events <= 2 * events);
    if (!next) return { merged, first, last };
    others = others.filter((file) => file !== next);
    merged.push(...next.days);
    events += next.events;
    [first, last] = [Math.min(first, next.first), Math.max(last, next.last)];
  }
}

/** All days of the new files. What a file holds of days that are not its any more counts, too. */
function daysIn(
  { path, visitsPath }: RollupFiles,
  kept: readonly RollupDay[],
  closed: readonly RollupDay[],
  merged: readonly RollupDay[],
): RollupDay[] {
  const all = [...kept, ...closed];
  const holdsFromUs = Math.min(...all.map((day) => day.holdsFromUs));
  const holdsToUs = Math.max(...all.map((day) => day.holdsToUs));
  const replaced = new Set([...merged, ...closed].map(({ day }) => day));
  return all.map((day) => ({
    ...day,
    path,
    visitsPath: replaced.has(day.day) ? visitsPath : day.visitsPath,
    holdsFromUs,
    holdsToUs,
  }));
}

function monthOf(day: number): string {
  return dateOfDay(day).slice(0, 7);
}
