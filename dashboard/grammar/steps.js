// Steps of funnels and sequences. A step is `page:/path` (`*` is any text without a slash, `**` any
// text), `event:name` or `goal:name`, with conditions on properties in brackets:
// `event:purchase[plan=pro,amount>=10]`. `\` escapes `,` `*` `[` `]` `=` `!` `<` `>` `~` and `\`.
import { STEP_CONDITIONS_MAX, STEP_PROP_CHARS_MAX, STEPS_MAX } from "./limits.js";
import { parseEach, shorten } from "./parsed.js";

/** What a step may be of. */
export const KINDS = /** @type {const} */ (["page", "event", "goal"]);

/** @typedef {(typeof KINDS)[number]} StepKind */

/**
 * In `name`, `\*` is a star and `\\` a backslash; another `*` is a wildcard of a page.
 * `conditions` is the text between the brackets, empty where there are none.
 * @typedef {{ kind: StepKind, name: string, conditions: string }} Step
 */

/**
 * A step with the text that it was read from.
 * @typedef {Step & { text: string }} WrittenStep
 */

/**
 * One condition on a property of an event.
 * @typedef {{ key: string, operator: "=" | "!=" | ">=" | "<=" | ">" | "<" | "~", value: string }}
 *   StepCondition
 */

/**
 * @template T
 * @typedef {import("./parsed.js").Parsed<T>} Parsed
 */

/** Characters that a backslash escapes. */
const SPECIAL = ",*[]=!<>~\\";

/** @param {string} char */
function isSpecial(char) {
  return char !== "" && SPECIAL.includes(char);
}

/** @param {string} char */
function isComparison(char) {
  return "=<>~".includes(char);
}

/**
 * Splits at commas that are neither escaped nor inside brackets of conditions, and trims.
 * @param {string} text
 * @returns {string[]}
 */
export function splitItems(text) {
  const items = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && isSpecial(text.charAt(at + 1))) at++;
    else if (char === "[") at = bracketEnd(text, at) ?? at;
    else if (char === ",") {
      items.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  items.push(text.slice(from).trim());
  return items;
}

/**
 * Where the bracket of conditions that opens here closes; undefined when it holds none.
 * @param {string} text
 * @param {number} open
 * @returns {number | undefined}
 */
function bracketEnd(text, open) {
  for (let at = open + 1, operators = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && isSpecial(text.charAt(at + 1))) at++;
    else if (isComparison(char)) operators++;
    else if (char === "]") {
      return operators > 0 && /^\s*(,|$)/.test(text.slice(at + 1)) ? at : undefined;
    }
  }
  return undefined;
}

/**
 * The steps of a funnel's text.
 * @param {string} text
 * @param {number} least
 * @returns {Parsed<WrittenStep[]>}
 */
export function parseSteps(text, least = 1) {
  const items = splitItems(text);
  if (items.length === 1 && items[0] === "") return { fault: "it is empty" };
  if (items.length < least || items.length > STEPS_MAX) {
    return { fault: `${items.length} steps where ${least} to ${STEPS_MAX} are possible` };
  }
  return parseEach(items, parseStep);
}

/**
 * One step. Its conditions are read by `parseConditions`.
 * @param {string} text
 * @returns {Parsed<WrittenStep>}
 */
export function parseStep(text) {
  const match = /^([a-z]+):([^]*)$/.exec(text);
  const kind = KINDS.find((name) => name === match?.[1]);
  if (!match || !kind) {
    return { fault: `"${shorten(text)}" is none of page:/path, event:name, goal:name` };
  }
  const rest = match[2] ?? "";
  const open = openings(rest).find((at) => bracketEnd(rest, at) === rest.length - 1);
  const name = open === undefined ? rest : rest.slice(0, open);
  if (name === "") return { fault: `"${shorten(text)}" names no ${kind}` };
  const conditions = open === undefined ? "" : rest.slice(open + 1, -1);
  return { value: { kind, name: printName(lettersOf(name)), conditions, text } };
}

/**
 * The text of a step.
 * @param {Step} step
 * @returns {string}
 */
export function printStep({ kind, name, conditions }) {
  const escaped = lettersOfName(name).map(({ char, plain }) =>
    isSpecial(char) && (char !== "*" || plain) ? `\\${char}` : char
  ).join("");
  return `${kind}:${escaped}${conditions.trim() === "" ? "" : `[${conditions.trim()}]`}`;
}

/**
 * The conditions between the brackets of a step; none for an empty text.
 * @param {string} text
 * @returns {Parsed<StepCondition[]>}
 */
export function parseConditions(text) {
  if (text === "") return { value: [] };
  const parts = splitItems(text);
  if (parts.length > STEP_CONDITIONS_MAX) {
    return { fault: `${parts.length} conditions on one step, more than ${STEP_CONDITIONS_MAX}` };
  }
  return parseEach(parts, parseCondition);
}

