// Sequences as a request writes them, as a list of events that follow each other: the
// contract's steps with conditions between them in words, or the classic pattern. No SQL here.
//
// In words: `page:/pricing,within 1 hour,without page:/help,event:signup`. Between two steps may
// stand `within SPAN` (at most), `not before SPAN` (at least), `immediately` (no other event
// between; no other pageview where all steps are pages) and `without STEP` (no such event between).
//
// The classic pattern: `(?1).*(?t<=3600)(?2)` over the steps of `steps`. `(?N)` is an event that
// meets step N, `.` any event that meets some step, `.*` any number of them, `(?t op S)` compares
// the whole seconds from the event before to the next one, by `>=`, `<=`, `>`, `<`, `==`, `!=`.
import type { Elapsed, SequenceElement } from "../../engine/engine.ts";
import type { GoalFinder, Step } from "../../steps.ts";
import { parseSpan, parseStep, refuse, shorten, splitItems, STEPS_MAX } from "../../steps.ts";

/** A sequence, ready for SQL. */
export interface Sequence {
  /** What events are tested for. */
  readonly conditions: readonly Step[];
  readonly elements: readonly SequenceElement[];
  /** Which events count as "between" for `next`: those that meet a condition, and these. */
  readonly considered: "none" | "pageviews" | "all";
  /** Whether the elements are the steps in order and nothing else is asked. */
  readonly plain: boolean;
}

const ANY_TIME: readonly Elapsed[] = [{ minUs: 0, maxUs: null }];
const PATTERN_CHARS_MAX = 1024;
const ELEMENTS_MAX = 32;
const SECONDS_MAX = 366 * 86_400;

/** The sequence of `steps=`. Throws AppError naming the parameter. */
export function parseSequence(text: string, parameter: string, goal: GoalFinder): Sequence {
  const conditions: Step[] = [];
  const steps: number[] = [];
  const elements: SequenceElement[] = [];
  let gap: Gap = NO_GAP;
  const add = (item: string): number => {
    conditions.push(parseStep(item, parameter, goal));
    return conditions.length;
  };
  for (const item of splitItems(text)) {
    const condition = /^(within|not before|without)\s+(.*)$/s.exec(item);
    if (condition || item === "immediately") {
      if (elements.length === 0) {
        throw refuse(parameter, `"${shorten(item)}" stands before any step`);
      }
      gap = widened(gap, condition?.[1] ?? item, condition?.[2] ?? "", parameter, add);
    } else {
      const number = add(item);
      steps.push(number);
      elements.push(elementAfter(gap, number, parameter));
      gap = NO_GAP;
    }
  }
  if (gap !== NO_GAP) throw refuse(parameter, "it ends with a condition instead of a step");
  if (steps.length < 2 || conditions.length > STEPS_MAX) {
    throw refuse(parameter, `${steps.length} steps where 2 to ${STEPS_MAX} are possible`);
  }
  const onlyPages = steps.every((number) => conditions[number - 1]?.kind === "page");
  return {
    conditions,
    elements,
    considered: elements.some((element) => element.next) ? onlyPages ? "pageviews" : "all" : "none",
    plain: elements.every((element) =>
      !element.next && element.elapsed === ANY_TIME && element.without.length === 0
    ),
  };
}

interface Gap {
  readonly withinUs: number | null;
  readonly notBeforeUs: number;
  readonly next: boolean;
  readonly without: readonly number[];
}

const NO_GAP: Gap = { withinUs: null, notBeforeUs: 0, next: false, without: [] };

function widened(
  gap: Gap,
  word: string,
  rest: string,
  parameter: string,
  add: (item: string) => number,
): Gap {
  switch (word) {
    case "within":
      return { ...gap, withinUs: parseSpan(rest, parameter) };
    case "not before":
      return { ...gap, notBeforeUs: parseSpan(rest, parameter) };
    case "without":
      return { ...gap, without: [...gap.without, add(rest)] };
    default:
      return { ...gap, next: true };
  }
}

function elementAfter(gap: Gap, condition: number, parameter: string): SequenceElement {
  const { withinUs, notBeforeUs, next, without } = gap;
  if (withinUs !== null && withinUs < notBeforeUs) {
    throw refuse(parameter, "`within` is shorter than `not before`: no time is left");
  }
  const elapsed = withinUs === null && notBeforeUs === 0
    ? ANY_TIME
    : [{ minUs: notBeforeUs, maxUs: withinUs }];
  return { condition, next, elapsed, without };
}

