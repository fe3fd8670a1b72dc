// The site's data: the export by day and that of all events, what was not counted, and erasure with
// a look at what would go before anything goes.
import { Facts } from "../../components/layout/facts.js";
import { Panel, Skeleton } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { addressOf, ask, sitePath, withParams } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html, useEffect, useId, useState } from "../../lib/html.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { refusalOf } from "../../lib/format/refusal.js";

/** Links to the daily export. */
export function ExportLinks() {
  const app = useApp();
  const { t } = app;
  const link = (/** @type {"csv" | "json"} */ format) =>
    html`
      <a class="button" href=${addressOf(
        reportUrl(app, "export", { format, bom: format === "csv" ? 1 : null }) ?? "",
      )}
        download>${format.toUpperCase()}</a>
    `;
  return html`
    <${Panel} title=${t("export")}>
      <div class="settings-body">
        <p class="muted">${t("export_hint", { period: periodWords(app) })}</p>
        <div class="pair">${link("csv")}${link("json")}</div>
      </div>
      <//>
  `;
}

/** All events as one file, or those of some days. */
export function EventExport() {
  const { t, site } = useApp();
  const [days, setDays] = useState({ from: "", to: "" });
  const link = (/** @type {string} */ label, /** @type {string} */ format) => {
    const path = withParams(sitePath(site.site_id, "/export"), {
      format,
      bom: format === "csv" ? 1 : null,
      start_date: days.from,
      end_date: days.to,
    });
    return html`<a class="button" href=${addressOf(path)} download>${label}</a>`;
  };
  return html`
    <${Panel} title=${t("export_events")}>
      <div class="settings-body">
        <p class="muted">${t("export_events_hint")}</p>
        <${Days} days=${days} onDays=${setDays} />
        <div class="pair">
          ${link("Parquet", "parquet")}${link("CSV", "csv")}${link("NDJSON", "ndjson")}
        </div>
        <p class="muted">${t("export_events_peers")}</p>
        <div class="pair">
          ${link("GoatCounter", "goatcounter")}${link("Umami", "umami-tables")}
          ${link("Plausible", "plausible")}
        </div>
      </div>
      <//>
  `;
}

/** @typedef {{ from: string, to: string }} DaySpan */

/** @param {{ days: DaySpan, required?: boolean, onDays: (days: DaySpan) => void }} props */
function Days({ days, required = false, onDays }) {
  const { t } = useApp();
  const id = useId();
  const field = (/** @type {"from" | "to"} */ end, /** @type {string} */ label) =>
    html`
      <div class="form-field">
        <label for=${`${id}-${end}`}>${label}</label>
        <input id=${`${id}-${end}`} class="field" type="date" required=${required}
          value=${days[end]}
          onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
            onDays({ ...days, [end]: target.value })} />
      </div>
    `;
  return html`<div class="pair">${field("from", t("date_from"))}${field("to", t("date_to"))}</div>`;
}

/** @param {import("../../lib/state/context.js").App} app */
function periodWords({ state, name, format }) {
  return state.range ? format.days(state.range) : name("period", state.period);
}

/** @typedef {import("../../lib/ask/answers.js").BotsAnswer} Drops */

