// A page, a dialog, a panel or a calendar whose module is loaded when it is first shown.
import { html, useEffect, useState } from "../../lib/html.js";

/** What such a module exports: the one component whose name ends so. */
const COMPONENT = /(Page|Dialog|Panel|Calendar)$/;

/** Minimum time between two reloads for a module that failed to load. */
const RELOAD_KEY = "mallard.reloaded";

/**
 * `meanwhile` keeps its place.
 * @param {{ load: () => Promise<object>, meanwhile?: unknown, [prop: string]: unknown }} props
 */
export function Lazy({ load, meanwhile = null, ...props }) {
  const [component, setComponent] = useState(/** @type {{ draw: unknown } | null} */ (null));
  useEffect(() => {
    load().then((module) => {
      const found = Object.entries(module).find(([name]) => COMPONENT.test(name));
      setComponent({ draw: found?.[1] });
      sessionStorage.removeItem(RELOAD_KEY);
    }, reloadOnce);
  }, [load]);
  return component ? html`<${component.draw} ...${props} />` : meanwhile;
}

/** An update of the server removes the old files: reload the page once. */
function reloadOnce() {
  if (sessionStorage.getItem(RELOAD_KEY)) return;
  sessionStorage.setItem(RELOAD_KEY, "1");
  location.reload();
}
