// The tables that statements read, with their columns and what these mean.
import { Panel } from "../../components/layout/panel.js";
import { html } from "../../lib/html.js";

/**
 * @typedef {object} TablesProps
 * @property {import("../../lib/format/sql_words.js").SqlWords} w
 * @property {import("../../lib/ask/sql.js").SqlServer["tables"]} tables
 */

/** @param {TablesProps} props */
export function Tables({ w, tables }) {
  const side = { textAlign: "start" };
  return html`
    <${Panel} title=${w("tables")}>
      <div class="settings-body">
        <p class="muted">${w("tables_hint")}</p>
        ${tables.map(({ name, columns }) =>
          html`
            <details key=${name} class="snippet-options" style=${{ minWidth: "0" }}>
              <summary><code>${name}</code></summary>
              <div class="scroll" tabindex="0" role="region" aria-label=${name}>
                <table class="plain">
                  <caption class="visually-hidden">${name}</caption>
                  <thead>
                    <tr>
                      <th scope="col">${w("column")}</th>
                      <th scope="col" style=${side}>${w("type")}</th>
                      <td />
                    </tr>
                  </thead>
                  <tbody>
                    ${columns.map((column) => {
                      const own = w.columnOf(column.name);
                      return html`
                        <tr key=${column.name}>
                          <th scope="row"><code>${column.name}</code></th>
                          <td style=${side}>${column.type}</td>
                          <td style=${side} lang=${own === "" ? "en" : undefined}>
                            ${withCode(own || column.doc)}</td>
                        </tr>
                      `;
                    })}
                  </tbody>
                </table>
              </div>
            </details>
          `
        )}
      </div>
      <//>
  `;
}

/**
 * A text whose parts in backquotes are code.
 * @param {string} text
 */
function withCode(text) {
  return text.split("`").map((part, at) => at % 2 === 1 ? html`<code>${part}</code>` : part);
}
