// Rows of the INSERT statements of a dump, as lines of PostgreSQL's COPY. A statement may span
// lines, and hold thousands of rows in one.

/** Rows of one table. */
interface Rows {
  readonly table: string;
  /** Empty where the dump does not name them. */
  readonly columns: readonly string[];
  readonly text: string;
}

/** A name as either database writes it, behind that of its schema. */
export const TABLE_NAME = '(?:(?:"[^"]+"|`[^`]+`|\\w+)\\.)?["`]?(\\w+)["`]?';
const CREATE = new RegExp(
  `^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?${TABLE_NAME} \\(`,
  "i",
);
const COLUMN = /^\s+(?:`([^`]+)`|"([^"]+)"|(\w+))\s/;
/** What begins a line of a table's definition and is no column, unless it is quoted. */
const NO_COLUMN = /^(?:constraint|primary|unique|key|index|fulltext|foreign|check|exclude|like)$/i;
const INSERT = new RegExp(
  `^(?:INSERT|REPLACE)(?: IGNORE)? INTO ${TABLE_NAME}\\s*(?:\\(([^)]*)\\)\\s*)?` +
    "(?:OVERRIDING \\w+ VALUE\\s*)?VALUES\\s*",
  "i",
);
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\\n",
  t: "\\t",
  r: "\\r",
  "0": "",
  Z: "",
  b: "",
  "\\": "\\\\",
};
const COPIED: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\\": "\\\\",
};

/** Which database wrote a dump. */
export type DumpKind = "postgres" | "mysql";

/** Whether the end of a line is within a quoted text, and whether that has escapes. */
type Quote = "none" | "plain" | "escaped";

/** Reads the lines of a dump in their order. */
export class InsertRows {
  readonly #wanted: { includes(table: string): boolean };
  readonly #kind: DumpKind;
  readonly #columns = new Map<string, string[]>();
  #creating: string[] | null = null;
  /** A statement whose end has not come. */
  #pending: {
    readonly table: string;
    readonly columns: readonly string[];
    text: string;
    quote: Quote;
  } | null = null;

  constructor(wanted: { includes(table: string): boolean }, kind: DumpKind) {
    this.#wanted = wanted;
    this.#kind = kind;
  }

  /** The rows that some lines complete. */
  *read(lines: readonly string[]): Generator<Rows> {
    for (const line of lines) {
      if (this.#pending) {
        this.#pending.text += `\n${line}`;
        this.#pending.quote = this.#quoteAfter(line, this.#pending.quote);
      } else if (this.#creating) {
        const [, ticked, quoted, bare = ""] = COLUMN.exec(line) ?? [];
        const name = ticked ?? quoted ?? (NO_COLUMN.test(bare) ? "" : bare);
        if (name !== "") this.#creating.push(name);
        else if (/^\)/.test(line)) this.#creating = null;
        continue;
      } else if (!this.#begin(line)) continue;
      const rows = this.#ended();
      if (rows) yield rows;
    }
  }

  /** Whether a statement has begun and not ended. */
  get isOpen(): boolean {
    return this.#pending !== null;
  }

  /** Whether a line begins rows, of whichever table: their texts may look like other lines. */
  #begin(line: string): boolean {
    const created = CREATE.exec(line)?.[1];
    if (created !== undefined) {
      this.#creating = [];
      this.#columns.set(created, this.#creating);
      return false;
    }
    const insert = INSERT.exec(line);
    const table = insert?.[1] ?? "";
    if (!insert) return false;
    const named = insert[2]?.split(",").map((name) => name.trim().replace(/^["`]|["`]$/g, ""));
    const columns = named ?? this.#columns.get(table) ?? [];
    const text = line.slice(insert[0].length);
    this.#pending = { table, columns, text, quote: this.#quoteAfter(text, "none") };
    return true;
  }

  #ended(): Rows | null {
    if (!this.#pending) return null;
    const { table, columns, text, quote } = this.#pending;
    if (quote !== "none" || !text.trimEnd().endsWith(";")) return null;
    this.#pending = null;
    return this.#wanted.includes(table) ? { table, columns, text: this.#copyLines(text) } : null;
  }

  #quoteOf(before: string | undefined): Quote {
    return this.#kind === "mysql" || before === "E" || before === "e" ? "escaped" : "plain";
  }

  #quoteAfter(line: string, before: Quote): Quote {
    let quote = before;
    for (let at = 0; at < line.length; at++) {
      if (quote === "escaped") {
        if (line[at] === "\\") at++;
        else if (line[at] === "'") quote = "none";
        continue;
      }
      at = line.indexOf("'", at);
      if (at < 0) break;
      quote = quote === "none" ? this.#quoteOf(line[at - 1]) : "none";
    }
    return quote;
  }

  /** `(1,'a',NULL),(…);` as lines of values between tabs. */
  #copyLines(text: string): string {
    let lines = "";
    let row: string[] = [];
    for (let at = 0; at < text.length;) {
      const char = text[at] ?? "";
      if (char === "(") {
        row = [];
        at++;
      } else if (char === ")") {
        lines += `${row.join("\t")}\n`;
        at++;
      } else if (char === "'") {
        const [value, end] = quoted(text, at + 1, this.#quoteOf(text[at - 1]) === "escaped");
        row.push(value);
        at = end;
      } else if (",; \t\n\r".includes(char)) {
        at++;
      } else {
        const end = bareEnd(text, at);
        const word = text.slice(at, end);
        // What stands before a text says how it was stored, and what follows `::` its type.
        const isPrefix = word.startsWith("_") || text[end] === "'" && /^[bexn]$/i.test(word);
        if (!isPrefix && !word.startsWith("::")) {
          row.push(/^null$/i.test(word) ? "\\N" : word);
        }
        at = end;
      }
    }
    return lines;
  }
}

function bareEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !",)' ;\t\n\r".includes(text[at] ?? "")) at++;
  return at;
}

/** A quoted value from behind its first quote, with COPY's escapes, and where it ends. */
function quoted(text: string, from: number, isEscaped: boolean): [value: string, end: number] {
  let value = "";
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\" && isEscaped) {
      const next = text[++at] ?? "";
      value += ESCAPES[next] ?? COPIED[next] ?? next;
    } else if (char === "'") {
      if (text[at + 1] !== "'") return [value, at + 1];
      value += "'";
      at++;
    } else value += COPIED[char] ?? char;
  }
  return [value, text.length];
}
