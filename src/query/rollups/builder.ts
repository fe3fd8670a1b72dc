// Makes the rollups of days that are over: oldest first, some days of a month at a time, beside
// everything else. What cannot be made is left out; its questions are answered from events.
import { dateOfDay, dayOfDate } from "../../../dashboard/grammar/days.js";
import { MINUTE_MS } from "../../core/durations.ts";
import { edgeUs } from "../../sites/id_period.ts";
import { messageOf } from "../../core/errors.ts";
import { rangeOfDays } from "../../core/period.ts";
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Log } from "../../core/types.ts";
import { localDate } from "../../core/zone.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { Storage } from "../../storage/open.ts";
import { literal } from "../../storage/parquet/schema.ts";
import type { RollupDay } from "../../storage/state/ops/rollup_ops.ts";
import type { Scope } from "../query.ts";
import type { SettingsSource } from "../run.ts";
import {
  createEvents,
  createRows,
  createVisits,
  type Days,
  EDGE,
  insertEdge,
  insertMoney,
  insertShape,
  insertVisitors,
  missingTexts,
  spanToRead,
  type Tables,
  VISITORS,
} from "./day_sql.ts";
import { reachOf, rulesText } from "./rules.ts";
import { SHAPES } from "./shapes.ts";

/** Events that are added up at once. */
const EVENTS_AT_ONCE = 250_000;
/** Fewer events, of fewer days, are left to be answered from events: that is as fast. */
const EVENTS_MIN = 2_000;
const DAYS_MIN = 7;
/** Ids that last longer than this many days have no rollups. */
const REACH_DAYS_MAX = 62;
/** A day that could not be made, as when a visit of it goes on, is tried again after this. */
const RETRY_MS = 10 * MINUTE_MS;
/** Days before today that have an edge: those that a visitor of today can have been seen on. */
const EDGE_DAYS = 3;
const ROW_GROUP_ROWS = 8192;

/** The parts of storage that rollups are made of. */
export type RollupParts = Pick<Storage, "db" | "reader" | "rollups" | "mutex">;

/** What the builder depends on of a site's settings. */
export interface BuilderOptions {
  /** For how many UTC days a visitor id of the site lasts; 0 when each event has its own. */
  readonly visitorIdDays: (site: string) => number;
  /** Fewer events than this, of fewer than a week of days, have no rollups; 2,000 when missing. */
  readonly eventsMin?: number;
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
  /** Days that a visitor is looked back for. */
  readonly reachDays: number;
  readonly idDays: number;
  readonly text: string;
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
  /** When a day that could not be made is tried again, by site, day and rules. */
  readonly #waiting = new Map<string, number>();
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

