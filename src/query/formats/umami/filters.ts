// Filters of Umami's reading API: a parameter for each type of metric, with an operator before its
// value; and what that API can be asked for and this server does not know.
import { allOf, type Condition, type Filter } from "../../../../dashboard/grammar/filter.js";
import type { DimensionRef } from "../../dimensions.ts";
import { checkRequestFilter, type SiteRules } from "../../parse.ts";
import type { Scope } from "../../query.ts";
import { unreadable } from "../params.ts";

type Params = URLSearchParams;

/** The type of the texts after `?`, which is part of the page where a site's path rules keep it. */
export const QUERY_TYPE = "query";

/** Types of metrics, which are filters, too, by their names. */
export const TYPES: Readonly<Record<string, DimensionRef>> = {
  path: "page",
  url: "page",
  entry: "entry_page",
  exit: "exit_page",
  referrer: "referrer_host",
  domain: "referrer_host",
  title: "title",
  event: "name",
  tag: "props:tag",
  hostname: "hostname",
  host: "hostname",
  utmSource: "utm_source",
  utmMedium: "utm_medium",
  utmCampaign: "utm_campaign",
  utmContent: "utm_content",
  utmTerm: "utm_term",
  browser: "browser",
  os: "os",
  device: "device",
  screen: "screen_width",
  language: "language",
  country: "country",
  region: "region",
  city: "city",
  channel: "channel",
};

/** Makes a condition of a dimension from the text after an operator. */
type Build = (dimension: DimensionRef, text: string) => Filter;

function several(op: string): Build {
  return (dimension, text) => ({ op, dimension, values: text.split(",") });
}

function one(op: string): Build {
  return (dimension, text) => ({ op, dimension, values: [text] });
}

function none(op: string, values: readonly string[] = []): Build {
  return (dimension) => ({ op, dimension, values });
}

/** More or less than a number: at least or at most that, and not that itself. */
function beyond(op: "at_least" | "at_most", opposite: "at_least" | "at_most"): Build {
  return (dimension, text) => ({
    op: "and",
    of: [
      { op, dimension, values: [text] },
      { op: "not", of: [{ op: opposite, dimension, values: [text] }] },
    ],
  });
}

function dates(code: string): Build {
  return () => {
    throw unreadable("the filters", `${code} compares dates, and no filter here has any`);
  };
}

/** Operators of filters, which stand before a value and a dot. */
const OPERATORS: Readonly<Record<string, Build>> = {
  eq: several("is"),
  neq: several("is_not"),
  s: none("is_set"),
  ns: none("is_not_set"),
  c: several("contains"),
  dnc: several("contains_not"),
  re: one("matches"),
  nre: one("matches_not"),
  t: none("is", ["true"]),
  f: none("is", ["false"]),
  gt: beyond("at_least", "at_most"),
  lt: beyond("at_most", "at_least"),
  gte: one("at_least"),
  lte: one("at_most"),
  bf: dates("bf"),
  af: dates("af"),
};

/** What that API filters by and this server cannot: an answer without it would be another's. */
const UNKNOWN_FILTERS = ["segment", "cohort", "distinctId"];

/** The filter of a request. Throws `bad_request`. */
export function filterOf(params: Params, rules: SiteRules): Scope["filter"] {
  for (const name of UNKNOWN_FILTERS) {
    if (params.get(name)) throw unreadable(name, "this server has no such filter");
  }
  if (params.get("excludeBounce") === "true") {
    throw unreadable("excludeBounce", "this server has no such filter");
  }
  const asked = [...Object.keys(TYPES), QUERY_TYPE].flatMap((name): Filter[] => {
    const text = params.get(name) ?? "";
    return text === "" ? [] : [filterOfType(name, text)];
  });
  const all: Filter | null = params.get("match") === "any" && asked.length > 1
    ? { op: "or", of: asked }
    : allOf(asked);
  const filter = allOf([all, kindOf(params)]);
  if (!filter) return null;
  const checked = checkRequestFilter(filter, rules);
  if (checked.fault === undefined) return checked.value;
  throw unreadable("the filters", checked.fault);
}

/** Pageviews or custom events alone. */
function kindOf(params: Params): Filter | null {
  const kind = params.get("eventType") ?? "";
  if (kind === "") return null;
  if (kind !== "1" && kind !== "2") throw unreadable("eventType", "it is neither 1 nor 2");
  return { op: kind === "1" ? "is" : "is_not", dimension: "name", values: ["pageview"] };
}

function filterOfType(name: string, text: string): Filter {
  const [, code = "", value = ""] = /^([a-z]{1,3})\.(.*)$/s.exec(text) ?? [];
  const build = Object.hasOwn(OPERATORS, code) ? OPERATORS[code] : undefined;
  const dimension = TYPES[name];
  // There a screen has a height, too, which is not stored.
  const values = (given: string) =>
    dimension === "screen_width" ? given.replace(/(\d+)x\d+/g, "$1") : given;
  if (dimension === undefined) return queryFilter(build ? code : "eq", build ? value : text);
  return (build ?? several("is"))(dimension, values(build ? value : text));
}

/** A condition on what stands after the `?` of a page. */
function queryFilter(code: string, text: string): Condition {
  const isNot = ["neq", "dnc", "nre", "ns"].includes(code);
  const op = isNot ? "matches_not" : "matches";
  const values = text.split(",").map((value) => {
    const plain = value.replace(/^\?/, "").replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
    return code.endsWith("eq") ? `^[^?]*\\?${plain}$` : `\\?.*${plain}`;
  });
  if (code === "s" || code === "ns") return { op, dimension: "page", values: ["\\?."] };
  if (code.endsWith("re")) return { op, dimension: "page", values: [`\\?.*(?:${text})`] };
  if (code.endsWith("eq") || code === "c" || code === "dnc") {
    return { op, dimension: "page", values };
  }
  throw unreadable(QUERY_TYPE, `${code} compares no texts`);
}
