// SQL text with bound values: the only place SQL is assembled. A hole in sql`` is a bound
// parameter unless it is itself Sql, so input can never become SQL text.

/** A value DuckDB can bind. Lists are bound as one parameter. */
export type SqlValue = string | number | bigint | boolean | null | readonly string[];

/** A fragment of SQL with its bound values, in the order of its `$n`. */
export class Sql {
  readonly strings: readonly string[];
  readonly values: readonly SqlValue[];

  constructor(strings: readonly string[], values: readonly SqlValue[]) {
    this.strings = strings;
    this.values = values;
  }

  /** The text with `$1 …` in the holes. */
  get text(): string {
    return this.strings.reduce((text, part, index) => `${text}$${index}${part}`);
  }
}

/** Builds SQL; holes are bound, nested Sql is spliced. */
export function sql(strings: TemplateStringsArray, ...holes: readonly (SqlValue | Sql)[]): Sql {
  const parts: string[] = [strings[0] ?? ""];
  const values: SqlValue[] = [];
  const append = (text: string) => {
    parts[parts.length - 1] += text;
  };
  holes.forEach((hole, index) => {
    if (hole instanceof Sql) {
      append(hole.strings[0] ?? "");
      hole.values.forEach((value, at) => {
        values.push(value);
        parts.push(hole.strings[at + 1] ?? "");
      });
    } else {
      values.push(hole);
      parts.push("");
    }
    append(strings[index + 1] ?? "");
  });
  return new Sql(parts, values);
}

/** A constant text, spliced as it is. Never for input. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

/** A name from this program as a quoted identifier. Throws TypeError on anything else. */
export function ident(name: string): Sql {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new TypeError(`Cannot use as a name: "${name}"`);
  return raw(`"${name}"`);
}

/** Joins fragments; the separator is a constant text. The time is linear in their number. */
export function join(pieces: readonly Sql[], separator = ", "): Sql {
  const parts: string[] = [""];
  const values: SqlValue[] = [];
  pieces.forEach((piece, index) => {
    if (index > 0) parts[parts.length - 1] += separator;
    parts[parts.length - 1] += piece.strings[0] ?? "";
    piece.values.forEach((value, at) => {
      values.push(value);
      parts.push(piece.strings[at + 1] ?? "");
    });
  });
  return new Sql(parts, values);
}
