// The value of what a parser returned, where a test knows that it can be read.
import assert from "node:assert/strict";
import { type Filter, parseFilter } from "../../dashboard/grammar/filter.js";
import type { Parsed } from "../../dashboard/grammar/parsed.js";
import { checkFilter, type SiteRules, STANDARD_SETTINGS } from "../../src/query/parse.ts";
import type { CheckedFilter } from "../../src/query/query.ts";

/** The value; a fault fails the test. */
export function valueOf<T>({ value, fault }: Parsed<T>): T {
  if (fault !== undefined) assert.fail(fault);
  return value as T;
}

/** A filter from its URL form. */
export function filterOf(text: string): Filter {
  const filter = valueOf(parseFilter(text));
  assert.ok(filter, text);
  return filter;
}

/** A checked filter from its URL form; null for an empty text. */
export function checkedFilterOf(
  text: string,
  rules: Pick<SiteRules, "segments"> = STANDARD_SETTINGS,
): CheckedFilter | null {
  const filter = valueOf(parseFilter(text));
  return filter && valueOf(checkFilter(filter, rules));
}
