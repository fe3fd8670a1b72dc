// Columns of SQLite rows as checked values: the file may have been written by another program.
import type { SqliteRow } from "./sqlite.ts";

/** A column as text. Throws where it holds anything else. */
export function textOf(row: SqliteRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`Cannot read column ${column}: no text`);
  return value;
}

/** A column as a whole number. Throws where it holds anything else. */
export function integerOf(row: SqliteRow, column: string): number {
  const value = row[column];
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(`Cannot read column ${column}: no whole number`);
  }
  return Number(value);
}

/** A column as one of some texts. Throws where it holds another. */
export function oneOf<T extends string>(
  row: SqliteRow,
  column: string,
  allowed: readonly T[],
): T {
  const value = allowed.find((text) => text === row[column]);
  if (value === undefined) throw new TypeError(`Cannot read column ${column}: unknown value`);
  return value;
}
