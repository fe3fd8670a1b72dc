// Filters of Plausible's Stats API v1: `event:page==/blog/**;visit:country==DE|FR`, as conditions
// of v2.
import { AppError } from "../../../core/errors.ts";

/** A condition of v2. */
export interface Condition {
  readonly op: string;
  readonly dimension: string;
  readonly values: readonly string[];
}

const CONDITION = /^\s*([a-z]+:[^=!~]+?)\s*(==|!=|!~|~)(.*)$/s;

/** Reads filters that are joined by `;`. Throws `bad_request`. */
export function readFilters(text: string): readonly Condition[] {
  return split(text, ";").filter((one) => one.trim() !== "").map(readCondition);
}

function readCondition(text: string): Condition {
  const [, dimension = "", sign = "", given = ""] = CONDITION.exec(text) ?? [];
  if (dimension === "") {
    throw new AppError(
      "bad_request",
      `Cannot read filters: "${text.slice(0, 40)}" is no dimension, == or != and values`,
    );
  }
  const not = sign.startsWith("!") ? "_not" : "";
  const values = split(given, "|").map((value) => value.trim());
  if (sign.endsWith("~")) return { op: `contains${not}`, dimension, values };
  if (!values.some((value) => value.includes("*"))) return { op: `is${not}`, dimension, values };
  return { op: `matches${not}`, dimension, values: values.map((one) => pattern(one, dimension)) };
}

/** A value with wildcards as a regular expression: in paths `*` is any text without a slash. */
function pattern(value: string, dimension: string): string {
  const one = dimension.endsWith("page") ? "[^/]*" : ".*";
  const parts = value.split(/(\*+)/).map((part) => {
    if (part === "*") return one;
    return part.startsWith("*") ? ".*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  });
  return `^${parts.join("")}$`;
}

/** Splits at a sign that has no backslash before it. */
function split(text: string, sign: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && text.charAt(at + 1) === sign) {
      parts.push((parts.pop() ?? "") + text.charAt(++at));
    } else if (char === sign) parts.push("");
    else parts.push((parts.pop() ?? "") + char);
  }
  return parts;
}
