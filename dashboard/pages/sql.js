// The SQL page: a statement, its answer, the saved ones, and the tables.
import { Fault, Skeleton } from "../components/layout/panel.js";
import { useAnswer } from "../lib/ask/answer.js";
import { sitePath } from "../lib/ask/api.js";
import { loadSqlWords } from "../lib/format/sql_words.js";
import { html, useEffect, useState } from "../lib/html.js";
import { loadModule } from "../lib/modules.js";
import { useApp } from "../lib/state/context.js";
import { useViewParams } from "../lib/state/view_params.js";
import { PanelFault } from "../components/report/panel_fault.js";
import { Result } from "../panels/sql/result.js";
import { Saved } from "../panels/sql/saved.js";
import { Statement } from "../panels/sql/statement.js";
import { Tables } from "../panels/sql/tables.js";

/** @typedef {import("../lib/ask/sql.js").SqlServer} SqlServer */
/** @typedef {import("../lib/ask/sql.js").SavedQuery} SavedQuery */
/** @typedef {import("../lib/format/sql_words.js").SqlWords} SqlWords */

/** Draws the page. */
export function SqlPage() {
  const { t, site } = useApp();
  const [words, setWords] = useState(/** @type {{ w: SqlWords } | null} */ (null));
  const [isMissing, setMissing] = useState(false);
  const load = () => {
    setMissing(false);
    // The module of the page is there: to load the page again for its words might never end.
    loadModule(() => loadSqlWords(t("language_tag")), { optional: true }).then(
      (w) => setWords({ w }),
      () => setMissing(true),
    );
  };
  useEffect(load, []);
  /** @type {import("../lib/ask/answer.js").Answer<SqlServer>} */
  const server = useAnswer("api/sql");
  /** @type {import("../lib/ask/answer.js").Answer<readonly SavedQuery[]>} */
  const saved = useAnswer(sitePath(site.site_id, "/queries"));
  const fault = server.fault ?? saved.fault;
  if (words && server.data && saved.data && !fault) {
    return html`
      <${Desk} w=${words.w} server=${server.data} saved=${saved.data} onSaved=${saved.refresh} />
    `;
  }
  const onRetry = () => {
    server.retry();
    saved.retry();
  };
  return html`
    <h1 class="visually-hidden">SQL</h1>
    ${fault ? html`<${PanelFault} fault=${fault} onRetry=${onRetry} />` : isMissing
      ? html`
        <${Fault} title=${t("fault_title")} detail=${t("fault_hint_busy")} action=${t("retry")}
          onRetry=${load} />
      `
      : html`
        <div aria-busy="true">
          <${Skeleton} rows=${6} />
        </div>
      `}
  `;
}

/**
 * @typedef {object} DeskProps
 * @property {SqlWords} w
 * @property {SqlServer} server
 * @property {readonly SavedQuery[]} saved
 * @property {() => void} onSaved
 */

/** @param {DeskProps} props */
function Desk({ w, server, saved, onSaved }) {
  const { own, setViewParam } = useViewParams();
  const [text, setText] = useState(own["query"] ?? "");
  const [run, setRun] = useState(/** @type {{ query: string } | null} */ (null));
  const onRun = () => {
    if (text.trim() === "") return;
    setRun({ query: text });
    // The address leads to the statement; it is not run by whoever opens it.
    setViewParam({ query: text });
  };
  return html`
    <h1 class="title">${w("title")}</h1>
    <div class="stack">
      <${Statement} w=${w} text=${text} enabled=${server.enabled} onText=${setText}
        onRun=${onRun} />
      <${Result} w=${w} run=${run} onStop=${() => setRun(null)} />
      <${Saved} w=${w} text=${text} saved=${saved} onOpen=${setText}
        onChange=${onSaved} />
      <${Tables} w=${w} tables=${server.tables} />
    </div>
  `;
}
