// Which sums of imported days answer a query: those of a kind that holds every dimension the query
// splits by or filters on, together. Pure.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { SUM_KIND_NAMES, SUM_KINDS, type SumKind } from "../../storage/history/sum_kinds.ts";
import { goalsMeant } from "../budget/filter_size.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import type { CheckedFilter, Query } from "../query.ts";
import type { LeftOutReason } from "./told.ts";

/** How the rows of a kind answer a query. */
export interface Fit {
  readonly kind: SumKind;
  /** The place of each dimension among the values of a row; null of one of time. */
  readonly keys: readonly (number | null)[];
  /** The places that the filter reads. */
  readonly filtered: readonly number[];
  /** The place of a dimension that the filter names; a text where all rows have the same value. */
  readonly valueOf: (ref: DimensionRef) => number | string;
  /** Value that rows must have at a place. */
  readonly only: { readonly at: number; readonly value: string } | null;
}

/** Dimensions that rows of days can be split by. */
const OF_DAYS: ReadonlySet<string> = new Set(["day", "week", "month", "day_of_week"]);
const PROPS = "props:";
/** What sums know of a dimension, by the dimension that has it. */
const AS_SUMMED: Readonly<Record<string, DimensionRef>> = {
  // The source of a visit is all that they know of its referrer's name.
  referrer_source: "source",
  // Programs that tell click ids apart write them where the medium is.
  medium: "utm_medium",
};

/** The kinds that answer a query, the best first, or why none does. */
export function fitsOf(query: Query): readonly Fit[] | LeftOutReason {
  const times = query.dimensions.filter((ref) => dimensionOf(ref).of === "time");
  if (times.some((ref) => !OF_DAYS.has(ref))) return "time";
  const named = filterRefs(query.filter, query);
  if (named === null) return "filter";
  if (named.some((ref) => dimensionOf(ref).of === "time")) return "time";
  const split = query.dimensions.filter((ref) => dimensionOf(ref).of !== "time");
  const fits = SUM_KIND_NAMES.flatMap((kind) => fitOf(kind, query.dimensions, split, named) ?? []);
  if (fits.length > 0) return fits;
  return named.length > 0 ? "filter" : "dimension";
}

function fitOf(
  kind: SumKind,
  dimensions: readonly DimensionRef[],
  split: readonly DimensionRef[],
  named: readonly DimensionRef[],
): Fit | null {
  const refs = [...new Set([...split, ...named])];
  if (kind === "days" ? refs.length > 0 : refs.length === 0) return null;
  const property = refs.find((ref) => ref.startsWith(PROPS));
  const places = new Map(refs.map((ref) => [ref, placeIn(kind, ref, property)]));
  if (split.some((ref) => typeof places.get(ref) !== "number")) return null;
  if (named.some((ref) => places.get(ref) === null)) return null;
  const own = refs.filter((ref) => typeof places.get(ref) === "number");
  if (kind !== "days" && own.length === 0) return null;
  const valueOf = (ref: DimensionRef) => places.get(ref) ?? "";
  const filtered = named.map(valueOf).filter((place) => typeof place === "number");
  const key = kind === "props" ? property?.slice(PROPS.length) : undefined;
  return {
    kind,
    keys: dimensions.map((ref) => {
      const place = places.get(ref);
      return typeof place === "number" ? place : null;
    }),
    filtered: [...new Set(filtered)],
    valueOf,
    only: key === undefined ? null : { at: 0, value: key },
  };
}

/** The place of a dimension among the values of a kind, or the value that all of its rows have. */
function placeIn(
  kind: SumKind,
  ref: DimensionRef,
  property: string | undefined,
): number | string | null {
  if (kind === "props") return ref === property ? 1 : null;
  const name = Object.hasOwn(AS_SUMMED, ref) ? AS_SUMMED[ref] ?? ref : ref;
  const place = (SUM_KINDS[kind] as readonly string[]).indexOf(name);
  if (place >= 0) return place;
  return ref === "name" && (kind === "pages" || kind === "titles") ? "pageview" : null;
}

/** Every dimension that a filter mentions, with those of its goals; null where visits are asked. */
function filterRefs(filter: CheckedFilter | null, query: Query): DimensionRef[] | null {
  if (filter === null) return [];
  if (asksVisits(filter)) return null;
  const refs = conditionsOf(filter).map((condition) => {
    if (condition.dimension !== "goal") return [condition.dimension];
    const ofGoals = goalsMeant(condition, query.goals).map((goal) =>
      filterRefs(goal.filter, query)
    );
    return ofGoals.some((one) => one === null) ? null : ofGoals.flatMap((one) => one ?? []);
  });
  return refs.some((one) => one === null) ? null : refs.flatMap((one) => one ?? []);
}

function asksVisits(filter: CheckedFilter): boolean {
  if (isCondition(filter)) return false;
  return filter.op === "has_done" || filter.op === "has_not_done" || filter.of.some(asksVisits);
}
