import { strictEqual as equal } from "node:assert";
import { errorOf } from "../../../../dashboard/lib/ask/api.js";
import { loadSqlWords } from "../../../../dashboard/lib/format/sql_words.js";
import { makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { refusedText } from "../../../../dashboard/panels/sql/refused.js";
import { texts as english } from "../../../../dashboard/texts/pages/en.js";
import { texts as german } from "../../../../dashboard/texts/pages/de.js";
import { texts as french } from "../../../../dashboard/texts/pages/fr.js";
import { texts as spanish } from "../../../../dashboard/texts/pages/es.js";
import { checkStatement } from "../../../../src/query/explore/check.ts";

// Pages have their words before they are shown.
const LANGUAGES = { en: english, de: german, fr: french, es: spanish };

async function refused(language: keyof typeof LANGUAGES, found: string, status = 400) {
  const t = makeTranslate(language, LANGUAGES[language], english);
  const said = status === 503 ? found : `Cannot run the statement: ${found}`;
  return refusedText(errorOf(status, { error: said }, null), await loadSqlWords(language), t);
}

/** What the server itself says of a statement's source. */
function faultOf(from: Record<string, unknown>): string {
  const statement = { node: { type: "SELECT_NODE", from_table: from } };
  const parsed = JSON.stringify({ error: false, statements: [statement] });
  return checkStatement(parsed, ["events", "visits"]).fault ?? "";
}

Deno.test("refusedText() tells known refusals in the reader's language", async () => {
  const call = { type: "TABLE_FUNCTION", function: { function_name: "read_csv" } };
  equal(
    await refused("de", faultOf(call)),
    "Die Abfrage kann nicht ausgeführt werden: " +
      "Aus read_csv kann nicht gelesen werden; es gibt: events, visits",
  );
  const table = { type: "BASE_TABLE", table_name: "x", schema_name: "", catalog_name: "" };
  equal(
    await refused("es", faultOf(table)),
    "No se puede ejecutar la consulta: " +
      "no hay ninguna tabla con ese nombre; hay: events, visits",
  );
  equal(
    await refused("fr", "Cannot answer within 30 s: the query was stopped", 503),
    "Impossible d’exécuter la requête\u00a0: elle a duré plus de 30 s et a été arrêtée",
  );
});

Deno.test("refusedText() quotes DuckDB, and tells English readers nothing else", async () => {
  const column = 'Referenced column "nope" not found in FROM clause!';
  equal(
    await refused("de", column),
    "Die Abfrage kann nicht ausgeführt werden: " +
      `Es gibt keine Spalte nope (DuckDB: „${column}“)`,
  );
  const syntax = 'syntax error at or near "form"';
  equal(await refused("de", syntax), `Die Abfrage kann nicht ausgeführt werden: „${syntax}“`);
  equal(await refused("en", column), `Cannot run the statement: ${column}`);
});
