// Sequences from their grammar to a list of events that follow each other: steps with conditions
// between them in words, or the classic pattern over the steps of `steps`. No SQL is made here.
import { type Parsed, parseEach } from "../../../../dashboard/grammar/parsed.js";
import {
  parsePattern,
  patternFault,
  type TimeOperator,
  type Token,
} from "../../../../dashboard/grammar/pattern.js";
import { type Between, parseSequence } from "../../../../dashboard/grammar/sequence.js";
import { SECOND_US } from "../../../core/durations.ts";
import { secondsOf as secondsOfSpan } from "../../../../dashboard/grammar/span.js";
import { compileWritten, type GoalFinder, type Step } from "../../steps.ts";
import type { Elapsed, SequenceElement } from "../../engine/engine.ts";

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
const ELEMENTS_MAX = 32;

/** The sequence of `steps=`. */
export function compileSequence(text: string, goal: GoalFinder): Parsed<Sequence> {
  const links = parseSequence(text);
  if (links.fault !== undefined) return links;
  // Conditions are numbered in the order of the text: `without` comes before its step.
  const written = links.value.flatMap(({ without, step }) => [...without, step]);
  const conditions = compileWritten(written, goal);
  if (conditions.fault !== undefined) return conditions;
  let number = 0;
  const elements = parseEach(links.value, (link): Parsed<SequenceElement> => {
    const elapsed = elapsedOf(link);
    if (elapsed.fault !== undefined) return elapsed;
    const without = link.without.map(() => ++number);
    return {
      value: { condition: ++number, next: link.immediately, elapsed: elapsed.value, without },
    };
  });
  if (elements.fault !== undefined) return elements;
  const onlyPages = links.value.every(({ step }) => step.kind === "page");
  const isAdjacent = links.value.some(({ immediately }) => immediately);
  return {
    value: {
      conditions: conditions.value,
      elements: elements.value,
      considered: isAdjacent ? onlyPages ? "pageviews" : "all" : "none",
      plain: elements.value.every(({ next, elapsed, without }) =>
        !next && elapsed === ANY_TIME && without.length === 0
      ),
    },
  };
}

function elapsedOf({ within, notBefore }: Between): Parsed<readonly Elapsed[]> {
  const maxUs = within && secondsOfSpan(within) * SECOND_US;
  const minUs = notBefore ? secondsOfSpan(notBefore) * SECOND_US : 0;
  if (maxUs !== null && maxUs < minUs) {
    return { fault: "`within` is shorter than `not before`: no time is left" };
  }
  return { value: maxUs === null && minUs === 0 ? ANY_TIME : [{ minUs, maxUs }] };
}

/** The sequence of `pattern=` over given steps. */
export function compilePattern(text: string, conditions: readonly Step[]): Parsed<Sequence> {
  const tokens = parsePattern(text);
  if (tokens.fault !== undefined) return tokens;
  const elements: SequenceElement[] = [];
  let gap: PatternGap = START;
  for (const token of tokens.value) {
    const fault = faultOfToken(token, elements.length, conditions.length);
    if (fault !== null) return patternFault(token.at, fault);
    if (token.kind === "many") gap = { ...gap, next: false };
    else if (token.kind === "time") {
      const seconds = intersect(gap.seconds, secondsOf(token.operator, token.seconds));
      if (seconds.length === 0) return patternFault(token.at, "no time is left to meet");
      gap = { ...gap, seconds, timeAt: token.at };
    } else {
      elements.push({
        condition: token.step,
        next: elements.length > 0 && gap.next,
        elapsed: gap.timeAt === null ? ANY_TIME : gap.seconds.map(microseconds),
        without: [],
      });
      gap = START;
    }
  }
  if (gap.timeAt !== null) return patternFault(gap.timeAt, "a time has no event after it");
  if (elements.length === 0) return patternFault(text.length, "there is no event yet");
  return { value: { conditions, elements, considered: "none", plain: false } };
}

/** What is wrong with a part after `before` events, or null. */
function faultOfToken(token: Token, before: number, steps: number): string | null {
  if (token.kind === "time") return before === 0 ? "a time has no event before it" : null;
  if (token.kind === "many") return null;
  if (token.step !== null && (token.step < 1 || token.step > steps)) {
    return `(?${token.step}) is none of the ${steps} steps`;
  }
  return before === ELEMENTS_MAX ? `there are more than ${ELEMENTS_MAX} events` : null;
}

interface PatternGap {
  readonly next: boolean;
  readonly seconds: readonly Seconds[];
  readonly timeAt: number | null;
}

/** An inclusive range of whole seconds. */
type Seconds = readonly [from: number, to: number];

const START: PatternGap = { next: true, seconds: [[0, Infinity]], timeAt: null };

function secondsOf(operator: TimeOperator, seconds: number): readonly Seconds[] {
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
