// The rules of ARCHITECTURE.md that a program can check, as a table: each row tells where the
// given files break its rule, and carries an example that does. It must not read any file itself.
import type { SourceFacts } from "./source_facts.ts";

/** The files under judgement. */
export interface Project {
  /** TypeScript and JavaScript, without vendored files. */
  readonly sources: readonly SourceFacts[];
  /** Every text file by path: sources, styles, pages, documents. */
  readonly texts: ReadonlyMap<string, string>;
  /** Third-party names of the import map. */
  readonly packages: readonly string[];
  /** Names the dashboard must learn from the server, by what they are: metric, dimension … */
  readonly served: ReadonlyMap<string, readonly string[]>;
}

/** One rule. `breach` is a small project that breaks it, as path and text. */
export interface Rule {
  readonly rule: string;
  readonly check: (project: Project) => string[];
  readonly breach: Readonly<Record<string, string>>;
}

const LINES_MAX = 70;
const COLUMNS_MAX = 100;
const FOLDER_FILES_MAX = 15;

/**
 * Height of each part of src; a part imports from itself and from what is lower. Parts of one
 * height do not import each other.
 */
const LAYERS: Readonly<Record<string, number>> = {
  core: 0,
  reference: 0,
  net: 1,
  http: 1,
  storage: 2,
  sites: 3,
  auth: 4,
  ingest: 4,
  query: 4,
  imports: 5,
  exports: 5,
  api: 6,
  config: 7,
  runtime: 8,
  doctor: 9,
  parts: 10,
  "app.ts": 11,
  cli: 12,
  "main.ts": 13,
};

function heightOf(path: string): number | undefined {
  const part = partOf(path);
  return Object.hasOwn(LAYERS, part) ? LAYERS[part] : undefined;
}

const DASHBOARD_LAYERS: Readonly<Record<string, number>> = {
  grammar: 0,
  texts: 1,
  lib: 1,
  components: 2,
  panels: 3,
  pages: 4,
  "app.js": 5,
};

/** What the server and the dashboard share: filters, steps and periods as text. */
const GRAMMAR = "dashboard/grammar/";

/** The only files that touch the outside world; workers are programs of their own. */
function mayTouchWorld(path: string): boolean {
  const runtime = [
    ...["system", "process", "listener", "listening/port"],
    ...["c_library", "owner_socket", "probes"],
  ];
  return [...runtime.map((name) => `src/runtime/${name}.ts`), "src/main.ts"].includes(path) ||
    path === "src/storage/state/sync_files.ts" || path.endsWith("_worker.ts");
}

/** `row_number()` alone is no such operator of DuckDB's, but a numbering of the stream. */
const BARE_WINDOW = /(?<!\brow_number\(\) )\bover \(\s*\)/i;
const SQL_CHANCE = new RegExp(
  "\\b(now|random|today|uuid|gen_random_uuid|setseed|get_current_timestamp)\\s*\\(" +
    "|\\bcurrent_(date|time|timestamp|localtime|localtimestamp)\\b",
  "i",
);

