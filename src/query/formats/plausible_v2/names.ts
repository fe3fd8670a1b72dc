// Names and values of the Stats API v2 of Plausible, and what they are here. One table of
// dimensions, one of metrics; nothing else knows that API's words.
import type { Condition, Filter } from "../../../../dashboard/grammar/filter.js";
import { type DimensionRef, isDimensionName } from "../../dimensions.ts";
import { dimensionRef } from "../../parse.ts";
import { isMetricName, type MetricName, metricOf } from "../../metrics.ts";
import type { Money, Value } from "../../answer.ts";

/** A dimension of that API. */
export interface V2Dimension {
  readonly ref: DimensionRef;
  /** A value as that API shows it. */
  readonly show: (value: string) => string;
  /** The values that are shown by other names, which rows are ordered by. */
  readonly names?: () => ReadonlyMap<string, string>;
  /** A condition with that API's values as one with ours. */
  readonly read: (condition: Condition) => Filter;
}

const NOT_SET = "(not set)";

function same(ref: DimensionRef): V2Dimension {
  return { ref, show: (value) => value, read: (condition) => ({ ...condition, dimension: ref }) };
}

/** Values that differ by name only: ours to theirs. Text searches are made over ours. */
function renamed(ref: DimensionRef, names: Readonly<Record<string, string>>): V2Dimension {
  const back = new Map(Object.entries(names).map(([own, theirs]) => [theirs, own]));
  return {
    ref,
    show: (value) => names[value] ?? value,
    names: () => new Map(Object.entries(names)),
    read: (condition) => ({
      ...condition,
      dimension: ref,
      values: condition.values.map((value) => back.get(value) ?? value),
    }),
  };
}

/**
 * Values from a list of names: a condition is met by the names and by those of `also`, and by a
 * value itself where it has none and is shown as it is.
 */
function listed(
  ref: DimensionRef,
  names: () => ReadonlyMap<string, string>,
  also: readonly (readonly [value: string, name: string])[] = [],
): V2Dimension {
  return {
    ref,
    show: (value) => names().get(value) ?? value,
    names,
    read: (condition) => {
      const op = condition.op.replace(/_not$/, "");
      const own = { ...condition, op, dimension: ref };
      if (!["is", "contains", "starts_with", "matches"].includes(op)) {
        return { ...condition, dimension: ref };
      }
      const all = [...names(), ...also];
      const met = all.filter(([, name]) => holds(own, name)).map(([value]) => value);
      const hidden = all.filter(([value]) => holds(own, value)).map(([value]) => value);
      const nameless: Filter = hidden.length === 0
        ? own
        : { op: "and", of: [own, { op: "is_not", dimension: ref, values: hidden }] };
      const named: Condition = { op: "is", dimension: ref, values: met };
      const found: Filter = met.length === 0 ? nameless : { op: "or", of: [named, nameless] };
      return condition.op === op ? found : { op: "not", of: [found] };
    },
  };
}

function holds({ op, values, caseSensitive = true }: Condition, name: string): boolean {
  const fold = (text: string) => caseSensitive ? text : text.toLowerCase();
  return values.some((value) => {
    if (op === "is") return fold(name) === fold(value);
    if (op === "contains") return fold(name).includes(fold(value));
    if (op === "starts_with") return fold(name).startsWith(fold(value));
    return matches(value, name, caseSensitive);
  });
}

function matches(pattern: string, name: string, caseSensitive: boolean): boolean {
  try {
    return new RegExp(pattern, caseSensitive ? "u" : "iu").test(name);
  } catch {
    return false;
  }
}

/** What `make` makes, made when it is first needed. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

function countryNames(): ReadonlyMap<string, string> {
  const display = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const names = new Map([[NOT_SET, ""]]);
  for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
    // An obsolete code (DD) is an alias of another (DE) and is left to that one.
    const inUse = Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
    const name = inUse ? display.of(code) : undefined;
    if (name !== undefined) names.set(code, name);
  }
  return names;
}

/** Names of countries that are read besides those that are shown. */
const LONG_NAMES = [["US", "United States of America"]] as const;

const DEVICES = new Map([
  ["desktop", "Desktop"],
  ["mobile", "Mobile"],
  ["tablet", "Tablet"],
  [NOT_SET, NOT_SET],
]);

