import assert from "node:assert/strict";
import { Params } from "../../src/query/params.ts";

const of = (query: string) => new Params(new URLSearchParams(query));

Deno.test("Params collects every fault and reports them together", () => {
  const params = of("a=1&a=2&b=x&c=9&d=maybe&e=other");
  params.text("a");
  params.integer("b", { min: 1, max: 5, default: 1 });
  params.integer("c", { min: 1, max: 5, default: 1 });
  params.flag("d");
  params.choice("e", ["one", "two"], "one");
  assert.throws(
    () => params.check(),
    (error: Error) =>
      [
        /a: it is given 2 times/,
        /b: "x"/,
        /c: "9"/,
        /d: "maybe"/,
        /e: "other" is not one of one, two/,
      ]
        .every((pattern) => pattern.test(error.message)),
  );
});

Deno.test("Params gives defaults where nothing is said", () => {
  const params = of("flag=1&number=5");
  assert.equal(params.integer("other", { min: 1, max: 9, default: 3 }), 3);
  assert.equal(params.integer("number", { min: 1, max: 9, default: 3 }), 5);
  assert.equal(params.flag("flag"), true);
  assert.equal(params.flag("other"), false);
  assert.equal(params.choice("other", ["one"], "one"), "one");
  params.check();
});

Deno.test("Params.canonical() is one text for one question, whatever the order", () => {
  const of = (query: string) => {
    const params = new Params(new URLSearchParams(query));
    for (const name of ["a", "b", "site_id"]) params.text(name);
    return params;
  };
  const without = new Set(["site_id"]);
  assert.equal(of("a=1&unknown=2").canonical(without), of("a=1").canonical(without));
  assert.equal(of("b=2&a=1&site_id=x").canonical(without), of("a=1&b=2").canonical(without));
  assert.notEqual(of("a=1&b=2").canonical(without), of("a=1&b=3").canonical(without));
  assert.notEqual(of("a=1%26b=2").canonical(without), of("a=1&b=2").canonical(without));
});
