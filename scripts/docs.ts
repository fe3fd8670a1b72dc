// `deno task docs`: writes what the documents repeat from the source: the example settings file
// and the marked sections of DOCUMENTS. With --check it only says what is stale.
import { shownDefault } from "../src/config/load.ts";
import { PERIODS } from "../dashboard/grammar/period.js";
import { DIMENSIONS } from "../src/query/dimensions.ts";
import { OPERATORS } from "../dashboard/grammar/operators.js";
import { EXPLORE_TABLES } from "../src/query/explore/tables.ts";
import { METRICS } from "../src/query/metrics.ts";
import { REPORTS } from "../src/query/reports/reports.ts";
import { SETTING_GROUPS, settingRow } from "../src/config/settings.ts";
import type { Command } from "../src/cli/command.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { doctorExamples } from "../tests/support/server/doctor_examples.ts";
import { openApp } from "../tests/support/server/running_app.ts";
import { ROOT, sourceFiles } from "./lib.ts";

/** One marked section of a document: its name and its text. */
interface Section {
  readonly name: string;
  readonly make: () => string | Promise<string>;
}

/** Every document with marked sections. */
const DOCUMENTS: Readonly<Record<string, readonly Section[]>> = {
  "README.md": [{ name: "commands", make: commandTable }],
  "docs/settings.md": [{ name: "settings", make: settingsTables }],
  "docs/reports.md": [
    { name: "reports", make: reportTable },
    { name: "periods", make: () => meaningTable("Period", PERIODS) },
    { name: "metrics", make: () => meaningTable("Metric", METRICS) },
    { name: "dimensions", make: () => meaningTable("Dimension", DIMENSIONS) },
    { name: "operators", make: () => meaningTable("Operator", OPERATORS) },
  ],
  "docs/sql.md": [{ name: "tables", make: sqlTables }],
  "docs/MAP.md": [{ name: "layout", make: layout }],
  "docs/doctor.md": [{ name: "examples", make: doctorExamples }],
  "docs/routes.md": [{ name: "routes", make: routeTable }],
};

