// Keyboard shortcuts of the whole page. Pure except for the listener.
import { useEffect, useRef } from "../html.js";

/** @typedef {"key" | "ctrlKey" | "metaKey" | "altKey" | "target" | "defaultPrevented"} Part */
/** @typedef {Pick<KeyboardEvent, Part>} Press */

/**
 * The shortcut name of a key press; null if the key belongs to a field, a list or the browser.
 * @param {Press} event
 * @returns {string | null}
 */
export function shortcutOf(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  const target =
    /** @type {{ tagName?: string, isContentEditable?: boolean } | null} */ (event.target);
  if (/^(INPUT|TEXTAREA|SELECT|DIALOG)$/.test(target?.tagName ?? "")) return null;
  if (target?.isContentEditable) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/**
 * Runs the action of a key.
 * @param {Record<string, () => void>} actions
 */
export function useShortcuts(actions) {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
      const name = shortcutOf(event);
      if (name === null || document.querySelector("dialog[open]")) return;
      const action = Object.hasOwn(latest.current, name) ? latest.current[name] : undefined;
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
