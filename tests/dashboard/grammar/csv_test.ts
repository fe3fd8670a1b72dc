import assert from "node:assert/strict";
import { csvCell } from "../../../dashboard/grammar/csv.js";

Deno.test("csvCell() writes no formula for any separator", () => {
  const starts = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"];
  const evil = starts.flatMap((start) =>
    [
      "",
      ";",
      "\t",
      "|",
      "\r",
      "\n",
      "\r\n",
      '";',
      '";"',
      ';"',
      '; "',
      "a;",
      "a;\t",
      "a||",
      "\u00a0",
      "\ufeff",
      ";\u3000",
    ]
      .map((before) => `${before}${start}cmd|' /C calc'!A0`)
  );
  for (const value of evil) {
    for (const separator of [",", ";", "\t", "|", "\n"]) {
      const line = `2024-01-01,1,${csvCell(value)},x`;
      const cells = separator === "," ? [csvCell(value)] : line.split(separator);
      for (const cell of cells) {
        assert.doesNotMatch(
          cell,
          /^[\s"]*[=+@\uff1d\uff0b\uff20\uff0d-]/,
          JSON.stringify([value, separator, line]),
        );
      }
    }
  }
  assert.equal(csvCell("\tx"), "'\tx");
  assert.equal(csvCell("\rx"), '"\'\rx"');
});

Deno.test("csvCell() leaves other texts, numbers and nothing as they are", () => {
  for (const text of ["a=1", "a;b", "/a-b+c@d", "a | b", "x;y=1", ""]) {
    assert.equal(csvCell(text), text);
  }
  assert.equal(csvCell(-1), "-1");
  assert.equal(csvCell(null), "");
  assert.equal(csvCell(undefined), "");
  assert.equal(csvCell('a,"b"'), '"a,""b"""');
  assert.equal(csvCell([{ a: ";=1" }]), '"[{""a"":"";\'=1""}]"');
});
