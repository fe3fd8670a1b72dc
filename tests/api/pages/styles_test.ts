// Tests for the stylesheet that is joined from the dashboard's style files.
import { deepStrictEqual as assertEquals } from "node:assert";
import { joinStyles } from "../../../src/api/pages/styles.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textsOf = (files: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...files].map(([name, one]) => [name, new TextDecoder().decode(one)]));

Deno.test("style files are joined in order of their names", () => {
  const files = new Map([
    ["app.js", bytes("app")],
    ["styles/02_b.css", bytes("b {}\n")],
    ["styles/01_a.css", bytes("a {}\n")],
    ["vendor/chart.css", bytes("chart {}\n")],
  ]);
  joinStyles(files);
  assertEquals(textsOf(files), {
    "app.js": "app",
    "vendor/chart.css": "chart {}\n",
    "style.css": "a {}\n\nb {}\n",
  });
});

Deno.test("a folder without style files gets no stylesheet", () => {
  const files = new Map([["app.js", bytes("app")]]);
  joinStyles(files);
  assertEquals(textsOf(files), { "app.js": "app" });
});
