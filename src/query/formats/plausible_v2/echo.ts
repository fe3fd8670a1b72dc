// The filters of a request as the Stats API v2 repeats them: a condition on a segment is shown as
// what the segment stands for, in that API's words.
import {
  type Condition,
  type Filter,
  mapConditions,
} from "../../../../dashboard/grammar/filter.js";
import type { Parsed } from "../../../../dashboard/grammar/parsed.js";
import { filterToJson } from "../../../core/filter_json.ts";
import type { SiteRules } from "../../parse.ts";
import { v2Condition } from "./names.ts";

/** The filters of a body that was read without a fault. */
export function echoOfFilters(filters: unknown, rules: Pick<SiteRules, "segments">): unknown {
  if (!Array.isArray(filters)) return [];
  return filters.map((filter: unknown) => shown(filter, rules));
}

function shown(value: unknown, rules: Pick<SiteRules, "segments">): unknown {
  if (!Array.isArray(value)) return value;
  const [op, second, names]: unknown[] = value;
  if (second === "segment" && Array.isArray(names)) {
    return meaningOf(op === "is_not", names.map(String), rules) ?? value;
  }
  // A condition holds no other; and, or, not … hold one or a list of them.
  if (!Array.isArray(second)) return value;
  const isOne = typeof second[0] === "string";
  return [op, isOne ? shown(second, rules) : second.map((one) => shown(one, rules))];
}

/** What a condition on segments stands for; null where that API has no words for it. */
function meaningOf(
  isNot: boolean,
  names: readonly string[],
  { segments }: Pick<SiteRules, "segments">,
): unknown {
  const parts = names.map((name) => {
    const filter = segments.get(name);
    const named = filter && mapConditions(filter, inItsWords);
    return named?.fault === undefined ? named?.value : undefined;
  });
  const all = parts.flatMap((part) => part ?? []);
  const [only] = all;
  if (!only || all.length < names.length) return null;
  const any: Filter = all.length === 1 ? only : { op: "or", of: all };
  return filterToJson(isNot ? { op: "not", of: [any] } : any);
}

function inItsWords(condition: Condition): Parsed<Filter> {
  const named = v2Condition(condition);
  return named ? { value: named } : { fault: `${condition.dimension} has no name there` };
}
