// Backups: how the last one went, one more, and how they are made and restored by hand. Where they
// go to is a setting of the server: this page can only show it.
import { CopyBox } from "../../components/controls/copy_box.js";
import { Facts } from "../../components/layout/facts.js";
import { Panel } from "../../components/layout/panel.js";
import { ask } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { sizeWords } from "../../lib/format/size.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { refusalOf } from "../../lib/format/refusal.js";

/**
 * @typedef {object} Last
 * @property {string} made_at
 * @property {number} events
 * @property {number} bytes
 * @property {string | null} verified_at
 * @property {readonly string[]} faults
 */

/**
 * @typedef {object} Kept
 * @property {string} made_at
 * @property {number} events
 */

/**
 * @typedef {object} State
 * @property {string | null} backup_dir
 * @property {string} data_dir
 * @property {number | null} interval_hours
 * @property {string | null} running_since
 * @property {Last | null} last
 * @property {readonly Kept[]} kept
 * @property {Kept & { folder: string } | null} guarded far larger than the last
 * @property {string | null} fault
 */

const ASK_AGAIN_MS = 1000;
const SOME_FOLDER = "/mnt/other-disk/mallard";

/** Draws the panel. */
export function Backups() {
  const { t } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<State>} */
  const { data, fault, stale, retry, refresh } = useAnswer("api/backup");
  const [refused, setRefused] = useState("");
  const running = data?.running_since ?? null;
  useEffect(() => {
    if (running === null) return;
    const timer = setTimeout(refresh, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [data]);
  const begin = async () => {
    try {
      await ask("api/backup", { method: "POST" });
      setRefused("");
    } catch (error) {
      setRefused(refusalOf(error, t));
    }
    refresh();
  };
  return html`
    <${Panel} title=${t("backups")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("backups_hint")}</p>
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${data &&
          (data.backup_dir === null ? html`<${Unset} />` : html`<${Standing} state=${data} />`)}
        ${data && data.backup_dir !== null && html`
          <div class="form-foot">
            <button type="button" class="button" disabled=${running !== null} onClick=${begin}>
              ${t("backup_now")}</button>
            <span role="status">${running !== null && t("backup_running")}</span>
            <span class="fault-line" role="alert">
              ${refused || (running === null && data.fault)}</span>
          </div>
        `}
        ${data && html`<${ByHand} state=${data} />`}
      </div>
      <//>
  `;
}

/** The settings that backups need. */
function Unset() {
  const { t } = useApp();
  return html`
    <p>${t("backups_unset")}</p>
    <${CopyBox} text=${`backup_dir = "${SOME_FOLDER}"`} label=${t("backups_unset")}
      copy=${t("copy")} copied=${t("copied")} />
  `;
}

/** @param {{ state: State }} props */
function Standing({ state }) {
  const { t, format } = useApp();
  const { last, kept, guarded, interval_hours } = state;
  const time = new Intl.DateTimeFormat(format.locale, { dateStyle: "medium", timeStyle: "short" });
  const eventsOf = (/** @type {{ events: number }} */ { events: n }) =>
    t("events_n", { n, count: format.count(n) });
  /** @type {[string, string][]} */
  const rows = [
    [t("backup_folder"), state.backup_dir ?? ""],
    [t("backup_last"), last ? time.format(new Date(last.made_at)) : t("backup_none")],
    ...(last ? factsOf(last) : []),
    ...keptRow(),
    [
      t("backup_interval"),
      interval_hours === null
        ? t("backup_interval_none")
        : t("backup_interval_every", { span: format.span(interval_hours, "hour") }),
    ],
  ];
  return html`
    <${Facts} rows=${rows} />
    ${last && guarded && html`
      <p class="fault-line">${t("backup_guarded", {
        last: eventsOf(last),
        earlier: eventsOf(guarded),
        folder: guarded.folder,
      })}</p>
    `}
    ${last && last.faults.length > 0 && html`
      <ul class="fault-line">${last.faults.map((one) => html`<li key=${one}>${one}</li>`)}</ul>
    `}
  `;

  /** @returns {[string, string][]} */
  function keptRow() {
    const oldest = kept.at(-1);
    if (!oldest || kept.length < 2) return [];
    const since = time.format(new Date(oldest.made_at));
    return [[t("backup_kept"), `${format.count(kept.length)} (${since} …)`]];
  }

  /**
   * @param {Last} last
   * @returns {[string, string][]}
   */
  function factsOf({ events, bytes, verified_at, faults }) {
    const verdict = verified_at === null
      ? "backup_unverified"
      : faults.length > 0
      ? "backup_damaged"
      : "backup_sound";
    return [
      [t("backup_events"), format.count(events)],
      [t("backup_size"), sizeWords(bytes, format.locale)],
      [t("backup_verdict"), t(verdict)],
    ];
  }
}

/** @param {{ state: State }} props */
function ByHand({ state: { data_dir, backup_dir } }) {
  const { t } = useApp();
  const folder = quoted(backup_dir ?? SOME_FOLDER);
  const lines = [
    `MALLARD_DATA_DIR=${quoted(data_dir)} mallard backup ${folder}`,
    `mallard verify ${folder}`,
    `MALLARD_DATA_DIR=${quoted(`${data_dir}-restored`)} mallard restore ${folder}`,
  ];
  return html`
    <details class="snippet-options">
      <summary>${t("backups_by_hand")}</summary>
      <${CopyBox} text=${lines.join("\n")} label=${t("backups_by_hand")} copy=${t("copy")}
        copied=${t("copied")} />
    </details>
  `;
}

/**
 * Quotes a path for a shell.
 * @param {string} path
 */
function quoted(path) {
  return /^[\w./:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
