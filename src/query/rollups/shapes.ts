// Which sums are kept of each closed day: of the whole site, and by the dimensions that panels ask
// for without a filter.
import { dimensionOf, type DimensionRef, isDimensionName } from "../dimensions.ts";
import { type AggregateName, AGGREGATES } from "../metrics.ts";
import type { Query } from "../query.ts";

/** One split of a day. */
export interface Shape {
  readonly name: string;
  readonly dimensions: readonly DimensionRef[];
  /** Split by each event's own columns instead of its visit's. */
  readonly ownColumns: boolean;
  /** Whether the sums of steps within visits are kept. */
  readonly steps: boolean;
  /** Whether sums of squares over visits are kept. */
  readonly squares: boolean;
}

const OF_VISITS_AND_EVENTS: readonly (readonly DimensionRef[])[] = [
  ["hostname"],
  ["title"],
  ["name"],
  ["name", "page"],
  ["entry_page"],
  ["exit_page"],
  ["exit_hostname"],
  ["entry_hostname"],
  ["source"],
  ["referrer_source"],
  ["referrer"],
  ["referrer_host"],
  ["channel"],
  ["utm_source"],
  ["utm_medium"],
  ["medium"],
  ["utm_campaign"],
  ["utm_content"],
  ["utm_term"],
  ["country"],
  ["region"],
  ["city"],
  ["language"],
  ["device"],
  ["browser"],
  ["browser_version", "browser"],
  ["os"],
  ["os_version", "os"],
  ["screen"],
  ["screen_width"],
  ["hour"],
  ["hour_of_day"],
  ["day_of_week"],
  ["day_of_week", "hour_of_day"],
];

const OF_OWN_COLUMNS: readonly DimensionRef[] = [
  "referrer_source",
  "browser",
  "os",
  "device",
  "country",
];

/**
 * Splits that hold sums of squares: those that *Why?* asks for. Files that are there already hold
 * none of another split: whoever adds one raises `VERSION` of `rules.ts`.
 */
const WITH_SQUARES: ReadonlySet<string> = new Set([
  "",
  "channel",
  "source",
  "utm_campaign",
  "entry_page",
  "country",
  "city",
  "language",
  "device",
  "browser",
  "os",
]);

/** Every split. */
export const SHAPES: readonly Shape[] = [
  shape([], { steps: true }),
  ...OF_VISITS_AND_EVENTS.map((dimensions) => shape(dimensions)),
  shape(["page"], { steps: true }),
  ...OF_OWN_COLUMNS.map((ref) => shape([ref], { ownColumns: true })),
];

const BY_NAME = new Map(SHAPES.map((one) => [one.name, one]));
/** Buckets that are whole days or made of them. */
const OF_DAYS: ReadonlySet<string> = new Set(["day", "week", "month"]);

function shape(
  dimensions: readonly DimensionRef[],
  { ownColumns = false, steps = false } = {},
): Shape {
  const name = nameOf(dimensions, ownColumns);
  return { name, dimensions, ownColumns, steps, squares: WITH_SQUARES.has(name) };
}

function nameOf(dimensions: readonly DimensionRef[], ownColumns: boolean): string {
  return `${ownColumns ? "own:" : ""}${dimensions.join(",")}`;
}

/** Whether a dimension is a bucket made of whole days. */
export function isOfDays(ref: DimensionRef): ref is "day" | "week" | "month" {
  return OF_DAYS.has(ref);
}

/** The split that holds what a query without a filter asks for, or undefined. */
export function shapeOf(query: Query, aggregates: readonly AggregateName[]): Shape | undefined {
  const refs = query.dimensions.filter((ref) => !isOfDays(ref));
  if (query.dimensions.length - refs.length > 1) return undefined;
  const plain = BY_NAME.get(nameOf(refs, false));
  const own = query.ownColumns ? BY_NAME.get(nameOf(refs, true)) : undefined;
  // A dimension of the event itself is the same with and without its own columns.
  const found = own ?? (query.ownColumns && refs.some(isOfVisit) ? undefined : plain);
  if (!found) return undefined;
  const needsSteps = aggregates.some((name) => "steps" in AGGREGATES[name]);
  return needsSteps && !found.steps ? undefined : found;
}

/** Whether a visit has one value in each dimension, and each event the value of its visit. */
export function isOfOneVisit({ dimensions, ownColumns }: Shape): boolean {
  return !ownColumns && dimensions.every((ref) => dimensionOf(ref).of === "visit");
}

/** Whether its values may differ from page to page of a visit. */
export function isOfPages({ dimensions }: Shape): boolean {
  return dimensions.some((ref) => ref === "page" || ref === "title");
}

const OF_EVENTS: ReadonlySet<string> = new Set([
  ...["page", "title", "hostname", "name", "hour", "day_of_week", "hour_of_day"],
  ...["entry_page", "exit_page", "exit_hostname"],
]);

function isOfVisit(ref: DimensionRef): boolean {
  return isDimensionName(ref) && !OF_EVENTS.has(ref);
}
