// A hook for shapes that are loaded when the first of them is shown, all together.
import { useEffect, useState } from "../html.js";
import { loadModule } from "../modules.js";

/**
 * Makes the hook; it returns null until the shapes are there. Where the server has them not, it
 * stays so.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => T | null}
 */
export function lazyShapes(load) {
  /** @type {T | null} */
  let loaded = null;
  /** @type {Promise<T> | null} */
  let loading = null;
  return () => {
    const [shapes, setShapes] = useState(loaded);
    useEffect(() => {
      loading ??= loadModule(load, { optional: true }).then((found) => loaded = found);
      loading.then((found) => setShapes(() => found), () => {});
    }, []);
    return shapes;
  };
}
