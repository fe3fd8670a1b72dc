// A page whose module is loaded when it is first shown.
import { html, useEffect, useState } from "../lib/html.js";

/** What a page's module exports: the one component whose name ends so. */
const COMPONENT = /(Page|Dialog)$/;

/** Minimum time between two reloads for a module that failed to load. */
const RELOAD_KEY = "mallard.reloaded";

/** @param {{ load: () => Promise<object>, [prop: string]: unknown }} props */
export function Lazy({ load, ...props }) {
  const [component, setComponent] = useState(/** @type {{ draw: unknown } | null} */ (null));
  useEffect(() => {
    load().then((module) => {
      const found = Object.entries(module).find(([name]) => COMPONENT.test(name));
      setComponent({ draw: found?.[1] });
      sessionStorage.removeItem(RELOAD_KEY);
    }, reloadOnce);
  }, [load]);
  return component ? html`<${component.draw} ...${props} />` : null;
}

/** An update of the server removes the old files: reload the page once. */
function reloadOnce() {
  if (sessionStorage.getItem(RELOAD_KEY)) return;
  sessionStorage.setItem(RELOAD_KEY, "1");
  location.reload();
}
