// What the server finds of its installation: each check ok, warning or failure, with what to do.
import { Panel } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/**
 * @typedef {object} Finding
 * @property {string} check
 * @property {"ok" | "warn" | "fail"} status
 * @property {string} found
 * @property {string} todo
 */

const CHECKS = /** @type {const} */ ([
  "data_dir",
  "rights",
  "space",
  "file_system",
  "store",
  "journal",
  "parquet",
  "files",
  "backups",
  "clock",
  "memory",
  "open_files",
  "port",
  "certificate",
  "proxy",
  "tracker",
  "secrets",
  "password",
  "geography",
  "behavioral",
]);

/** The text of each check; a newer server may have others. */
const NAMES = new Map(CHECKS.map((name) => [/** @type {string} */ (name), doctorText(name)]));

/**
 * @template {string} Name
 * @param {Name} name
 */
function doctorText(name) {
  return /** @type {const} */ (`doctor_${name}`);
}

/** Draws the panel. */
export function Doctor() {
  const { t } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<{ findings: readonly Finding[] }>} */
  const { data, fault, stale, retry, refresh } = useAnswer("api/doctor");
  return html`
    <${Panel} title=${t("doctor")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("doctor_hint")}</p>
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${data && html`
          <table class="plain doctor">
            <thead>
              <tr>
                <th scope="col">${t("doctor_check")}</th>
                <th scope="col">${t("doctor_status")}</th>
                <th scope="col">${t("doctor_found")}</th>
              </tr>
            </thead>
            <tbody>${data.findings.map((one) =>
              html`<${Row} key=${one.check} finding=${one} />`
            )}</tbody>
          </table>
          <div class="form-foot">
            <button type="button" class="button" disabled=${stale} onClick=${refresh}>
              ${t("doctor_again")}</button>
          </div>
        `}
      </div>
      <//>
  `;
}

/** @param {{ finding: Finding }} props */
function Row({ finding: { check, status, found, todo } }) {
  const { t } = useApp();
  const text = NAMES.get(check);
  return html`
    <tr>
      <th scope="row">${text ? t(text) : check}</th>
      <td class=${status === "ok" ? "muted" : "fault-line"}>${t(`doctor_is_${status}`)}</td>
      <td lang="en">${found}${todo && html`<br /><span class="muted">${todo}</span>`}</td>
    </tr>
  `;
}
