// Rows of the INSERT statements of a mysqldump, as lines of PostgreSQL's COPY. A statement may span
// lines, and hold thousands of rows in one.

/** Rows of one table. */
interface Rows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly text: string;
}

const CREATE = /^CREATE TABLE `(\w+)` \(/i;
const COLUMN = /^\s+`(\w+)`\s/;
const INSERT = /^(?:INSERT|REPLACE)(?: IGNORE)? INTO `(\w+)`\s*(?:\(([^)]*)\)\s*)?VALUES\s*/i;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\\n",
  t: "\\t",
  r: "\\r",
  "0": "",
  Z: "",
  b: "",
  "\\": "\\\\",
};

/** Reads the lines of a dump in their order. */
export class MysqlRows {
  readonly #wanted: { includes(table: string): boolean };
  readonly #columns = new Map<string, string[]>();
  #creating: string[] | null = null;
  /** A statement whose end has not come. */
  #pending: { readonly table: string; readonly columns: readonly string[]; text: string } | null =
    null;

  constructor(wanted: { includes(table: string): boolean }) {
    this.#wanted = wanted;
  }

  /** The rows that some lines complete. */
  *read(lines: readonly string[]): Generator<Rows> {
    for (const line of lines) {
      if (this.#pending) {
        this.#pending.text += `\n${line}`;
      } else if (this.#creating) {
        const name = COLUMN.exec(line)?.[1];
        if (name !== undefined) this.#creating.push(name);
        else if (/^\)/.test(line)) this.#creating = null;
        continue;
      } else {
        const created = CREATE.exec(line)?.[1];
        if (created !== undefined) {
          this.#creating = [];
          this.#columns.set(created, this.#creating);
          continue;
        }
        const insert = INSERT.exec(line);
        const table = insert?.[1] ?? "";
        if (!insert || !this.#wanted.includes(table)) continue;
        const named = insert[2]?.split(",").map((name) => name.trim().replaceAll("`", ""));
        const columns = named ?? this.#columns.get(table) ?? [];
        this.#pending = { table, columns, text: line.slice(insert[0].length) };
      }
      // Line breaks within values are escaped by mysqldump: a statement ends at the end of a line.
      const { table, columns, text } = this.#pending;
      if (!text.endsWith(";")) continue;
      this.#pending = null;
      yield { table, columns, text: copyLines(text) };
    }
  }
}

/** `(1,'a',NULL),(…);` as lines of values between tabs. */
function copyLines(text: string): string {
  let lines = "";
  let row: string[] = [];
  for (let at = 0; at < text.length;) {
    const char = text[at];
    if (char === "(") {
      row = [];
      at++;
    } else if (char === ")") {
      lines += `${row.join("\t")}\n`;
      at++;
    } else if (char === "'") {
      const [value, end] = quoted(text, at + 1);
      row.push(value);
      at = end;
    } else if (char === "," || char === ";" || char === " " || char === "\n") {
      at++;
    } else {
      const end = bareEnd(text, at);
      const word = text.slice(at, end);
      // A character set before a text says how it was stored: dumps are UTF-8.
      if (!word.startsWith("_")) row.push(/^null$/i.test(word) ? "\\N" : word);
      at = end;
    }
  }
  return lines;
}

function bareEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !",)' ;\n".includes(text[at] ?? "")) at++;
  return at;
}

/** A quoted value from behind its first quote, with COPY's escapes, and where it ends. */
function quoted(text: string, from: number): [value: string, end: number] {
  let value = "";
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\") {
      const next = text[++at] ?? "";
      value += ESCAPES[next] ?? next;
    } else if (char === "'") {
      if (text[at + 1] !== "'") return [value, at + 1];
      value += "'";
      at++;
    } else value += char === "\t" ? "\\t" : char === "\n" ? "\\n" : char;
  }
  return [value, text.length];
}
