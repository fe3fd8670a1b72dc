// Goals: what a site counts as a conversion, as an owner defines it and as a filter.
import { allOf, type Filter } from "../../dashboard/grammar/filter.js";
import { EVENT_NAME_CHARS_MAX, PROP_KEY_CHARS_MAX, URL_CHARS_MAX } from "../core/limits.ts";
import { writtenPath } from "../core/paths/normal_form.ts";
import { Faults } from "../core/faults.ts";
import { quoted } from "../core/text.ts";

/** A goal as an owner defines it: a page, an event or both; further conditions must hold too. */
export interface Goal {
  readonly name: string;
  /** Path of a pageview; `*` is any text without a slash, `**` any text. */
  readonly page?: string;
  readonly event?: string;
  readonly props?: Readonly<Record<string, string>>;
  /** The event's revenue is at least this, in `currency` where that is given. */
  readonly min_revenue?: number;
  readonly currency?: string;
}

const GOAL_KEYS = ["name", "page", "event", "props", "min_revenue", "currency"];
const PROPS_MAX = 10;
const VALUE_CHARS_MAX = 2048;
const REVENUE_MAX = 9_999_999_999.99;

/** What is wrong with a goal; each fault names its key. */
export function faultsOfGoal(given: Readonly<Record<string, unknown>>): Faults {
  const faults = new Faults();
  for (const key of Object.keys(given).filter((name) => !GOAL_KEYS.includes(name))) {
    faults.add(`${key}: it is not one of ${GOAL_KEYS.join(", ")}`);
  }
  const { page, event, props, min_revenue, currency } = given;
  if (page === undefined && event === undefined) faults.add("page: it and event are missing");
  if (page !== undefined && event !== undefined && event !== "pageview") {
    faults.add("page: only one of page and event can be given");
  }
  if (page !== undefined && !isText(page, URL_CHARS_MAX)) {
    faults.add(`page: it is no text of 1 to ${URL_CHARS_MAX} characters`);
  }
  if (event !== undefined && !isText(event, EVENT_NAME_CHARS_MAX)) {
    faults.add(`event: it is no text of 1 to ${EVENT_NAME_CHARS_MAX} characters`);
  }
  const wrong = props === undefined ? null : faultOfProps(props);
  if (wrong !== null) faults.add(`props: it is ${wrong}`);
  if (min_revenue !== undefined && !isAmount(min_revenue)) {
    faults.add(`min_revenue: it is no amount from 0 to ${REVENUE_MAX}`);
  }
  if (currency !== undefined && !(typeof currency === "string" && /^[A-Z]{3}$/.test(currency))) {
    faults.add(`currency: ${quoted([currency])} is no code of three capital letters`);
  }
  if (currency !== undefined && min_revenue === undefined) {
    faults.add("currency: min_revenue is missing");
  }
  return faults;
}

function isText(value: unknown, max: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= max;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= REVENUE_MAX;
}

function faultOfProps(value: unknown): string | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const pairs = isObject ? Object.entries(value) : [];
  if (!isObject || pairs.length > PROPS_MAX) {
    return `no object of at most ${PROPS_MAX} keys with texts as values`;
  }
  const wrong = pairs.filter(([key, text]) =>
    !isText(key, PROP_KEY_CHARS_MAX) || typeof text !== "string" || text.length > VALUE_CHARS_MAX
  );
  return wrong.length === 0
    ? null
    : `wrong in ${quoted(wrong.map(([key]) => key))}: a key of 1 to ${PROP_KEY_CHARS_MAX} ` +
      `characters has a text of at most ${VALUE_CHARS_MAX}`;
}

/** The filter that matches a goal's conversions. */
export function filterOfGoal(goal: Goal): Filter {
  const { page, event, props = {}, min_revenue, currency } = goal;
  const filter = allOf([
    { op: "is", dimension: "name", values: [page === undefined ? event ?? "" : "pageview"] },
    page === undefined ? null : pageFilter(page),
    ...Object.entries(props).map(([key, value]): Filter => ({
      op: "is",
      dimension: `props:${key}`,
      values: [value],
    })),
    min_revenue === undefined
      ? null
      : { op: "at_least", dimension: "revenue", values: [String(min_revenue)] },
    currency === undefined ? null : { op: "is", dimension: "currency", values: [currency] },
  ]);
  if (!filter) throw new TypeError(`Cannot make a filter of the goal ${goal.name}: it is empty`);
  return filter;
}

function pageFilter(page: string): Filter {
  if (!page.includes("*")) return { op: "is", dimension: "page", values: [page] };
  return { op: "matches", dimension: "page", values: [patternOf(writtenPath(page))] };
}

/** A page pattern as a regular expression (RE2) over the whole path. */
function patternOf(page: string): string {
  const parts = page.split(/(\*+)/).map((part) =>
    part === "*" ? "[^/]*" : /^\*+$/.test(part) ? ".*" : part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")
  );
  return `^(?s:${parts.join("")})$`;
}
