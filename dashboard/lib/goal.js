// Converts a goal between form fields and request body. Pure.
import { parseProps, printProps } from "./format/props.js";

export const PAGE = "page";
export const EVENT = "event";
export const CURRENCY = "currency";

/**
 * The body of a request; null removes a key.
 * @param {Readonly<Record<string, string>>} fields
 * @returns {Readonly<Record<string, unknown>>}
 */
export function goalBody({ name, kind, what, props = "", least = "", money = "" }) {
  return {
    name,
    [PAGE]: kind === PAGE ? what : null,
    [EVENT]: kind === PAGE ? null : what,
    props: props.trim() === "" ? null : parseProps(props),
    min_revenue: least === "" ? null : Number(least),
    [CURRENCY]: least === "" || money.trim() === "" ? null : money.trim().toUpperCase(),
  };
}

/**
 * The form fields of a stored goal.
 * @param {Readonly<Record<string, unknown>>} goal
 * @returns {Readonly<Record<string, string>>}
 */
export function goalValues(goal) {
  return {
    name: String(goal["name"] ?? ""),
    kind: goal[PAGE] === undefined ? EVENT : PAGE,
    what: String(goal[PAGE] ?? goal[EVENT] ?? ""),
    props: printProps(/** @type {Record<string, string>} */ (goal["props"] ?? {})),
    least: String(goal["min_revenue"] ?? ""),
    money: String(goal[CURRENCY] ?? ""),
  };
}
