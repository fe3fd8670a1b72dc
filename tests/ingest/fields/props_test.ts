import assert from "node:assert";
import { PROPS_BYTES_MAX } from "../../../src/core/limits.ts";
import type { Notice } from "../../../src/ingest/fields/notices.ts";
import { readProps } from "../../../src/ingest/fields/props.ts";
import { seededRandom } from "../../support/fake_system.ts";

function read(value: unknown): [props: string | null, notices: Notice[]] {
  const notices: Notice[] = [];
  return [readProps(value, (notice) => notices.push(notice)), notices];
}

const LONG = "x".repeat(PROPS_BYTES_MAX);

Deno.test("readProps() keeps an object as it is written, and drops what is none", () => {
  assert.deepStrictEqual(read('{ "n": 1.50, "big": 12345678901234567890 }'), [
    '{ "n": 1.50, "big": 12345678901234567890 }',
    [],
  ]);
  assert.deepStrictEqual(read({ plan: "pro" }), ['{"plan":"pro"}', []]);
  for (const none of [undefined, null, "", "null"]) assert.deepStrictEqual(read(none), [null, []]);
  for (const wrong of [5, true, [1], "[1]", "text", "{", '"x"', "[".repeat(60_000)]) {
    assert.deepStrictEqual(read(wrong), [null, ["props_dropped"]], JSON.stringify(wrong));
  }
});

Deno.test("readProps() keeps the properties that fit, as they are written", () => {
  const cut: [props: string, kept: string][] = [
    [`{"a":"${LONG}","b":1.50,"c":{"d":[1,{"e":","}]}}`, '{"b":1.50,"c":{"d":[1,{"e":","}]}}'],
    [`{ "a" : "}\\",{" , "b":"${LONG}" }`, '{"a" : "}\\",{"}'],
    [`{"é":"\\u00e9","b":["${LONG}"],"é":2}`, '{"é":"\\u00e9","é":2}'],
  ];
  for (const [props, kept] of cut) assert.deepStrictEqual(read(props), [kept, ["props_cut"]]);
  assert.deepStrictEqual(read({ a: LONG }), [null, ["props_dropped"]]);
});

Deno.test("readProps() of anything too long gives a shorter object of the same values", () => {
  const random = seededRandom(7);
  const number = (below: number) => (random.bytes(1)[0] ?? 0) % below;
  const text = () => '",:{}[]\\é😀x'.repeat(number(60));
  for (let round = 0; round < 100; round++) {
    const props = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`${at}${text()}`, [text(), { [text()]: number(9) }]]),
    );
    const [kept, notices] = read(round % 2 ? props : JSON.stringify(props, null, number(3)));
    if (notices.length === 0) continue;
    assert.ok(kept !== null && new TextEncoder().encode(kept).byteLength <= PROPS_BYTES_MAX);
    for (const [key, value] of Object.entries(JSON.parse(kept))) {
      assert.deepStrictEqual(value, props[key]);
    }
  }
});
