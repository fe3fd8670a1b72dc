import assert from "node:assert/strict";
import fc from "fast-check";
import { parseProps, printProps } from "../../../../dashboard/lib/format/props.js";

Deno.test("parseProps() reads pairs, and takes what is escaped as it is", () => {
  assert.deepEqual(parseProps("plan=pro, seats = 3"), { plan: "pro", seats: "3" });
  assert.deepEqual(parseProps("a\\=b=c\\,d,e=f=g"), { "a=b": "c,d", e: "f=g" });
  assert.deepEqual(parseProps("alone, ,=x"), { alone: "" });
  assert.deepEqual(parseProps(" "), {});
});

Deno.test("printProps() writes what parseProps() reads back", () => {
  const word = fc.string({ unit: fc.constantFrom("a", ",", "=", "\\", "ü") });
  const key = word.filter((text) => text !== "");
  fc.assert(fc.property(fc.dictionary(key, word), (props) => {
    assert.deepEqual(parseProps(printProps(props)), { ...props });
  }));
});
