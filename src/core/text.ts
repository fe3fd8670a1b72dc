// Rules for text that came from outside, the same wherever one is stored: no control characters;
// and changes to the texts inside JSON that leave everything else of it as it was sent.

const CONTROL = /\p{Cc}/u;
const CONTROLS = /\p{Cc}+/gu;

/** The text without C0 and C1 control characters, NUL and DEL included. */
export function withoutControls(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, "") : text;
}

/**
 * Valid JSON with each text in it, keys included, as `change` gives it. What is not changed stays
 * as it was written, numbers of many digits included.
 */
export function changeJsonTexts(json: string, change: (text: string) => string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (token) => {
    const text = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
    const changed = change(text);
    return changed === text ? token : JSON.stringify(changed);
  });
}

/** A parsed JSON value with `change` applied to each text in it, but for keys. */
export function changeTexts<T>(value: T, change: (text: string) => string): T {
  return changedTexts(value, change) as T;
}

function changedTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => changedTexts(one, change));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, changedTexts(one, change)]),
  );
}
