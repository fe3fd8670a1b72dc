// All rows of a dimension in a dialog: search, sort by any metric, download as a file.
import { Dialog } from "../../components/layout/dialog.js";
import { Skeleton } from "../../components/layout/panel.js";
import { Icon } from "../../components/layout/icon.js";
import { ask, withParams } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { csvOf, saveFile } from "../../lib/ask/downloads.js";
import { useConnectionLost } from "../../lib/ask/connection.js";
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { dimensionOf, metricOf, rowDimensions } from "../../lib/state/schema.js";
import { NotCompared } from "../../components/report/not_compared.js";
import { Pager } from "../../components/report/pager.js";
import { Nothing, PanelFault } from "../../components/report/panel_fault.js";
import { codesFound, isCoded } from "../../lib/format/codes.js";
import { labelOf, labelOfRow } from "../../lib/format/labels.js";
import { isPicked, toggleRow } from "../../lib/toggle_filter.js";
import { reportUrl } from "../../lib/ask/report_url.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { ImportedDays } from "../../components/report/imported_days.js";

const PAGE_ROWS = 100;
/** Rows per request, for a file. */
const FILE_ROWS = 1000;
const PAUSE_MS = 200;

/** @typedef {Record<string, import("../../lib/format/format.js").Value>} Values */
/** @typedef {{ dimensions: readonly string[], metrics: Values }} Row */
/** @typedef {{ results: readonly Row[], total: number }} Table */

/** The metric that is a row's part of all visitors. */
const SHARE = "percentage";
/** Those of the view, without the rows that are looked for. */
const EVERYONE = { metrics: "visitors" };

/** @typedef {{ dimension: string, onClose: () => void }} DetailsProps */

/**
 * Nothing where there is no such dimension: the page says so.
 * @param {DetailsProps} props
 */
export function DetailsDialog(props) {
  const { schema } = useApp();
  return dimensionOf(schema, props.dimension) ? html`<${Details} ...${props} />` : null;
}

/** @param {DetailsProps} props */
function Details({ dimension, onClose }) {
  const app = useApp();
  const { t, name, format, schema } = app;
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState("visitors:desc");
  const [page, setPage] = useState(0);
  const metrics = columnsOf(schema, dimension);
  const told = rowDimensions(schema, dimension);
  const codes = useCodes(dimension, search.trim());
  const { also } = codes;
  const params = {
    metrics: metrics.join(","),
    dimensions: told.join(","),
    order_by: order,
    search: isCoded(dimension) ? "" : search.trim(),
  };
  /** @type {import("../../lib/ask/answer.js").Answer<Table>} */
  const answer = useAnswer(
    also &&
      reportUrl(app, "query", { ...params, limit: PAGE_ROWS, offset: page * PAGE_ROWS }, { also }),
  );
  /** @type {import("../../lib/ask/answer.js").Answer<Table>} */
  const everyone = useAnswer(also?.length ? reportUrl(app, "query", EVERYONE) : null);
  const fault = codes.fault ?? answer.fault ?? everyone.fault;
  const { shown, stale } = useShown(fault ? null : { answer, everyone, also, order, page });
  const sortBy = (/** @type {string} */ column) => {
    setPage(0);
    const [first, second] = column === dimension ? ["asc", "desc"] : ["desc", "asc"];
    setOrder(order === `${column}:${first}` ? `${column}:${second}` : `${column}:${first}`);
  };
  const onRetry = () => {
    for (const one of [codes, answer, everyone]) one.retry();
  };
  const total = shown?.table.total ?? 0;
  const body = fault
    ? html`<${PanelFault} fault=${fault} onRetry=${onRetry} />`
    : !shown
    ? html`<${Skeleton} rows=${14} />`
    : html`
      <${FullTable} rows=${shown.rows} told=${told} metrics=${metrics} order=${shown.order}
        onSort=${sortBy} onClose=${onClose} />
      ${shown.rows.length === 0 && html`<${Nothing} />`}
    `;
  return html`
    <${Dialog} title=${name("dimension", dimension)} close=${t("close")} onClose=${onClose}
      class="details">
      <div class="details-tools">
        <${SearchField} onSearch=${(/** @type {string} */ text) => {
          setPage(0);
          setSearch(text);
        }} />
        <span class="muted" role="status">
          ${shown && t("rows", { n: total, count: format.count(total) })}
        </span>
        <span class="spring" />
        <${Export} told=${told} metrics=${metrics} params=${params} also=${also ?? []} />
      </div>
      <${NotCompared} />
      <${ImportedDays} answer=${shown?.table ?? null} />
      <div class=${stale && shown ? "details-rows stale" : "details-rows"} tabindex="0"
        role="region" aria-label=${name("dimension", dimension)} aria-busy=${stale}>
        ${body}
      </div>
      <${Pager} page=${shown?.page ?? page} total=${total} rows=${PAGE_ROWS}
        onPage=${setPage} />
      <//>
  `;
}

