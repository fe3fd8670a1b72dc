// The visits of days that no file holds yet, in tables of DuckDB: for sites that somebody asks
// about. They are made when a question needs them, and made again when too much has come since.
// Whatever changes an event of before breaks the seal of its site's table: then it is dropped.
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { MINUTE_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { Mutex } from "../../core/mutex.ts";
import { type Range, rangeOfDays } from "../../core/period.ts";
import { ident, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Log } from "../../core/types.ts";
import { localDate } from "../../core/zone.ts";
import type { Storage } from "../../storage/open.ts";
import type { Seal } from "../../storage/tiers/catalog.ts";
import type { Scope } from "../query.ts";
import { ENGAGEMENT_COLUMNS } from "../engagement/engagement.ts";
import { withTheirOthers } from "../sql/relations.ts";
import { visitRows } from "./day_rows.ts";
import {
  createEngagements,
  createEvents,
  createOfVisits,
  type Days,
  NO_ENGAGEMENTS,
  READ_COLUMNS,
  spanToRead,
  type Tables,
  tablesOf,
} from "./day_tables.ts";
import { RecentSums, sumsNameOf } from "./recent_sums.ts";
import type { Recent } from "./split.ts";

/** Events newer than this may still be on their way to the journal. */
const SETTLING_US = 2_000_000;
/** Days before today that a table holds, where they have no files. */
const DAYS_MAX = 3;
/** More events take too much memory. */
const EVENTS_MAX = 150_000;
/** Rows of all tables, and as how many of them a table counts: an empty one takes 1 MB. */
const ROWS_MAX = 200_000;
const ROWS_OF_TABLE = 2_000;
/** A table is made again when so many events have come since, or such a share of its own. */
const LATER_MIN = 500;
const LATER_SHARE = 0.05;
/** A question that reads later events, too, takes about so much longer. */
const LATER_COST_MS = 40;
/**
 * A table that costs more time than to make it again is made again after so long without a
 * question, not beside one; beside questions that do not end, when it has cost so many times that.
 */
const CALM_MS = 500;
const BUSY_COSTS = 4;
/** Beyond this share questions wait for the new table. */
const WAIT_SHARE = 0.5;
/** Making a table takes at most one part of so many of the time. */
const PAUSES = 10;
const PAUSE_MS_MIN = 1000;
/** After so long without a question a table is dropped. */
const IDLE_MS = 10 * MINUTE_MS;

/** What tables are made of. */
export type RecentParts = Pick<Storage, "db" | "reader" | "rollups">;

/** A table, or what is known of why there is none. */
interface Found {
  /** Null where the site has too many events. */
  readonly table: string | null;
  readonly days: Recent["days"];
  readonly events: number;
  readonly rows: number;
  /** How many of the newest events and engagements were not read. */
  readonly newer: number;
}

/** The same, kept for a site. */
interface Made extends Found {
  readonly site: string;
  /** What a visit and a day are, and which day is the last. */
  readonly rules: string;
  readonly seal: Seal;
  /** Null where there is no table. */
  readonly sums: RecentSums | null;
  sumRows: number;
  /** How long it took to make. */
  readonly madeMs: number;
  /** When it may be made again. */
  readonly nextMs: number;
  usedMs: number;
  /** Questions that had to read later events, too. */
  laterUses: number;
  uses: number;
  /** Keeps the table from being made again: a question uses it. */
  calm?: () => void;
  isGone: boolean;
}

/** A table in use. `release` must be called once. */
export interface RecentLease {
  readonly table: string;
  /** What the table holds if it is right at this moment, else null. */
  readonly now: () => Recent | null;
  /** What its visits add up to by values. */
  readonly sums: Pick<RecentSums, "find" | "make">;
  /** The table could not be read: it is not used again. */
  readonly forget: () => void;
  readonly release: () => void;
}

/** Makes and keeps the tables. */
export class RecentVisits {
  readonly #parts: RecentParts;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By site; the least recently used first. */
  readonly #made = new Map<string, Made>();
  readonly #making = new Map<string, Promise<void>>();
  /** When a site's table may be tried again after a failure. */
  readonly #failed = new Map<string, number>();
  /** When a site without a table was asked about. */
  readonly #asked = new Map<string, number>();
  readonly #mutex = new Mutex();
  #number = 0;

  constructor(parts: RecentParts, clock: Clock, log: Log) {
    this.#parts = parts;
    this.#clock = clock;
    this.#log = log;
  }

  /** The table for a question of this range, made if need be; null where there is none. */
  async lease(scope: Scope): Promise<RecentLease | null> {
    const { site, zone, gapUs, range } = scope;
    const nowMs = this.#clock.nowMs();
    if (!reachesNow(range, zone, nowMs)) return null;
    const rules = `${gapUs} ${localDate(zone, nowMs * 1000)} ${zone}`;
    const known = this.#made.get(site);
    if (!known && !this.#wasAsked(site, nowMs)) return null;
    const isRight = known !== undefined && known.rules === rules && !known.seal.isBroken;
    if (!isRight || isOld(known)) {
      const making = this.#making.get(site) ??
        (this.#mayMake(site) ? this.#make(scope, rules) : undefined);
      if (making && (!isRight || later(known) > WAIT_SHARE * known.events)) await making;
    }
    const made = this.#made.get(site);
    if (!made || made.rules !== rules) return null;
    this.#made.delete(site);
    this.#made.set(site, made);
    made.usedMs = nowMs;
    if (later(made) > 0) made.laterUses++;
    return made.sums === null ? null : this.#leaseOf(made, made.sums, scope);
  }

  /** Whether it is not too soon after the last time. */
  #mayMake(site: string): boolean {
    const nowMs = this.#clock.nowMs();
    return nowMs >= (this.#made.get(site)?.nextMs ?? 0) && nowMs >= (this.#failed.get(site) ?? 0);
  }

  /** Drops the tables that are wrong, or that nobody has asked for lately. */
  async sweep(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    for (const [site, untilMs] of this.#failed) if (untilMs <= nowMs) this.#failed.delete(site);
    for (const [site, ms] of this.#asked) if (nowMs - ms >= IDLE_MS) this.#asked.delete(site);
    const old = [...this.#made.values()].filter((made) =>
      made.seal.isBroken || nowMs - made.usedMs >= IDLE_MS
    );
    await Promise.all(old.map((made) => this.#remove(made)));
  }

  #leaseOf(made: Made, sums: RecentSums, scope: Scope): RecentLease {
    made.uses++;
    made.calm?.();
    const { seal, days } = made;
    const table = sums.visits;
    return {
      table,
      sums: {
        find: (lists, first) => sums.find(lists, first),
        make: async (...asked) => {
          const before = made.sumRows;
          made.sumRows = await sums.make(...asked);
          if (made.sumRows > before) await this.#makeRoom();
          return made.sumRows;
        },
      },
      now: () => {
        if (seal.isBroken || made.isGone) return null;
        return { table, days, toUs: seal.toUs, hasLater: later(made) > 0 };
      },
      forget: () => void this.#remove(made),
      release: () => {
        made.uses--;
        if (made.isGone) void this.#drop(made);
        else if (made.uses === 0 && costsMore(made)) this.#makeWhenCalm(made, scope);
      },
    };
  }

  /** One question is answered sooner without a table. */
  #wasAsked(site: string, nowMs: number): boolean {
    const wasAsked = nowMs - (this.#asked.get(site) ?? -Infinity) < IDLE_MS;
    this.#asked.set(site, nowMs);
    return wasAsked;
  }

  /** Makes the table again when no question has used it for a while. */
  #makeWhenCalm(made: Made, scope: Scope): void {
    made.calm = this.#clock.after(CALM_MS, () => {
      const isOpen = !this.#parts.db.isClosing && !made.isGone && !made.seal.isBroken;
      if (isOpen && this.#mayMake(made.site)) void this.#make(scope, made.rules);
    });
  }

  /** Makes a site's table; never rejects. */
  #make(scope: Scope, rules: string): Promise<void> {
    const { site } = scope;
    const making = this.#mutex.run(() => this.#makeNow(scope, rules))
      .catch((error) => {
        if (this.#parts.db.isClosing) return;
        this.#failed.set(site, this.#clock.nowMs() + MINUTE_MS);
        this.#log("warn", "Cannot keep the visits of the running day", {
          site_id: site,
          reason: messageOf(error).slice(0, 500),
        });
      })
      .finally(() => this.#making.delete(site));
    this.#making.set(site, making);
    return making;
  }

  async #makeNow(scope: Scope, rules: string): Promise<void> {
    const { site } = scope;
    const startMs = this.#clock.nowMs();
    const seal = this.#parts.reader.seal(site, Math.floor(startMs * 1000) - SETTLING_US);
    try {
      const found = await this.#fill(await this.#daysOf(scope, startMs), seal.toUs);
      const nowMs = this.#clock.nowMs();
      const made: Made = {
        ...found,
        sums: found.table === null ? null : new RecentSums(this.#parts.db, found.table),
        sumRows: 0,
        site,
        rules,
        seal,
        madeMs: nowMs - startMs,
        nextMs: nowMs + Math.max(PAUSE_MS_MIN, PAUSES * (nowMs - startMs)),
        usedMs: nowMs,
        laterUses: 0,
        uses: 0,
        isGone: false,
      };
      const old = this.#made.get(site);
      this.#made.delete(site);
      this.#made.set(site, made);
      if (old) await this.#end(old);
      await this.#makeRoom();
    } catch (error) {
      this.#parts.reader.unseal(seal);
      throw error;
    }
  }

  /** The days without files up to today, some at most. */
  async #daysOf({ site, zone, gapUs, weekStart }: Scope, nowMs: number): Promise<Days> {
    const { rollups } = this.#parts;
    await rollups.load(site);
    const today = dayOfDate(localDate(zone, nowMs * 1000));
    const closed = rollups.view(site)?.days.at(-1)?.day ?? -Infinity;
    const first = closed >= today - DAYS_MAX && closed < today ? closed + 1 : today;
    const range = { ...rangeOfDays(zone, first, today + 1), dates: null };
    const scope: Scope = { site, nowUs: 0, range, zone, weekStart, gapUs, filter: null, goals: [] };
    return { scope, back: first, first, last: today, isKeyed: true };
  }

  /** Makes the table of some days of events up to a time, unless they are too many. */
  async #fill(days: Days, toUs: number): Promise<Found> {
    const { db } = this.#parts;
    const tables = tablesOf(`recent_${++this.#number}`);
    const table = tables.rows;
    const ask = (statement: Sql) => db.query(statement);
    let isKept = false;
    try {
      const { events, newer } = await this.#readEvents(days, toUs, tables);
      const found = { days: startsOf(days), events, newer };
      if (events > EVENTS_MAX) return { ...found, table: null, rows: 0 };
      for (const statement of createOfVisits(tables, days)) await ask(statement);
      await ask(sql`create table ${ident(table)} as ${visitRows(tables, days)}`);
      const [row] = await ask(sql`select count(*) as rows from ${ident(table)}`);
      isKept = true;
      return { ...found, table, rows: Number(row?.["rows"]) };
    } finally {
      const names = Object.values({ ...tables }).filter((name) => !isKept || name !== table);
      await db.drop(names).catch(() => {});
    }
  }

  /** Makes the tables of events and of engagements, and counts the events and what is newer. */
  async #readEvents({ scope }: Days, toUs: number, tables: Tables) {
    const { reader, db } = this.#parts;
    const { site } = scope;
    const span = spanToRead(scope);
    const endUs = Math.max(span.fromUs, Math.min(span.toUs, toUs + 1));
    if (reader.rowsBetween(site, span) > EVENTS_MAX) {
      return { events: EVENTS_MAX + 1, newer: 0 };
    }
    const read = { fromUs: span.fromUs, toUs: endUs };
    const rest = { fromUs: endUs, toUs: span.toUs };
    const { fromUs } = scope.range;
    await reader.queryOf(site, read, ({ events }) => {
      const own = events({ fromUs, toUs: endUs }, READ_COLUMNS);
      const before = { fromUs: span.fromUs, toUs: fromUs };
      const all = withTheirOthers(own, events(before, READ_COLUMNS));
      return createEvents(tables, sql`(select * from (${all}) limit ${EVENTS_MAX + 1})`);
    });
    await reader.queryOf(site, read, ({ engagements }) => {
      const theirs = engagements?.(read, ENGAGEMENT_COLUMNS) ?? NO_ENGAGEMENTS;
      return createEngagements(tables, theirs);
    });
    const [made] = await db.query(sql`select count(*) as events from ${ident(tables.events)}`);
    const [after] = await reader.queryOf(
      site,
      rest,
      ({ rows }) => sql`select count(*) as events from ${rows(rest, ["timestamp"])}`,
    );
    return { events: Number(made?.["events"]), newer: Number(after?.["events"]) };
  }

  /** Drops the tables that were not asked for the longest, until the others fit. */
  async #makeRoom(): Promise<void> {
    const sizeOf = ({ table, rows, sumRows }: Made) =>
      table === null ? 1 : rows + sumRows + ROWS_OF_TABLE;
    let rows = [...this.#made.values()].reduce((sum, made) => sum + sizeOf(made), 0);
    for (const made of [...this.#made.values()]) {
      if (rows <= ROWS_MAX) return;
      rows -= sizeOf(made);
      await this.#remove(made);
    }
  }

  async #remove(made: Made): Promise<void> {
    if (this.#made.get(made.site) === made) this.#made.delete(made.site);
    await this.#end(made);
  }

  async #end(made: Made): Promise<void> {
    if (made.isGone) return;
    made.isGone = true;
    this.#parts.reader.unseal(made.seal);
    await this.#drop(made);
  }

  /** What still reads a table drops it when it has ended. */
  async #drop({ table, uses }: Made): Promise<void> {
    if (table === null || uses > 0) return;
    await this.#parts.db.drop([table, sumsNameOf(table)]).catch(() => {});
  }
}

/** The days of a table, and when they begin. */
function startsOf({ scope: { zone }, first, last }: Days): Recent["days"] {
  const numbers = Array.from({ length: last + 1 - first }, (_, at) => first + at);
  return numbers.map((day) => ({ day, startUs: rangeOfDays(zone, day, day + 1).fromUs }));
}

/** Events and engagements that came after those of the table. */
function later({ seal, newer }: Made): number {
  return newer + seal.later;
}

/** Whether a table is to be made again at once. */
function isOld(made: Made): boolean {
  if (made.table === null) return false;
  return later(made) > Math.max(LATER_MIN, LATER_SHARE * made.events) ||
    costsMore(made, BUSY_COSTS);
}

/** Whether questions have taken longer by what came later than making the table, so many times. */
function costsMore({ laterUses, madeMs }: Made, times = 1): boolean {
  return laterUses * LATER_COST_MS > times * madeMs;
}

/** Whether a range holds what there is of today. */
function reachesNow({ fromUs, toUs }: Range, zone: string, nowMs: number): boolean {
  const nowUs = nowMs * 1000;
  const today = dayOfDate(localDate(zone, nowUs));
  return fromUs <= rangeOfDays(zone, today, today + 1).fromUs && toUs > nowUs - SETTLING_US;
}
