// Why a statement was refused, in the reader's language. DuckDB's own words stay as they are.
import { ApiError } from "../../lib/ask/api.js";
import { refusalOf } from "../../lib/format/refusal.js";

/** @typedef {import("../../lib/format/sql_words.js").SqlWords} SqlWords */
/** @typedef {import("../../lib/format/sql_words.js").SqlKey} SqlKey */

/**
 * What the server says, the text for it, and the names of what the pattern finds.
 * @type {readonly (readonly [RegExp, SqlKey, ...string[]])[]}
 */
const KNOWN = [
  [/^(\S+) cannot be read from: there are (.+)$/, "refused_source", "name", "tables"],
  [/^there is no table of this name: there are (.+)$/, "refused_table", "tables"],
  [/^Table with name (\S+) does not exist/, "refused_table_of", "name"],
  [/^Referenced column "([^"]+)" not found/, "refused_column", "name"],
  [/^the function (\S+) cannot be used here$/, "refused_function", "name"],
  [/^it must be one SELECT$/, "refused_select"],
  [/^it is longer than (\d+) characters$/, "refused_long", "n"],
  [/^it reads from more than (\d+) tables$/, "refused_tables", "n"],
  [/^it needs more memory or disk space/, "refused_memory"],
  [/^limit: it is not a whole number of 1 to (\d+)$/, "refused_limit", "n"],
  [/^Cannot answer within ([\d.]+) s/, "refused_late", "n"],
  [/^Cannot answer as JSON: the rows are too long/, "refused_rows"],
];
/** DuckDB says more of these than the text. */
const WITH_DETAIL = new Set(["refused_column", "refused_table_of"]);
const OF_STATEMENT = [400, 413, 422, 503];

/**
 * @param {unknown} error
 * @param {SqlWords} w
 * @param {import("../../lib/format/text.js").Translate} t
 * @returns {string}
 */
export function refusedText(error, w, t) {
  if (!(error instanceof ApiError) || !OF_STATEMENT.includes(error.status)) {
    return refusalOf(error, t);
  }
  if (t("language_tag") === "en") return error.message;
  const said = error.message.replace(/^Cannot run the statement: /, "");
  for (const [pattern, key, ...names] of KNOWN) {
    const found = pattern.exec(said);
    if (!found) continue;
    const values = Object.fromEntries(
      names.map((name, at) => [name, (found[at + 1] ?? "").replaceAll(" and ", ", ")]),
    );
    const reason = w(key, values);
    return w("refused", {
      reason: WITH_DETAIL.has(key) ? w("refused_detail", { reason, said }) : reason,
    });
  }
  return w("refused", { reason: w("refused_said", { said }) });
}
