// What the good rows of an import become as events: columns as they are given, completed by what
// was read from their texts, with ids and times of this program's kind.
import { DAY_US } from "../../core/durations.ts";
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { FIRST_MONDAY } from "../../sites/id_period.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { maskedColumn, TEXT_TABLES } from "./enrich.ts";
import { goodRows } from "./rows.ts";
import type { UsedColumns } from "./used.ts";

/** How the events of an import are made. */
export interface EventOptions {
  /** Key of the visitors' ids. */
  readonly salt: string;
  /** For how many UTC days an id made from an address lasts. */
  readonly idDays: number;
  readonly roundToHour: boolean;
  readonly withoutVisitors: boolean;
  readonly hidden: ReadonlySet<EventColumnName>;
}

/** What the rows of an import are like. */
export interface EventsForm {
  /** Whether the rows are stored events as they are. */
  readonly isExact: boolean;
  readonly site: string;
  /** Columns of which texts are masked. */
  readonly masked: ReadonlySet<string>;
  readonly used: UsedColumns;
  readonly options: EventOptions;
}

/** The events of some rows, as a relation of the stored columns that have a value. */
export function eventsOf(rows: Sql, form: EventsForm): Sql {
  const columns = eventColumns(form).map((name) =>
    sql`${valueOf(name, form)}::${raw(EVENT_COLUMNS[name].type)} as ${ident(name)}`
  );
  const from = form.isExact ? sql`${goodRows(rows)} as r` : enriched(rows, form.used);
  return sql`(select ${join(columns)} from ${from})`;
}

/** The stored columns that have a value in any event; the others are NULL. */
export function eventColumns({ isExact, used, options }: Omit<EventsForm, "site">) {
  return EVENT_COLUMN_NAMES.filter((name) => {
    if (EVENT_COLUMNS[name].required) return true;
    if (isExact) return used.rows.has(name);
    if (options.hidden.has(name)) return false;
    return used.rows.has(name) || isRead(name, used) ||
      name === "device_type" && used.rows.has("screen_size");
  });
}

/** The good rows with what was read from their texts. */
function enriched(rows: Sql, { tables }: UsedColumns): Sql {
  const joins = JOINS.filter(([table]) => tables.has(table)).map(([_, text]) => raw(text));
  const notRobots = tables.has("agents") ? raw("where agents.robot is null") : raw("");
  return sql`${goodRows(rows)} as r ${join(joins, " ")} ${notRobots}`;
}

const JOINS = [
  ["pages", "left join pages on pages.url = r.url"],
  [
    "sources",
    "left join sources on sources.referred_by = r.referred_by " +
    "and sources.hostname is not distinct from r.hostname",
  ],
  ["agents", "left join agents on agents.user_agent = r.user_agent"],
  ["places", "left join places on places.address = r.address"],
] as const;

/** Which table says what a row does not. */
const READ_FROM: Readonly<Partial<Record<EventColumnName, string>>> = Object.fromEntries(
  Object.entries(TEXT_TABLES).flatMap(([table, columns]) => columns.map((name) => [name, table])),
);

function isRead(name: EventColumnName, { tables }: UsedColumns): boolean {
  return tables.get(READ_FROM[name] ?? "")?.has(name) ?? false;
}

function valueOf(name: EventColumnName, form: EventsForm): Sql {
  switch (name) {
    case "site_id":
      return literal(form.site);
    case "visitor_id":
      return visitorId(form.options);
    case "timestamp":
      return form.isExact ? raw("r.happened_at") : timeOf(form.options);
    default:
      return form.isExact ? sql`r.${ident(name)}` : readValue(name, form);
  }
}

function readValue(name: EventColumnName, { masked, used }: EventsForm): Sql {
  const given = maskedColumn(name, masked);
  if (name === "event_name") return sql`coalesce(${given}, 'pageview')`;
  const read = isRead(name, used) ? sql`${raw(READ_FROM[name] ?? "")}.${ident(name)}` : raw("null");
  if (name === "device_type") {
    return sql`coalesce(r.device_type, ${read}, case
      when try_cast(r.screen_size as integer) is null then null
      when try_cast(r.screen_size as integer) < 768 then 'mobile'
      when try_cast(r.screen_size as integer) < 1024 then 'tablet' else 'desktop' end)`;
  }
  if (name === "pathname") return sql`coalesce(${given}, ${read}, '/')`;
  return sql`coalesce(${given}, ${read})`;
}

/** Events of one second keep their order: the line makes the digits that the file lacks. */
function timeOf({ roundToHour }: EventOptions): Sql {
  const at = roundToHour ? raw("date_trunc('hour', r.happened_at)") : raw("r.happened_at");
  return sql`make_timestamp(epoch_us(${at}) + case
    when epoch_us(${at}) % 1000000 = 0 then r.line % 1000000
    when epoch_us(${at}) % 1000 = 0 then r.line % 1000 else 0 end)`;
}

/** A keyed hash; an id made from an address lasts as long as those of new events. */
function visitorId(options: EventOptions): Sql {
  return sql`sha256(concat(${literal(options.salt)}, ' ', ${visitorKey(options)}))`;
}

/** What visitors of rows `r` are told apart by. */
export function visitorKey(
  { idDays, withoutVisitors }: Pick<EventOptions, "idDays" | "withoutVisitors">,
): Sql {
  const day = raw(`(epoch_us(r.happened_at) // ${DAY_US})`);
  const period = idDays === 1 ? day : raw(`((${day.text} - ${FIRST_MONDAY}) // ${idDays})`);
  const own = raw("concat('row ', r.line)");
  return withoutVisitors ? own : sql`case
    when r.visitor is not null then concat('visitor ', r.visitor)
    when r.address is not null
      then concat('address ', r.address, ' ', coalesce(r.user_agent, ''), ' ', ${period})
    else ${own} end`;
}
