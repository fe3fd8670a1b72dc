// The texts of trackers as they are served: scripts that leave no names in their page. The
// program's own, which every visitor loads, are without the comments and indentation of the source.

/** A text, which stays, or a mark with spaces around it that go. */
const SPACED = new RegExp(
  [
    /("(?:[^"\\\n]|\\.)*")/,
    /(?<=\b(?:if|for|catch|async|function)) (?=\()/,
    / ?(=>|[!=]==|[-+=]?=|\|\||&&|[,:{}?]) ?/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/** A module without imports as a script that leaves no names in its page. */
export function classicScript(source: string): string {
  return `(() => {\n${source.replace(/^export \{\};$/m, "")}})();\n`;
}

/**
 * The same without comments, indentation, and ends of lines and spaces around punctuation. The
 * source has no comment behind code, and no text but in double quotes, on one line.
 */
export function trackerText(source: string): string {
  return classicScript(source).replace(/^[ \t]*\/\/.*\n/gm, "")
    .replace(/\/\*\*[^]*?\*\/\s*/g, "")
    .replace(/^[ \t]+/gm, "")
    .replace(/([;{,([]|\|\||^)\n/gm, "$1")
    .replace(SPACED, (_, text?: string, mark = "") => text ?? mark)
    .replace(/[;,]}/g, "}");
}
