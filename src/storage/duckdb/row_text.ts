// One row of a query from the text that DuckDB's to_json() makes of it.
/** A value of a row. */
type Value = string | number | boolean | null;

const TEXTS = /"(?:[^"\\]|\\.)*"/g;
const TEXT_OR_NOT_FINITE = /"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g;
/** A whole number that may be beyond exact ones. */
const LONG_NUMBER = /"([^"]*)":(-?\d{16,})(?=[,}])/g;

/**
 * The row. DuckDB's numbers that JSON does not have are null; lists are JSON again. Throws a
 * RangeError where a whole number is beyond exact ones.
 */
export function rowOfText(text: string): Record<string, Value> {
  if (/\d{16}/.test(text)) checkExact(text);
  const row: Record<string, unknown> = JSON.parse(strictJson(text));
  const plain: Record<string, Value> = {};
  for (const [name, value] of Object.entries(row)) plain[name] = plainValue(value);
  return plain;
}

/** What `to_json` writes as JSON: numbers that JSON does not have are null. */
export function strictJson(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  return text.replace(TEXT_OR_NOT_FINITE, (part) => part.startsWith('"') ? part : "null");
}

function plainValue(value: unknown): Value {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return value === null ? null : JSON.stringify(value);
}

function checkExact(text: string): void {
  // Values that are texts may look like anything; names stay.
  const numbers = text.replace(
    TEXTS,
    (part, at: number) => text[at + part.length] === ":" ? part : '""',
  );
  for (const [, name, digits] of numbers.matchAll(LONG_NUMBER)) {
    if (Number.isSafeInteger(Number(digits))) continue;
    throw new RangeError(`Cannot read column ${name}: ${digits} is beyond exact numbers`);
  }
}
