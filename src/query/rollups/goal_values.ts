// Goals that are one value of a split of closed days: the name of an event, or that and a page, as
// pageviews of one. Pure.
import { isCondition } from "../../../dashboard/grammar/filter.js";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import type { Query } from "../query.ts";

/** A goal that is one value of a split. */
export interface ValueOfGoal {
  readonly goal: string;
  readonly refs: readonly DimensionRef[];
  readonly values: readonly string[];
}

/** The values that goals are: a name of an event, or a page too; null where one is more. */
export function valuesOfGoals(goals: Query["goals"]): ValueOfGoal[] | null {
  const found = goals.flatMap(({ name: goal, filter }) => {
    const parts = !isCondition(filter) && filter.op === "and" ? filter.of : [filter];
    const pairs = parts.flatMap((part) => {
      if (!isCondition(part) || part.op !== "is" || part.caseSensitive === false) return [];
      const [value, ...others] = part.values;
      const isText = value !== undefined && value !== dimensionOf(part.dimension).missing;
      return isText && others.length === 0 ? [{ ref: part.dimension, value }] : [];
    });
    const refs = pairs.map(({ ref }) => ref);
    const isHeld = refs.length === parts.length && /^name(,page)?$/.test(refs.join());
    return isHeld ? [{ goal, refs, values: pairs.map(({ value }) => value) }] : [];
  });
  return found.length === goals.length && found.length > 0 ? found : null;
}
