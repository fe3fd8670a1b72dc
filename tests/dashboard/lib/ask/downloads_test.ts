import assert from "node:assert/strict";
import { csvOf } from "../../../../dashboard/lib/ask/downloads.js";

Deno.test("csvOf() quotes what needs it and disarms formulas", () => {
  const rows = [
    { page: '/a,"b"', visitors: 3, rate: null },
    { page: "=cmd()", visitors: -1, rate: 0.5 },
    { page: "@x\ny", visitors: 0, rate: [{ currency: "EUR", value: 1 }] },
  ];
  assert.equal(
    csvOf(["page", "visitors", "rate"], rows),
    [
      "page,visitors,rate",
      '"/a,""b""",3,',
      "'=cmd(),-1,0.5",
      '"\'@x\ny",0,"[{""currency"":""EUR"",""value"":1}]"',
      "",
    ].join("\r\n"),
  );
});
