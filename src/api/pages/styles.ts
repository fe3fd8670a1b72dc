// Joins the dashboard's style files into one stylesheet, so that a browser fetches one file.

/** The URL of the joined stylesheet, below the folder of versioned files. */
const STYLESHEET = "style.css";
const STYLES = /^styles\/[^/]+\.css$/;

/**
 * Replaces the files of `styles/` by one stylesheet, joined in order of their names: their numbers
 * give the order of the cascade. Leaves a folder without `styles/` as it is.
 */
export function joinStyles(files: Map<string, Uint8Array<ArrayBuffer>>): void {
  const names = [...files.keys()].filter((name) => STYLES.test(name)).sort();
  if (names.length === 0) return;
  const texts = names.map((name) => new TextDecoder().decode(files.get(name)));
  names.forEach((name) => files.delete(name));
  files.set(STYLESHEET, new TextEncoder().encode(texts.join("\n")));
}
