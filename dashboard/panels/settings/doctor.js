// What the server finds of its installation: each check ok, warning or failure, with what to do.
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { loadDoctorWords } from "./doctor_words.js";

/** @typedef {import("./doctor_words.js").DoctorWords} DoctorWords */

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
  const words = useDoctorWords(t("language_tag"));
  return html`
    <${Panel} title=${t("doctor")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("doctor_hint")}</p>
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${!fault && !(data && words) && html`<${Skeleton} rows=${3} />`}
        ${data && words && html`
          <table class="plain doctor">
            <thead>
              <tr>
                <th scope="col">${t("doctor_check")}</th>
                <th scope="col">${t("doctor_status")}</th>
                <th scope="col">${t("doctor_found")}</th>
              </tr>
            </thead>
            <tbody>${data.findings.map((one) =>
              html`<${Row} key=${one.check} finding=${one} words=${words} />`
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

/**
 * The words of findings; null before they are there. Without them there is the server's English.
 * @param {string} language
 */
function useDoctorWords(language) {
  const [words, setWords] = useState(/** @type {{ of: DoctorWords } | null} */ (null));
  useEffect(() => {
    loadDoctorWords(language).then((of) => setWords({ of }), () => setWords({ of: () => null }));
  }, [language]);
  return words?.of ?? null;
}

/** @param {{ finding: Finding, words: DoctorWords }} props */
function Row({ finding: { check, status, found, todo }, words }) {
  const { t } = useApp();
  const text = NAMES.get(check);
  return html`
    <tr>
      <th scope="row">${text ? t(text) : check}</th>
      <td class=${status === "ok" ? "muted" : "fault-line"}>${t(`doctor_is_${status}`)}</td>
      <td>
        <${Said} text=${found} words=${words} />
        ${todo && html`<br /><span class="muted"><${Said} text=${todo} words=${words} /></span>`}
      </td>
    </tr>
  `;
}

/** @param {{ text: string, words: DoctorWords }} props */
function Said({ text, words }) {
  const own = words(text);
  return own === null ? html`<span lang="en">${text}</span>` : own;
}