/**
 * @typedef {object} Found
 * @property {import("../../lib/ask/answer.js").Answer<Table>} answer
 * @property {import("../../lib/ask/answer.js").Answer<Table>} everyone
 * @property {readonly import("../../grammar/filter.js").Filter[] | null} also
 * @property {string} order
 * @property {number} page
 */

/** @typedef {{ table: Table, rows: readonly Row[], order: string, page: number }} Shown */

/**
 * The rows that were found; before they are, and for as long as the server can't be reached, the
 * last ones, with the order and the page that they have. Null shows none and forgets none.
 * @param {Found | null} found
 * @returns {{ shown: Shown | null, stale: boolean }}
 */
function useShown(found) {
  const last = useRef(/** @type {Shown | null} */ (null));
  const lost = useConnectionLost();
  if (!found) return { shown: null, stale: false };
  const { answer: { data, stale }, everyone, also, order, page } = found;
  const isWhole = also !== null && (also.length === 0 || everyone.data !== null);
  if (!stale && data && isWhole) {
    const rows = also.length > 0 ? ofEveryone(data.results, everyone.data) : data.results;
    last.current = { table: data, rows, order, page };
    return { shown: last.current, stale: false };
  }
  // A choice is marked at once, but not over rows that it does not make.
  const kept = last.current && !lost ? { ...last.current, order, page } : last.current;
  return { shown: kept, stale: true };
}

/**
 * Rows whose share is that of all visitors of the view: a filter for the rows that are looked for
 * would make it their share of each other.
 * @param {readonly Row[]} rows
 * @param {Table | null} everyone
 * @returns {readonly Row[]}
 */
function ofEveryone(rows, everyone) {
  const all = Number(everyone?.results[0]?.metrics["visitors"] ?? 0);
  return rows.map(({ dimensions, metrics }) => {
    const share = all > 0 ? Number(metrics["visitors"]) / all : null;
    return { dimensions, metrics: { ...metrics, [SHARE]: share } };
  });
}

/**
 * The metrics of the full table: all that need no goal.
 * @param {import("../../lib/state/schema.js").Schema} schema
 * @param {string} dimension
 * @returns {string[]}
 */
function columnsOf({ metrics }, dimension) {
  const ofPages = dimension === "page";
  return metrics.filter(({ unit, applies_to: where }) =>
    unit !== "money" && (where === "all" || (where === "pages" && ofPages))
  ).map(({ name }) => name);
}

/** A code that no value has: the answer is an empty table. */
const NO_CODE = "-";

/** More values than there are countries. */
const CODES_MAX = 300;

/**
 * @typedef {Pick<import("../../lib/ask/answer.js").Answer<unknown>, "fault" | "retry"> & {
 *   also: import("../../grammar/filter.js").Filter[] | null,
 * }} Codes
 */

/**
 * The filter for those values of a dimension of codes whose labels contain a text; none for other
 * dimensions or without a text, null until the values are known.
 * @param {string} name
 * @param {string} text
 * @returns {Codes}
 */
function useCodes(name, text) {
  const app = useApp();
  const needed = isCoded(name) && text !== "";
  const question = needed ? reportUrl(app, "values", { dimension: name, limit: CODES_MAX }) : null;
  /** @type {import("../../lib/ask/answer.js").Answer<readonly { value: string }[]>} */
  const { data, fault, retry } = useAnswer(question);
  if (!needed) return { also: [], fault: null, retry };
  const dimension = dimensionOf(app.schema, name);
  if (!data || !dimension) return { also: null, fault, retry };
  const codes = codesFound(data, text, (value) => labelOf(dimension, value, app).text);
  const values = codes.map(({ value }) => value);
  return {
    also: [{ op: "is", dimension: name, values: values.length > 0 ? values : [NO_CODE] }],
    fault,
    retry,
  };
}

