// The texts of trackers as they are served: scripts that leave no names in their page. The
// program's own, which every visitor loads, are without the comments and indentation of the source.

/** A module without imports as a script that leaves no names in its page. */
export function classicScript(source: string): string {
  return `(() => {\n${source.replace(/^export \{\};$/m, "")}})();\n`;
}

/**
 * The same without comments, indentation and ends of lines after punctuation. The source has no
 * text of several lines, and no comment behind code.
 */
export function trackerText(source: string): string {
  return classicScript(source).replace(/^[ \t]*\/\/.*\n/gm, "")
    .replace(/\/\*\*[^]*?\*\/\s*/g, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/([;{,([]|^)\n/gm, "$1");
}
