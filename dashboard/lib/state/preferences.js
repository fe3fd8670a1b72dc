// The reader's own choices, kept by this browser only: the look, the language, the site last seen.

const PREFIX = "mallard.";

/**
 * @param {"theme" | "language" | "site"} name
 * @returns {string | null}
 */
export function preference(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/**
 * @param {"theme" | "language" | "site"} name
 * @param {string | null} value null forgets
 */
export function setPreference(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // A browser that keeps nothing shows the page all the same.
  }
}

/** @typedef {"auto" | "light" | "dark"} Theme */

/**
 * Gives the page the look chosen, or the system's.
 * @param {string | null} theme
 */
export function showTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}