/** What each folder is for, in the order of the layout. */
const FOLDERS: readonly [folder: string, meaning: string][] = [
  ["src", "entry and composition"],
  ["src/cli", "the command line"],
  ["src/cli/seed", "made-up traffic"],
  ["src/cli/access", "commands about passwords and keys"],
  ["src/cli/setup", "commands about the installation"],
  ["src/cli/imports", "commands about imports"],
  ["src/cli/exports", "commands about exports"],
  ["src/cli/lake", "commands about lakes; each is loaded when it runs"],
  ["src/parts", "opens the parts of the program, and ends them"],
  ["src/config", "settings: the table, the kinds of values, reading them"],
  ["src/config/groups", "the rows of the settings, a file for each group"],
  ["src/runtime", "the process around the program: system, jobs, telemetry"],
  ["src/runtime/listening", "the port, with one listener or several threads"],
  ["src/doctor", "checks of an installation: what is wrong, and what to do"],
  ["src/core", "types and pure rules; imports nothing"],
  ["src/core/timings", "how long work takes"],
  ["src/core/paths", "paths of pages: their normal form, and the rules of a site"],
  ["src/reference", "data tables: sources, channels, robots"],
  ["src/net", "network addresses and rate limits"],
  ["src/http", "from a request to a response; knows no route"],
  ["src/storage", "DATA_DIR: one store of events in three tiers, and DuckDB"],
  ["src/storage/state", "mallard.sqlite and the thread that owns it"],
  ["src/storage/state/ops", "what can be asked of mallard.sqlite"],
  ["src/storage/duckdb", "faults of DuckDB itself, its connections, opening it again"],
  ["src/storage/rollups", "which days have rollups, and their files"],
  ["src/storage/tiers", "journal, hot and Parquet, and how events move between them"],
  ["src/storage/parquet", "Parquet files: names, schema, writing, merging"],
  ["src/storage/adoption", "files that were copied into DATA_DIR: what may be counted"],
  ["src/storage/history", "the events of imports: written by day, committed, taken out again"],
  ["src/storage/rewrite", "stored events rewritten by a rule, with a way back"],
  ["src/storage/archive", "archives of files: ZIP and tar, read and written as streams"],
  ["src/storage/lake", "events in a lake: DuckLake over PostgreSQL and a bucket"],
  [
    "src/storage/lake/files",
    "files of a lake: which cannot be read, masking their texts, ending snapshots",
  ],
  ["src/storage/lake/history", "the events of imports in a lake"],
  [
    "src/storage/lake/nodes",
    "several servers over one lake: each other's events, erasures, duties",
  ],
  ["src/storage/shared", "PostgreSQL beside a lake's catalog: what its servers have in common"],
  ["src/storage/backup", "what leaves DATA_DIR: backups and exports of events"],
  ["src/sites", "what owners define"],
  ["src/auth", "who is asking, and what they may do"],
  ["src/ingest", "from a request to an event on disk"],
  ["src/ingest/enrich", "what an event gains: user agent, place, source, parts of its URL"],
  ["src/ingest/fields", "the fields of an event: reading each, and what is dropped or cut of it"],
  ["src/ingest/formats", "one file for each wire format of events"],
  ["src/ingest/steps", "the steps of the pipeline, a file for each group"],
  ["src/ingest/identity", "visitor ids and the salts they are made from"],
  ["src/query", "from a question to numbers"],
  ["src/query/all_sites", "the numbers of many sites in one statement"],
  ["src/query/budget", "what a question may cost: its size, its turn, its time"],
  ["src/query/extent", "when the data of a site begins"],
  ["src/query/lists", "lists of one view that one statement answers"],
  ["src/query/sql", "questions as SQL"],
  ["src/query/explore", "SQL of owners: what it may name, what it reads, running it"],
  ["src/query/engagement", "what engagements say of visits and pageviews"],
  ["src/query/sums", "sums of imported days in the answers of queries"],
  ["src/query/rollups", "what closed days add up to: made, and used in answers"],
  ["src/query/engine", "the interface that behavioral reports ask through"],
  ["src/query/engine/native", "its implementation in plain SQL"],
  ["src/query/engine/extension", "its implementation by DuckDB's behavioral extension"],
  ["src/query/reports", "one file or folder for each report"],
  ["src/query/reports/change", "changes: by chance or not, and why"],
  ["src/query/reports/funnel", "the funnel"],
  ["src/query/reports/retention", "retention"],
  ["src/query/reports/flow", "flow: which page follows a page"],
  ["src/query/reports/sequence", "sequences"],
  ["src/query/formats", "what the readers of other programs share"],
  ["src/query/formats/plausible_v1", "Plausible's statistics API, version 1"],
  ["src/query/formats/plausible_v2", "Plausible's query API, version 2"],
  ["src/query/formats/goatcounter", "GoatCounter's reading API"],
  ["src/query/formats/umami", "Umami's reading API"],
  ["src/imports", "events from other programs"],
  ["src/imports", "other programs' data: what an importer is, and running imports"],
  ["src/imports/input", "files unpacked and decoded"],
  ["src/imports/stage", "rows of any importer made into events"],
  ["src/imports/tools", "one file for each tool whose files are imported"],
  ["src/imports/follow", "access logs that grow: each of their lines is sent to the server once"],
  ["src/imports/tools/sums", "tools whose files have sums of days"],
  ["src/imports/tools/matomo", "Matomo: its tables in a dump, and its Live API as JSON"],
  ["src/exports", "forms of files for other programs"],
  ["src/api", "routes: a row each"],
  ["src/api/openapi", "the description of the API, from its rows"],
  ["src/api/access", "routes of logins and API keys"],
  ["src/api/stats", "routes of the statistics"],
  ["src/api/peers", "routes of other programs' reading APIs"],
  ["src/api/sites", "routes of what owners define"],
  ["src/api/data", "routes by which events come in, go out and are removed"],
  ["src/api/pages", "routes of the dashboard's files and other pages"],
  ["dashboard", "plain ES modules, served and embedded as they are"],
  ["dashboard/trackers", "scripts that stand for those of other programs"],
  ["dashboard/grammar", "filters, steps and periods as text: for the server and the page"],
  ["dashboard/lib", "rules, words and requests; knows no report and draws nothing"],
  ["dashboard/lib/state", "state of the page, session, preferences; hooks that change them"],
  ["dashboard/lib/ask", "requests to the server and their answers"],
  ["dashboard/lib/format", "values, filters and texts as people read them"],
  ["dashboard/lib/marks", "flags, and icons of sources, browsers, systems and devices"],
  ["dashboard/lib/charts", "layout of charts"],
  ["dashboard/components/charts", "draw the numbers they are given"],
  ["dashboard/components/controls", "lists, pickers and fields; know neither state nor server"],
  ["dashboard/components/layout", "panels, dialogs, icons"],
  ["dashboard/components/fields", "form fields that know the state and suggest values"],
  ["dashboard/components/report", "parts that several reports share"],
  ["dashboard/panels/overview", "panels of the overview"],
  ["dashboard/panels/behaviour", "funnel, retention, flow, sequences"],
  ["dashboard/panels/realtime", "panels of the realtime page"],
  ["dashboard/panels/sites", "panels of the list of sites"],
  ["dashboard/panels/sql", "panels of the SQL page"],
  ["dashboard/panels/settings", "panels of the settings page"],
  ["dashboard/panels/settings/items", "goals, segments, funnels, annotations: an editor each"],
  ["dashboard/pages", "arrange panels"],
  ["dashboard/pages/frame", "what surrounds every page: menu, filters, period"],
  ["dashboard/pages/dialogs", "dialogs over any page"],
  ["dashboard/styles", "the look of the page, one file for each part of it"],
  ["dashboard/texts", "the words of the first view, one file a language"],
  [
    "dashboard/texts/doctor",
    "what the health check finds, in other languages than the server's English",
  ],
  ["dashboard/texts/pages", "the words of pages and dialogs that are loaded later"],
  ["dashboard/texts/sql", "the words of the SQL page, fetched with it"],
  ["scripts", "Deno programs for working on this one"],
  ["scripts/checks", "what `deno task ok` and `deno task test` run"],
  ["scripts/deploy", "packages of the executable"],
  ["scripts/compile", "the single executable"],
  ["scripts/packages", "npm packages made from the sources"],
  ["packages/tracker", "what mallard-tracker is around the script"],
  ["packages/client", "what mallard-client is around its generated part"],
  ["scripts/release", "what a release has beside its executables"],
  ["scripts/traffic", "generated traffic"],
  ["scripts/bench", "benchmarks of ingestion, reports and dashboard"],
  ["scripts/bench/lake", "benchmarks of servers over a lake"],
  ["scripts/bench/storage", "benchmarks of storage"],
  ["scripts/crash", "kills of the server, and what must hold after them"],
  ["scripts/compare", "long comparisons of the statistics with an independent count"],
  ["scripts/lake", "PostgreSQL and an S3 server for trying and testing a lake"],
  ["tests/support", "what tests share"],
  ["tests/support/numbers", "independent counts, random questions, golden answers"],
  ["tests/support/peers", "clients of other programs"],
  ["tests/support/switching", "a check for each line of docs/switching.md"],
  ["tests/support/server", "servers, apps and requests"],
  ["tests/support/browser", "Chromium and what it is shown"],
  ["tests/support/lake", "lakes of real parts, and data for them"],
  ["tests/support/storage", "real data folders and databases"],
  ["tests/support/systemd", "a booted systemd"],
  ["tests/support/house", "the house rules"],
  ["tests/support/sources", "files of other tools for imports, with the numbers that are in them"],
];

