// Sums of days: what another program knew of a day without single events. A kind says which values
// a row is about, together; a row holds what was counted of them on one local day.

/** What may be counted, by the names of the query's aggregates. */
export const SUM_COLUMNS = [
  "visitors",
  "visits",
  "pageviews",
  "events",
  "bounces",
  "visit_us",
  "visit_pageviews",
  "exits",
  "page_us",
  "page_times",
  "depth_sum",
  "depths",
] as const;

/** Name of a count. */
export type SumColumn = (typeof SUM_COLUMNS)[number];

/**
 * Every kind with the dimensions of its rows, in the order of their keys. `props` has two texts for
 * each row: the key of a property and its value.
 */
export const SUM_KINDS = {
  days: [],
  pages: ["hostname", "page"],
  titles: ["title"],
  entry_pages: ["entry_page"],
  exit_pages: ["exit_page"],
  sources: [
    ...["source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_content"] as const,
    ...["utm_term", "channel"] as const,
  ],
  channels: ["channel"],
  locations: ["country", "region", "city"],
  languages: ["language"],
  devices: ["device"],
  screens: ["screen"],
  browsers: ["browser", "browser_version"],
  systems: ["os", "os_version"],
  events: ["name", "props:url", "props:path"],
  props: ["key", "value"],
} as const satisfies Record<string, readonly string[]>;

/** Name of a kind. */
export type SumKind = keyof typeof SUM_KINDS;

/** Every kind in order. */
export const SUM_KIND_NAMES = Object.keys(SUM_KINDS) as SumKind[];

/** Whether a text is the name of a kind. */
export function isSumKind(name: string): name is SumKind {
  return Object.hasOwn(SUM_KINDS, name);
}

/** One row: its values in the order of its kind's dimensions, null where there is none. */
export interface SumRow {
  readonly date: string;
  readonly kind: SumKind;
  readonly values: readonly (string | null)[];
  readonly counts: Readonly<Record<SumColumn, number | null>>;
}
