// Steps of funnels and sequences, and spans of time, from the text of a request to SQL conditions.
// Knows nothing of ranges or visitors. Every value is bound, nothing from outside becomes SQL text.
//
// A step is `page:/path` (`*` is any text without a slash, `**` any text at all), `event:name` or
// `goal:name`, with conditions on properties in brackets: `event:purchase[plan=pro,amount>=10]`.
// A backslash takes the meaning from `, * [ ] = ! < > ~ \` after it: `page:/a\,b`.
import { DAY_US, HOUR_US, MINUTE_US, SECOND_US } from "../core/durations.ts";
import { AppError } from "../core/errors.ts";
import { type EventColumnName, PAGEVIEW } from "../core/event.ts";
import { EVENT_NAME_CHARS_MAX, URL_CHARS_MAX } from "../core/limits.ts";
import { join, raw, type Sql, sql } from "../core/sql.ts";
import { propText } from "./sql/props.ts";

/** Steps of one funnel or sequence. */
export const STEPS_MAX = 20;
const CONDITIONS_MAX = 5;
const PROP_CHARS_MAX = 512;
const SPECIAL = ",*[]=!<>~\\";

/** One step, ready for SQL. */
export interface Step {
  /** The step as it was asked for. */
  readonly text: string;
  readonly kind: "page" | "event" | "goal";
  /** A condition on the stored columns of an event. */
  readonly condition: Sql;
  /** The stored columns the condition reads. */
  readonly columns: readonly EventColumnName[];
  /** What it takes exactly, where it does: steps with different keys share no event. */
  readonly exact: string | null;
}

/** Finds a goal by its name: its condition and the columns that reads; undefined for none. */
export type GoalFinder = (name: string) => Pick<Step, "condition" | "columns"> | undefined;

/** A character with whether a backslash took its special meaning. */
interface Letter {
  readonly char: string;
  readonly plain: boolean;
}

/** Refuses a parameter: what was tried, what was found. */
export function refuse(parameter: string, found: string): AppError {
  return new AppError("bad_request", `Cannot read ${parameter}: ${found}`);
}

/** The steps of a parameter's text. Throws AppError naming the parameter. */
export function parseSteps(
  text: string,
  parameter: string,
  least: number,
  goal: GoalFinder,
): Step[] {
  const items = splitItems(text);
  if (items.length === 1 && items[0] === "") throw refuse(parameter, "it is empty");
  if (items.length < least || items.length > STEPS_MAX) {
    throw refuse(parameter, `${items.length} steps where ${least} to ${STEPS_MAX} are possible`);
  }
  return items.map((item) => parseStep(item, parameter, goal));
}

/** Splits at commas that are neither escaped nor inside a bracket of conditions; trims. */
export function splitItems(text: string): string[] {
  const items: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && isSpecial(text[at + 1])) at++;
    else if (text[at] === "[") at = bracketEnd(text, at) ?? at;
    else if (text[at] === ",") {
      items.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  items.push(text.slice(from).trim());
  return items;
}

/** One step. Throws AppError naming the parameter. */
export function parseStep(text: string, parameter: string, goal: GoalFinder): Step {
  const match = /^(page|event|goal):([\s\S]*)$/.exec(text);
  if (!match) {
    throw refuse(parameter, `"${shorten(text)}" is none of page:/path, event:name, goal:name`);
  }
  const kind = match[1] as Step["kind"];
  const { name, conditions } = splitConditions(match[2] ?? "", parameter);
  const plainName = name.map((letter) => letter.char).join("");
  const longest = kind === "page" ? URL_CHARS_MAX : EVENT_NAME_CHARS_MAX;
  if (name.length === 0) throw refuse(parameter, `"${shorten(text)}" names no ${kind}`);
  if (name.length > longest) {
    throw refuse(parameter, `a ${kind} of ${name.length} characters, more than ${longest}`);
  }
  const own = kind === "goal" ? foundGoal(plainName, parameter, goal) : undefined;
  const isPattern = kind === "page" && name.some((letter) => isStar(letter));
  const condition = own?.condition ??
    (isPattern
      ? sql`event_name = ${PAGEVIEW} and ${pathMatches(name)}`
      : kind === "page"
      ? sql`event_name = ${PAGEVIEW} and pathname = ${plainName}`
      : sql`event_name = ${plainName}`);
  return {
    text,
    kind,
    condition: sql`(${join([condition, ...conditions], " and ")})`,
    columns: [
      "event_name" as const,
      ...(own?.columns ?? []),
      ...(kind === "page" ? ["pathname" as const] : []),
      ...(conditions.length > 0 ? ["props" as const] : []),
    ],
    exact: kind === "goal" || isPattern || plainName === PAGEVIEW ? null : `${kind}:${plainName}`,
  };
}

/** Whether an event can meet two of the steps at once. False is certain, true is possible. */
export function mayOverlap(steps: readonly Step[]): boolean {
  const exact = new Set(steps.map((step) => step.exact));
  return exact.has(null) || exact.size < steps.length;
}

/** Whether a path fits the pattern. A beginning with anything after it needs no expression. */
function pathMatches(name: readonly Letter[]): Sql {
  const stars = name.filter((letter) => isStar(letter)).length;
  if (stars === 2 && isStar(name.at(-1)) && isStar(name.at(-2))) {
    const beginning = name.slice(0, -2).map((letter) => letter.char).join("");
    return sql`starts_with(pathname, ${beginning})`;
  }
  return sql`regexp_full_match(pathname, ${pathRegex(name)})`;
}