/** The settings file with every key at its default, commented out. */
export function exampleToml(): string {
  const lines = [
    "# The settings of Mallard Metrics at their defaults. Generated: deno task docs",
    "# Under each comes the name by which the environment sets it, which wins over this file.",
  ];
  for (const { group, title, names } of SETTING_GROUPS) {
    lines.push("", `# --- ${title} ---`);
    if (group === "privacy") {
      lines.push("# The flags and the precision may also stand under [privacy].");
    }
    for (const name of names) {
      const setting = settingRow(name);
      lines.push("", `# ${setting.doc}`);
      const rule = setting.envOnly ? "in the environment only" : setting.kind.expects;
      lines.push(`# ${setting.env}: ${rule}`);
      if (setting.shown !== undefined) lines.push(`# By default: ${setting.shown}`);
      const shown = setting.default ?? setting.example;
      if (!setting.envOnly) lines.push(`#${name} = ${tomlValue(shown)}`);
    }
  }
  return lines.join("\n") + "\n";
}

function tomlValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(tomlValue).join(", ")}]` : JSON.stringify(value);
}

/** The settings as one Markdown table for each group. */
export function settingsTables(): string {
  return SETTING_GROUPS.map(({ title, names }) => {
    const rows = names.map((name) => {
      const { env, envOnly, doc } = settingRow(name);
      const key = envOnly ? "only in the environment" : `\`${name}\``;
      return [key, `\`${env}\``, shownDefault(name), doc];
    });
    return `**${title}**\n\n${markdownTable(["Key", "Environment", "Default", "Meaning"], rows)}`;
  }).join("\n\n");
}

function commandTable(): string {
  const rows = Object.entries<Command>(COMMANDS).map(([name, { args, doc }]) => [
    `\`mallard ${[name, ...args].join(" ")}\``,
    doc,
  ]);
  return markdownTable(["Command", "What it does"], rows);
}

function reportTable(): string {
  const rows = Object.entries(REPORTS).map(([name, { doc, params }]) => [
    `\`${name}\``,
    doc,
    Object.keys(params).map((param) => `\`${param}\``).join(", "),
  ]);
  return markdownTable(["Report", "Meaning", "Its own parameters"], rows);
}