  /** Makes whatever is due; stops early, leaving no trace, when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (const site of this.#parts.reader.sites()) {
      if (signal.aborted) return;
      try {
        await this.#buildSite(site, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.counts.failures++;
        this.#log("warn", "Cannot make rollups of a site", {
          site_id: site,
          reason: messageOf(error).slice(0, 500),
        });
      }
    }
    await this.#parts.rollups.sweep();
  }

  async #buildSite(site: string, signal: AbortSignal): Promise<void> {
    const firstDate = this.#parts.reader.firstDate(site);
    if (firstDate === null) return;
    const { rollups } = this.#parts;
    await rollups.load(site);
    const rules = await this.#rulesOf(site);
    if (rules.reachDays > REACH_DAYS_MAX) return;
    const others = rollups.view(site)?.days.filter((day) => day.rules !== rules.text) ?? [];
    if (others.length > 0) await rollups.forget(site, [...new Set(others.map(({ path }) => path))]);
    const today = dayOfDate(localDate(rules.zone, this.#clock.nowMs() * 1000));
    let day = dayOfDate(firstDate) - 1;
    if (!this.#isWorthIt(rules, day, today)) return;
    while (day < today && !signal.aborted) {
      const days = this.#nextDays(rules, day, today);
      const last = days.at(-1);
      if (last === undefined) return;
      const isMade = await this.#build(rules, days, signal);
      if (isMade === "again") return await this.#buildSite(site, signal);
      if (isMade === "not") this.#waitFor(rules, days);
      day = last + 1;
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
  #waitFor({ site, text }: Rules, days: readonly number[]): void {
    const untilMs = this.#clock.nowMs() + RETRY_MS;
    for (const day of days) this.#waiting.set(`${site} ${day} ${text}`, untilMs);
  }

  #isWaiting({ site, text }: Rules, day: number): boolean {
    const key = `${site} ${day} ${text}`;
    const untilMs = this.#waiting.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.nowMs()) return true;
    this.#waiting.delete(key);
    return false;
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

  /** Makes some days. `again`: what was found out changes the rules of the site. */
  async #build(
    rules: Rules,
    days: readonly number[],
    signal: AbortSignal,
  ): Promise<"made" | "not" | "again"> {
    const { db, rollups } = this.#parts;
    const number = ++this.#number;
    const tables = {
      events: `rollup_events_${number}`,
      visits: `rollup_visits_${number}`,
      rows: `rollup_rows_${number}`,
    };
    const path = rollups.nextPath(rules.site);
    const asked = daysOf(rules, days[0] ?? 0, days.at(-1) ?? 0);
    const span = spanToRead(asked.scope);
    const watch = rollups.watch(rules.site, span.fromUs, span.toUs);
    const ask = (statement: Sql) => db.query(statement, { signal });
    try {
      const knownUs = await this.#readEvents(rules, tables, asked, signal);
      const closed = await this.#closedDays(rules, days, tables, knownUs, ask);
      const last = closed.at(-1);
      if (last === undefined) return "not";
      await this.#addUp(rules, tables, { ...asked, last: last.day }, closed, ask);
      const reach = await this.#farthest(rules, tables, { ...asked, last: last.day }, ask);
      if (reach > rules.reachDays) {
        await rollups.setReach(rules.site, reach);
        return "again";
      }
      if (await this.#hasMissingTexts(tables, ask)) return "not";
      const kept = this.#keptDays(rules, last.day);
      await this.#write(path, tables, kept, ask);
      return await this.#parts.mutex.run(async () => {
        if (watch.isStale || kept.some((day) => !this.#isKnown(rules.site, day))) return "not";
        const made = [...kept, ...closed].map((day) => ({ ...day, path }));
        await rollups.keep(rules.site, path, made);
        this.counts.days += closed.length;
        return "made";
      });
    } finally {
      rollups.unwatch(watch);
      for (const table of Object.values(tables)) {
        await db.query(sql`drop table if exists ${ident(table)}`).catch(() => {});
      }
      if (!rollups.view(rules.site)?.days.some((day) => day.path === path)) {
        await rollups.discard(path);
      }
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
    await this.#parts.reader.queryOf(site, span, (sources) => {
      knownUs = Math.min(sources.hotFromUs, nowUs);
      const toUs = Math.max(span.fromUs, Math.min(span.toUs, knownUs));
      return createEvents(tables, days, sources.events({ fromUs: span.fromUs, toUs }));
    }, { signal });
    return knownUs;
  }

  /** The days of which every visit has ended, with what they depend on. */
  async #closedDays(
    rules: Rules,
    days: readonly number[],
    { events }: Tables,
    knownUs: number,
    ask: Ask,
  ): Promise<RollupDay[]> {
    const closed: RollupDay[] = [];
    for (const day of days) {
      const { fromUs: startUs, toUs: endUs } = rangeOfDays(rules.zone, day, day + 1);
      const [row] = await ask(sql`select max(us) as last_us from ${ident(events)}
        where visit_start_us < ${endUs}`);
      const lastUs = Number(row?.["last_us"] ?? endUs);
      // Another event up to a gap after the last one would belong to the same visit.
      const { scope } = daysOf(rules, day, day);
      const { fromUs: readsFromUs, toUs } = spanToRead(scope);
      const readsToUs = Math.min(Math.max(endUs, lastUs + rules.gapUs + 1), toUs);
      if (readsToUs > knownUs) break;
      closed.push({
        day,
        path: "",
        rules: rules.text,
        startUs,
        endUs,
        readsFromUs,
        readsToUs,
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
    await ask(createVisits(tables, days));
    await ask(createRows(tables));
    const paid = await ask(sql`select 1 from ${ident(tables.events)}
      where revenue_amount is not null limit 1`);
    const edges = closed.filter(({ hasEdge }) => hasEdge).map(({ day, endUs }) => ({
      day,
      endUs,
      sinceUs: edgeUs(endUs, rules.idDays, rules.gapUs),
    }));
    for (const shape of SHAPES) {
      await ask(insertShape(tables, shape, days));
      if (paid.length > 0) await ask(insertMoney(tables, shape, days));
      if (edges.length > 0) await ask(insertEdge(tables, shape, days, edges));
    }
    await ask(insertVisitors(tables, days));
  }

  /** Days of the same month that are made already. */
  #keptDays(rules: Rules, day: number): RollupDay[] {
    return (this.#parts.rollups.view(rules.site)?.days ?? [])
      .filter((known) => monthOf(known.day) === monthOf(day))
      .map((known) => ({ ...known, hasEdge: known.hasEdge && this.#hasEdge(rules, known.day) }));
  }

  /** Whether a day is one of the last, after which ranges are completed by events. */
  #hasEdge({ zone, idDays }: Rules, day: number): boolean {
    const today = dayOfDate(localDate(zone, this.#clock.nowMs() * 1000));
    return idDays <= 1 && day >= today - EDGE_DAYS;
  }

  #isKnown(site: string, { day, path }: RollupDay): boolean {
    const known = this.#parts.rollups.view(site)?.days ?? [];
    return known.some((one) => one.day === day && one.path === path);
  }

  /** Most days between two sightings of one visitor, as far as they are beyond the reach. */
  async #farthest(rules: Rules, { rows }: Tables, days: Days, ask: Ask): Promise<number> {
    const { rollups } = this.#parts;
    const [from, to] = [days.first - rules.reachDays, days.last + rules.reachDays];
    const [within] = await ask(sql`select max(gap) as days from ${ident(rows)}`);
    const found = Number(within?.["days"] ?? 0);
    const far = (rollups.view(rules.site)?.days ?? [])
      .filter(({ day }) => day < from || day > to);
    if (far.length === 0) return found;
    const paths = [...new Set(far.map(({ path }) => rollups.absolute(path)))];
    const [beyond] = await ask(sql`
      select max(abs(other.day - own.day)) as days
      from read_parquet(${paths}) other
      join (select day, key from ${ident(rows)} where shape = ${VISITORS}) own using (key)
      where other.shape = ${VISITORS} and (other.day < ${from} or other.day > ${to})`);
    return Math.max(found, Number(beyond?.["days"] ?? 0));
  }

  /** Whether a value is the text that stands for none. */
  async #hasMissingTexts(
    { rows }: Tables,
    ask: Ask,
  ): Promise<boolean> {
    for (const shape of SHAPES) {
      const [first = [], second = []] = missingTexts(shape);
      const found = await ask(sql`select 1 from ${ident(rows)}
        where shape = ${shape.name}
          and (list_contains(${first}, v1) or list_contains(${second}, v2)) limit 1`);
      if (found.length > 0) return true;
    }
    return false;
  }

  async #write(
    path: string,
    { rows }: Tables,
    kept: readonly RollupDay[],
    ask: Ask,
  ): Promise<void> {
    const { rollups } = this.#parts;
    const target = await rollups.prepare(path);
    const paths = [...new Set(kept.map((day) => day.path))];
    const old = paths.map((from) => {
      const days = kept.filter((day) => day.path === from).map(({ day }) => day);
      const edges = [-1, ...kept.filter(({ hasEdge }) => hasEdge).map(({ day }) => day)];
      return sql` union all by name
        select * from read_parquet(${literal(rollups.absolute(from))})
        where day in (${raw(days.join(", "))})
          and (not starts_with(shape, ${literal(EDGE)}) or day in (${raw(edges.join(", "))}))`;
    });
    const all = old.reduce((sum, part) => sql`${sum}${part}`, sql`select * from ${ident(rows)}`);
    await ask(sql`copy (select * from (${all}) order by shape, day, v1, v2)
      to ${literal(target)} (
        format parquet, compression zstd, row_group_size ${raw(String(ROW_GROUP_ROWS))}
      )`);
  }
}

function daysOf(rules: Rules, first: number, last: number): Days {
  const { site, zone, gapUs, weekStart, reachDays } = rules;
  const back = first - reachDays;
  const range = { ...rangeOfDays(zone, back, last + 1), dates: null };
  const scope: Scope = { site, nowUs: 0, range, zone, weekStart, gapUs, filter: null, goals: [] };
  return { scope, back, first, last };
}

function monthOf(day: number): string {
  return dateOfDay(day).slice(0, 7);
}
