// What the rules of the house ask about one source file, read from its syntax tree with the parser
// of Deno's linter. It gathers facts and judges none of them. Works under `deno test` only.

/** A place in a file, `line` counted from 1, with the text found there. */
export interface Found {
  readonly line: number;
  readonly text: string;
}

/** Everything the rules need to know of one TypeScript or JavaScript file. */
export interface SourceFacts {
  /** Path below the project's folder. */
  readonly path: string;
  readonly text: string;
  /** Specifiers of imports of any form: static, type only, dynamic, re-exports. */
  readonly imports: readonly Found[];
  /** `export … from`. */
  readonly reexports: readonly Found[];
  /** Functions with their names where they have one; `length` is in lines. */
  readonly functions: readonly (Found & { readonly length: number })[];
  /** Uses of the type `any`. */
  readonly anys: readonly Found[];
  /** Calls and names that reach the outside world: time, chance, timers, the runtime. */
  readonly outside: readonly Found[];
  /** Text of every string and template. */
  readonly strings: readonly Found[];
  /** Names that stand together in one array or one object literal. */
  readonly nameLists: readonly (Found & { readonly names: readonly string[] })[];
  readonly comments: readonly Found[];
}

const OUTSIDE_MEMBERS: ReadonlySet<string> = new Set([
  "Date.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);
const TIMERS: ReadonlySet<string> = new Set(["setTimeout", "setInterval"]);

type Facts = { -readonly [K in keyof SourceFacts]: SourceFacts[K] };
type Add = (list: keyof SourceFacts, node: { range: Deno.lint.Range }, text: string) => void;

/** Reads one file. Throws a SyntaxError-like error of the parser when it does not parse. */
export function sourceFacts(path: string, text: string): SourceFacts {
  const starts = [0];
  for (const { index } of text.matchAll(/\n/g)) starts.push(index + 1);
  const lineOf = (offset: number) => {
    const after = starts.findIndex((start) => start > offset);
    return after === -1 ? starts.length : after;
  };
  const facts: Facts = {
    path,
    text,
    imports: [],
    reexports: [],
    functions: [],
    anys: [],
    outside: [],
    strings: [],
    nameLists: [],
    comments: [],
  };
  const add = (
    list: keyof SourceFacts,
    node: { range: Deno.lint.Range },
    text: string,
    more = {},
  ) => (facts[list] as Found[]).push({ line: lineOf(node.range[0]), text, ...more });
  const lineCount = ({ range }: { range: Deno.lint.Range }) =>
    lineOf(range[1] - 1) - lineOf(range[0]) + 1;
  const plugin: Deno.lint.Plugin = {
    name: "facts",
    rules: {
      facts: {
        create: (context) => ({
          ...importVisitor(add),
          ...worldVisitor(add),
          ...namesVisitor((node, names) => add("nameLists", node, names.join(", "), { names })),
          ...functionVisitor((node, name) =>
            add("functions", node, name, { length: lineCount(node) })
          ),
          TSAnyKeyword: (node) => add("anys", node, "any"),
          "Program:exit"() {
            for (const comment of context.sourceCode.getAllComments()) {
              add("comments", comment, comment.value);
            }
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, path, text);
  return facts;
}

function importVisitor(add: Add): Deno.lint.LintVisitor {
  const from = (node: Deno.lint.Node, source: unknown) => {
    const value = (source as { value?: unknown } | null)?.value;
    if (typeof value === "string") add("imports", node, value);
    return typeof value === "string";
  };
  return {
    ImportDeclaration: (node) => void from(node, node.source),
    ImportExpression: (node) => void from(node, node.source),
    TSImportType: (node) => void from(node, (node.argument as { literal?: unknown }).literal),
    ExportAllDeclaration(node) {
      if (from(node, node.source)) add("reexports", node, node.source.value);
    },
    ExportNamedDeclaration(node) {
      if (from(node, node.source)) add("reexports", node, node.source?.value ?? "");
    },
  };
}

function worldVisitor(add: Add): Deno.lint.LintVisitor {
  return {
    MemberExpression(node) {
      const { object, property } = node;
      if (object.type !== "Identifier" || property.type !== "Identifier") return;
      const name = `${object.name}.${property.name}`;
      if (object.name === "Deno" || OUTSIDE_MEMBERS.has(name)) add("outside", node, name);
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type === "Identifier" && TIMERS.has(callee.name)) {
        add("outside", node, callee.name);
      }
    },
    NewExpression(node) {
      const { callee } = node;
      if (callee.type === "Identifier" && callee.name === "Date" && node.arguments.length === 0) {
        add("outside", node, "new Date()");
      }
    },
    Literal(node) {
      if (typeof node.value === "string") add("strings", node, node.value);
    },
    TemplateElement: (node) => add("strings", node, node.raw),
  };
}

function namesVisitor(
  found: (node: Deno.lint.Node, names: string[]) => void,
): Deno.lint.LintVisitor {
  return {
    ArrayExpression(node) {
      found(
        node,
        node.elements.flatMap((one) =>
          one.type === "Literal" && typeof one.value === "string" ? [one.value] : []
        ),
      );
    },
    ObjectExpression(node) {
      found(
        node,
        node.properties.flatMap((one) => {
          if (one.type !== "Property") return [];
          if (one.key.type === "Identifier") return [one.key.name];
          return one.key.type === "Literal" ? [String(one.key.value)] : [];
        }),
      );
    },
  };
}

function functionVisitor(
  found: (node: Deno.lint.Node, name: string) => void,
): Deno.lint.LintVisitor {
  const named = (node: Deno.lint.Node) => {
    const { id } = node as { id?: { name?: string } | null };
    const { parent } = node as { parent?: { key?: { name?: string }; id?: { name?: string } } };
    found(node, id?.name ?? parent?.key?.name ?? parent?.id?.name ?? "(unnamed)");
  };
  return {
    FunctionDeclaration: named,
    FunctionExpression: named,
    ArrowFunctionExpression: named,
  };
}