const OWN_NAMES: Readonly<Record<string, V2Dimension>> = {
  "visit:country": renamed("country", { [NOT_SET]: "" }),
  "visit:region": renamed("region", { [NOT_SET]: "" }),
  "visit:city": renamed("city", { [NOT_SET]: "" }),
  "visit:country_name": listed("country", once(countryNames), LONG_NAMES),
  "visit:region_name": renamed("region", { [NOT_SET]: "" }),
  "visit:city_name": renamed("city", { [NOT_SET]: "" }),
  "visit:device": listed("device", () => DEVICES),
  "visit:os": renamed("os", { macOS: "Mac" }),
  "visit:utm_medium": same("medium"),
  "visit:entry_page_hostname": same("entry_hostname"),
  "visit:exit_page_hostname": same("exit_hostname"),
};

const PLAIN = [
  "event:page",
  "event:hostname",
  "event:name",
  "event:goal",
  "visit:source",
  "visit:referrer",
  "visit:channel",
  "visit:utm_source",
  "visit:utm_campaign",
  "visit:utm_content",
  "visit:utm_term",
  "visit:entry_page",
  "visit:exit_page",
  "visit:screen",
  "visit:browser",
  "visit:browser_version",
  "visit:os_version",
];

/** Names that may stand in `dimensions` and `filters`, beside event:props:KEY. */
export const V2_DIMENSION_NAMES: readonly string[] = [...PLAIN, ...Object.keys(OWN_NAMES)];

/** A dimension by that API's name, or null. Buckets of time are not among them. */
export function v2Dimension(name: string): V2Dimension | null {
  if (Object.hasOwn(OWN_NAMES, name)) return OWN_NAMES[name] ?? null;
  const ref = PLAIN.includes(name) || name.startsWith("event:props:") ? dimensionRef(name) : null;
  return ref && (!isDimensionName(ref) || PLAIN.includes(name)) ? same(ref) : null;
}

/** A condition with our name and values as one with that API's, or null where it has no name. */
export function v2Condition(condition: Condition): Condition | null {
  const { dimension, values } = condition;
  // There is one name for both.
  const ref = dimension === "utm_medium" ? "medium" : dimension;
  const names = [...PLAIN, ...Object.keys(OWN_NAMES), `event:${ref}`];
  for (const name of names) {
    const known = v2Dimension(name);
    if (known?.ref !== ref) continue;
    return { ...condition, dimension: name, values: values.map((value) => known.show(value)) };
  }
  return null;
}

/** Names of the metrics of that API that can be answered. */
export function v2Metric(name: string): MetricName | null {
  return isMetricName(name) ? name : null;
}

/**
 * A metric's value as that API shows it: ratios as percentages, rounded. Without a value it is 0,
 * and null for what only pages have.
 */
export function v2Value(name: MetricName, value: Value | undefined): unknown {
  const { unit, decimals, appliesTo } = metricOf(name);
  if (unit === "money") return v2Money(value);
  if (typeof value !== "number") return appliesTo === "pages" ? null : 0;
  const factor = 10 ** decimals;
  return Math.round(value * (unit === "ratio" ? 100 * factor : factor)) / factor;
}

/**
 * The change since an earlier value as that API shows it: whole percent of the earlier value, 100
 * from nothing; of ratios the difference in percentage points. Null where it is undefined.
 */
export function v2Change(
  name: MetricName,
  now: Value | undefined,
  before: Value | undefined,
): number | null {
  const { unit } = metricOf(name);
  const [a, b] = [plainNumber(now), plainNumber(before)];
  if (a === null || b === null || currencyOf(now) !== currencyOf(before)) return null;
  if (unit === "ratio") return Math.round((a - b) * 1000) / 10;
  if (b === 0) return a === 0 ? 0 : 100;
  return Math.round((a - b) / b * 100);
}

function plainNumber(value: Value | undefined): number | null {
  if (typeof value === "number") return value;
  return isMoney(value) && value.length === 1 ? value[0]?.value ?? null : null;
}

function currencyOf(value: Value | undefined): string | undefined {
  return isMoney(value) ? value[0]?.currency : undefined;
}

/** An amount in one currency; null if there is none or more than one. */
function v2Money(value: Value | undefined): unknown {
  if (!isMoney(value) || value.length !== 1) return null;
  const [money] = value;
  if (!money) return null;
  const format = (options: Intl.NumberFormatOptions) => {
    try {
      return new Intl.NumberFormat("en-US", {
        style: "currency",
        currency: money.currency,
        ...options,
      }).format(money.value);
    } catch {
      return `${money.currency} ${money.value}`;
    }
  };
  return {
    value: money.value,
    currency: money.currency,
    short: format({ notation: "compact", maximumFractionDigits: 1 }),
    long: format({}),
  };
}

/** Whether a value is a list of amounts. */
export function isMoney(value: Value | undefined): value is readonly Money[] {
  return Array.isArray(value);
}
