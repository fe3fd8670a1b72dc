// The path rules of a site: the form, what they would do to the pages of the last days, and
// applying them to stored events, with a way back.
import { Facts } from "../../components/layout/facts.js";
import { Panel } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { ask, sitePath } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { sizeWords } from "../../lib/format/size.js";
import { html, useEffect, useId, useState } from "../../lib/html.js";
import { pathRulesBody, pathRulesFields } from "../../lib/path_rules.js";
import { useApp } from "../../lib/state/context.js";
import { refusalOf } from "../../lib/format/refusal.js";

/** @typedef {import("../../lib/path_rules.js").PathFields} PathFields */
/** @typedef {import("../../lib/ask/answers.js").PathPreview} Preview */
/** @typedef {import("../../lib/ask/answers.js").PathRules} PathRules */

/**
 * @typedef {object} History
 * @property {"rewriting" | "rewritten" | "undoing"} state
 * @property {number} files
 * @property {number} events
 * @property {number} bytes
 * @property {number} skipped
 * @property {string | null} failure
 */

/** @typedef {{ path_rules: PathRules, history: History | null }} State */

const ASK_AGAIN_MS = 2000;
const SLASHES = /** @type {const} */ (["keep", "remove", "add"]);

/** Draws the panel. */
export function PathRulesPanel() {
  const { t, site } = useApp();
  const path = sitePath(site.site_id, "/path-rules");
  /** @type {import("../../lib/ask/answer.js").Answer<State>} */
  const { data, fault, stale, retry, refresh } = useAnswer(path);
  const working = data?.history?.state === "rewriting" || data?.history?.state === "undoing";
  useEffect(() => {
    if (!working) return;
    const timer = setTimeout(refresh, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [data]);
  return html`
    <${Panel} title=${t("setting_path_rules")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("setting_hint_path_rules")}</p>
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${data && html`
          <${RulesForm} key=${JSON.stringify(data.path_rules)} rules=${data.path_rules}
            onSaved=${refresh} />
          <${HistoryControl} state=${data} onDone=${refresh} />
        `}
      </div>
      <//>
  `;
}

/** @param {{ rules: PathRules, onSaved: () => void }} props */
function RulesForm({ rules, onSaved }) {
  const { t, site } = useApp();
  const [fields, setFields] = useState(pathRulesFields(rules));
  const [preview, setPreview] = useState(/** @type {Preview | null} */ (null));
  const [said, setSaid] = useState({ fault: "", saved: false });
  const change = (/** @type {Partial<PathFields>} */ changes) => {
    setFields({ ...fields, ...changes });
    setPreview(null);
    setSaid({ fault: "", saved: false });
  };
  const attempt = async (/** @type {() => Promise<void>} */ work) => {
    try {
      await work();
    } catch (error) {
      setSaid({ fault: refusalOf(error, t), saved: false });
    }
  };
  const look = () =>
    attempt(async () => {
      const answer = await ask(sitePath(site.site_id, "/path-rules/preview"), {
        method: "POST",
        body: pathRulesBody(fields),
      });
      setPreview(/** @type {Preview} */ (answer));
      setSaid({ fault: "", saved: false });
    });
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    attempt(async () => {
      const body = { path_rules: pathRulesBody(fields) };
      await ask(sitePath(site.site_id, ""), { method: "PATCH", body });
      setSaid({ fault: "", saved: true });
      onSaved();
    });
  };
  return html`
    <form class="settings-fields" onSubmit=${onSubmit}>
      <${Fields} fields=${fields} onChange=${change} />
      <div class="form-foot">
        <button type="button" class="button" onClick=${look}>${t("path_preview")}</button>
        <button class="button primary">${t("save")}</button>
        <span role="status">${said.saved && t("saved")}</span>
        <span class="fault-line" role="alert">${said.fault}</span>
      </div>
      ${preview && html`<${PreviewList} preview=${preview} />`}
    </form>
  `;
}

/** @param {{ fields: PathFields, onChange: (changes: Partial<PathFields>) => void }} props */
function Fields({ fields, onChange }) {
  const { t } = useApp();
  const id = useId();
  /** @typedef {{ target: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }} Typed */
  const onText = (/** @type {keyof PathFields} */ name) => (/** @type {Typed} */ { target }) =>
    onChange({ [name]: target.value });
  const text = (/** @type {"documents" | "parameters"} */ name, /** @type {string} */ sample) =>
    html`
      <div class="setting">
        <label for=${`${id}-${name}`}>${t(`path_${name}`)}</label>
        <input id=${`${id}-${name}`} class="field" value=${fields[name]} placeholder=${sample}
          spellcheck=${false} onInput=${onText(name)} />
        <p class="muted">${t(`path_${name}_hint`)}</p>
      </div>
    `;
  return html`
    <div class="setting">
      <label for=${`${id}-slash`}>${t("path_slash")}</label>
      <select id=${`${id}-slash`} class="field" value=${fields.slash} onChange=${onText("slash")}>
        ${SLASHES.map((slash) =>
          html`<option key=${slash} value=${slash}>${t(`path_slash_${slash}`)}</option>`
        )}
      </select>
    </div>
    <div class="setting">
      <label class="check"><input type="checkbox" checked=${fields.lowercase}
        onChange=${() => onChange({ lowercase: !fields.lowercase })} />${t(
          "path_lowercase",
        )}</label>
    </div>
    ${text("documents", "index.html")}
    ${text("parameters", "page")}
    <div class="setting">
      <label for=${`${id}-masks`}>${t("path_masks")}</label>
      <textarea id=${`${id}-masks`} class="field code-field" rows="3" spellcheck=${false}
        value=${fields.masks} placeholder="/user/* → /user/:id" onInput=${onText("masks")} />
      <p class="muted">${t("path_masks_hint")}</p>
    </div>
  `;
}

/** @param {{ preview: Preview }} props */
function PreviewList({ preview }) {
  const { t, format } = useApp();
  const { folded, pages_before, pages_after, pages_changed, is_partial } = preview;
  const rows = folded.map(({ page, from }) => /** @type {const} */ ([
    page,
    from.map((one) => `${one.page} (${format.count(one.pageviews)})`).join(" · "),
  ]));
  return html`
    <div role="status">
      <p>${pages_changed === 0 ? t("path_preview_none") : t("path_preview_counts", {
        before: format.count(pages_before),
        after: format.count(pages_after),
      })}</p>
      ${is_partial && html`<p class="muted">${t("path_preview_partial")}</p>`}
      <${Facts} rows=${rows} />
    </div>
  `;
}

/** @param {{ state: State, onDone: () => void }} props */
function HistoryControl({ state: { path_rules, history }, onDone }) {
  const { t, site, format } = useApp();
  const [fault, setFault] = useState("");
  const act = async (/** @type {string} */ action) => {
    try {
      await ask(sitePath(site.site_id, "/path-rules/history"), {
        method: "POST",
        body: { action },
      });
      setFault("");
    } catch (error) {
      setFault(refusalOf(error, t));
    }
    onDone();
  };
  const button = (/** @type {"apply" | "undo" | "confirm"} */ action) =>
    html`<button type="button" class="button" onClick=${() => act(action)}>
      ${t(`path_history_${action}`)}</button>`;
  if (!history && Object.keys(path_rules).length === 0) return null;
  return html`
    <h3>${t("path_history")}</h3>
    <p class="muted">${t(history ? `path_history_${history.state}` : "path_history_hint")}</p>
    ${history && history.files > 0 && html`
      <p>${t("path_history_counts", {
        n: history.events,
        count: format.count(history.events),
        size: sizeWords(history.bytes, format.locale),
      })}</p>
    `}
    ${history && history.skipped > 0 &&
      html`<p>${t("path_history_skipped", { n: format.count(history.skipped) })}</p>`}
    <div class="form-foot">
      ${!history && button("apply")}
      ${history?.state === "rewritten" && button("confirm")}
      ${history && history.state !== "undoing" && button("undo")}
      <span class="fault-line" role="alert">${fault || history?.failure}</span>
    </div>
  `;
}
