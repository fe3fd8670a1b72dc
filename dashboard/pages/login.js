// The login: the password form and its errors, as a page, or above a page that is kept.
import { useEscape } from "../components/layout/dialog.js";
import { Logo } from "../components/layout/logo.js";
import { ask } from "../lib/ask/api.js";
import { whenReached } from "../lib/ask/connection.js";
import { refusalOf } from "../lib/format/refusal.js";
import { html, useEffect, useId, useRef, useState } from "../lib/html.js";

/**
 * @typedef {object} LoginProps
 * @property {import("../lib/format/text.js").Translate} t
 * @property {boolean} [over] whether the page below is kept
 * @property {() => void} onDone
 */

/** @param {LoginProps} props */
export function LoginPage({ t, over = false, onDone }) {
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  const send = async (/** @type {string} */ password, again = false) => {
    try {
      await ask("api/auth/login", { method: "POST", body: { password } });
      return onDone();
    } catch (error) {
      const failed = /** @type {import("../lib/ask/api.js").ApiError} */ (error);
      setFault(again && failed.status === 0 ? t("fault_hint_busy") : faultText(failed, t));
      field.current?.select();
      if (failed.status !== 0 || again) return;
    }
    // The password is sent once more when the server answers.
    await whenReached();
    if (field.current) await send(password, true);
  };
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    await send(field.current?.value ?? "");
    setBusy(false);
  };
  const heading = over
    ? html`
      <h2 id=${`${id}-title`}>${t("login_title")}</h2>
      <p id=${`${id}-ended`}>${t("login_ended")}</p>
    `
    : html`
      <${Logo} size=${48} />
      <h1>${t("login_title")}</h1>
    `;
  const form = html`
    <form class=${over ? "login" : "panel login"} onSubmit=${onSubmit}>
      ${heading}
      <input type="text" class="visually-hidden" autocomplete="username" value="owner"
        tabindex="-1"
        aria-hidden="true" readonly />
      <label for=${id}>${t("login_password")}</label>
      <input ref=${field} id=${id} class="field" type="password"
        autocomplete="current-password"
        required aria-invalid=${fault !== ""} aria-describedby=${`${id}-fault`} />
      <p class="fault-line" id=${`${id}-fault`} role="alert">${fault}</p>
      <button class="button primary" aria-disabled=${busy}>${t("login")}</button>
    </form>
  `;
  return over
    ? html`<${Above} id=${id} onSeen=${onDone}>${form}<//>`
    : html`<main class="alone">${form}</main>`;
}

/**
 * A dialog above all others that only a login closes, perhaps one in another tab.
 * @param {{ id: string, onSeen: () => void, children?: unknown }} props
 */
function Above({ id, onSeen, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    const look = () => void (document.hidden || onSeen());
    dialog.current?.showModal();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEscape(dialog, () => {});
  return html`
    <dialog ref=${dialog} class="narrow ended" aria-labelledby=${`${id}-title`}
      aria-describedby=${`${id}-ended`}
      onCancel=${(/** @type {Event} */ event) => event.preventDefault()}
      onClose=${() => dialog.current?.showModal()}>${children}</dialog>
  `;
}

/**
 * @param {import("../lib/ask/api.js").ApiError} error
 * @param {import("../lib/format/text.js").Translate} t
 */
function faultText(error, t) {
  if (error.status === 401) return t("login_failed");
  if (error.status === 429) return t("login_locked", { n: error.retryAfterSecs });
  if (error.status === 0) return t("fault_hint_offline");
  return refusalOf(error, t);
}
