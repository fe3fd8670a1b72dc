// A page, a dialog, a panel or a calendar whose module is loaded when it is first shown. Without a
// server it says that it is shown later, and comes by itself.
import { useConnectionLost } from "../../lib/ask/connection.js";
import { html, useContext, useEffect, useRef, useState } from "../../lib/html.js";
import { loadModule } from "../../lib/modules.js";
import { AppContext } from "../../lib/state/context.js";
import { Fault } from "./panel.js";

/** What such a module exports: the one component whose name ends so. */
const COMPONENT = /(Page|Dialog|Panel|Calendar)$/;

/** @typedef {import("../../lib/format/text.js").Translate} Translate */

/**
 * What takes the place while there is no server: that of a page in the frame or without one, a
 * dialog, a part of a page, or nothing.
 * @typedef {"page" | "alone" | "dialog" | "part" | "nothing"} Place
 */

/**
 * `meanwhile` keeps its place. `t` is needed outside of the frame only.
 * @typedef {{ load: () => Promise<object>, place?: Place, meanwhile?: unknown,
 *   onClose?: () => void, t?: Translate, [prop: string]: unknown }} LazyProps
 */

/** @param {LazyProps} props */
export function Lazy({ load, place = "part", meanwhile = null, ...props }) {
  const [component, setComponent] = useState(/** @type {{ draw: unknown } | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  const [isMissing, setMissing] = useState(false);
  const lost = useConnectionLost();
  const t = useContext(AppContext)?.t ?? props.t;
  useEffect(() => {
    let wanted = true;
    setMissing(false);
    loadModule(load).then((module) => {
      const found = Object.entries(module).find(([name]) => COMPONENT.test(name));
      if (wanted) setComponent({ draw: found?.[1] });
    }, () => wanted && setMissing(true));
    return () => {
      wanted = false;
    };
  }, [load, attempt]);
  if (component) return html`<${component.draw} ...${props} />`;
  if (!t || place === "nothing" || !lost && !isMissing) return meanwhile;
  return html`
    <${Later} t=${t} place=${place} onClose=${props.onClose}
      onRetry=${lost ? null : () => setAttempt(attempt + 1)} />
  `;
}

/**
 * The least dialog: others are loaded when they are needed.
 * @param {{ close: string, onClose: () => void, children?: unknown }} props
 */
function LaterDialog({ close, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  return html`
    <dialog ref=${dialog} class="narrow" onClose=${onClose}>
      <form method="dialog" class="blank">
        ${children}
        <button class="button">${close}</button>
      </form>
    </dialog>
  `;
}

/**
 * @typedef {object} LaterProps
 * @property {Translate} t
 * @property {Place} place
 * @property {(() => void) | undefined} onClose
 * @property {(() => void) | null} onRetry null while it comes by itself
 */

/** @param {LaterProps} props */
function Later({ t, place, onClose, onRetry }) {
  const said = onRetry
    ? html`
      <${Fault} title=${t("fault_title")} detail=${t("fault_hint_busy")} action=${t("retry")}
        onRetry=${onRetry} />
    `
    : html`<p class="muted later" role="status">${t("shown_later")}</p>`;
  if (place === "part") return said;
  if (place === "dialog" && onClose) {
    return html`<${LaterDialog} close=${t("close")} onClose=${onClose}>${said}<//>`;
  }
  const panel = html`
    <section class="panel">
      <h1 class="visually-hidden">${t("fault_title")}</h1>
      ${said}
    </section>
  `;
  return place === "alone" ? html`<main class="alone">${panel}</main>` : panel;
}
