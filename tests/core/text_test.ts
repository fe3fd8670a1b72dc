import assert from "node:assert/strict";
import { changeJsonTexts, changeTexts, isDeepJson, withoutControls } from "../../src/core/text.ts";

Deno.test("withoutControls() removes C0, DEL and C1, and nothing else", () => {
  for (let code = 0; code <= 0x2ff; code++) {
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const text = `a${String.fromCharCode(code)}b`;
    assert.equal(withoutControls(text), isControl ? "ab" : text, `U+${code.toString(16)}`);
  }
  assert.equal(withoutControls("a\u0000b\u0007c\r\nd\u0085"), "abcd");
  assert.equal(withoutControls("\u2028 \u{1f600} \u00a0"), "\u2028 \u{1f600} \u00a0");
});

Deno.test("changeJsonTexts() changes texts and keys, and keeps every other character", () => {
  const table: [json: string, changed: string][] = [
    [`{"a":1}`, `{"a":1}`],
    [
      ` { "a\\u0000" : 12345678901234567890.10 , "b":"x\\u001Fy" } `,
      ` { "a" : 12345678901234567890.10 , "b":"xy" } `,
    ],
    [`{"path":"C:\\\\new\\\\u0000"}`, `{"path":"C:\\\\new\\\\u0000"}`],
    [`{"quoted":"\\"\\u0007\\""}`, `{"quoted":"\\"\\""}`],
    [`{"lines":"a\\nb\\tc\\\\\\n"}`, `{"lines":"abc\\\\"}`],
    [`{"c1":"a\u0085b","half":"\\ud800\\u0001"}`, `{"c1":"ab","half":"\\ud800"}`],
    [`{"deep":[{"x":["\\u009f"]}]}`, `{"deep":[{"x":[""]}]}`],
    [`{"escaped":"\\u00e9\\/"}`, `{"escaped":"\\u00e9\\/"}`],
  ];
  for (const [json, changed] of table) {
    assert.equal(changeJsonTexts(json, withoutControls), changed);
    JSON.parse(changed);
  }
});

Deno.test("changeTexts() reaches every text of a value", () => {
  assert.deepEqual(
    changeTexts(
      { "a\u0007": "x\u0000", b: ["\u0007", 1, null, { "\nc": "y\n" }], d: true },
      withoutControls,
    ),
    { a: "x", b: ["", 1, null, { c: "y" }], d: true },
  );
});

Deno.test("isDeepJson() finds long JSON that is nested too deeply, and nothing else", () => {
  const nested = (depth: number, inner = "1") => `${"[".repeat(depth)}${inner}${"]".repeat(depth)}`;
  const long = `"${"x".repeat(5_000)}"`;
  const table: [json: string, isDeep: boolean][] = [
    [nested(30_000), true],
    ["[".repeat(60_000), true],
    ['{"a":'.repeat(2_000), true],
    [nested(65, long), true],
    [nested(64, long), false],
    [nested(500), false],
    [JSON.stringify({ p: `"${nested(5_000)}\\` }), false],
    [JSON.stringify(Array.from({ length: 5_000 }, () => [1, { a: [] }])), false],
  ];
  for (const [json, isDeep] of table) assert.equal(isDeepJson(json), isDeep, json.slice(0, 20));
});
