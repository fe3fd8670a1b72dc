// The dialog that sets the first password.
import { Dialog, discardQuestion } from "../../components/layout/dialog.js";
import { ask } from "../../lib/ask/api.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { html, useEffect, useId, useState } from "../../lib/html.js";

const PASSWORD_CHARS_MIN = 8;
/** Hostnames of this machine: any other needs the server's one-time token. */
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * @typedef {object} SetupDialogProps
 * @property {import("../../lib/format/text.js").Translate} t
 * @property {() => void} onClose
 * @property {() => void} onDone
 */

/** @param {SetupDialogProps} props */
export function SetupDialog({ t, onClose, onDone }) {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [token, setToken] = useState("");
  const [far, setFar] = useState(!LOCAL.test(location.hostname));
  const [fault, setFault] = useState("");
  const keys = useKeys();
  const [keeps, setKeeps] = useState(false);
  const id = useId();
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if ([...password].length < PASSWORD_CHARS_MIN) return setFault(t("password_short"));
    if (password !== again) return setFault(t("password_differs"));
    try {
      await ask("api/auth/setup", {
        method: "POST",
        body: {
          password,
          ...(token === "" ? {} : { token }),
          ...(keeps ? { keep_keys: true } : {}),
        },
      });
      onDone();
    } catch (error) {
      const refused = /** @type {import("../../lib/ask/api.js").ApiError} */ (error);
      if (refused.status === 403) setFar(true);
      setFault(refusalOf(refused, t));
    }
  };
  const field = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {(text: string) => void} */ set,
  ) =>
    html`
      <label for=${`${id}-${name}`}>${label}</label>
      <input id=${`${id}-${name}`} class="field" type="password" required
        autocomplete="new-password"
        aria-describedby=${`${id}-hint ${id}-fault`}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ event) => set(event.target.value)} />
    `;
  return html`
    <${Dialog} title=${t("password_set")} close=${t("close")} onClose=${onClose}
      question=${discardQuestion(t)} class="narrow">
      <form class="form" onSubmit=${onSubmit}>
        <p class="muted" id=${`${id}-hint`}>${t("password_hint")}</p>
        ${field("first", t("login_password"), setPassword)}
        ${field("again", t("password_again"), setAgain)}
        ${far && html`
          <label for=${`${id}-token`}>${t("password_token")}</label>
          <input id=${`${id}-token`} class="field" autocomplete="off" spellcheck=${false}
            value=${token}
            onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
              setToken(target.value.trim())} />
        `}
        ${keys.length > 0 && html`
          <p class="muted">${t("password_keys", { names: keys.join(", ") })}</p>
          <label class="check"><input type="checkbox" checked=${keeps}
            onChange=${() => setKeeps(!keeps)} /> ${t("password_keys_keep")}</label>
        `}
        <p class="fault-line" id=${`${id}-fault`} role="alert">${fault}</p>
        <button class="button primary">${t("password_save")}</button>
      </form>
      <//>
  `;
}

/**
 * Names of the API keys that are valid; none where the caller may not know.
 * @returns {readonly string[]}
 */
function useKeys() {
  const [names, setNames] = useState(/** @type {readonly string[]} */ ([]));
  useEffect(() => {
    const asked = /** @type {Promise<{ name: string, revoked: boolean }[]>} */ (ask("api/keys"));
    asked.then(
      (keys) => setNames(keys.filter(({ revoked }) => !revoked).map(({ name }) => name)),
      () => {},
    );
  }, []);
  return names;
}
