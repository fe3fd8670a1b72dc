// From the rows of an importer to events: written once as they are, judged and counted, enriched,
// then written again in runs of days, each small enough to be read for every day of it.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { IMPORT_BAD_ROWS_MIN, IMPORT_BAD_ROWS_SHARE_MAX } from "../../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { ROW_GROUP_EVENTS } from "../../storage/parquet/partition_file.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";
import { ImportFault, type Source, SOURCE_TYPES, type SourceColumn } from "../importer.ts";
import { enrich, type EnrichParts, maskedColumn, type SiteRules } from "./enrich.ts";

/** How the events of an import are made. */
export interface StageOptions {
  /** Key of the visitors' ids. */
  readonly salt: string;
  /** For how many UTC days an id made from an address lasts. */
  readonly idDays: number;
  readonly nowMs: number;
  readonly roundToHour: boolean;
  readonly withoutVisitors: boolean;
  readonly hidden: ReadonlySet<EventColumnName>;
  /** Gives others their turn. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** A row that cannot be an event. */
export interface RejectedRow {
  readonly line: number;
  readonly reason: string;
}

/** What was found in the rows. */
export interface Staged {
  readonly rows: number;
  readonly rejected: number;
  /** The first of them. */
  readonly rejects: readonly RejectedRow[];
  /** Rows that were set apart, by reason. */
  readonly apart: Readonly<Record<string, number>>;
}

/** A run of days: its file below the folder of the import, and its UTC dates, both included. */
export interface DayRun {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const REJECTS_KEPT_MAX = 10_000;
/** Rows of a run of several days. Sorting all of them would take more memory than a server has. */
const RUN_ROWS = 60_000;
const FIRST_DAY = "1995-01-01";
const AHEAD_MS = 24 * 60 * 60 * 1000;

/** The rows as they are, below the folder of an import. */
const RAW_FILE = "rows.parquet";

/** Writes the events of a source into the folder, as the files of `runs`. */
export async function stage(
  db: Db,
  folder: string,
  source: Source,
  parts: EnrichParts,
  rules: SiteRules,
  options: StageOptions,
): Promise<Staged & { readonly runs: readonly DayRun[] }> {
  const rawPath = `${folder}/${RAW_FILE}`;
  await db.execute(writeRows(source, rawPath, options.nowMs));
  const rows = sql`read_parquet(${literal(literalPath(rawPath))})`;
  const found = await judge(db, rows);
  const masked = source.isExact
    ? new Set<string>()
    : await enrich(db, goodRows(rows), parts, rules, options.pause);
  const robots = source.isExact ? 0 : await countRobots(db, rows);
  const runs = await runsOf(db, goodRows(rows));
  for (const { file, from, to } of runs) {
    options.signal.throwIfAborted();
    const some = sql`(select * from ${rows} where happened_at >= ${literal(from)}::timestamp
      and happened_at < ${literal(to)}::timestamp + interval 1 day)`;
    await db.execute(sql`copy (
        select ${eventColumns(source, rules.site, options, masked)}
        from ${source.isExact ? sql`${goodRows(some)} as r` : enriched(some)}
      ) to ${literal(`${folder}/${file}`)} (
        format parquet, compression zstd, row_group_size ${raw(String(ROW_GROUP_EVENTS))})`);
    await options.pause();
  }
  const apart = robots > 0
    ? { ...found.apart, robot: (found.apart["robot"] ?? 0) + robots }
    : found.apart;
  return { ...found, apart, runs };
}

/** Days in their order, several in one run while they have few rows. */
async function runsOf(db: Db, rows: Sql): Promise<DayRun[]> {
  const days = await db.execute(sql`
    select strftime(happened_at, '%Y-%m-%d') as date, count(*) as rows from ${rows}
    group by date order by date`);
  const runs: DayRun[] = [];
  let held = 0;
  for (const day of days) {
    const [date, count] = [String(day["date"]), Number(day["rows"])];
    const last = runs.at(-1);
    if (last && held + count <= RUN_ROWS) {
      runs[runs.length - 1] = { ...last, to: date };
      held += count;
    } else {
      runs.push({ file: `run-${runs.length}.events`, from: date, to: date });
      held = count;
    }
  }
  return runs;
}

/** The rows as they are, numbered, each with what is wrong with it. */
function writeRows({ from, values }: Source, path: string, nowMs: number): Sql {
  const value = (name: SourceColumn, type: string) =>
    sql`${values[name] ?? raw("null")}::${raw(type)} as ${ident(name)}`;
  const last = new Date(nowMs + AHEAD_MS).toISOString();
  return sql`copy (
    select * replace (coalesce(fault,
      case when happened_at is null then 'its time cannot be read'
        when happened_at < ${literal(FIRST_DAY)}::timestamp then 'its time is before 1995'
        when happened_at > ${
    literal(last)
  }::timestamp then 'its time is in the future' end) as fault)
    from (select row_number() over () as line,
        ${join(SOURCE_TYPES.map(([name, type]) => value(name, type)))}
      from ${from} as row)
  ) to ${literal(path)} (format parquet, compression zstd, row_group_size 61440)`;
}

function goodRows(rows: Sql): Sql {
  return sql`(select * from ${rows} where fault is null and apart is null)`;
}

/** Counts rows that are no events. Throws an ImportFault where they are too many. */
async function judge(db: Db, rows: Sql): Promise<Staged> {
  const unread = await db.execute(sql`
    select line::bigint as line, error_message as reason from reject_errors order by line`)
    .catch(() => []);
  const [count] = await db.execute(sql`
    select count(*) as rows, count(fault) as faults from ${rows}`);
  const faults = await db.execute(sql`
    select line, fault as reason from ${rows} where fault is not null
    order by line limit ${raw(String(REJECTS_KEPT_MAX))}`);
  const apart = await db.execute(sql`
    select apart, count(*) as rows from ${rows} where fault is null and apart is not null
    group by apart order by apart`);
  const lines = unread.map((row) => Number(row["line"]));
  const rejects = [
    ...unread.map((row) => ({ line: Number(row["line"]), reason: firstLineOf(row["reason"]) })),
    ...faults.map((row) => ({
      line: lineIn(Number(row["line"]), lines),
      reason: String(row["reason"]),
    })),
  ].sort((a, b) => a.line - b.line).slice(0, REJECTS_KEPT_MAX);
  const total = Number(count?.["rows"] ?? 0) + unread.length;
  const rejected = Number(count?.["faults"] ?? 0) + unread.length;
  checkBadRows(total, rejected, rejects);
  const byReason = apart.map((row) => [String(row["apart"]), Number(row["rows"])]);
  return { rows: total, rejected, rejects, apart: Object.fromEntries(byReason) };
}

/** Throws where rows that cannot be read are more than a few. */
export function checkBadRows(
  total: number,
  rejected: number,
  rejects: readonly RejectedRow[],
): void {
  if (rejected > Math.max(IMPORT_BAD_ROWS_MIN, total * IMPORT_BAD_ROWS_SHARE_MAX)) {
    throw new TooManyBadRows(total, rejected, rejects);
  }
}

/** Rows that cannot be read are more than a few. */
export class TooManyBadRows extends ImportFault {
  readonly rejects: readonly RejectedRow[];

