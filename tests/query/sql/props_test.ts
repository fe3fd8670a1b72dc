import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { raw } from "../../../src/core/sql.ts";
import { propText } from "../../../src/query/sql/props.ts";

Deno.test("propText() binds the key as a JSON pointer with ~ and / escaped", () => {
  const { text, values } = propText(raw("props"), "a/b~c");
  equal(text, "case when json_valid(props) then json_extract_string(props, $1) end");
  deepEqual(values, ["/a~1b~0c"]);
});
