import assert from "node:assert/strict";
import { type InLine, Line, NOWHERE } from "../../src/http/line.ts";

interface Named extends InLine<Named> {
  readonly name: string;
}

const named = (name: string): Named => ({ name, ...NOWHERE });
const namesOf = (line: Line<Named>) => line.list().map(({ name }) => name);

Deno.test("Line keeps the order of those that stay, as a Set does", () => {
  const all = Array.from({ length: 8 }, (_, index) => named(String(index)));
  const line = new Line<Named>();
  const expected = new Set<Named>();
  // Each number puts one in or takes it out, where it stands or not.
  let state = 7;
  for (let step = 0; step < 5_000; step++) {
    state = state * 48_271 % 2_147_483_647;
    const one = all[state % all.length];
    assert.ok(one);
    if (line.has(one)) assert.equal(line.delete(one), expected.delete(one));
    else {
      assert.equal(line.delete(one), false);
      line.add(one);
      expected.add(one);
    }
    assert.deepEqual(line.list(), [...expected]);
    assert.equal(line.size, expected.size);
    assert.equal(line.first, [...expected][0] ?? null);
  }
});

Deno.test("Line lets one go that stands in it, and not one of another line", () => {
  const [one, other] = [new Line<Named>(), new Line<Named>()];
  const [a, b] = [named("a"), named("b")];
  one.add(a);
  other.add(b);
  assert.equal(one.delete(b), false);
  assert.deepEqual([namesOf(one), namesOf(other)], [["a"], ["b"]]);
  assert.equal(other.delete(b), true);
  one.add(b);
  assert.deepEqual([namesOf(one), namesOf(other)], [["a", "b"], []]);
});

Deno.test("Line keeps nothing of what has left", () => {
  const line = new Line<Named>();
  const all = ["a", "b", "c"].map(named);
  for (const one of all) line.add(one);
  for (const one of all) {
    line.delete(one);
    assert.deepEqual([one.line, one.before, one.after], [null, null, null]);
  }
  assert.equal(line.first, null);
});
