// The answer to a statement: a table or a chart, and files of it.
import { LineChart } from "../../components/charts/line_chart.js";
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { TableButton } from "../../components/report/table_button.js";
import { ask } from "../../lib/ask/api.js";
import { saveBlob } from "../../lib/ask/downloads.js";
import { askFile, chartable, courseOf, isNumeric, textOf } from "../../lib/ask/sql.js";
import { html, useEffect, useState } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { refusedText } from "./refused.js";

/** @typedef {import("../../lib/ask/sql.js").SqlAnswer} SqlAnswer */
/** @typedef {import("../../lib/format/sql_words.js").SqlWords} SqlWords */

/**
 * @typedef {object} ResultProps
 * @property {SqlWords} w
 * @property {{ query: string } | null} run what to ask; null stops what runs
 * @property {() => void} onStop
 */

/** @param {ResultProps} props */
export function Result({ w, run, onStop }) {
  const { site, t } = useApp();
  const [answer, setAnswer] = useState(/** @type {SqlAnswer | null} */ (null));
  const [fault, setFault] = useState("");
  const [asked, setAsked] = useState(/** @type {{ query: string } | null} */ (null));
  const busy = run !== null && asked !== run;
  useEffect(() => {
    if (!run) return;
    const leaving = new AbortController();
    const body = { site_id: site.site_id, query: run.query };
    ask("api/sql", { method: "POST", body, signal: leaving.signal }).then(
      (found) => {
        setAnswer(/** @type {SqlAnswer} */ (found));
        setFault("");
        setAsked(run);
      },
      (error) => {
        if (leaving.signal.aborted) return;
        setAnswer(null);
        setFault(refusedText(error, w, t));
        setAsked(run);
      },
    );
    return () => leaving.abort();
  }, [run]);
  const body = fault !== ""
    ? html`<p class="fault-line" role="alert">${fault}</p>`
    : !answer
    ? busy
      ? html`<${Skeleton} rows=${4} />`
      : html`<${Empty} title=${w("asked_nothing")} hint=${w("asked_nothing_hint")} />`
    : html`<${Shown} w=${w} answer=${answer} query=${asked?.query ?? ""} />`;
  const stop = busy && html`
    <button type="button" class="button small" onClick=${onStop}>${w("stop")}</button>
  `;
  return html`
    <${Panel} title=${w("answer")} busy=${busy} actions=${stop}>
      <div class=${busy && answer ? "settings-body stale" : "settings-body"}>
        <p class="visually-hidden" role="status">${busy ? w("running") : ""}</p>
        ${body}
      </div>
      <//>
  `;
}

/** @param {{ w: SqlWords, answer: SqlAnswer, query: string }} props */
function Shown({ w, answer, query }) {
  const columns = chartable(answer.columns);
  const [chosen, setChosen] = useState("");
  const [asChart, setAsChart] = useState(false);
  const column = columns.find((name) => name === chosen) ?? columns[0];
  const isChart = asChart && column !== undefined;
  if (answer.rows.length === 0) {
    return html`
      <${Empty} title=${w("empty")} />
      <${Downloads} w=${w} query=${query} />
    `;
  }
  return html`
    ${isChart
      ? html`<${Course} w=${w} answer=${answer} column=${column} />`
      : html`<${Rows} w=${w} answer=${answer} />`}
    <p class="muted" role="status">${w("rows", { n: answer.rows.length })}${answer.truncated
      ? `. ${w("truncated")}`
      : ""}</p>
    <div class="form-foot">
      ${column !== undefined && answer.rows.length > 1 && html`
        <${TableButton} asTable=${!isChart} onToggle=${() => setAsChart(!isChart)} />
      `}
      ${isChart && columns.length > 1 && html`
        <select class="field small" aria-label=${w("column")} value=${column}
          onChange=${(/** @type {{ target: HTMLSelectElement }} */ { target }) =>
            setChosen(target.value)}>
          ${columns.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select>
      `}
      <${Downloads} w=${w} query=${query} />
    </div>
  `;
}

/** @param {{ w: SqlWords, answer: SqlAnswer }} props */
function Rows({ w, answer: { columns, rows } }) {
  const side = (/** @type {string} */ type) => ({ textAlign: isNumeric(type) ? "end" : "start" });
  return html`
    <div class="chart scroll" tabindex="0" role="group" aria-label=${w("answer")}>
      <table class="plain">
        <caption class="visually-hidden">${w("answer")}</caption>
        <thead>
          <tr>${columns.map(({ name, type }) =>
            html`<th key=${name} scope="col" title=${type} style=${side(type)}>${name}</th>`
          )}</tr>
        </thead>
        <tbody>
          ${rows.map((row, index) =>
            html`
              <tr key=${index}>${columns.map(({ name, type }) =>
                html`<td key=${name} style=${side(type)}>${
                  textOf(row[name]) ?? html`<span class="muted">–</span>`
                }</td>`
              )}</tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{ w: SqlWords, answer: SqlAnswer, column: string }} props */
function Course({ w, answer, column }) {
  const { format } = useApp();
  const { labels, values } = courseOf(answer, column);
  const said = (/** @type {number | null | undefined} */ value) =>
    value === null || value === undefined ? "–" : String(value);
  return html`
    <${LineChart} label=${w("chart_of", { column })} labels=${labels} values=${values}
      before=${null} marks=${NO_MARKS} shaded=${NO_SHADES} running=${values.length}
      whole=${values.every((value) => Number.isInteger(value ?? 0))}
      formatAxis=${(/** @type {number} */ value) => format.compact(value)}
      tipOf=${(/** @type {number} */ index) => ({
        title: labels[index] ?? "",
        lines: [{ label: column, text: said(values[index]) }],
        notes: [],
      })} />
  `;
}

/** @type {readonly { index: number, text: string }[]} */
const NO_MARKS = [];
/** @type {readonly boolean[]} */
const NO_SHADES = [];

/** @param {{ w: SqlWords, query: string }} props */
function Downloads({ w, query }) {
  const { site, t } = useApp();
  const [fault, setFault] = useState("");
  const download = async (/** @type {"csv" | "parquet"} */ format) => {
    try {
      const file = await askFile({ site_id: site.site_id, query, format });
      saveBlob(`${site.site_id.replaceAll(/[:/\\]/g, "_")}.${format}`, file);
      setFault("");
    } catch (error) {
      setFault(refusedText(error, w, t));
    }
  };
  return html`
    ${/** @type {const} */ (["csv", "parquet"]).map((format) =>
      html`
        <button key=${format} type="button" class="button small"
          onClick=${() => download(format)}>${w("download", {
            format: format === "csv" ? "CSV" : "Parquet",
          })}</button>
      `
    )}
    <span class="fault-line" role="alert">${fault}</span>
  `;
}
