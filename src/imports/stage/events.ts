// What the good rows of an import become as events: columns as they are given, completed by what
// was read from their texts, with ids and times of this program's kind.
import { DAY_US } from "../../core/durations.ts";
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { FIRST_MONDAY } from "../../sites/id_period.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { maskedColumn } from "./enrich.ts";
import { goodRows } from "./rows.ts";

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

/** The events of some rows, as a relation of the stored columns. */
export function eventsOf(
  rows: Sql,
  { isExact, site, masked, options }: {
    /** Whether the rows are stored events as they are. */
    readonly isExact: boolean;
    readonly site: string;
    /** Columns of which texts are masked. */
    readonly masked: ReadonlySet<string>;
    readonly options: EventOptions;
  },
): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) => {
    const { type } = EVENT_COLUMNS[name];
    const value = options.hidden.has(name) && !isExact
      ? raw("null")
      : valueOf(name, isExact, site, options, masked);
    return sql`${value}::${raw(type)} as ${ident(name)}`;
  });
  const from = isExact ? sql`${goodRows(rows)} as r` : enriched(rows);
  return sql`(select ${join(columns)} from ${from})`;
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

function valueOf(
  name: EventColumnName,
  isExact: boolean,
  site: string,
  options: EventOptions,
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