/** The sequence of `pattern=` over given steps. Throws AppError naming parameter and place. */
export function parsePattern(
  text: string,
  parameter: string,
  conditions: readonly Step[],
): Sequence {
  if (text.length > PATTERN_CHARS_MAX) {
    throw refuse(parameter, `${text.length} characters, more than ${PATTERN_CHARS_MAX}`);
  }
  const elements: SequenceElement[] = [];
  let gap: PatternGap = START;
  const fail = (at: number, found: string) => refuse(parameter, `at character ${at + 1} ${found}`);
  for (const token of tokensOf(text, fail)) {
    if (token.kind === "many") gap = { ...gap, next: false };
    else if (token.kind === "time") {
      if (elements.length === 0) throw fail(token.at, "a time has no event before it");
      gap = { ...gap, seconds: intersect(gap.seconds, token.seconds), timeAt: token.at };
      if (gap.seconds.length === 0) throw fail(token.at, "no time is left to meet");
    } else {
      const { condition } = token;
      if (condition !== null && (condition < 1 || condition > conditions.length)) {
        throw fail(token.at, `(?${condition}) is none of the ${conditions.length} steps`);
      }
      if (elements.length === ELEMENTS_MAX) {
        throw fail(token.at, `there are more than ${ELEMENTS_MAX} events`);
      }
      elements.push({
        condition,
        next: elements.length > 0 && gap.next,
        elapsed: gap.timeAt === null ? ANY_TIME : gap.seconds.map(microseconds),
        without: [],
      });
      gap = START;
    }
  }
  if (gap.timeAt !== null) throw fail(gap.timeAt, "a time has no event after it");
  if (elements.length === 0) throw fail(text.length, "there is no event yet");
  return { conditions, elements, considered: "none", plain: false };
}

interface PatternGap {
  readonly next: boolean;
  readonly seconds: readonly Seconds[];
  readonly timeAt: number | null;
}

/** An inclusive range of whole seconds. */
type Seconds = readonly [from: number, to: number];

const START: PatternGap = { next: true, seconds: [[0, Infinity]], timeAt: null };

type Token =
  | { readonly kind: "many"; readonly at: number }
  | { readonly kind: "event"; readonly at: number; readonly condition: number | null }
  | { readonly kind: "time"; readonly at: number; readonly seconds: readonly Seconds[] };

function* tokensOf(
  text: string,
  fail: (at: number, found: string) => Error,
): Generator<Token> {
  const pattern = /(\.\*)|(\.)|\(\?(\d{1,9})\)|\(\?t\s*(>=|<=|==|!=|>|<)\s*(\d{1,9})\s*\)|(\s+)/y;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) {
      const found = shorten(text.slice(at, at + 20));
      throw fail(at, `"${found}" is none of (?N), ., .*, (?t>=N) and its like`);
    }
    const [whole, many, one, number, operator, amount] = match;
    if (many !== undefined) yield { kind: "many", at };
    else if (one !== undefined) yield { kind: "event", at, condition: null };
    else if (number !== undefined) yield { kind: "event", at, condition: Number(number) };
    else if (operator !== undefined) {
      const seconds = Number(amount);
      if (seconds > SECONDS_MAX) throw fail(at, `${amount} seconds are more than 366 days`);
      yield { kind: "time", at, seconds: secondsOf(operator, seconds) };
    }
    at += whole.length;
  }
}

function secondsOf(operator: string, seconds: number): readonly Seconds[] {
  switch (operator) {
    case ">=":
      return [[seconds, Infinity]];
    case ">":
      return [[seconds + 1, Infinity]];
    case "<=":
      return [[0, seconds]];
    case "<":
      return seconds === 0 ? [] : [[0, seconds - 1]];
    case "==":
      return [[seconds, seconds]];
    default:
      return seconds === 0 ? [[1, Infinity]] : [[0, seconds - 1], [seconds + 1, Infinity]];
  }
}

function intersect(some: readonly Seconds[], others: readonly Seconds[]): readonly Seconds[] {
  return some.flatMap(([from, to]) =>
    others.map(([low, high]): Seconds => [Math.max(from, low), Math.min(to, high)])
      .filter(([low, high]) => low <= high)
  );
}

function microseconds([from, to]: Seconds): Elapsed {
  return { minUs: from * 1_000_000, maxUs: to === Infinity ? null : to * 1_000_000 + 999_999 };
}
