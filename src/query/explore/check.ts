// Whether a statement of an owner may run: DuckDB's own parser has read it, and every table and
// function that it names is looked at here. Pure.
import {
  SQL_DEPTH_MAX,
  SQL_JOINED_TEXTS_MAX,
  SQL_NODES_MAX,
  SQL_REPLACEMENT_CHARS_MAX,
  SQL_SUBQUERIES_MAX,
  SQL_TABLES_MAX,
  SQL_TEXT_CHARS_MAX,
} from "../../core/limits.ts";
import { isRefusedFunction, TABLE_FUNCTIONS } from "./functions.ts";

/** What a statement names, or why it is refused. */
export type CheckedStatement =
  | { readonly fault: string }
  | {
    readonly fault?: undefined;
    /** The tables that it reads. */
    readonly tables: ReadonlySet<string>;
    /** Names of columns, in lower case. */
    readonly columns: ReadonlySet<string>;
    /** Whether it reads all columns of some relation. */
    readonly hasStar: boolean;
  };

/** A part of the parsed statement. */
type Node = Readonly<Record<string, unknown>>;

/** Names of a statement's own, by which nothing else is found. */
const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;

const REPLACING: ReadonlySet<string> = new Set(["replace", "regexp_replace"]);
const JOINING: ReadonlySet<string> = new Set(["||", "concat", "concat_ws"]);

class Refusal extends Error {}

/** Checks what `json_serialize_sql` made of a text, for a database of these tables. */
export function checkStatement(parsed: string, tables: readonly string[]): CheckedStatement {
  const read: Node = JSON.parse(parsed);
  if (read["error"] === true) {
    // Whatever is not a SELECT has no form there.
    const isOther = read["error_type"] === "not implemented";
    return { fault: isOther ? "it must be one SELECT" : String(read["error_message"]) };
  }
  const statements = read["statements"];
  if (!Array.isArray(statements) || statements.length !== 1) {
    return { fault: "it must be one SELECT" };
  }
  const walk = new Walk(tables);
  try {
    walk.visit(statements[0], new Set(), 0);
  } catch (error) {
    if (error instanceof Refusal) return { fault: error.message };
    throw error;
  }
  return walk;
}

class Walk {
  readonly tables = new Set<string>();
  readonly columns = new Set<string>();
  hasStar = false;
  readonly #known: ReadonlySet<string>;
  #nodes = 0;
  #relations = 0;
  #nested = 0;
  #joined = 0;

  constructor(tables: readonly string[]) {
    this.#known = new Set(tables);
  }

  /** Looks at a part and all in it. `names` are those of the statement's own relations. */
  visit(part: unknown, names: ReadonlySet<string>, depth: number): void {
    if (Array.isArray(part)) return part.forEach((one) => this.visit(one, names, depth));
    if (typeof part !== "object" || part === null) return;
    const node = part as Node;
    if (++this.#nodes > SQL_NODES_MAX) throw new Refusal("it is too long");
    if (depth > SQL_DEPTH_MAX) throw new Refusal("too much of it is nested");
    this.#judge(node, names);
    const isQuery = node["type"] === "SELECT_NODE";
    if (isQuery && ++this.#nested > SQL_SUBQUERIES_MAX) {
      throw new Refusal("too many of its subqueries are nested");
    }
    const inner = this.#named(node, names, depth);
    for (const [key, value] of Object.entries(node)) {
      if (key === "cte_map") continue;
      // A table function was judged where it stands: in it are its arguments.
      const isCall = node["type"] === "TABLE_FUNCTION" && key === "function";
      this.visit(isCall ? (value as Node)["children"] : value, inner, depth + 1);
    }
    if (isQuery) this.#nested--;
  }

  /** The names that a part adds, each of which sees those before it. */
  #named(node: Node, names: ReadonlySet<string>, depth: number): ReadonlySet<string> {
    const inner = new Set(names);
    // The name of a recursive relation is known in itself.
    if (typeof node["cte_name"] === "string") inner.add(nameOf(node["cte_name"]));
    const map = (node["cte_map"] as Node | undefined)?.["map"];
    for (const entry of Array.isArray(map) ? map as Node[] : []) {
      const name = nameOf(String(entry["key"]));
      this.visit(entry["value"], inner, depth + 1);
      inner.add(name);
    }
    return inner;
  }

