import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { SETTING_NAMES, settingRow } from "../../src/config/settings.ts";
import {
  exampleToml,
  filled,
  firstSentence,
  layout,
  markdownTable,
  settingsTables,
  staleFiles,
} from "../../scripts/docs.ts";

const MARKED = "a\n<!-- made by deno task docs: one -->\nold\n<!-- end of one -->\nb\n";

Deno.test("staleFiles() finds none: the generated files are fresh", async () => {
  assert.deepEqual(await staleFiles(), []);
});

Deno.test("exampleToml() is a valid file of defaults", () => {
  const loaded = loadConfig({ file: { path: "example", text: exampleToml() }, env: {} });
  assert.deepEqual(loaded, loadConfig({ file: null, env: {} }));
});

Deno.test("exampleToml() with every key uncommented gives the defaults and the examples", () => {
  const text = exampleToml().replace(/^#(?=\w+ = )/gm, "");
  const loaded = loadConfig({ file: { path: "example", text }, env: {} });
  assert.ok("config" in loaded, JSON.stringify(loaded));
  const defaults = loadConfig({ file: null, env: {} });
  assert.ok("config" in defaults);
  for (const name of SETTING_NAMES) {
    const { example, envOnly } = settingRow(name);
    assert.equal(new RegExp(`^${name} = `, "m").test(text), !envOnly, name);
    const expected: unknown = defaults.config[name] ?? (envOnly ? null : example);
    assert.deepEqual(loaded.config[name], expected, name);
  }
});

Deno.test("settingsTables() has one row for each setting", () => {
  const rows = settingsTables().split("\n").filter((line) => line.includes("`MALLARD_"));
  assert.equal(rows.length, SETTING_NAMES.length);
});

Deno.test("docs/doctor.md shows a healthy installation, and five that fail", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/doctor.md", import.meta.url));
  const reports = [...text.matchAll(/^```text\n([^]*?)^```/gm)].map(([, report = ""]) => report);
  const failures = reports.map((report) => Number(/, (\d+) fail\n$/.exec(report)?.[1]));
  assert.equal(failures.length, 6);
  assert.match(reports[0] ?? "", /\n\d+ ok, 0 warn, 0 fail\n$/);
  for (const [at, report] of reports.entries()) {
    assert.equal([...report.matchAll(/^fail /gm)].length, failures[at], report);
    assert.equal((failures[at] ?? 0) > 0, at > 0, report);
  }
});

Deno.test("markdownTable() keeps a bar inside its cell", () => {
  assert.equal(markdownTable(["a"], [["x|y"]]), "| a |\n| --- |\n| x\\|y |");
});

Deno.test("filled() replaces the text between the markers, and only that", () => {
  const sections = [{ name: "one", text: "new $& $1" }];
  const once = filled(MARKED, sections);
  assert.equal(
    once,
    "a\n<!-- made by deno task docs: one -->\n\nnew $& $1\n\n<!-- end of one -->\nb\n",
  );
  assert.equal(filled(once, sections), once);
});

Deno.test("filled() refuses a section without markers and a marker without section", () => {
  assert.throws(() => filled("no markers", [{ name: "one", text: "" }]), /Cannot fill one/);
  assert.throws(() => filled(MARKED, []), /Cannot fill section one/);
});

Deno.test("layout() describes every source, none without a sentence", () => {
  const rows = layout().split("\n").filter((line) => line.startsWith("- "));
  for (const row of rows) assert.match(row, /^- `[\w.]+`: \S/);
  assert.ok(rows.some((row) => row.startsWith("- `event.ts`: The event as it is stored")));
});

Deno.test("firstSentence() reads over lines, up to a full stop and not into the code", () => {
  const source = "// What a.b is\n// for. It must not.\nconst a = 1;\n// later\n";
  assert.equal(firstSentence(source), "What a.b is for");
  assert.equal(firstSentence("// One\nimport a\n"), "One");
  assert.equal(firstSentence("const a = 1;\n"), "");
});

Deno.test("SECURITY.md names only tests and sources that exist", async () => {
  const text = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));
  const named = [...text.matchAll(/`((?:tests|src)\/[\w./]+)`/g)].map(([, path]) => path ?? "");
  assert.ok(named.length > 50);
  for (const path of new Set(named)) {
    const at = new URL(`../../${path}`, import.meta.url);
    assert.ok(await Deno.stat(at).then(() => true, () => false), path);
  }
});
