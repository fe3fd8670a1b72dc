// A journal row as an event: its JSON and its columns are checked, as the file may have been edited
// or damaged since it was written.
import {
  type Event,
  EVENT_COLUMN_NAMES,
  EVENT_COLUMNS,
  type EventColumn,
  type EventColumnName,
  utcDate,
} from "../../core/event.ts";
import { REVENUE_CENTS_MAX } from "../../core/limits.ts";
import { normalPath } from "../../core/paths/normal_form.ts";
import type { JournalEntry } from "../state/ops/journal_row.ts";

/**
 * An event as the JSON of a row. What is null is left out, as in rows that are older than a column:
 * most events lack half of the columns, and each text is written, sent and read again.
 */
export function journalJson(event: Event): string {
  const given: Record<EventColumnName, Event[EventColumnName] | undefined> = {
    site_id: event.site_id,
    visitor_id: event.visitor_id,
    timestamp: event.timestamp,
    event_name: event.event_name,
    pathname: event.pathname,
    hostname: event.hostname ?? undefined,
    referrer: event.referrer ?? undefined,
    referrer_source: event.referrer_source ?? undefined,
    utm_source: event.utm_source ?? undefined,
    utm_medium: event.utm_medium ?? undefined,
    utm_campaign: event.utm_campaign ?? undefined,
    utm_content: event.utm_content ?? undefined,
    utm_term: event.utm_term ?? undefined,
    browser: event.browser ?? undefined,
    browser_version: event.browser_version ?? undefined,
    os: event.os ?? undefined,
    os_version: event.os_version ?? undefined,
    device_type: event.device_type ?? undefined,
    screen_size: event.screen_size ?? undefined,
    country_code: event.country_code ?? undefined,
    region: event.region ?? undefined,
    city: event.city ?? undefined,
    props: event.props ?? undefined,
    revenue_amount: event.revenue_amount ?? undefined,
    revenue_currency: event.revenue_currency ?? undefined,
    click_id: event.click_id ?? undefined,
    source_tag: event.source_tag ?? undefined,
    interactive: event.interactive ?? undefined,
    title: event.title ?? undefined,
    language: event.language ?? undefined,
    engaged_ms: event.engaged_ms ?? undefined,
    scroll_depth: event.scroll_depth ?? undefined,
    lcp_ms: event.lcp_ms ?? undefined,
    inp_ms: event.inp_ms ?? undefined,
    cls_ten_thousandths: event.cls_ten_thousandths ?? undefined,
    fcp_ms: event.fcp_ms ?? undefined,
    ttfb_ms: event.ttfb_ms ?? undefined,
  };
  return JSON.stringify(given);
}

/** An event that was read back from a row. */
export interface JournaledEvent {
  readonly event: Event;
  /** The event as JSON. */
  readonly json: string;
}

/** The event of a row, with its JSON; null when it holds none. */
export function readJournaledRow(row: JournalEntry): JournaledEvent | null {
  const read = parse(row.event);
  if (!isOfRow(read, row)) return null;
  // A row of an older program, or of the original's database, has paths as they came.
  const event = { ...read, pathname: normalPath(read.pathname) };
  // Written again, for DuckDB reads some spellings otherwise: a name that is there twice.
  return { event, json: journalJson(event) };
}

/** The event of a row; null when the row holds none, or one of another partition. */
export function readJournaledEvent(row: JournalEntry): Event | null {
  return readJournaledRow(row)?.event ?? null;
}

function isOfRow(value: unknown, row: JournalEntry): value is Event {
  return isEvent(value) && value.site_id === row.site_id && utcDate(value.timestamp) === row.date;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Columns that are newer than a row are missing in it. */
function isEvent(value: unknown): value is Event {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return EVENT_COLUMN_NAMES.every((name) => fits(EVENT_COLUMNS[name], fields[name]));
}

/** The largest INTEGER of DuckDB. */
const INTEGER_MAX = 2 ** 31 - 1;

/** Times are microseconds and amounts are hundredths: whole numbers. */
function fits({ type, required }: EventColumn, value: unknown): boolean {
  if (value === null || value === undefined) return !required;
  if (type === "VARCHAR") return typeof value === "string";
  if (type === "BOOLEAN") return typeof value === "boolean";
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return false;
  if (type === "INTEGER") return value >= 0 && value <= INTEGER_MAX;
  return type === "TIMESTAMP" || Math.abs(value) <= REVENUE_CENTS_MAX;
}