  #judge(node: Node, names: ReadonlySet<string>): void {
    switch (node["class"]) {
      case "FUNCTION":
      case "WINDOW":
        return this.#judgeFunction(node);
      case "CONSTANT":
        return judgeConstant(node);
      case "PARAMETER":
        throw new Refusal("it has a parameter, and there is nothing to put in its place");
      case "COLUMN_REF":
        for (const name of node["column_names"] as string[]) this.columns.add(name.toLowerCase());
        return;
      case "STAR":
        this.hasStar = true;
        return;
    }
    switch (node["type"]) {
      case "BASE_TABLE":
        return this.#judgeTable(node, names);
      case "TABLE_FUNCTION":
        return this.#judgeTableFunction(node);
      case "SHOW_REF":
        if (node["query"]) return;
        throw new Refusal("it lists what the database holds");
      case "COLUMN_DATA":
      case "BOUND_TABLE_REF":
      case "DELIM_GET":
        throw new Refusal(`it reads from ${node["type"]}`);
    }
  }

  #judgeFunction(node: Node): void {
    const name = String(node["function_name"]).toLowerCase();
    if (!isPlain(node) || isRefusedFunction(name)) {
      throw new Refusal(`the function ${name} cannot be used here`);
    }
    // What stands for each match may be as long as the text: one call would square its length.
    const children = node["children"] as Node[];
    if (REPLACING.has(name) && !isShortText(children[2])) {
      const most = `${SQL_REPLACEMENT_CHARS_MAX} characters`;
      throw new Refusal(`the third argument of ${name} must be a text of at most ${most}`);
    }
    if (JOINING.has(name) && (this.#joined += children.length - 1) > SQL_JOINED_TEXTS_MAX) {
      throw new Refusal(`it joins more than ${SQL_JOINED_TEXTS_MAX} texts`);
    }
  }

  #judgeTableFunction(node: Node): void {
    this.#countRelation();
    const call = node["function"] as Node;
    const name = String(call["function_name"]).toLowerCase();
    if (!isPlain(call) || !TABLE_FUNCTIONS.has(name)) {
      throw new Refusal(`${name} cannot be read from: there are ${this.#list()}`);
    }
  }

  #judgeTable(
    { table_name, schema_name, catalog_name }: Node,
    names: ReadonlySet<string>,
  ): void {
    this.#countRelation();
    const name = String(table_name).toLowerCase();
    if (schema_name === "" && catalog_name === "") {
      if (names.has(name)) return;
      if (this.#known.has(name)) {
        this.tables.add(name);
        return;
      }
    }
    throw new Refusal(`there is no table of this name: there are ${this.#list()}`);
  }

  #countRelation(): void {
    if (++this.#relations > SQL_TABLES_MAX) {
      throw new Refusal(`it reads from more than ${SQL_TABLES_MAX} tables`);
    }
  }

  #list(): string {
    return [...this.#known].join(" and ");
  }
}

function judgeConstant({ value }: Node): void {
  const text = (value as Node | undefined)?.["value"];
  if (typeof text === "string" && text.length > SQL_TEXT_CHARS_MAX) {
    throw new Refusal(`a text in it is longer than ${SQL_TEXT_CHARS_MAX} characters`);
  }
}

/** Whether an argument is a short text, and no expression; what is missing DuckDB refuses. */
function isShortText(argument: Node | undefined): boolean {
  if (argument === undefined) return true;
  const { value } = (argument["value"] ?? {}) as Node;
  return argument["class"] === "CONSTANT" && typeof value === "string" &&
    value.length <= SQL_REPLACEMENT_CHARS_MAX;
}

/** Whether a function is named without a place, as the parser itself may name it. */
function isPlain({ schema, catalog }: Node): boolean {
  return !catalog && (!schema || schema === "main");
}

function nameOf(text: string): string {
  const name = text.toLowerCase();
  if (PLAIN_NAME.test(name)) return name;
  throw new Refusal("a name of WITH must be of letters, digits and _");
}
