// The classic pattern of a sequence: `(?1).*(?t<=3600)(?2)`. `(?N)` is an event that meets step N,
// `.` any event that meets some step, `.*` any number of them; `(?t op S)` compares the whole
// seconds from the event before to the next one. Only the server reads patterns.
import { PATTERN_CHARS_MAX, SPAN_DAYS_MAX } from "./limits.js";
import { shorten } from "./parsed.js";

/** @typedef {">=" | "<=" | ">" | "<" | "==" | "!="} TimeOperator */

/**
 * One part of a pattern; `at` is where it begins. `step` null is any step.
 * @typedef {{ kind: "many", at: number }
 *   | { kind: "event", at: number, step: number | null }
 *   | { kind: "time", at: number, operator: TimeOperator, seconds: number }} Token
 */

const TOKEN = /(\.\*)|(\.)|\(\?(\d{1,9})\)|\(\?t\s*(>=|<=|==|!=|>|<)\s*(\d{1,9})\s*\)|(\s+)/y;

/**
 * A fault at a place of a pattern.
 * @param {number} at
 * @param {string} found
 * @returns {{ fault: string }}
 */
export function patternFault(at, found) {
  return { fault: `at character ${at + 1} ${found}` };
}

/**
 * The parts of a pattern.
 * @param {string} text
 * @returns {import("./parsed.js").Parsed<Token[]>}
 */
export function parsePattern(text) {
  if (text.length > PATTERN_CHARS_MAX) {
    return { fault: `${text.length} characters, more than ${PATTERN_CHARS_MAX}` };
  }
  /** @type {Token[]} */
  const tokens = [];
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) {
      const found = shorten(text.slice(at, at + 20));
      return patternFault(at, `"${found}" is none of (?N), ., .*, (?t>=N) and its like`);
    }
    const [whole, many, one, step, operator, amount] = match;
    if (many !== undefined) tokens.push({ kind: "many", at });
    else if (one !== undefined) tokens.push({ kind: "event", at, step: null });
    else if (step !== undefined) tokens.push({ kind: "event", at, step: Number(step) });
    else if (operator !== undefined) {
      const seconds = Number(amount);
      if (seconds > SPAN_DAYS_MAX * 86_400) {
        return patternFault(at, `${amount} seconds are more than ${SPAN_DAYS_MAX} days`);
      }
      const compared = /** @type {TimeOperator} */ (operator);
      tokens.push({ kind: "time", at, operator: compared, seconds });
    }
    at += whole.length;
  }
  return { value: tokens };
}

/**
 * The text of a pattern.
 * @param {readonly Token[]} tokens
 * @returns {string}
 */
export function printPattern(tokens) {
  return tokens.map((token) => {
    if (token.kind === "many") return ".*";
    if (token.kind === "time") return `(?t${token.operator}${token.seconds})`;
    return token.step === null ? "." : `(?${token.step})`;
  }).join("");
}
