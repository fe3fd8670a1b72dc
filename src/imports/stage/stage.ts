// From the rows of an importer to events: written once as they are, judged, counted by day, and
// read as the events that they become, some days at a time.
import { type EventColumnName, PAGEVIEW } from "../../core/event.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { literal } from "../../storage/parquet/schema.ts";
import type { Source } from "../importer.ts";
import { enrich, type EnrichParts, type SiteRules, TEXT_TABLES } from "./enrich.ts";
import {
  eventColumns,
  type EventOptions,
  type EventsForm,
  eventsOf,
  visitorKey,
} from "./events.ts";
import {
  formOf,
  goodRows,
  judge,
  type RowsForm,
  type Staged,
  writeRows,
  writtenRows,
} from "./rows.ts";
import { type UsedColumns, usedInFile, usedInTables } from "./used.ts";

/** What staging works with. */
export interface StageParts {
  readonly db: Db;
  /** Folder of the import. */
  readonly folder: string;
  readonly enrich: EnrichParts;
  readonly rules: SiteRules;
  readonly options: EventOptions;
  /** Gives others their turn. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Events of a UTC day. */
export interface StagedDay {
  readonly date: string;
  readonly events: number;
  readonly pageviews: number;
  readonly visitors: number;
}

/** A run of days: its UTC dates, both included. */
export interface DayRun {
  readonly from: string;
  readonly to: string;
}

/** Events of a run of several days, which are in memory as a table while they are written. */
const RUN_ROWS = 20_000;

/** The rows as they are, below the folder of an import. */
export const ROWS_FILE = "rows.parquet";
const NOTHING: ReadonlySet<string> = new Set();

/** The rows of an import on their way to events. */
export class Staging {
  readonly #parts: StageParts;
  readonly #path: string;
  /** Null until rows were read. */
  #form: RowsForm | null = null;
  #masked = NOTHING;
  #used: UsedColumns = { rows: NOTHING, tables: new Map() };

  /** Nothing is read yet. */
  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#path = `${parts.folder}/${ROWS_FILE}`;
  }

  /** Writes the rows of a source and counts them. Throws an ImportFault where many are bad. */
  async read(
    source: Source,
    nowMs: number,
  ): Promise<Staged & { readonly days: StagedDay[]; readonly form: RowsForm }> {
    const { db } = this.#parts;
    await writeRows(db, source, this.#path, nowMs);
    const form = formOf(source);
    const found = await judge(db, writtenRows(this.#path, form));
    await this.resume(form);
    const robots = form.isExact ? 0 : await this.#countRobots();
    const apart = robots > 0
      ? { ...found.apart, robot: (found.apart["robot"] ?? 0) + robots }
      : found.apart;
    return { ...found, apart, days: await this.#countDays(), form };
  }

  /** Goes on with rows that were written before. */
  async resume(form: RowsForm): Promise<void> {
    const { db, enrich: parts, rules, pause } = this.#parts;
    this.#form = form;
    const used = await usedInFile(db, this.#path);
    this.#used = { rows: used, tables: new Map() };
    if (form.isExact) return;
    const rows = { from: goodRows(this.#rows()), used };
    this.#masked = await enrich(db, rows, parts, rules, pause);
    this.#used = { rows: used, tables: await usedInTables(db, TEXT_TABLES) };
  }

  /** The stored columns that the events have; the others are NULL. */
  get columns(): readonly EventColumnName[] {
    return eventColumns(this.#eventsForm);
  }

  /** The events of some days, as a relation of their columns. */
  eventsOf(run: DayRun): Sql {
    return eventsOf(this.#rows(run), this.#eventsForm);
  }

  get #eventsForm(): EventsForm {
    const { rules: { site }, options } = this.#parts;
    const isExact = this.#form?.isExact ?? false;
    return { isExact, site, masked: this.#masked, used: this.#used, options };
  }

  /** How many visitors the events of some dates have. */
  async visitorsOf(dates: readonly string[]): Promise<number> {
    if (dates.length === 0) return 0;
    // Grouping spills to disk where it is large; counting distinct values does not.
    const [row] = await this.#parts.db.query(sql`
      select count(*) as visitors from (
        select hash(${visitorKey(this.#parts.options)}) as seen from ${this.#events()}
        where ${IS_EVENT} and ${DAY} in (select unnest(${dates})::date)
        group by seen)`);
    return Number(row?.["visitors"] ?? 0);
  }

  #rows(run?: DayRun): Sql {
    if (this.#form === null) throw new Error("Cannot read the rows of an import: none are there");
    const all = writtenRows(this.#path, this.#form);
    return run === undefined ? all : sql`(select * from ${all}
      where happened_at >= ${literal(run.from)}::timestamp
        and happened_at < ${literal(run.to)}::timestamp + interval 1 day)`;
  }

  /** The rows `r` that become events. */
  #events(run?: DayRun): Sql {
    const rows = sql`${goodRows(this.#rows(run))} as r`;
    if (this.#form?.isExact === true) return rows;
    return sql`(select r.* from ${rows} left join agents using (user_agent)
      where agents.robot is null) as r`;
  }

  async #countRobots(): Promise<number> {
    const [row] = await this.#parts.db.execute(sql`
      select count(*) as robots from ${goodRows(this.#rows())} as r join agents using (user_agent)
      where agents.robot is not null`);
    return Number(row?.["robots"] ?? 0);
  }

  async #countDays(): Promise<StagedDay[]> {
    const { db, options, pause, signal } = this.#parts;
    const counts = await db.execute(sql`
      select ${DAY} as day, strftime(day, '%Y-%m-%d') as date, count(*) as events
      from ${this.#events()} group by day order by day`);
    const plain = counts.map((row) => ({
      date: String(row["date"]),
      events: Number(row["events"]),
    }));
    const days: StagedDay[] = [];
    for (const run of runsOf(plain)) {
      signal.throwIfAborted();
      const rows = await db.query(sql`
        select ${DAY} as day, strftime(day, '%Y-%m-%d') as date,
          count(*) filter (${IS_EVENT}) as events,
          count(*) filter (${IS_EVENT} and coalesce(r.event_name, ${PAGEVIEW}) = ${PAGEVIEW})
            as pageviews,
          count(distinct hash(${visitorKey(options)})) filter (${IS_EVENT}) as visitors
        from ${this.#events(run)}
        group by day order by day`);
      days.push(...rows.map((row) => ({
        date: String(row["date"]),
        events: Number(row["events"]),
        pageviews: Number(row["pageviews"]),
        visitors: Number(row["visitors"]),
      })));
      await pause();
    }
    return days;
  }
}

/** The UTC day of a row `r`. */
const DAY = raw("r.happened_at::date");

/** Rows that are no engagements: those are stored beside the events, and counted as none. */
const IS_EVENT = raw("r.engaged_ms is null");

/** Days in their order, several in one run while they have few events. */
export function runsOf(
  days: readonly { readonly date: string; readonly events: number }[],
): DayRun[] {
  const runs: DayRun[] = [];
  let held = 0;
  for (const { date, events } of days) {
    const last = runs.at(-1);
    if (last && held + events <= RUN_ROWS) {
      runs[runs.length - 1] = { ...last, to: date };
      held += events;
    } else {
      runs.push({ from: date, to: date });
      held = events;
    }
  }
  return runs;
}