/** Dropped events by reason, and dropped fields of those that were counted. */
export function Dropped() {
  const app = useApp();
  const { t, format } = app;
  /** @type {import("../../lib/ask/answer.js").Answer<Drops>} */
  const { data, fault, stale, retry } = useAnswer(reportUrl(app, "bots", { limit: 20 }));
  const wordsOf = (/** @type {string} */ text, /** @type {string} */ name) => {
    const key = /** @type {import("../../lib/format/text.js").Key} */ (text);
    return t(key) === key ? name : t(key);
  };
  const fields = (data?.fields ?? []).map((
    { notice, count },
  ) => [wordsOf(`field_${notice}`, notice), format.count(count)]);
  const rows = [
    ...(data?.dropped ?? []).map((
      { reason, count },
    ) => [wordsOf(`drop_${reason}`, reason), format.count(count)]),
    ...(data?.robots ?? []).map(({ name, count }) => [name, format.count(count)]),
  ];
  return html`
    <${Panel} title=${t("dropped")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("dropped_hint", { period: periodWords(app) })}</p>
        ${fault && html`<${PanelFault} fault=${fault} onRetry=${retry} />`}
        ${!data && !fault && html`<${Skeleton} rows=${1} />`}
        ${data && rows.length === 0 && html`<p>${t("dropped_none")}</p>`}
        <${Facts} rows=${rows} />
        ${fields.length > 0 && html`
          <p class="muted">${t("fields_hint")}</p>
          <${Facts} rows=${fields} />
        `}
      </div>
      <//>
  `;
}

/** @typedef {{ events_deleted: number, erasure_id?: number }} Erased */

/** @typedef {{ missing: readonly { server: string }[] }} Erasing */

const ASK_AGAIN_MS = 5000;

/**
 * Names the servers over a lake that have yet to erase, until there are none. While the server
 * cannot say which, it is asked again.
 * @param {{ id: number }} props
 */
function Waiting({ id }) {
  const { t } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<Erasing>} */
  const { data, fault, refresh } = useAnswer(`api/gdpr/erasures/${id}`);
  const isBusy = fault !== null && (fault.status === 429 || fault.status >= 500);
  const servers = isBusy ? "…" : (data?.missing ?? []).map(({ server }) => server).join(", ");
  useEffect(() => {
    if (servers === "") return;
    const timer = setInterval(refresh, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [servers]);
  if (fault !== null && !isBusy) return refusalOf(fault, t);
  return servers !== "" && html`<span class="muted">${t("erase_waiting", { servers })}</span>`;
}

/** Erasure by days, first as a dry run. */
export function Erase() {
  const { t, format, site, today } = useApp();
  const [days, setDays] = useState({ from: today, to: today });
  const [would, setWould] = useState(/** @type {Erased | null} */ (null));
  const [said, setSaid] = useState("");
  const [id, setId] = useState(/** @type {number | null} */ (null));
  const [fault, setFault] = useState("");
  const erase = async (/** @type {boolean} */ dry) => {
    try {
      const answer = /** @type {Erased} */ (await ask(
        withParams("api/gdpr/erase", {
          site_id: site.site_id,
          start_date: days.from,
          end_date: days.to,
          dry_run: dry ? "true" : null,
        }),
        { method: "DELETE" },
      ));
      setWould(dry ? answer : null);
      setSaid(dry ? "" : eventsWords("erase_done", answer));
      setId(answer.erasure_id ?? null);
      setFault("");
    } catch (error) {
      setFault(refusalOf(error, t));
    }
  };
  const eventsWords = (
    /** @type {"erase_done" | "erase_would"} */ key,
    /** @type {Erased} */ { events_deleted: n },
  ) => t(key, { n, count: format.count(n) });
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    erase(true);
  };
  return html`
    <${Panel} title=${t("erase")}>
      <form class="settings-body" onSubmit=${onSubmit}>
        <p class="muted">${t("erase_hint")}</p>
        <${Days} days=${days} required onDays=${(/** @type {DaySpan} */ changed) => {
          setWould(null);
          setDays(changed);
        }} />
        <div class="form-foot">
          <button class="button">${t("erase_look")}</button>
          ${would && html`
            <span>${eventsWords("erase_would", would)}</span>
            <button type="button" class="button danger" onClick=${() => erase(false)}>
              ${t("erase_now")}</button>
          `}
          <span role="status">${said}</span>
          <span role="status">${id !== null && html`<${Waiting} id=${id} />`}</span>
          <span class="fault-line" role="alert">${fault}</span>
        </div>
      </form>
      <//>
  `;
}
