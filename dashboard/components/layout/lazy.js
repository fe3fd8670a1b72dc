// A page, a dialog, a panel or a calendar whose module is loaded when it is first shown. Until it
// is there it keeps the place; without a server it says that it is shown later, and comes by
// itself.
import { useConnectionLost } from "../../lib/ask/connection.js";
import { html, useContext, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { loadModule } from "../../lib/modules.js";
import { AppContext } from "../../lib/state/context.js";
import { Fault, Skeleton } from "./panel.js";

/** What such a module exports: the one component whose name ends so. */
const COMPONENT = /(Page|Dialog|Panel|Calendar)$/;

/** @typedef {import("../../lib/format/text.js").Translate} Translate */

/** Time that most modules take to come: nothing flashes before. */
const PAUSE_MS = 200;

/**
 * What takes the place until the module is there: that of a page in the frame or without one, a
 * dialog, a part of a page, or nothing.
 * @typedef {"page" | "alone" | "dialog" | "part" | "nothing"} Place
 */

/**
 * `load` is null while it can't be known what is to be loaded. `meanwhile` keeps the place of a
 * part; what comes `over` a page has none. `t` is needed outside of the frame only.
 * @typedef {{ load: (() => Promise<object>) | null, place?: Place, meanwhile?: unknown,
 *   over?: boolean, onClose?: () => void, t?: Translate, [prop: string]: unknown }} LazyProps
 */

/** @param {LazyProps} props */
export function Lazy({ load, place = "part", meanwhile = null, ...props }) {
  const [component, setComponent] = useState(/** @type {{ draw: unknown } | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  const [isMissing, setMissing] = useState(false);
  const leave = useRef(() => {});
  const lost = useConnectionLost();
  const t = useContext(AppContext)?.t ?? props.t;
  useEffect(() => {
    let wanted = true;
    setMissing(false);
    if (load) {
      loadModule(load).then((module) => {
        const found = Object.entries(module).find(([name]) => COMPONENT.test(name));
        if (!wanted) return;
        leave.current();
        setComponent({ draw: found?.[1] });
      }, () => wanted && setMissing(true));
    }
    return () => {
      wanted = false;
    };
  }, [load, attempt]);
  if (component) return html`<${component.draw} ...${props} />`;
  if (!t || place === "nothing") return meanwhile;
  const said = lost
    ? html`<p class="muted later" role="status">${t("shown_later")}</p>`
    : isMissing && html`
      <${Fault} title=${t("fault_title")} detail=${t("fault_hint_busy")} action=${t("retry")}
        onRetry=${() => setAttempt(attempt + 1)} />
    `;
  if (place === "part" || props.over) return said || meanwhile;
  return html`
    <${ToCome} t=${t} place=${place} said=${said} isMissing=${isMissing && !lost}
      leave=${leave} onClose=${props.onClose} />
  `;
}

/**
 * @typedef {object} ToComeProps
 * @property {Translate} t
 * @property {Place} place
 * @property {unknown} said why it does not come, if that is known
 * @property {boolean} isMissing whether it does not come by itself
 * @property {{ current: () => void }} leave to be called before what is to come is drawn
 * @property {(() => void) | undefined} onClose
 */

/** @param {ToComeProps} props */
function ToCome({ t, place, said, isMissing, leave, onClose }) {
  const id = useId();
  const title = t(said ? "fault_title" : "loading");
  const kept = html`${said}${
    !isMissing && html`<${Skeleton} rows=${place === "page" ? 10 : 4} />`
  }`;
  if (place === "dialog" && onClose) {
    return html`
      <${LaterDialog} leave=${leave} title=${title} isBusy=${!said} close=${t("close")}
        onClose=${onClose}>
        ${kept}<//>
    `;
  }
  const kind = place === "alone" ? "panel login" : "panel kept";
  const panel = html`
    <h1 id=${id} class="visually-hidden" aria-live="polite">${title}</h1>
    <section class=${said ? kind : `${kind} coming`} aria-labelledby=${id} aria-busy=${!said}>
      ${kept}
    </section>
  `;
  return place === "alone" ? html`<main class="alone">${panel}</main>` : panel;
}

/**
 * The least dialog: others are loaded when they are needed. Left, it gives back the focus, which
 * the one that comes will give back in turn.
 * @param {{ leave: { current: () => void }, title: string, isBusy: boolean, close: string,
 *   onClose: () => void, children?: unknown }} props
 */
function LaterDialog({ leave, title, isBusy, close, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isGone = useRef(false);
  useEffect(() => {
    const timer = setTimeout(() => dialog.current?.showModal(), PAUSE_MS);
    leave.current = () => {
      clearTimeout(timer);
      isGone.current = true;
      dialog.current?.close();
    };
    return () => clearTimeout(timer);
  }, []);
  return html`
    <dialog ref=${dialog} class="narrow" aria-label=${title} aria-busy=${isBusy}
      onClose=${() => isGone.current || onClose()}>
      <form method="dialog" class="blank">
        ${children}
        <button class="button">${close}</button>
      </form>
    </dialog>
  `;
}