/** @param {{ onSearch: (text: string) => void }} props */
function SearchField({ onSearch }) {
  const { t } = useApp();
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => onSearch(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`
    <div class="search">
      <${Icon} name="search" />
      <input type="search" autofocus aria-label=${t("search")} placeholder=${t(
        "search",
      )} value=${text}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          setText(target.value)} />
    </div>
  `;
}

/**
 * @typedef {object} FullTableProps
 * @property {readonly Row[]} rows
 * @property {readonly string[]} told dimensions of the rows
 * @property {readonly string[]} metrics
 * @property {string} order
 * @property {(column: string) => void} onSort
 * @property {() => void} onClose
 */

/** @param {FullTableProps} props */
function FullTable({ rows, told, metrics, order, onSort, onClose }) {
  const app = useApp();
  const { name, format, schema, state, navigate } = app;
  const [dimension = ""] = told;
  const [sorted, direction] = order.split(":");
  const sortOf = (/** @type {string} */ column) =>
    column !== sorted ? undefined : direction === "asc" ? "ascending" : "descending";
  const head = (/** @type {string} */ column, /** @type {string} */ label) =>
    html`
      <th key=${column} scope="col" aria-sort=${sortOf(column)}>
        <button type="button" onClick=${() => onSort(column)}>
          ${label}<span class="sort" aria-hidden="true">${column !== sorted
            ? ""
            : direction === "asc"
            ? "↑"
            : "↓"}</span>
        </button>
      </th>
    `;
  const pick = (/** @type {readonly string[]} */ row, /** @type {MouseEvent} */ event) => {
    const exclude = event.altKey || event.shiftKey || event.ctrlKey || event.metaKey;
    navigate({ filters: toggleRow(state.filters, told, row, exclude), details: "" });
    onClose();
  };
  return html`
    <table class="plain full">
      <thead>
        <tr>
          ${head(dimension, name("dimension", dimension))}
          ${metrics.map((metric) => head(metric, name("metric", metric)))}
        </tr>
      </thead>
      <tbody>
        ${rows.map(({ dimensions: row, metrics: values }) => {
          const { label, text } = labelOfRow(told, row, app);
          return html`
            <tr key=${JSON.stringify(row)}>
              <th scope="row">
                <button type="button" class="link" title=${text}
                  aria-pressed=${isPicked(state.filters, told, row)}
                  onClick=${(/** @type {MouseEvent} */ event) => pick(row, event)}>${label}</button>
              </th>
              ${metrics.map((metric) =>
                html`<td key=${metric}>${
                  format.exact(metricOf(schema, metric).unit, values[metric] ?? null)
                }</td>`
              )}
            </tr>
          `;
        })}
      </tbody>
    </table>
  `;
}

/**
 * @typedef {object} ExportProps
 * @property {readonly string[]} told dimensions of the rows
 * @property {readonly string[]} metrics
 * @property {import("../../lib/ask/api.js").Params} params
 * @property {readonly import("../../grammar/filter.js").Filter[]} also
 */

/** @param {ExportProps} props */
function Export({ told, metrics, params, also }) {
  const app = useApp();
  const [fault, setFault] = useState("");
  const save = async (/** @type {"csv" | "json"} */ kind) => {
    try {
      const found = await allRows(reportUrl(app, "query", params, { also }) ?? "");
      const rows = also.length > 0
        ? ofEveryone(
          found,
          /** @type {Table} */ (await ask(reportUrl(app, "query", EVERYONE) ?? "")),
        )
        : found;
      const records = rows.map(({ dimensions: row, metrics: values }) => ({
        ...Object.fromEntries(told.map((name, index) => [name, row[index] ?? ""])),
        ...Object.fromEntries(metrics.map((metric) => [metric, values[metric] ?? null])),
      }));
      const text = kind === "csv"
        ? csvOf([...told, ...metrics], records)
        : JSON.stringify(records, null, 2);
      const [name = ""] = told;
      saveFile(`${app.site.site_id}-${name.replace(/\W/g, "_")}.${kind}`, text, kind);
      setFault("");
    } catch (error) {
      setFault(refusalOf(error, app.t));
    }
  };
  return html`
    <span class="fault-line" role="alert">${fault}</span>
    ${/** @type {const} */ (["csv", "json"]).map((kind) =>
      html`
        <button key=${kind} type="button" class="button small" onClick=${() => save(kind)}>
          <${Icon} name="download" />${kind.toUpperCase()}
        </button>
      `
    )}
  `;
}

/**
 * Requests all rows, page by page.
 * @param {string} question
 * @returns {Promise<Row[]>}
 */
async function allRows(question) {
  /** @type {Row[]} */
  const rows = [];
  for (;;) {
    const path = `${question}&${
      withParams("", { limit: FILE_ROWS, offset: rows.length }).slice(1)
    }`;
    const { results, total } = /** @type {Table} */ (await ask(path));
    rows.push(...results);
    if (results.length === 0 || rows.length >= total) return rows;
  }
}
