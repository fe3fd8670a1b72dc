// The icon of a source, a browser, a system or a device. The shapes are loaded when the first is
// shown and the page is drawn; its place is there from the start, so that no text moves.
import { html } from "../html.js";
import { later } from "../modules.js";
import { lazyShapes } from "./lazy_shapes.js";

/** @typedef {"source" | "browser" | "os" | "device"} MarkKind */

/** Time for what is waited for more: the first view is whole before. */
const AFTER_MS = 2000;

const loadBrands = later(() => import("./shapes.js"));
const useShapes = lazyShapes(async () => {
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
  return await loadBrands();
});

/** @param {{ kind: MarkKind, value: string }} props */
export function BrandMark({ kind, value }) {
  const shapes = useShapes();
  return shapes ? shapes.shapeOf(kind, value) : html`<span class="mark" aria-hidden="true" />`;
}
