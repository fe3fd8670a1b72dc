// A modal dialog. The browser traps the focus in it. The first field has the focus at first; what
// was begun is thrown away only after a question.
import { html, useContext, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { AppContext } from "../../lib/state/context.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} DialogProps
 * @property {string} title
 * @property {string} close name of the button that closes
 * @property {() => void} onClose
 * @property {Question | null} [question] asked before what was begun is lost; none if that is
 *   nothing
 * @property {boolean} [isBegun] by other ways than by a field
 * @property {string} [class]
 * @property {unknown} [children]
 */

/** @typedef {Record<"question" | "discard" | "keep", string>} Question */

/**
 * The question before what was begun is thrown away.
 * @param {import("../../lib/format/text.js").Translate} t
 * @param {"discard_input" | "discard_question"} [key]
 * @returns {Question}
 */
export function discardQuestion(t, key = "discard_input") {
  return { question: t(key), discard: t("discard"), keep: t("keep_editing") };
}

/** The first field of a dialog, rather than the button that closes it. */
const FIELD = ".dialog-content :is([autofocus], input:not([readonly]), select, textarea)";

/** @param {DialogProps} props */
export function Dialog(props) {
  const { title, close, onClose, question = null, class: extra = "", children } = props;
  const id = useId();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const touched = useRef(false);
  const [asked, setAsked] = useState(/** @type {Element | null} */ (null));
  const keep = () => {
    const field = dialog.current?.contains(asked) ? asked : dialog.current?.querySelector(FIELD);
    setAsked(null);
    if (field instanceof HTMLElement) field.focus();
  };
  const leave = () => {
    if (!question || !props.isBegun && !touched.current) return onClose();
    if (asked) return keep();
    setAsked(document.activeElement ?? document.body);
  };
  const locked = useContext(AppContext)?.locked ?? false;
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => {
    // One that is still to come stays below the login.
    if (locked || dialog.current?.open) return;
    dialog.current?.showModal();
    const field = dialog.current?.querySelector(FIELD);
    if (field instanceof HTMLElement) field.focus();
  }, [locked]);
  useEscape(dialog, leave);
  const onClick = (/** @type {MouseEvent} */ event) => {
    if (event.target === dialog.current) leave();
  };
  return html`
    <dialog ref=${dialog} class=${extra} aria-labelledby=${id} onClose=${onClose}
      onClick=${onClick}
      onCancel=${(/** @type {Event} */ event) => {
        event.preventDefault();
        leave();
      }}>
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id=${id}>${title}</h2>
          <button type="button" class="button quiet square" aria-label=${close} onClick=${leave}>
            <${Icon} name="close" />
          </button>
        </div>
        ${asked && question && html`
          <${Asked} question=${question} onDiscard=${onClose} onKeep=${keep} />
        `}
        <div class="dialog-content" onInput=${() => touched.current = true}>${children}</div>
      </div>
    </dialog>
  `;
}

/**
 * The browser closes a dialog on Escape by itself, whatever was begun, and the focus may be outside
 * of it: where nothing is, after a click.
 * @param {{ current: HTMLDialogElement | null }} dialog
 * @param {() => void} leave
 */
export function useEscape(dialog, leave) {
  const latest = useRef(leave);
  latest.current = leave;
  useEffect(() => {
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if ([...document.querySelectorAll("dialog[open]")].at(-1) !== dialog.current) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

/** @param {{ question: Question, onDiscard: () => void, onKeep: () => void }} props */
function Asked({ question, onDiscard, onKeep }) {
  const keep = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => keep.current?.focus(), []);
  return html`
    <div class="dialog-question" role="alertdialog" aria-label=${question.question}>
      <span>${question.question}</span>
      <button type="button" class="button small danger" onClick=${onDiscard}>
        ${question.discard}</button>
      <button ref=${keep} type="button" class="button small" onClick=${onKeep}>
        ${question.keep}</button>
    </div>
  `;
}
