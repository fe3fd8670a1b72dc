// Joins the dashboard's style files into one stylesheet, each in its own cascade layer: a
// browser fetches one file, and a later file wins whatever its selectors are.
import { shortened, type Shortening } from "./shortened.ts";

/** The URL of the joined stylesheet, below the folder of versioned files. */
const STYLESHEET = "style.css";
const STYLES = /^styles\/(?:\d+_)?([a-z_]+)\.css$/;
/** Styles of packages: outside a layer they would win over every layer. */
const VENDOR = /^vendor\/[^/]+\.css$/;
const VENDOR_LAYER = "vendor";
const SHORTER: Shortening = [
  // Comments, indentation and empty lines, a tenth of the stylesheet after compression.
  [/\/\*[\s\S]*?\*\/|^[ \t]+|\n(?=\s*\n)/gm, ""],
  [/^\s+|\s+$/g, ""],
  // Ends of lines that end more, and spaces before a block and a value.
  [/(?<=[{};,])\n| (?=\{)|(?<=[{;]\n?[\w-]+:) /g, ""],
  [/;\}/g, "}"],
  [/, /g, ","],
  [/ > /g, ">"],
  [/(?<=[\s:(,-])0\.(?=\d)/g, "."],
];

/**
 * Replaces the files of `styles/` and the style files of `vendor/` by one stylesheet. Its first
 * statement names the layers: `vendor`, then the files of `styles/` in order of their numbers.
 * Leaves a folder without `styles/` as it is.
 */
export function joinStyles(files: Map<string, Uint8Array<ArrayBuffer>>): void {
  const names = [...files.keys()].sort();
  const own = names.filter((name) => STYLES.test(name));
  if (own.length === 0) return;
  const all = [...names.filter((name) => VENDOR.test(name)), ...own];
  const parts = all.map((name) => {
    const text = shortened(new TextDecoder().decode(files.get(name)), SHORTER);
    files.delete(name);
    return { layer: STYLES.exec(name)?.[1] ?? VENDOR_LAYER, text };
  });
  const order = [...new Set([VENDOR_LAYER, ...parts.map(({ layer }) => layer)])].join(", ");
  const blocks = parts.map(({ layer, text }) => `@layer ${layer} {\n${text}\n}\n`);
  files.set(STYLESHEET, new TextEncoder().encode(`@layer ${order};\n${blocks.join("")}`));
}
