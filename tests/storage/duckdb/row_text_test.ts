import assert from "node:assert/strict";
import { rowOfText } from "../../../src/storage/duckdb/row_text.ts";

Deno.test("rowOfText() reads DuckDB's JSON, and refuses numbers beyond exact ones", () => {
  const text = `{"a":1,"b":"NaN \\" ,\\"x\\":9007199254740993,","c":NaN,"d":-Infinity,"e":null,` +
    `"f":1.5,"g":true,"h":[{"i":1}],"j":9007199254740991,"k":1e300,"l":1000000000000000.0}`;
  assert.deepEqual(rowOfText(text), {
    a: 1,
    b: `NaN " ,"x":9007199254740993,`,
    c: null,
    d: null,
    e: null,
    f: 1.5,
    g: true,
    h: `[{"i":1}]`,
    j: 9007199254740991,
    k: 1e300,
    l: 1e15,
  });
  assert.throws(
    () => rowOfText('{"a":1,"b":-9007199254740993}'),
    /RangeError: Cannot read column b: -9007199254740993 is beyond exact numbers/,
  );
});
