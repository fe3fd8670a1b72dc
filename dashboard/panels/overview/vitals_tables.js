// The tables of the web vitals: of all pages, and page by page.
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../lib/ask/answers.js").VitalsAnswer} VitalsAnswer */
/** @typedef {import("../../lib/ask/answers.js").VitalNumbers} VitalNumbers */
/** @typedef {import("../../lib/ask/answers.js").VitalName} VitalName */

/** Told by their shape, too, beside the word. */
const MARKS = { good: "●", needs_improvement: "▲", poor: "■" };

/**
 * Draws both.
 * @param {{ vitals: VitalsAnswer["vitals"], rows: VitalsAnswer["rows"] }} props
 */
export function VitalsTablesPanel({ vitals, rows }) {
  return html`
    <${Whole} vitals=${vitals} />
    <${Pages} rows=${rows} />
  `;
}

const namesOf = (
  /** @type {VitalsAnswer["vitals"]} */ vitals,
) => /** @type {VitalName[]} */ (Object.keys(vitals));

/** @param {{ vitals: VitalsAnswer["vitals"] }} props */
function Whole({ vitals }) {
  const app = useApp();
  const { t, format } = app;
  return html`
    <table>
      <caption class="muted">${t("vitals_hint")}</caption>
      <thead>
        <tr>
        <th scope="col">${t("vitals_vital")}</th>
        ${["p50", "p75", "p95"].map((one) => html`<th key=${one} scope="col">${one}</th>`)}
        <th scope="col">${t("vitals_rating")}</th>
        <th scope="col">${t("vitals_loads")}</th>
      </tr>
      </thead>
      <tbody>
        ${namesOf(vitals).map((name) => {
          const { samples, p50, p75, p95, rating } = vitals[name];
          return html`
            <tr key=${name} data-vital=${name}>
              <th scope="row">${t(`vital_${name}`)}</th>
              ${[p50, p75, p95].map((value, index) =>
                html`<td key=${index}>${textOf(name, value, app)}</td>`
              )}
              <td>${rating ? html`<${Mark} rating=${rating} />` : "–"}</td>
              <td>${format.count(samples)}</td>
            </tr>
          `;
        })}
      </tbody>
    </table>
  `;
}

/** @param {{ rows: VitalsAnswer["rows"] }} props */
function Pages({ rows }) {
  const { t, name: nameOf, format } = useApp();
  const [first] = rows;
  const names = first ? namesOf(first.vitals) : [];
  return html`
    <table>
      <caption class="muted">${t("vitals_pages")}</caption>
      <thead>
        <tr>
        <th scope="col">${nameOf("dimension", "page")}</th>
        ${names.map((name) => html`<th key=${name} scope="col">${name.toUpperCase()}</th>`)}
        <th scope="col">${t("vitals_loads")}</th>
      </tr>
      </thead>
      <tbody>
        ${rows.map(({ value, loads, vitals }) =>
          html`
            <tr key=${value}>
              <th scope="row" title=${value}>${value}</th>
              ${names.map((name) => html`<${Cell} key=${name} name=${name} of=${vitals} />`)}
              <td>${format.count(loads)}</td>
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}

/** @param {{ name: VitalName, of: VitalsAnswer["vitals"] }} props */
function Cell({ name, of }) {
  const app = useApp();
  const { p75, rating } = of[name];
  return html`
    <td>${textOf(name, p75, app)}${rating && html`
      <${Mark} rating=${rating} short />
    `}</td>
  `;
}

/** @param {{ rating: NonNullable<VitalNumbers["rating"]>, short?: boolean }} props */
function Mark({ rating, short = false }) {
  const { t } = useApp();
  const word = t(`vital_${rating}`);
  return html`
    <span class=${`rating ${rating}`} title=${word}><i aria-hidden="true">${MARKS[rating]}</i>${" "}
      <span class=${short ? "visually-hidden" : ""}>${word}</span></span>
  `;
}

/**
 * Seconds, milliseconds below one, or a number of its own.
 * @param {VitalName} name @param {number | null} value
 * @param {import("../../lib/state/context.js").App} app
 */
function textOf(name, value, { format }) {
  if (value === null) return "–";
  return name === "cls" ? format.hundredths(value) : format.milliseconds(value);
}
