// Tests for the stylesheet that is joined from the dashboard's style files.
import { deepStrictEqual as assertEquals, match, ok } from "node:assert";
import { DASHBOARD_FOLDER } from "../../../src/api/pages/assets.ts";
import { joinStyles } from "../../../src/api/pages/styles.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textsOf = (files: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...files].map(([name, one]) => [name, new TextDecoder().decode(one)]));

Deno.test("style files are joined in order of their names, each in its layer", () => {
  const files = new Map([
    ["app.js", bytes("app")],
    ["styles/02_b.css", bytes("b {}\n")],
    ["styles/01_a.css", bytes("a {}\n")],
  ]);
  joinStyles(files);
  assertEquals(textsOf(files), {
    "app.js": "app",
    "style.css": "@layer vendor, a, b;\n@layer a {\na{}\n}\n@layer b {\nb{}\n}\n",
  });
});

Deno.test("styles of packages are in the first layer, for outside one they would win", () => {
  const files = new Map([
    ["styles/01_a.css", bytes("a {}\n")],
    ["vendor/chart.css", bytes("chart {}")],
    ["vendor/chart.js", bytes("chart")],
  ]);
  joinStyles(files);
  assertEquals(textsOf(files), {
    "vendor/chart.js": "chart",
    "style.css": "@layer vendor, a;\n@layer vendor {\nchart{}\n}\n@layer a {\na{}\n}\n",
  });
});

Deno.test("comments, indentation and ends of lines are left out", () => {
  const text = "/* Why:\n\n   so. */\na,\nb > c {\n  color: red;\n\n" +
    '  inset: -0.5rem 10.5px;\n  content: "a  b";\n}\n';
  const files = new Map([["styles/01_a.css", bytes(text)]]);
  joinStyles(files);
  assertEquals(
    textsOf(files)["style.css"],
    '@layer vendor, a;\n@layer a {\na,b>c{color:red;inset:-.5rem 10.5px;content:"a  b"}\n}\n',
  );
});

Deno.test("a folder without style files gets no stylesheet", () => {
  const files = new Map([["app.js", bytes("app")], ["vendor/chart.css", bytes("chart {}")]]);
  joinStyles(files);
  assertEquals(textsOf(files), { "app.js": "app", "vendor/chart.css": "chart {}" });
});

Deno.test("each style file of the dashboard has a layer and does not leave it", () => {
  for (const { name } of Deno.readDirSync(`${DASHBOARD_FOLDER}styles`)) {
    match(name, /^\d\d_[a-z_]+\.css$/);
    const text = Deno.readTextFileSync(`${DASHBOARD_FOLDER}styles/${name}`);
    let depth = 0;
    for (const [brace] of text.matchAll(/[{}]/g)) {
      depth += brace === "{" ? 1 : -1;
      ok(depth >= 0, `${name} closes a block that is not open`);
    }
    assertEquals(depth, 0, `${name} leaves a block open`);
  }
});