/** A regular expression for a whole path: `**` is anything, `*` anything without a slash. */
function pathRegex(name: readonly Letter[]): string {
  let regex = "(?s)";
  for (let at = 0; at < name.length; at++) {
    const letter = name[at] as Letter;
    if (!isStar(letter)) regex += letter.char.replace(/[\\^$.|?*+()[\]{}]/, "\\$&");
    else if (isStar(name[at + 1])) {
      regex += ".*";
      at++;
    } else regex += "[^/]*";
  }
  return regex;
}

function foundGoal(
  name: string,
  parameter: string,
  goal: GoalFinder,
): Pick<Step, "condition" | "columns"> {
  const found = goal(name);
  if (!found) throw refuse(parameter, `there is no goal "${shorten(name)}"`);
  return { ...found, condition: sql`(${found.condition})` };
}

function splitConditions(
  text: string,
  parameter: string,
): { name: Letter[]; conditions: Sql[] } {
  const open = [...openings(text)].find((at) => bracketEnd(text, at) === text.length - 1);
  if (open === undefined) return { name: letters(text), conditions: [] };
  const parts = splitItems(text.slice(open + 1, -1));
  if (parts.length > CONDITIONS_MAX) {
    throw refuse(parameter, `${parts.length} conditions on one step, more than ${CONDITIONS_MAX}`);
  }
  return {
    name: letters(text.slice(0, open)),
    conditions: parts.map((part) => propCondition(part, parameter)),
  };
}

function propCondition(text: string, parameter: string): Sql {
  const all = letters(text);
  const at = all.findIndex((letter) => !letter.plain && "=!<>~".includes(letter.char));
  const spell = (part: readonly Letter[]) => part.map((letter) => letter.char).join("");
  const key = spell(all.slice(0, Math.max(at, 0))).trim();
  const operator = /^(!=|>=|<=|=|<|>|~)/.exec(at < 0 ? "" : spell(all.slice(at, at + 2)))?.[0];
  if (key === "" || operator === undefined) {
    throw refuse(
      parameter,
      `"[${shorten(text)}]" is no condition: a property, one of = != ~ < <= > >=, and a value`,
    );
  }
  const value = spell(all.slice(at + operator.length)).trim();
  if (key.length > PROP_CHARS_MAX || value.length > PROP_CHARS_MAX) {
    throw refuse(parameter, `a property of more than ${PROP_CHARS_MAX} characters`);
  }
  const found = propText(raw("props"), key);
  if (operator === "=") return sql`${found} = ${value}`;
  if (operator === "!=") return sql`${found} is distinct from ${value}`;
  if (operator === "~") return sql`contains(lower(${found}), lower(${value}))`;
  const number = value === "" ? NaN : Number(value);
  if (!Number.isFinite(number)) {
    throw refuse(parameter, `"${shorten(value)}" after ${operator} is no number`);
  }
  return sql`try_cast(${found} as double) ${raw(operator)} ${number}::double`;
}

/** Characters as the tracker's limits count them: a surrogate pair is one. */
function letters(text: string): Letter[] {
  const chars = [...text];
  const all: Letter[] = [];
  for (let at = 0; at < chars.length; at++) {
    const escaped = chars[at] === "\\" && isSpecial(chars[at + 1]);
    if (escaped) at++;
    all.push({ char: chars[at] as string, plain: escaped });
  }
  return all;
}

function* openings(text: string): Generator<number> {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && isSpecial(text[at + 1])) at++;
    else if (text[at] === "[") yield at;
  }
}

/** Where the bracket of conditions that opens here closes; undefined when it holds none. */
function bracketEnd(text: string, open: number): number | undefined {
  for (let at = open + 1, operators = 0; at < text.length; at++) {
    if (text[at] === "\\" && isSpecial(text[at + 1])) at++;
    else if ("=<>~".includes(text[at] as string)) operators++;
    else if (text[at] === "]") {
      return operators > 0 && /^\s*(,|$)/.test(text.slice(at + 1)) ? at : undefined;
    }
  }
  return undefined;
}

function isStar(letter: Letter | undefined): boolean {
  return letter?.char === "*" && !letter.plain;
}

function isSpecial(char: string | undefined): boolean {
  return char !== undefined && SPECIAL.includes(char);
}

/** A piece of a request as an error may show it. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const UNITS_US: ReadonlyMap<string, number> = new Map([
  ["second", SECOND_US],
  ["minute", MINUTE_US],
  ["hour", HOUR_US],
  ["day", DAY_US],
  ["week", 7 * DAY_US],
]);
const SPAN_US_MAX = 366 * DAY_US;

/** `1 day`, `90 minutes` … in microseconds: 1 second to 366 days. Throws naming the parameter. */
export function parseSpan(text: string, parameter: string): number {
  const match = /^\s*(\d{1,9})\s+([a-z]+)\s*$/i.exec(text);
  const unit = UNITS_US.get(match?.[2]?.toLowerCase().replace(/s$/, "") ?? "");
  if (!match || unit === undefined) {
    throw refuse(
      parameter,
      `"${
        shorten(text)
      }" is no span like "1 day": a number of seconds, minutes, hours, days or weeks`,
    );
  }
  const spanUs = Number(match[1]) * unit;
  if (spanUs < SECOND_US || spanUs > SPAN_US_MAX) {
    throw refuse(parameter, `"${shorten(text.trim())}" is not within 1 second to 366 days`);
  }
  return spanUs;
}
