// Holds the whole tree against the rules of the house, and each rule against an example that breaks
// it. What fails here names the file and the line.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EVENT_COLUMN_NAMES } from "../src/core/event.ts";
import { DENO_PINNED } from "../scripts/lib.ts";
import { type Project, RULES } from "./support/house/house_rules.ts";
import { sourceFacts } from "./support/house/source_facts.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["src", "dashboard", "tests", "scripts", ".github", ".ci"];
const UNJUDGED = /^(dashboard\/vendor|tests\/(fixtures|golden))\//;
const TEXT = /\.(ts|js|css|html|md|json|jsonc|toml|example|yml)$|^\.ci\/run$/;
const SOURCE = /\.(ts|js)$/;

type VendorKey = "file" | "license_file" | "package" | "version" | "sha256";

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(`${path}/`);
    else if (entry.isFile) yield path;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, ROOT)).then(() => true, () => false);
}

async function readTree(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const paths: string[] = [];
  for await (const entry of Deno.readDir(ROOT)) if (entry.isFile) paths.push(entry.name);
  for (const folder of FOLDERS) {
    if (await exists(folder)) {
      for await (const path of filesBelow(`${folder}/`)) paths.push(path);
    }
  }
  for (const path of paths.sort()) {
    if (!TEXT.test(path) || UNJUDGED.test(path)) continue;
    texts.set(path, await Deno.readTextFile(new URL(path, ROOT)));
  }
  return texts;
}

const unparsed: string[] = [];

function projectOf(
  texts: ReadonlyMap<string, string>,
  rest: Pick<Project, "packages" | "served">,
): Project {
  const sources = [...texts].filter(([path]) => SOURCE.test(path)).flatMap(([path, text]) => {
    try {
      return [sourceFacts(path, text)];
    } catch (error) {
      unparsed.push(`${path}: ${error}`);
      return [];
    }
  });
  return { texts, sources, ...rest };
}

/** The tables whose names the dashboard must ask for, by what they hold. */
const SERVED: readonly [what: string, module: string, table: string][] = [
  ["metric", "src/query/metrics.ts", "METRICS"],
  ["dimension", "src/query/dimensions.ts", "DIMENSIONS"],
  ["operator", "dashboard/grammar/operators.js", "OPERATORS"],
];

async function servedNames(): Promise<Map<string, string[]>> {
  const served = new Map<string, string[]>();
  for (const [what, module, table] of SERVED) {
    if (!await exists(module)) continue;
    const loaded: Record<string, unknown> = await import(new URL(module, ROOT).href);
    // Names of times are also words of Intl, which formats them.
    const names = Object.keys(loaded[table] ?? {});
    served.set(what, names.filter((name) => !/^(minute|hour|day|week|month)$/.test(name)));
  }
  return served;
}

const texts = await readTree();
const map = JSON.parse(texts.get("deno.json") ?? "{}") as { imports: Record<string, string> };
const packages = Object.keys(map.imports).map((name) => name.replace(/\/$/, ""));
const project = projectOf(texts, { packages, served: await servedNames() });

for (const { rule, check, breach } of RULES) {
  Deno.test(`tidy: ${rule}`, () => {
    assert.deepEqual(check(project), []);
  });

  Deno.test(`tidy finds where it is broken: ${rule}`, () => {
    const served = new Map([["metric", ["visitors", "visits", "pageviews"]]]);
    const broken = projectOf(new Map(Object.entries(breach)), { packages: ["maxmind"], served });
    assert.notDeepEqual(check(broken), []);
  });
}

Deno.test("tidy: every source can be parsed", () => {
  assert.deepEqual(unparsed, []);
});

Deno.test("tidy: the tree that is judged is the real one", () => {
  for (
    const path of ["src/core/event.ts", "tests/tidy_test.ts", "scripts/checks/test.ts", "deno.json"]
  ) {
    assert.ok(texts.has(path), path);
  }
});

Deno.test("tidy: documents and CI name the Deno that this is developed with", () => {
  const named = ["README.md", "CONTRIBUTING.md", ".ci/run"].flatMap((
    path,
  ) => [...(texts.get(path) ?? "").matchAll(/(?:deno@|DENO_VERSION=)(\d+\.\d+\.\d+)/g)]).map((
    [, version],
  ) => version);
  assert.deepEqual([...new Set(named)], [DENO_PINNED]);
});

Deno.test("tidy: an event has no field for an address or a user agent", () => {
  const named = EVENT_COLUMN_NAMES.filter((name) =>
    /(^|_)(ip|ips|addr|address|peer|user_agent|ua|forwarded)(_|$)/.test(name)
  );
  assert.deepEqual(named, []);
});

Deno.test("tidy: vendored files are those of their manifest, by hash", async () => {
  const folder = "dashboard/vendor/";
  const manifest = JSON.parse(await Deno.readTextFile(new URL(`${folder}manifest.json`, ROOT))) as {
    files: {
      file: string;
      license_file: string;
      package: string;
      version: string;
      sha256: string;
    }[];
  };
  const known = new Set(["manifest.json"]);
  for (const row of manifest.files) {
    const bytes = await Deno.readFile(new URL(folder + row.file, ROOT));
    assert.equal(createHash("sha256").update(bytes).digest("hex"), row.sha256, row.file);
    const pinned = map.imports[row.package];
    assert.equal(pinned, `npm:${row.package}@${row.version}`, row.file);
    known.add(row.file).add(row.license_file);
  }
  const present = [];
  for await (const path of filesBelow(folder)) present.push(path.slice(folder.length));
  assert.deepEqual(present.sort(), [...known].sort());
});
