// Steps of funnels and sequences, and spans of time, from their grammar to SQL conditions. It knows
// nothing of ranges or visitors. Every value is bound: nothing from outside becomes SQL text.
import { type Parsed, parseEach, shorten } from "../../dashboard/grammar/parsed.js";
import { parseSpan, secondsOf } from "../../dashboard/grammar/span.js";
import {
  pageMatch,
  parseConditions,
  parseStep,
  parseSteps,
  plainName,
  type StepCondition,
  type WrittenStep,
} from "../../dashboard/grammar/steps.js";
import { SECOND_US } from "../core/durations.ts";
import { type EventColumnName, PAGEVIEW } from "../core/event.ts";
import { EVENT_NAME_CHARS_MAX, URL_CHARS_MAX } from "../core/limits.ts";
import { writtenPath } from "../core/paths/normal_form.ts";
import { join, raw, type Sql, sql } from "../core/sql.ts";
import { faultOfInstructions, instructionsOf } from "./budget/filter_size.ts";
import { propText } from "./sql/props.ts";

/** What an event has in one of the dimensions that stored visits list. */
export interface PartValue {
  readonly ref: "page" | "name";
  readonly value: string;
}

/** One step, ready for SQL. */
export interface Step {
  /** The step as it was asked for. */
  readonly text: string;
  readonly kind: "page" | "event" | "goal";
  /** A condition on the stored columns of an event. */
  readonly condition: Sql;
  /** The stored columns the condition reads. */
  readonly columns: readonly EventColumnName[];
  /** Identifies the exact match of a step: steps with different keys share no event. */
  readonly exact: string | null;
  /** A value that an event has that meets the step; null where it may have one of several. */
  readonly value: PartValue | null;
  /** The estimated size of its regular expressions. */
  readonly instructions: number;
}

/** Finds a goal by its name, with the columns it reads and its size; undefined for none. */
export type GoalFinder = (
  name: string,
) => Pick<Step, "condition" | "columns" | "instructions"> | undefined;

/** The steps of a funnel's text, at least `least`. */
export function compileSteps(text: string, goal: GoalFinder, least = 1): Parsed<Step[]> {
  const steps = parseSteps(text, least);
  return steps.fault === undefined ? compileWritten(steps.value, goal) : steps;
}

/** Steps that were read, with their names looked up and the size of all bounded. */
export function compileWritten(written: readonly WrittenStep[], goal: GoalFinder): Parsed<Step[]> {
  const steps = parseEach(written, (step) => compileStep(step, goal));
  if (steps.fault !== undefined) return steps;
  const instructions = steps.value.reduce((sum, step) => sum + step.instructions, 0);
  const fault = faultOfInstructions(instructions);
  return fault === null ? steps : { fault };
}

/** One step from its text. */
export function stepOfText(text: string, goal: GoalFinder): Parsed<Step> {
  const step = parseStep(text);
  if (step.fault !== undefined) return step;
  const steps = compileWritten([step.value], goal);
  if (steps.fault !== undefined) return steps;
  const [found] = steps.value;
  return found ? { value: found } : { fault: "it is empty" };
}

/** A step that was read, with its names looked up. */
function compileStep(step: WrittenStep, goal: GoalFinder): Parsed<Step> {
  const { kind } = step;
  const name = kind === "page" ? writtenPath(step.name) : step.name;
  const plain = plainName(name);
  const length = [...plainName(step.name)].length;
  const longest = kind === "page" ? URL_CHARS_MAX : EVENT_NAME_CHARS_MAX;
  if (length > longest) return { fault: `a ${kind} of ${length} characters, more than ${longest}` };
  const own = kind === "goal" ? goal(plain) : undefined;
  if (kind === "goal" && !own) return { fault: `there is no goal "${shorten(plain)}"` };
  const conditions = parseConditions(step.conditions);
  if (conditions.fault !== undefined) return conditions;
  const named = own
    ? sql`(${own.condition})`
    : kind === "page"
    ? sql`event_name = ${PAGEVIEW} and ${pathMatches(name)}`
    : sql`event_name = ${plain}`;
  const match = kind === "page" ? pageMatch(name) : null;
  const isPattern = match !== null && !("path" in match);
  return {
    value: {
      text: step.text,
      kind,
      condition: sql`(${join([named, ...conditions.value.map(propSql)], " and ")})`,
      columns: [
        "event_name" as const,
        ...(own?.columns ?? []),
        ...(kind === "page" ? ["pathname" as const] : []),
        ...(conditions.value.length > 0 ? ["props" as const] : []),
      ],
      instructions: own?.instructions ??
        (match !== null && "regex" in match ? instructionsOf(match.regex) : 0),
      value: kind === "event"
        ? { ref: "name", value: plain }
        : match !== null && "path" in match
        ? { ref: "page", value: match.path }
        : null,
      exact: kind === "goal" || isPattern || plain === PAGEVIEW ? null : `${kind}:${plain}`,
    },
  };
}

/** Whether an event can meet two of the steps at once. False is certain, true is possible. */
export function mayOverlap(steps: readonly Step[]): boolean {
  const exact = new Set(steps.map((step) => step.exact));
  return exact.has(null) || exact.size < steps.length;
}

function pathMatches(name: string): Sql {
  const match = pageMatch(name);
  if ("path" in match) return sql`pathname = ${match.path}`;
  return "beginning" in match
    ? sql`starts_with(pathname, ${match.beginning})`
    : sql`regexp_full_match(pathname, ${`(?s)${match.regex}`})`;
}

function propSql({ key, operator, value }: StepCondition): Sql {
  const found = propText(raw("props"), key);
  if (operator === "=") return sql`${found} = ${value}`;
  if (operator === "!=") return sql`${found} is distinct from ${value}`;
  if (operator === "~") return sql`contains(lower(${found}), lower(${value}))`;
  return sql`try_cast(${found} as double) ${raw(operator)} ${Number(value)}::double`;
}

/** `1 day`, `90 minutes` … in microseconds. */
export function spanUsOf(text: string): Parsed<number> {
  const span = parseSpan(text);
  return span.fault === undefined ? { value: secondsOf(span.value) * SECOND_US } : span;
}
