// From the rows of an importer to events: written once as they are, judged, counted by day, and
// read as the events that they become, some days at a time.
import { type EventColumnName, PAGEVIEW } from "../../core/event.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { literal } from "../../storage/parquet/schema.ts";
import type { Files } from "../../core/types.ts";
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
  requireOneWebsite,
  type RowsForm,
  sortRows,
  type Staged,
  writeRows,
  writtenRows,
} from "./rows.ts";
import { RowsFiles, type RowsSpan } from "./files.ts";
import { type UsedColumns, usedInFiles, usedInTables } from "./used.ts";

/** What staging works with. */
export interface StageParts {
  readonly db: Db;
  readonly files: Files;
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

/** Rows are sorted where all runs of days together would read so many times as many. */
const READ_TIMES_MAX = 4;

/** The folder of rows as they are, below that of an import. */
export const ROWS_FOLDER = "rows";
const NOTHING: ReadonlySet<string> = new Set();

/** The rows of an import on their way to events. */
export class Staging {
  readonly #parts: StageParts;
  readonly #path: string;
  /** Null until rows were read. */
  #written: { readonly form: RowsForm; readonly files: RowsFiles } | null = null;
  #masked = NOTHING;
  #used: UsedColumns = { rows: NOTHING, tables: new Map() };

  /** Nothing is read yet. */
  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#path = `${parts.folder}/${ROWS_FOLDER}`;
  }

  /** Writes the rows of a source and counts them. Throws an ImportFault where many are bad. */
  async read(
    source: Source,
    nowMs: number,
  ): Promise<Staged & { readonly days: StagedDay[]; readonly form: RowsForm }> {
    const { db } = this.#parts;
    await this.#leaveNone(this.#path, () => writeRows(db, source, this.#path, nowMs));
    const form = formOf(source);
    const files = await RowsFiles.of(db, this.#path);
    const rows = writtenRows(files.relation(), form);
    if (source.values.website) await requireOneWebsite(db, rows, source.rowsName ?? "rows");
    const found = await judge(db, rows, source);
    await this.#sortWhereMixed(rows, files);
    await this.resume(form);
    const robots = form.isExact ? 0 : await this.#countRobots();
    const apart = robots > 0
      ? { ...found.apart, robot: (found.apart["robot"] ?? 0) + robots }
      : found.apart;
    return { ...found, apart, days: await this.#countDays(), form };
  }

  /** Sorts rows of which every run of days would be looked for in most of the files. */
  async #sortWhereMixed(rows: Sql, written: RowsFiles): Promise<void> {
    const { db, files } = this.#parts;
    const days = await datesIn(db, sql`${goodRows(rows)} as r`);
    const all = days.reduce((sum, { events }) => sum + events, 0);
    const read = runsOf(days).reduce((sum, dates) => sum + written.rowsOf({ dates }), 0);
    if (read <= all * READ_TIMES_MAX) return;
    const sorted = `${this.#path}-sorted`;
    await this.#leaveNone(sorted, () => sortRows(db, rows, sorted));
    await files.removeTree(this.#path);
    await files.rename(sorted, this.#path);
  }

  /** Removes the files that a failure leaves: on a full disk nobody else could write. */
  async #leaveNone(folder: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      await this.#parts.files.removeTree(folder).catch(() => {});
      throw error;
    }
  }

  /** Goes on with rows that were written before. */
  async resume(form: RowsForm): Promise<void> {
    const { db, enrich: parts, rules, pause } = this.#parts;
    this.#written = { form, files: await RowsFiles.of(db, this.#path) };
    const used = await usedInFiles(db, this.#path);
    this.#used = { rows: used, tables: new Map() };
    if (form.isExact) return;
    const from = (lines: RowsSpan["lines"]) => goodRows(this.#rows(lines ? { lines } : {}));
    this.#masked = await enrich(db, { from, used }, parts, rules, pause);
    this.#used = { rows: used, tables: await usedInTables(db, TEXT_TABLES) };
  }

  /** The stored columns that the events have; the others are NULL. */
  get columns(): readonly EventColumnName[] {
    return eventColumns(this.#eventsForm);
  }

  /** The events of some days, as a relation of their columns. */
  eventsOf(run: DayRun): Sql {
    return eventsOf(this.#rowsOf(run), this.#eventsForm);
  }

  get #eventsForm(): EventsForm {
    const { rules: { site }, options } = this.#parts;
    const isExact = this.#written?.form.isExact ?? false;
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

  /** The rows in the files that may hold those of a span. */
  #rows(span: RowsSpan = {}): Sql {
    if (this.#written === null) {
      throw new Error("Cannot read the rows of an import: none are there");
    }
    const { form, files } = this.#written;
    return writtenRows(files.relation(span), form);
  }

  #rowsOf(run: DayRun): Sql {
    return sql`(select * from ${this.#rows({ dates: run })}
      where happened_at >= ${literal(run.from)}::timestamp
        and happened_at < ${literal(run.to)}::timestamp + interval 1 day)`;
  }

  /** The rows `r` that become events. */
  #events(run?: DayRun): Sql {
    const rows = sql`${goodRows(run ? this.#rowsOf(run) : this.#rows())} as r`;
    if (this.#written?.form.isExact === true) return rows;
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
    const plain = await datesIn(db, this.#events());
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

/** The UTC dates of rows `r`, and how many each has. */
async function datesIn(db: Db, rows: Sql): Promise<{ date: string; events: number }[]> {
  const counts = await db.execute(sql`
    select ${DAY} as day, strftime(day, '%Y-%m-%d') as date, count(*) as events
    from ${rows} group by day order by day`);
  return counts.map((row) => ({ date: String(row["date"]), events: Number(row["events"]) }));
}

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
