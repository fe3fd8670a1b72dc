// How large a filter is once its segments and goals are written out, and how large its regular
// expressions become when they are compiled. Both are bounded before anything of a question runs.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import {
  PATTERN_INSTRUCTIONS_MAX,
  QUESTION_CONDITIONS_MAX,
  QUESTION_GOAL_CONDITIONS_MAX,
  QUESTION_PATTERNS_MAX,
  QUESTION_VALUES_MAX,
} from "../../core/limits.ts";
import type { CheckedCondition, CheckedFilter, QueryGoal } from "../query.ts";

/** A Unicode class is some hundred ranges, each of several bytes of UTF-8. */
const UNICODE_CLASS = 400;
/** Any character, or all but a few, as bytes of UTF-8. */
const ANY_CHARACTER = 10;
const SHORT_CLASS = 5;
const LETTER = 1;
const FOREIGN_LETTER = 4;
const REPEAT = /\{(\d{1,9})(,(\d{0,9}))?\}/y;

/** What is wrong with the size of a filter over a site's goals, or null. */
export function faultOfFilterSize(
  filter: CheckedFilter | null,
  goals: readonly QueryGoal[] = [],
): string | null {
  const size = { conditions: 0, goals: 0, values: 0, patterns: 0, instructions: 0 };
  return filter && add(filter);

  function add(part: CheckedFilter): string | null {
    if (isCondition(part)) return addCondition(part);
    for (const inner of part.of) {
      const fault = add(inner);
      if (fault !== null) return fault;
    }
    return null;
  }

  function addCondition(condition: CheckedCondition): string | null {
    size.values += condition.values.length;
    if (++size.conditions > QUESTION_CONDITIONS_MAX) {
      return `there are more than ${QUESTION_CONDITIONS_MAX} conditions with those of segments`;
    }
    if (size.values > QUESTION_VALUES_MAX) {
      return `there are more than ${QUESTION_VALUES_MAX} values with those of segments`;
    }
    for (const goal of goalsMeant(condition, goals)) size.goals += conditionsOf(goal.filter).length;
    if (size.goals > QUESTION_GOAL_CONDITIONS_MAX) {
      return `its goals have more than ${QUESTION_GOAL_CONDITIONS_MAX} conditions together`;
    }
    size.patterns += patternsOf(condition).length;
    if (size.patterns > QUESTION_PATTERNS_MAX) {
      return `there are more than ${QUESTION_PATTERNS_MAX} regular expressions`;
    }
    size.instructions += instructionsOfCondition(condition);
    return faultOfInstructions(size.instructions);
  }
}

/**
 * The goals that a condition can be about, which are written out for it: where it names them, those
 * alone; none where it is on another dimension. DuckDB compares the names again.
 */
export function goalsMeant(
  { op, dimension, values, caseSensitive }: CheckedCondition,
  goals: readonly QueryGoal[],
): readonly QueryGoal[] {
  if (dimension !== "goal") return [];
  const isExact = (op === "is" || op === "is_not") && caseSensitive !== false;
  return isExact ? goals.filter(({ name }) => values.includes(name)) : goals;
}

/** What is wrong with the size of all regular expressions of one question, or null. */
export function faultOfInstructions(instructions: number): string | null {
  return instructions > PATTERN_INSTRUCTIONS_MAX
    ? `the regular expressions are too large: about ${instructions} instructions, ` +
      `more than ${PATTERN_INSTRUCTIONS_MAX}`
    : null;
}

/** The estimated size of the regular expressions of a condition. */
export function instructionsOfCondition(condition: CheckedCondition): number {
  const factor = condition.caseSensitive === false ? 2 : 1;
  return patternsOf(condition).reduce(
    (sum, pattern) => sum + factor * instructionsOf(pattern),
    0,
  );
}

/** The regular expressions of a condition. */
export function patternsOf({ op, values }: CheckedCondition): readonly string[] {
  return op === "matches" || op === "matches_not" ? values : [];
}

/**
 * An estimate of the instructions that RE2 compiles a pattern to. It is meant to be too large
 * rather than too small; a pattern with faults has an estimate as well.
 */
export function instructionsOf(pattern: string): number {
  const factor = /\(\?[a-zA-Z]*i/.test(pattern) ? 2 : 1;
  const open: number[] = [];
  let total = 0;
  let at = 0;
  while (at < pattern.length) {
    let size = 0;
    const character = pattern[at];
    if (character === "(") {
      open.push(total);
      total = 0;
      at++;
      continue;
    }
    if (character === ")") {
      size = total + 2;
      total = open.pop() ?? 0;
      at++;
    } else {
      const atom = atomAt(pattern, at);
      size = atom.size;
      at = atom.end;
    }
    REPEAT.lastIndex = at;
    const repeat = REPEAT.exec(pattern);
    if (repeat) {
      size *= Math.max(1, Number(repeat[1]) + (repeat[2] === "," ? 1 : 0), Number(repeat[3] ?? 0));
      at = REPEAT.lastIndex;
    }
    total += size;
  }
  return factor * open.reduce((sum, before) => sum + before, total);
}

function atomAt(pattern: string, at: number): { size: number; end: number } {
  const character = pattern[at] ?? "";
  if (character === "\\") return escapeAt(pattern, at);
  if (character === ".") return { size: ANY_CHARACTER, end: at + 1 };
  if (character === "[") return classAt(pattern, at);
  return { size: character < "\u0080" ? LETTER : FOREIGN_LETTER, end: at + 1 };
}

function escapeAt(pattern: string, at: number): { size: number; end: number } {
  const letter = pattern[at + 1] ?? "";
  if (letter === "p" || letter === "P") {
    const close = pattern[at + 2] === "{" ? pattern.indexOf("}", at) : -1;
    return { size: UNICODE_CLASS, end: close < 0 ? at + 3 : close + 1 };
  }
  const size = /[WDSC]/.test(letter) ? ANY_CHARACTER : SHORT_CLASS;
  return { size, end: at + 2 };
}

/** A class up to its end, or to the end of the pattern. */
function classAt(pattern: string, at: number): { size: number; end: number } {
  let size = ANY_CHARACTER;
  let end = at + 1;
  if (pattern[end] === "^") end++;
  if (pattern[end] === "]") end++;
  while (end < pattern.length && pattern[end] !== "]") {
    if (pattern[end] === "\\") {
      const escape = escapeAt(pattern, end);
      size += escape.size;
      end = escape.end;
    } else if (pattern[end] === "[" && pattern[end + 1] === ":") {
      const close = pattern.indexOf(":]", end + 2);
      size += ANY_CHARACTER;
      end = close < 0 ? end + 2 : close + 2;
    } else {
      size += FOREIGN_LETTER;
      end++;
    }
  }
  return { size, end: end + 1 };
}