/** Every route of a started app with the right it needs; the dashboard's files in one row. */
async function routeTable(): Promise<string> {
  const app = await openApp();
  const routes = [
    ...app.app.routes().filter(({ path }) => !path.startsWith("/assets/")),
    { method: "GET", path: "/assets/…", right: "public" },
  ].sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.method < b.method ? -1 : 1);
  await app.close();
  const rows = routes.map(({ method, path, right }) => [`\`${method} ${path}\``, right]);
  return markdownTable(["Route", "Right"], rows);
}

function meaningTable(head: string, rows: Readonly<Record<string, { readonly doc: string }>>) {
  return markdownTable(
    [head, "Meaning"],
    Object.entries(rows).map(([name, { doc }]) => [`\`${name}\``, doc]),
  );
}

/** Every source of our own by folder, with the first sentence of its opening comment. */
export function layout(): string {
  const files = Map.groupBy(
    sourceFiles().filter((path) => !path.endsWith("_test.ts")),
    (path) => path.slice(0, path.lastIndexOf("/")),
  );
  const unknown = [...files.keys()].filter((folder) =>
    !FOLDERS.some(([known]) => known === folder)
  );
  if (unknown.length > 0) {
    throw new Error(`Cannot describe ${unknown.join(", ")}: add it to FOLDERS`);
  }
  return FOLDERS.filter(([folder]) => files.has(folder)).map(([folder, meaning]) => {
    const rows = (files.get(folder) ?? []).map((path) => {
      const name = path.slice(folder.length + 1);
      return `- \`${name}\`: ${firstSentence(Deno.readTextFileSync(ROOT + path))}`;
    });
    return `**${folder}/** ${meaning}\n\n${rows.join("\n")}`;
  }).join("\n\n");
}

/** The tables of SQL with their columns. */
function sqlTables(): string {
  return Object.entries(EXPLORE_TABLES).map(([table, columns]) => {
    const rows = columns.map(({ name, type, doc }) => `| \`${name}\` | ${type} | ${doc} |`);
    return `| \`${table}\` | Type | |\n| --- | --- | --- |\n${rows.join("\n")}`;
  }).join("\n\n");
}

/** The first sentence of a source's opening comment, without its full stop. */
export function firstSentence(source: string): string {
  const [comment = ""] = /^(\/\/.*\n)+/.exec(source) ?? [];
  const text = comment.replace(/^\/\/ ?/gm, "").replace(/\s+/g, " ").trim();
  return text.replace(/\.( .*)?$/, "");
}

/** A Markdown table; `|` in a cell is escaped. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/**
 * The document with its marked sections rewritten. Throws when a section has no place in it or
 * a marker names no section.
 */
export function filled(
  document: string,
  sections: readonly { readonly name: string; readonly text: string }[],
): string {
  const missing = new Set(sections.map(({ name }) => name));
  const text = document.replace(
    /(<!-- made by deno task docs: (\w+) -->\n)[^]*?(<!-- end of \2 -->)/g,
    (_all, open: string, name: string, close: string) => {
      const section = sections.find((one) => one.name === name);
      if (!section) throw new Error(`Cannot fill section ${name}: there is no such section`);
      missing.delete(name);
      return `${open}\n${section.text}\n\n${close}`;
    },
  );
  if (missing.size > 0) {
    throw new Error(`Cannot fill ${[...missing].join(", ")}: the document has no such markers`);
  }
  return text;
}

/** Every generated file with the text it should have. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const files = new Map([["mallard.toml.example", exampleToml()]]);
  for (const [path, sections] of Object.entries(DOCUMENTS)) {
    const made = sections.map(async ({ name, make }) => ({ name, text: await make() }));
    files.set(path, filled(Deno.readTextFileSync(ROOT + path), await Promise.all(made)));
  }
  return files;
}

/** Paths of generated files that are missing or differ from their tables. */
export async function staleFiles(): Promise<string[]> {
  return [...await generatedFiles()].filter(([path, text]) => readOrEmpty(path) !== text)
    .map(([path]) => path);
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(ROOT + path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) {
  const stale = await staleFiles();
  if (Deno.args.includes("--check")) {
    for (const path of stale) console.log(`${path} is stale: run deno task docs`);
    Deno.exit(stale.length === 0 ? 0 : 1);
  }
  const files = await generatedFiles();
  for (const path of stale) {
    Deno.writeTextFileSync(ROOT + path, files.get(path) ?? "");
    console.log(`Wrote ${path}`);
  }
}
