// Bundles the modules that the dashboard loads at start, so that a browser fetches one file instead
// of seventy. Each module becomes a function that returns its exports, in order of dependency. It
// reads only the forms of import and export that the dashboard uses, and refuses any other.
import { shortened, type Shortening } from "./shortened.ts";

/** The bundle, and a stub for each module's own URL that takes its exports from the bundle. */
export interface Bundle {
  readonly text: string;
  readonly stubs: ReadonlyMap<string, string>;
}

const IMPORT = /^import (\w+|\{[^}]*\}) from "([^"]+)";\n/gm;
const REEXPORT = /^export \{([^}]*)\} from "([^"]+)";\n/gm;
const EXPORT = /^export (?=(?:async )?(?:function|const|class) (\w+))/gm;
const OTHER = /^(?:import|export)\b.*$/m;
const DYNAMIC = /\bimport\("(\.[^"]+)"\)/g;
const OWN_URL = /\bimport\.meta\.url\b/g;

/** JSDoc blocks and whole-line comments. */
const COMMENTS =
  /^[ \t]*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n|\/\*\* @(?:(?!\*\/).)*\*\/ ?|^[ \t]*\/\/.*\n/gm;

/** What the code is as well without, and what stays of it, in this order. */
const SHORTER: Shortening = [
  // Indentation, which takes a thirtieth of the bundle, and empty lines. What htm reads may be
  // indented and broken anyhow.
  [/^[ \t]+|^\n/gm, ""],
  // Ends of lines behind or before a bracket, and behind a semicolon; those of lines that may have
  // a comment stay.
  [/^((?:(?!\/\/).)*[{(\[;])\n/gm, "$1"],
  [/^((?:(?!\/\/).)*?),?\n(?=[\]})])/gm, "$1"],
  // Spaces around operators that no text of the dashboard has, and those of a declaration.
  [/ (=>|===|!==|&&|\|\||\?\?) /g, "$1"],
  [/\b((?:const|let) (?:[\w$]+|\{[^{}=\n]*\}|\[[^[\]=\n]*\])) = /g, "$1="],
];

interface Module {
  readonly body: string;
  readonly exports: readonly string[];
}

/**
 * The bundle of `entry` and everything it imports; `files` are texts by path. Throws when an
 * import is missing, circular or in an unknown form.
 */
export function bundleOf(
  entry: string,
  files: ReadonlyMap<string, string>,
  name: string,
): Bundle {
  const modules = new Map<string, Module>();
  const packages: string[] = [];
  const variables = new Map<string, string>();
  const variableOf = (specifier: string, from: string): string => {
    const path = pathOf(specifier, from);
    if (path !== null) {
      add(path, from);
      return variables.get(path) ?? "";
    }
    if (!packages.includes(specifier)) packages.push(specifier);
    return `P${packages.indexOf(specifier)}`;
  };
  const add = (path: string, from: string): void => {
    if (modules.has(path)) return;
    if (variables.has(path)) {
      throw new Error(`Cannot bundle ${from}: it and ${path} import each other`);
    }
    const text = files.get(path);
    if (text === undefined) throw new Error(`Cannot bundle ${from}: ${path} is missing`);
    variables.set(path, `M${variables.size}`);
    // Dependencies are added first; a Map keeps insertion order.
    const module = moduleOf(path, text, (specifier) => variableOf(specifier, path));
    modules.set(path, module);
  };
  add(entry, name);
  const order = [...modules].map(([path, module]) => ({
    path,
    variable: variables.get(path) ?? "",
    ...module,
  }));
  return {
    text: [
      ...packages.map((specifier, index) => `import * as P${index} from "${specifier}";`),
      ...order.map(({ path, variable, body, exports }) => {
        // Only the entry may use top-level await.
        const [start, wait] = path === entry ? ["async ", "await "] : ["", ""];
        const returned = `return { ${exports.join(", ")} };`;
        return `const ${variable} = ${wait}(${start}() => {\n${body}${returned}\n})();`;
      }),
      `export { ${[...variables.values()].join(", ")} };\n`,
    ].join("\n"),
    stubs: new Map(
      order.map(({ path, variable, exports }) => [path, stubOf(path, variable, exports, name)]),
    ),
  };
}

/** The module at the original URL, which exports what is in the bundle. */
function stubOf(
  path: string,
  variable: string,
  exports: readonly string[],
  bundle: string,
): string {
  const up = "../".repeat(path.split("/").length - 1) || "./";
  const names = exports.map((own) => own.split(":")[0]);
  return `import { ${variable} } from "${up}${bundle}";\n` +
    names.map((own) => `export const ${own} = ${variable}.${own};\n`).join("");
}

/** Path of a relative import; null for a package. */
function pathOf(specifier: string, from: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** `{ a, b as c }` of an import as a destructuring pattern. */
function patternOf(names: string): string {
  return names.replace(/(\w+) as (\w+)/g, "$1: $2");
}

function moduleOf(
  path: string,
  text: string,
  variableOf: (specifier: string) => string,
): Module {
  const exports: string[] = [];
  const body = text.replace(COMMENTS, "")
    .replace(IMPORT, (_, names: string, specifier: string) => {
      const source = variableOf(specifier);
      return names.startsWith("{")
        ? `const ${patternOf(names)} = ${source};\n`
        : `const ${names} = ${source}.default;\n`;
    })
    .replace(REEXPORT, (_, names: string, specifier: string) => {
      const source = variableOf(specifier);
      for (const word of names.split(",").map((one) => one.trim()).filter((one) => one !== "")) {
        exports.push(`${word}: ${source}.${word}`);
      }
      return "";
    })
    .replace(EXPORT, (_, own: string) => {
      exports.push(own);
      return "";
    })
    .replace(DYNAMIC, (_, specifier: string) => `import("./${pathOf(specifier, path)}")`)
    .replace(OWN_URL, `new URL("./${path}", import.meta.url).href`);
  const other = OTHER.exec(body)?.[0];
  if (other) {
    throw new Error(`Cannot bundle ${path}: "${other}" is an unknown form of import or export`);
  }
  return { body: shortened(body, SHORTER), exports };
}
