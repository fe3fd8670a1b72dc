// Custom properties as one line of text: `plan=pro, seats=3`. A backslash escapes a comma, an
// equals sign or itself. Pure.

/** @param {string} text */
const escaped = (text) => text.replace(/[\\,=]/g, "\\$&");

/** @param {string} text */
const plain = (text) => text.trim().replace(/\\(.)/gs, "$1");

/**
 * @param {Readonly<Record<string, string>>} props
 * @returns {string}
 */
export function printProps(props) {
  return Object.entries(props).map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
    .join(", ");
}

/**
 * Parses the text; a part without `=` is a key with an empty value.
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function parseProps(text) {
  const parts = text.match(/(?:\\.|[^\\,])+/gs) ?? [];
  const pairs = parts.map((part) => {
    const [, key = "", value = ""] = /^((?:\\.|[^\\=])*)=?(.*)$/s.exec(part) ?? [];
    return [plain(key), plain(value)];
  });
  return Object.fromEntries(pairs.filter(([key]) => key !== ""));
}