/**
 * @param {string} text
 * @returns {Parsed<StepCondition>}
 */
function parseCondition(text) {
  const all = lettersOf(text);
  const at = all.findIndex(({ char, plain }) => !plain && "=!<>~".includes(char));
  const key = spell(all.slice(0, Math.max(at, 0))).trim();
  const operator = OPERATORS.find((one) => at >= 0 && spell(all.slice(at)).startsWith(one));
  if (key === "" || operator === undefined) {
    return {
      fault: `"[${shorten(text)}]" is no condition: a property, one of = != ~ < <= > >=, ` +
        "and a value",
    };
  }
  const value = spell(all.slice(at + operator.length)).trim();
  if (key.length > STEP_PROP_CHARS_MAX || value.length > STEP_PROP_CHARS_MAX) {
    return { fault: `a property of more than ${STEP_PROP_CHARS_MAX} characters` };
  }
  if (["<", "<=", ">", ">="].includes(operator) && !isNumber(value)) {
    return { fault: `"${shorten(value)}" after ${operator} is no number` };
  }
  return { value: { key, operator, value } };
}

/** Of two with the same beginning, the longer comes first. */
const OPERATORS = /** @type {const} */ (["!=", ">=", "<=", "=", "<", ">", "~"]);

/** @param {string} text */
function isNumber(text) {
  return text !== "" && Number.isFinite(Number(text));
}

/**
 * The text between the brackets of a step.
 * @param {readonly StepCondition[]} conditions
 * @returns {string}
 */
export function printConditions(conditions) {
  const escaped = (/** @type {string} */ text) => text.replace(/[,*[\]=!<>~\\]/g, "\\$&");
  return conditions.map(({ key, operator, value }) => `${escaped(key)}${operator}${escaped(value)}`)
    .join(",");
}

/**
 * A character, and whether it was escaped.
 * @typedef {{ char: string, plain: boolean }} Letter
 */

/**
 * Characters as the tracker's limits count them: a surrogate pair is one.
 * @param {string} text
 * @param {(char: string) => boolean} escapes which characters `\` escapes
 * @returns {Letter[]}
 */
function lettersOf(text, escapes = isSpecial) {
  const chars = [...text];
  const letters = [];
  for (let at = 0; at < chars.length; at++) {
    const plain = chars[at] === "\\" && escapes(chars[at + 1] ?? "");
    if (plain) at++;
    letters.push({ char: chars[at] ?? "", plain });
  }
  return letters;
}

/** @param {readonly Letter[]} letters */
function spell(letters) {
  return letters.map(({ char }) => char).join("");
}

/** @param {readonly Letter[]} letters */
function printName(letters) {
  return letters.map(({ char, plain }) =>
    char === "\\" || (char === "*" && plain) ? `\\${char}` : char
  ).join("");
}

/**
 * @param {string} name
 * @returns {Letter[]}
 */
function lettersOfName(name) {
  return lettersOf(name, (char) => char === "*" || char === "\\");
}

/** @param {Letter | undefined} letter */
function isStar(letter) {
  return letter?.char === "*" && !letter.plain;
}

/**
 * A name as plain text; a wildcard is a star.
 * @param {string} name
 * @returns {string}
 */
export function plainName(name) {
  return spell(lettersOfName(name));
}

/**
 * What a name matches as a page: one path, all paths with a beginning, or those of a regular
 * expression (RE2) for the whole path.
 * @param {string} name
 * @returns {{ path: string } | { beginning: string } | { regex: string }}
 */
export function pageMatch(name) {
  const letters = lettersOfName(name);
  const stars = letters.filter(isStar).length;
  if (stars === 0) return { path: spell(letters) };
  if (stars === 2 && isStar(letters.at(-1)) && isStar(letters.at(-2))) {
    return { beginning: spell(letters.slice(0, -2)) };
  }
  return { regex: pageRegex(name) };
}

/**
 * The regular expression (RE2) of the whole paths that a name matches.
 * @param {string} name
 * @returns {string}
 */
export function pageRegex(name) {
  const letters = lettersOfName(name);
  let regex = "";
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at];
    if (!isStar(letter)) regex += letter?.char.replace(/[\\^$.|?*+()[\]{}]/, "\\$&") ?? "";
    else if (isStar(letters[at + 1])) {
      regex += ".*";
      at++;
    } else regex += "[^/]*";
  }
  return regex;
}

/**
 * Places of brackets that are not escaped.
 * @param {string} text
 * @returns {number[]}
 */
function openings(text) {
  const places = [];
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) === "\\" && isSpecial(text.charAt(at + 1))) at++;
    else if (text.charAt(at) === "[") places.push(at);
  }
  return places;
}