  constructor(rows: number, rejected: number, rejects: readonly RejectedRow[]) {
    const [first] = rejects;
    super(
      `Cannot import: ${rejected} of ${rows} rows cannot be read, the first in line ${
        first?.line ?? 0
      }: ${first?.reason ?? ""}`,
    );
    this.rejects = rejects;
  }
}

/** The line of the n-th row that was read: after the header, and lines that were not. */
export function lineIn(row: number, unread: readonly number[]): number {
  let line = row + 1;
  for (const one of unread) if (one <= line) line++;
  return line;
}

/** DuckDB repeats the line itself, which may hold addresses. */
export function firstLineOf(reason: unknown): string {
  return String(reason).split("\n", 1)[0]?.replace(/\s*Original Line.*$/i, "").slice(0, 200) ?? "";
}

async function countRobots(db: Db, rows: Sql): Promise<number> {
  const [row] = await db.execute(sql`
    select count(*) as robots from ${goodRows(rows)} as r join agents using (user_agent)
    where agents.robot is not null`);
  return Number(row?.["robots"] ?? 0);
}

/** The good rows with what was read from their texts. */
function enriched(rows: Sql): Sql {
  return sql`${goodRows(rows)} as r
    left join pages as p on p.url = r.url
    left join sources as s
      on s.referred_by = r.referred_by and s.hostname is not distinct from r.hostname
    left join agents as a on a.user_agent = r.user_agent
    left join places as g on g.address = r.address
    where a.robot is null`;
}

/** Which table says what a row does not. */
const READ_FROM: Readonly<Partial<Record<EventColumnName, string>>> = {
  pathname: "p",
  hostname: "p",
  utm_source: "p",
  utm_medium: "p",
  utm_campaign: "p",
  utm_content: "p",
  utm_term: "p",
  click_id: "p",
  source_tag: "p",
  referrer: "s",
  referrer_source: "s",
  browser: "a",
  browser_version: "a",
  os: "a",
  os_version: "a",
  device_type: "a",
  country_code: "g",
  region: "g",
  city: "g",
};

function eventColumns(
  source: Source,
  site: string,
  options: StageOptions,
  masked: ReadonlySet<string>,
): Sql {
  return join(EVENT_COLUMN_NAMES.map((name) => {
    const { type } = EVENT_COLUMNS[name];
    const value = options.hidden.has(name) && !source.isExact
      ? raw("null")
      : valueOf(name, source, site, options, masked);
    return sql`${value}::${raw(type)} as ${ident(name)}`;
  }));
}

function valueOf(
  name: EventColumnName,
  { isExact = false }: Source,
  site: string,
  options: StageOptions,
  masked: ReadonlySet<string>,
): Sql {
  switch (name) {
    case "site_id":
      return literal(site);
    case "visitor_id":
      return visitorId(options);
    case "timestamp":
      return isExact ? raw("r.happened_at") : timeOf(options);
    default:
      return isExact ? sql`r.${ident(name)}` : readValue(name, masked);
  }
}

function readValue(name: EventColumnName, masked: ReadonlySet<string>): Sql {
  const from = READ_FROM[name];
  const given = maskedColumn(name, masked);
  if (name === "event_name") return sql`coalesce(${given}, 'pageview')`;
  if (name === "device_type") {
    return sql`coalesce(r.device_type, a.device_type, case
      when try_cast(r.screen_size as integer) is null then null
      when try_cast(r.screen_size as integer) < 768 then 'mobile'
      when try_cast(r.screen_size as integer) < 1024 then 'tablet' else 'desktop' end)`;
  }
  const read = from === undefined ? given : sql`coalesce(${given}, ${raw(from)}.${ident(name)})`;
  return name === "pathname" ? sql`coalesce(${read}, '/')` : read;
}

/** Events of one second keep their order: the line makes the digits that the file lacks. */
function timeOf({ roundToHour }: StageOptions): Sql {
  const at = roundToHour ? raw("date_trunc('hour', r.happened_at)") : raw("r.happened_at");
  return sql`make_timestamp(epoch_us(${at}) + case
    when epoch_us(${at}) % 1000000 = 0 then r.line % 1000000
    when epoch_us(${at}) % 1000 = 0 then r.line % 1000 else 0 end)`;
}

/** A keyed hash; an id made from an address lasts as long as those of new events. */
function visitorId({ salt, idDays, withoutVisitors }: StageOptions): Sql {
  const day = raw("(epoch_us(r.happened_at) // 86400000000)");
  const period = idDays === 1 ? day : sql`((${day} - 4) // ${raw(String(idDays))})`;
  const own = raw("concat('row ', r.line)");
  const key = withoutVisitors ? own : sql`case
    when r.visitor is not null then concat('visitor ', r.visitor)
    when r.address is not null
      then concat('address ', r.address, ' ', coalesce(r.user_agent, ''), ' ', ${period})
    else ${own} end`;
  return sql`sha256(concat(${literal(salt)}, ' ', ${key}))`;
}
