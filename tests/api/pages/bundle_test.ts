import assert from "node:assert/strict";
import { bundleOf } from "../../../src/api/pages/bundle.ts";
import { DASHBOARD_FOLDER } from "../../../src/api/pages/assets.ts";

const files = (texts: Record<string, string>) => new Map(Object.entries(texts));

/** Writes a bundle and its stubs into a folder, so that they can be imported. */
async function written(entry: string, texts: Record<string, string>): Promise<URL> {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  const { text, stubs } = bundleOf(entry, files(texts), "bundle.js");
  for (
    const [path, content] of [...Object.entries(texts), ...stubs, ["bundle.js", text] as const]
  ) {
    await Deno.mkdir(new URL("./", new URL(path, folder)), { recursive: true });
    await Deno.writeTextFile(new URL(path, folder), content);
  }
  return folder;
}

const TEXTS = {
  "app.js":
    'import { b } from "./lib/b.js";\nimport {\n  one as first,\n  two,\n} from "./c.js";\n' +
    "/** @type {number} */\nexport const sum = await Promise.resolve(first + two + b());\n" +
    'export const later = () => import("./pages/later.js");\n',
  "lib/b.js": "// A comment.\nconst hidden = 10;\n\n/**\n * Says ten.\n */\n" +
    "export function b() {\n  return hidden;\n}\n\nexport const url = import.meta.url;\n",
  "c.js": 'import * as unused from "node:path";\nexport const one = 1;\n'.replace(/^.*\n/, "") +
    "const hidden = 2;\nexport const two = /** @type {number} */ (hidden);\n" +
    "export class Counter {\n  count = 0;\n}\nexport const counter = new Counter();\n",
  "pages/later.js": 'import { counter } from "../c.js";\nexport const same = counter;\n',
};

Deno.test("bundleOf() bundles modules, each with its own scope", async () => {
  const folder = await written("app.js", TEXTS);
  const { sum } = await import(new URL("app.js", folder).href);
  assert.equal(sum, 13);
});

Deno.test("bundleOf() gives lazily loaded modules the same exports", async () => {
  const folder = await written("app.js", TEXTS);
  const { later } = await import(new URL("app.js", folder).href);
  const { counter } = await import(new URL("c.js", folder).href);
  assert.equal((await later()).same, counter);
});

Deno.test("bundleOf() keeps each module's import.meta.url", async () => {
  const folder = await written("app.js", TEXTS);
  const { url } = await import(new URL("lib/b.js", folder).href);
  assert.equal(url, new URL("lib/b.js", folder).href);
});

Deno.test("bundleOf() leaves packages to the import map", () => {
  const { text, stubs } = bundleOf(
    "a.js",
    files({ "a.js": 'import path from "p";\nexport { x } from "q/r";\nexport const y = path;\n' }),
    "all.js",
  );
  assert.match(text, /^import \* as P0 from "p";\nimport \* as P1 from "q\/r";\n/);
  assert.match(text, /const path=P0\.default;/);
  assert.match(text, /x: P1\.x/);
  assert.match(stubs.get("a.js") ?? "", /export const x = M0\.x;\nexport const y = M0\.y;/);
});

Deno.test("bundleOf() removes comments, indentation and no code", () => {
  const source = 'const a = [\n  /** @type {const} */ (["x"]).map((b)=>b),\n];\n/** Doc. */\n' +
    "export const c = a;\n";
  const { text } = bundleOf("a.js", files({ "a.js": source }), "all.js");
  assert.ok(text.includes('(["x"]).map((b)=>b)'), text);
  assert.ok(!text.includes("Doc."));
  assert.doesNotMatch(text, /^[ \t]/m);
});

Deno.test("bundleOf() joins lines where that changes nothing", async () => {
  const source = "export const all = [\n  (\n    1 // one (\n  ),\n  2, // two,\n  `a\n  b`,\n" +
    "  (() => {\n    return\n  })(),\n];\n\nfunction f(\n  a,\n) {\n  return a;\n}\n" +
    "export const f3 = f(3);\n";
  const folder = await written("app.js", { "app.js": source });
  const { all, f3 } = await import(new URL("app.js", folder).href);
  assert.deepEqual(all, [1, 2, "a\nb", undefined]);
  assert.equal(f3, 3);
  assert.match(
    await Deno.readTextFile(new URL("bundle.js", folder)),
    /function f\(a\) \{return a;\}/,
  );
});

Deno.test("bundleOf() refuses unknown forms of import and export", () => {
  const refuses = (text: string, message: RegExp) =>
    assert.throws(
      () => bundleOf("a.js", files({ "a.js": text, "b.js": 'import { a } from "./a.js";\n' }), "x"),
      message,
    );
  refuses('import { z } from "./gone.js";\n', /gone\.js is missing/);
  refuses('import { z } from "./b.js";\n', /import each other/);
  refuses('import "./b.js";\n', /unknown form of import or export/);
  refuses("export default 1;\n", /unknown form of import or export/);
  refuses('import * as z from "p";\n', /unknown form of import or export/);
});

Deno.test("bundleOf() bundles the whole dashboard", async () => {
  const texts = new Map<string, string>();
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(DASHBOARD_FOLDER + folder)) {
      const path = folder + name;
      if (isDirectory && path !== "vendor") await read(`${path}/`);
      else if (name.endsWith(".js")) {
        texts.set(path, await Deno.readTextFile(DASHBOARD_FOLDER + path));
      }
    }
  };
  await read("");
  const { text, stubs } = bundleOf("app.js", texts, "bundle.js");
  assert.ok(stubs.size > 40 && stubs.has("lib/html.js") && !stubs.has("pages/settings.js"));
  // As a function's body it is parsed, and nothing of it runs.
  const body = text.replace(/^(import|export) .*$/gm, "").replaceAll("import.meta", "({})");
  const Parsed = Object.getPrototypeOf(async () => {}).constructor;
  assert.ok(new Parsed(body));
});
