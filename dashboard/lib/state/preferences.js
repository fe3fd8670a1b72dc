// Preferences stored in this browser only: theme, language, last site, and how pages look.

const PREFIX = "mallard.";

/**
 * @typedef {"theme" | "language" | "site" | "pinned" | "panels" | "sites_sort" | "sites_period"
 *   | "zone_kept"} Name
 */

/**
 * @param {Name} name
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
 * @param {Name} name
 * @param {string | null} value null forgets
 */
export function setPreference(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // The page works without storage, too.
  }
}

/** @typedef {"auto" | "light" | "dark"} Theme */

/**
 * Applies the chosen theme, or the system's.
 * @param {string | null} theme
 */
export function showTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}
