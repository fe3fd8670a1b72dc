// Imports: a file of another program, looked at first or taken at once, and what was imported,
// which can be taken out again.
import { Panel } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { ask, withParams } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useId, useState } from "../../lib/html.js";

/**
 * @typedef {object} Day
 * @property {string} date
 * @property {string | null} left_out
 */

/**
 * @typedef {"waiting" | "running" | "previewed" | "done" | "failed" | "cancelled" | "undone"} State
 */

/**
 * @typedef {object} Shown
 * @property {string} id
 * @property {string} site_id
 * @property {State} state
 * @property {{
 *   label?: string,
 *   files?: readonly string[],
 *   rejected?: number,
 *   days?: readonly Day[],
 *   totals?: { events: number, pageviews: number, visitors: number },
 *   error?: string,
 * }} report
 */

const ASK_AGAIN_MS = 1000;
const SHOWN_MAX = 10;
const NO_DAYS = "–";
const CHOICES = /** @type {const} */ (["before", "empty", "all"]);

/** Draws the panel. */
export function Imports() {
  const { t, site } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<readonly Shown[]>} */
  const { data, fault, stale, retry, refresh } = useAnswer("api/imports");
  const own = (data ?? []).filter(({ site_id }) => site_id === site.site_id);
  const isRunning = own.some(isOpen);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setTimeout(refresh, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [data]);
  return html`
    <${Panel} title=${t("imports")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("imports_hint")}</p>
        <${Upload} onSent=${refresh} />
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${own.toReversed().slice(0, SHOWN_MAX).map((shown) =>
          html`<${One} key=${shown.id} shown=${shown} onEnded=${refresh} />`
        )}
      </div>
      <//>
  `;
}

/** @param {Shown} shown */
function isOpen({ state }) {
  return state === "waiting" || state === "running";
}

/** @param {{ onSent: () => void }} props */
function Upload({ onSent }) {
  const { t, site } = useApp();
  const id = useId();
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [days, setDays] = useState("before");
  const [sending, setSending] = useState(false);
  const [refused, setRefused] = useState("");
  const send = async (/** @type {boolean} */ isDry) => {
    if (file === null) return;
    setSending(true);
    const params = { site_id: site.site_id, name: file.name, days, dry_run: isDry ? 1 : null };
    try {
      await ask(withParams("api/imports", params), { method: "POST", file });
      setRefused("");
    } catch (error) {
      setRefused(refusalOf(error, t));
    }
    setSending(false);
    onSent();
  };
  return html`
    <div class="pair">
      <div class="form-field">
        <label for=${`${id}-file`}>${t("import_file")}</label>
        <input id=${`${id}-file`} class="field" type="file"
          onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            setFile(target.files?.[0] ?? null)} />
      </div>
      <div class="form-field">
        <label for=${`${id}-days`}>${t("import_days")}</label>
        <select id=${`${id}-days`} class="field" value=${days}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setDays(target.value)}>
          ${CHOICES.map((one) =>
            html`<option key=${one} value=${one}>${t(`import_days_${one}`)}</option>`
          )}
        </select>
      </div>
    </div>
    <div class="form-foot">
      <button type="button" class="button" disabled=${file === null || sending}
        onClick=${() => send(true)}>${t("import_preview")}</button>
      <button type="button" class="button" disabled=${file === null || sending}
        onClick=${() => send(false)}>${t("import_start")}</button>
      <span role="status">${sending && t("import_sending")}</span>
      <span class="fault-line" role="alert">${refused}</span>
    </div>
  `;
}

/** @param {{ shown: Shown, onEnded: () => void }} props */
function One({ shown, onEnded }) {
  const { t, format } = useApp();
  const [refused, setRefused] = useState("");
  const { id, state, report } = shown;
  const end = async () => {
    try {
      await ask(`api/imports/${id}`, { method: "DELETE" });
      setRefused("");
    } catch (error) {
      setRefused(refusalOf(error, t));
    }
    onEnded();
  };
  const { days = [], totals, rejected = 0 } = report;
  const taken = days.filter(({ left_out }) => left_out === null);
  const left = days.length - taken.length;
  const [from = "", to = from] = [taken[0]?.date, taken.at(-1)?.date];
  const counted = (
    /** @type {"events_n" | "days_n" | "import_left_rows"} */ key,
    /** @type {number} */ n,
  ) => t(key, { n, count: format.count(n) });
  const name = (report.files ?? []).join(", ") || report.label || id;
  return html`
    <section class="settings-body">
      <h3>${name}</h3>
      <p role="status">${t(`import_state_${state}`)}</p>
      ${totals && html`
        <p class="muted">${t("import_totals", {
          events: counted("events_n", totals.events),
          visitors: t("visitors_n", { n: totals.visitors }),
          span: from === "" ? NO_DAYS : format.days({ from, to }),
        })}</p>
      `}
      ${(left > 0 || rejected > 0) && html`
        <p class="muted">${t("import_left", {
          days: counted("days_n", left),
          rows: counted("import_left_rows", rejected),
        })}</p>
      `}
      ${(refused || report.error) && html`
        <p class="fault-line">${refused || report.error}</p>
      `}
      ${(isOpen(shown) || state === "done") && html`
        <div class="pair">
          <button type="button" class="button" onClick=${end}>
            ${t(state === "done" ? "import_undo" : "import_cancel")}</button>
        </div>
      `}
    </section>
  `;
}
