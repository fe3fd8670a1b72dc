import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { raw, sql } from "../../../src/core/sql.ts";
import { propText } from "../../../src/query/sql/props.ts";
import { withEvents } from "../../support/numbers/behavioral_db.ts";

Deno.test("propText() binds the key as a JSON pointer with ~ and / escaped", () => {
  const { text, values } = propText(raw("props"), "a/b~c");
  equal(text, "case when json_valid(props) then json_extract_string(props, $1) end");
  deepEqual(values, ["/a~1b~0c"]);
});

Deno.test("propText() takes the first of repeated keys, numbers as DuckDB has them", async () => {
  const texts = [
    '{"n":"1.0"}',
    '{"n":1.0}',
    '{"n":1}',
    '{"n":1e2}',
    '{"n":12345678901234567890}',
    '{"n":"first","n":"second"}',
    '{"n":null,"n":"second"}',
    '{"n":true}',
    '{"n":{"a":[1, 2]}}',
    '{"N":"another key"}',
  ];
  await withEvents([], async (ask) => {
    const rows = await ask(sql`select ${propText(raw("props"), "n")} as text
      from (select unnest(${texts}) as props)`);
    deepEqual(rows.map((row) => row["text"]), [
      "1.0",
      "1.0",
      "1",
      "100.0",
      "12345678901234567890",
      "first",
      null,
      "true",
      '{"a":[1,2]}',
      null,
    ]);
  });
});