/** All rules, in the order of ARCHITECTURE.md. */
export const RULES: readonly Rule[] = [
  {
    rule: "a file imports only from its own or lower layers",
    check: layerFaults,
    breach: {
      "src/core/a.ts": 'import "../storage/b.ts";',
      "src/storage/b.ts": "",
    },
  },
  {
    rule: "ingest and query do not import each other",
    check: layerFaults,
    breach: { "src/ingest/a.ts": 'import type { B } from "../query/b.ts";', "src/query/b.ts": "" },
  },
  {
    rule: "nobody imports an engine's internals but the engines",
    check: engineFaults,
    breach: {
      "src/query/reports/a.ts": 'import "../engine/native/b.ts";',
      "src/query/engine/native/b.ts": "",
    },
  },
  {
    rule: "no layer reads the settings as a whole",
    check: layerFaults,
    breach: { "src/api/a.ts": 'import "../config/load.ts";', "src/config/load.ts": "" },
  },
  {
    rule: "components of the dashboard know no panel and no page",
    check: dashboardLayerFaults,
    breach: {
      "dashboard/components/a.js": 'import "../panels/b.js";',
      "dashboard/panels/b.js": "",
    },
  },
  {
    rule: "src holds entry and composition, and no folder more than fifteen sources",
    check: roomFaults,
    breach: { "src/helpers.ts": "// Helps." },
  },
  {
    rule: "src and dashboard import only themselves, and scripts of the tests only what is shared",
    check: reachFaults,
    breach: { "src/core/a.ts": 'import "../../tests/support/b.ts";' },
  },
  {
    rule: "src imports nothing of the dashboard but its grammar, and the grammar only itself",
    check: grammarFaults,
    breach: {
      "src/core/a.ts": 'import { b } from "../../dashboard/lib/b.js";',
      "dashboard/grammar/a.js": 'import { b } from "../lib/b.js";',
    },
  },
  {
    rule: "files do not import each other in a circle",
    check: circleFaults,
    breach: {
      "src/core/a.ts": 'import "./b.ts";',
      "src/core/b.ts": 'import type { C } from "./c.ts";',
      "src/core/c.ts": 'const a = await import("./a.ts");',
    },
  },
  {
    rule: "no file hands on what another defines",
    check: (project) =>
      everywhere(
        project,
        "reexports",
        (text) => `exports from ${text}`,
        () => true,
        (text) => text.startsWith("."),
      ),
    breach: { "src/core/a.ts": 'export { b } from "./b.ts";', "src/core/b.ts": "" },
  },
  {
    rule: "every third-party package has one importing file and stands in the import map",
    check: packageFaults,
    breach: {
      "src/core/a.ts": 'import "maxmind";',
      "src/core/b.ts": 'import type { C } from "maxmind";',
    },
  },
  {
    rule: "time, chance, timers and the runtime are touched in src/runtime and main.ts alone",
    check: (project) =>
      everywhere(
        project,
        "outside",
        (text) => `uses ${text}`,
        (path) => path.startsWith("src/") && !mayTouchWorld(path),
      ),
    breach: { "src/core/a.ts": "export const a = () => Date.now();" },
  },
  {
    rule: "no SQL asks for the time or for chance",
    check: (project) =>
      everywhere(
        project,
        "strings",
        (text) => `has ${SQL_CHANCE.exec(text)?.[0]}`,
        (path) => path.startsWith("src/"),
        (text) => SQL_CHANCE.test(text),
      ),
    breach: { "src/query/a.ts": "sql`select * from t where at < now()`;" },
  },
  {
    rule: "no SQL has a window without a partition or order, but row_number()",
    check: (project) =>
      everywhere(
        project,
        "strings",
        () => "has a window that fails at random in DuckDB, see query/sql/build.ts",
        (path) => path.startsWith("src/"),
        (text) => BARE_WINDOW.test(text),
      ),
    breach: { "src/query/a.ts": "sql`select count(*) over () from t`;" },
  },
  {
    rule: "every test names a source that exists",
    check: testFaults,
    breach: { "tests/core/gone_test.ts": "" },
  },
  {
    rule: `no function is longer than ${LINES_MAX} lines`,
    check: (project) =>
      project.sources.flatMap(({ path, functions }) =>
        functions.filter((one) => one.length > LINES_MAX).map((one) =>
          `${path}:${one.line} ${one.text} has ${one.length} lines`
        )
      ),
    breach: { "src/core/a.ts": `function a() {${"\n".repeat(LINES_MAX)}}` },
  },
  {
    rule: `no line is longer than ${COLUMNS_MAX} characters`,
    check: lineFaults,
    breach: { "src/core/a.ts": `// ${"x".repeat(COLUMNS_MAX)}` },
  },
  {
    rule: "no type is any outside storage/duckdb.ts",
    check: anyFaults,
    breach: { "src/core/a.ts": "export const a = (b: any) => b;" },
  },
  {
    rule: "no unfinished words and no numbers of issues",
    check: wordFaults,
    breach: { "src/core/a.ts": `// ${"TO"}${"DO"}: later` },
  },
  {
    rule: "every source but tests opens with a comment",
    check: ({ sources }) =>
      sources.filter(({ path, text }) =>
        !path.endsWith("_test.ts") && !/^(#!.*\n)?\/[/*]/.test(text)
      ).map(({ path }) => `${path} does not say what it is for`),
    breach: { "src/core/a.ts": "export const a = 1;" },
  },
  {
    rule: "the dashboard takes types from src in lib/ask/answers.js alone",
    check: (project) =>
      everywhere(
        project,
        "comments",
        () => "takes a type from src",
        (path) => path.startsWith("dashboard/") && path !== "dashboard/lib/ask/answers.js",
        (text) => /import\("[./]*\/src\//.test(text),
      ),
    breach: {
      "dashboard/panels/a.js": '/** @typedef {import("../../src/core/event.ts").Event} Event */',
    },
  },
  {
    rule: "the dashboard has no list of metrics, dimensions or operators but the grammar's",
    check: servedFaults,
    breach: { "dashboard/panels/a.js": 'export const a = ["visitors", "visits", "pageviews"];' },
  },
];

type FoundList = "reexports" | "outside" | "strings" | "anys" | "comments";

function everywhere(
  { sources }: Project,
  list: FoundList,
  say: (text: string) => string,
  where: (path: string) => boolean = () => true,
  wrong: (text: string) => boolean = () => true,
): string[] {
  return sources.filter(({ path }) => where(path)).flatMap((facts) =>
    facts[list].filter(({ text }) => wrong(text)).map(({ line, text }) =>
      `${facts.path}:${line} ${say(text)}`
    )
  );
}

/** Path of a relative import below the project's folder; undefined for packages. */
function target(path: string, specifier: string): string | undefined {
  if (!/^\.\.?\//.test(specifier)) return undefined;
  const { pathname } = new URL(specifier, `file:///project/${path}`);
  return pathname.replace(/^\/project\//, "");
}

function relativeImports({ path, imports }: SourceFacts): { line: number; to: string }[] {
  return imports.flatMap(({ line, text }) => {
    const to = target(path, text);
    return to === undefined ? [] : [{ line, to }];
  });
}

function partOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function layerFaults({ sources }: Project): string[] {
  return sources.filter(({ path }) => path.startsWith("src/")).flatMap((facts) => {
    const height = heightOf(facts.path);
    if (height === undefined) return [`${facts.path}: src/${partOf(facts.path)} has no layer`];
    return relativeImports(facts).flatMap(({ line, to }) => {
      const within = !to.startsWith("src/") || partOf(to) === partOf(facts.path);
      const allowed = within || (heightOf(to) ?? Infinity) < height;
      return allowed ? [] : [`${facts.path}:${line} imports ${to}`];
    });
  });
}

/** What the rest of the program may import of the engines: the interface and the choice. */
const ENGINE_ENTRIES = ["src/query/engine/engine.ts", "src/query/engine/choose.ts"];

function engineFaults({ sources }: Project): string[] {
  const outside = sources.filter(({ path }) => !/^(src|tests)\/query\/engine\//.test(path));
  return outside.flatMap((facts) =>
    relativeImports(facts)
      .filter(({ to }) => to.startsWith("src/query/engine/") && !ENGINE_ENTRIES.includes(to))
      .map(({ line, to }) => `${facts.path}:${line} imports ${to}`)
  );
}

function dashboardLayerFaults({ sources }: Project): string[] {
  return sources.filter(({ path }) => path.startsWith("dashboard/")).flatMap((facts) => {
    const height = DASHBOARD_LAYERS[partOf(facts.path)];
    return relativeImports(facts).flatMap(({ line, to }) => {
      const above = DASHBOARD_LAYERS[partOf(to)];
      return height === undefined || above === undefined || above <= height
        ? []
        : [`${facts.path}:${line} imports ${to}`];
    });
  });
}

function roomFaults({ sources }: Project): string[] {
  const judged = sources.map(({ path }) => path).filter((path) => /^(src|dashboard)\//.test(path));
  const folders = Map.groupBy(judged, (path) => path.slice(0, path.lastIndexOf("/")));
  const crowded = [...folders].filter(([, paths]) => paths.length > FOLDER_FILES_MAX)
    .map(([folder, paths]) => `${folder} has ${paths.length} files`);
  const stray = (folders.get("src") ?? []).filter((path) => !Object.hasOwn(LAYERS, partOf(path)));
  return [...crowded, ...stray.map((path) => `${path} is neither entry nor composition`)];
}

function reachFaults({ sources }: Project): string[] {
  return sources.filter(({ path }) => !path.startsWith("tests/")).flatMap((facts) => {
    const home = facts.path.split("/")[0] ?? "";
    return relativeImports(facts).flatMap(({ line, to }) => {
      // deno.json holds the version.
      const shared = to === "deno.json" || (home === "src" && to.startsWith("dashboard/"));
      const outside = home !== "scripts" && !shared && !to.startsWith(`${home}/`);
      const test = to.startsWith("tests/") && !to.startsWith("tests/support/");
      return outside || test ? [`${facts.path}:${line} imports ${to}`] : [];
    });
  });
}

function grammarFaults({ sources }: Project): string[] {
  return sources.flatMap((facts) => {
    const isGrammar = facts.path.startsWith(GRAMMAR);
    const isServer = facts.path.startsWith("src/");
    const browser = /\b(window|document|navigator|location|localStorage|Deno)\b[.[]/;
    return [
      ...relativeImports(facts).filter(({ to }) =>
        !to.startsWith(GRAMMAR) && (isGrammar || (isServer && to.startsWith("dashboard/")))
      ).map(({ line, to }) => `${facts.path}:${line} imports ${to}`),
      ...(isGrammar && browser.test(facts.text)
        ? [`${facts.path} uses what only a browser or only Deno has`]
        : []),
    ];
  });
}

function circleFaults({ sources }: Project): string[] {
  const imports = new Map(
    sources.map((facts) => [facts.path, relativeImports(facts).map(({ to }) => to)]),
  );
  const done = new Set<string>();
  const faults: string[] = [];
  const walk = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at !== -1) faults.push([...way.slice(at), path].join(" → "));
    if (at !== -1 || done.has(path)) return;
    for (const to of imports.get(path) ?? []) walk(to, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) walk(path, []);
  return faults;
}

function packageFaults({ sources, packages }: Project): string[] {
  const importers = new Map<string, Set<string>>();
  const faults: string[] = [];
  for (const { path, imports } of sources) {
    for (const { line, text } of imports) {
      if (target(path, text) !== undefined) continue;
      const name = text === "node:sqlite" ? text : packageName(text);
      if (name === undefined) continue;
      if (name !== text && /^(npm|jsr|https?):/.test(text)) {
        faults.push(`${path}:${line} imports ${text}, which belongs into the import map`);
      } else if (!packages.includes(name) && name !== "node:sqlite") {
        faults.push(`${path}:${line} imports ${text}, which is not in the import map`);
      }
      if (!/^(src|dashboard)\//.test(path)) continue;
      importers.set(name, (importers.get(name) ?? new Set()).add(path));
    }
  }
  for (const [name, paths] of importers) {
    if (paths.size > 1) faults.push(`${name} is imported by ${[...paths].sort().join(", ")}`);
  }
  return faults;
}

function packageName(specifier: string): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  return /^((npm|jsr):\/?)?(@[^/]+\/)?[^/@]+/.exec(specifier)?.[0] ?? specifier;
}

/** tests/a/b_test.ts and tests/a/b_more_test.ts are for src/a/b.ts; some folders are their own. */
function testFaults({ sources, texts }: Project): string[] {
  return sources.flatMap(({ path }) => {
    const [, folder = "", name] = /^tests\/(.*\/)?([^/]+)_test\.ts$/.exec(path) ?? [];
    if (name === undefined || folder.startsWith("e2e/") || path === "tests/tidy_test.ts") return [];
    const own = /^(support|scripts|dashboard)\//.exec(folder)?.[1];
    const home = own === "support" ? "tests/" : own === undefined ? "src/" : "";
    const ending = own === "dashboard" ? ".js" : ".ts";
    const words = name.split("_");
    const sourceOf = (count: number) =>
      `${home}${folder}${words.slice(0, count).join("_")}${ending}`;
    return words.some((_word, index) => texts.has(sourceOf(index + 1)))
      ? []
      : [`${path} is for ${sourceOf(words.length)}, which does not exist`];
  });
}

function lineFaults({ texts }: Project): string[] {
  const faults: string[] = [];
  for (const [path, text] of texts) {
    // Texts of the catalogue are sentences, one to a line.
    if (!/\.(ts|js|css)$/.test(path) || path.startsWith("dashboard/texts/")) continue;
    text.split("\n").forEach((line, index) => {
      if ([...line].length > COLUMNS_MAX) {
        faults.push(`${path}:${index + 1} has ${[...line].length} characters`);
      }
    });
  }
  return faults;
}

function anyFaults(project: Project): string[] {
  const elsewhere = (path: string) => path !== "src/storage/duckdb.ts";
  return [
    ...everywhere(project, "anys", () => "uses any", elsewhere),
    ...everywhere(
      project,
      "comments",
      () => "uses any in a doc type",
      elsewhere,
      (text) => /@\w+[^\n{]*\{[^}\n]*\bany\b[^}\n]*\}/.test(text),
    ),
  ];
}

const UNFINISHED = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME"].join("|")})\\b`);
const ISSUE = /\b(issues?|pull request|PR) #?\d+\b|(^|[\s(])#\d+\b/i;

function wordFaults(project: Project): string[] {
  const faults: string[] = [];
  for (const [path, text] of project.texts) {
    text.split("\n").forEach((line, index) => {
      if (UNFINISHED.test(line)) faults.push(`${path}:${index + 1} is unfinished`);
      if (path.endsWith(".md") && ISSUE.test(line)) {
        faults.push(`${path}:${index + 1} names an issue`);
      }
    });
  }
  const wrong = (text: string) => ISSUE.test(text);
  return [...faults, ...everywhere(project, "comments", () => "names an issue", () => true, wrong)];
}

const NAMES_MAX = 2;

function servedFaults({ sources, served }: Project): string[] {
  // The catalogue of texts has a translation for each name, and so has to hold them all.
  const judged = sources.filter(({ path }) =>
    /^dashboard\/(?!texts\/)/.test(path) && path !== `${GRAMMAR}operators.js`
  );
  return judged.flatMap(({ path, nameLists }) =>
    nameLists.flatMap(({ line, names }) =>
      [...served].flatMap(([what, known]) => {
        const listed = names.filter((name) => known.includes(name));
        return listed.length > NAMES_MAX ? [`${path}:${line} lists ${what}s: ${listed}`] : [];
      })
    )
  );
}
