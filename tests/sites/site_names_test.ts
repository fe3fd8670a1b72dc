import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { siteKey, SiteSpellings } from "../../src/core/site_id.ts";
import { SiteNames } from "../../src/sites/site_names.ts";

function namesOf(
  { data = [], proposed = [], declared = [], listed = [], aliases = {} }: {
    readonly data?: readonly string[];
    readonly proposed?: readonly string[];
    readonly declared?: readonly string[];
    readonly listed?: readonly string[];
    readonly aliases?: Readonly<Record<string, string>>;
  },
): SiteNames {
  return new SiteNames({
    data: () => new SiteSpellings(data),
    proposed: (site) => new SiteSpellings(proposed).of(site),
    declared: (site) => declared.find((one) => siteKey(one) === siteKey(site)),
    ofAlias: (name) => aliases[name],
  }, { site_ids: listed });
}

Deno.test("idOf() goes by data, then what waits, then the owner's words", () => {
  const all = {
    data: ["A.example"],
    proposed: ["a.Example", "B.example"],
    declared: ["a.EXAMPLE", "b.EXAMPLE", "C.example"],
    listed: ["c.EXAMPLE", "D.example"],
  };
  const names = namesOf(all);
  deepEqual(
    ["a.example", "b.example", "c.example", "d.example", "E.example"].map((id) => names.idOf(id)),
    ["A.example", "B.example", "C.example", "D.example", "E.example"],
  );
  equal(names.idOf("a.EXAMPLE"), "A.example", "settings lie elsewhere than data");
});

Deno.test("idOf() leaves each of several ids with data, and takes a third for the first", () => {
  const names = namesOf({ data: ["B.example", "b.example"] });
  equal(names.idOf("b.example"), "b.example");
  equal(names.idOf("B.example"), "B.example");
  equal(names.idOf("b.EXAMPLE"), "B.example");
  deepEqual(names.idsOf("b.EXAMPLE"), ["B.example", "b.example"]);
  deepEqual(names.several(), [["B.example", "b.example"]]);
  deepEqual(namesOf({}).idsOf("b.EXAMPLE"), ["b.EXAMPLE"]);
});

Deno.test("idOf() remembers a new site before its events are stored, until it is deleted", () => {
  const names = namesOf({});
  names.take("New.example");
  names.take("new.example");
  equal(names.idOf("NEW.example"), "New.example");
  names.forget("New.example");
  equal(names.idOf("NEW.example"), "NEW.example");
});

Deno.test("idForEvent() takes www. for a declared or listed site that has no namesake", () => {
  const names = namesOf({
    data: ["www.own.example", "seen.example"],
    declared: ["own.example", "shop.example"],
    listed: ["www.Listed.example"],
  });
  equal(names.idForEvent("WWW.shop.example"), "shop.example");
  equal(names.idForEvent("listed.example"), "www.Listed.example");
  equal(names.idForEvent("www.own.example"), "www.own.example", "it has events of its own");
  equal(names.idForEvent("www.seen.example"), "www.seen.example", "nobody declared the other");
  equal(names.idOf("www.shop.example"), "www.shop.example", "questions name one site exactly");
  ok(names.isDeclaredHost("www.shop.example") && names.isDeclaredHost("listed.example"));
  const aliases = { "old.example": "shop.example" };
  ok(namesOf({ declared: ["shop.example"], aliases }).isDeclaredHost("www.old.example"));
  ok(!names.isDeclaredHost("a.shop.example") && !names.isDeclaredHost("seen.example"));
});

Deno.test("idForEvent() finds aliases that differ by www.; isKnown() does not", () => {
  const names = namesOf({
    data: ["www.own.example"],
    declared: ["a.example"],
    aliases: { "old.example": "a.example" },
  });
  const ids = ["www.old.example", "old.example", "www.own.example", "www.new.example"];
  deepEqual(ids.map((id) => names.idForEvent(id)), [
    ...["a.example", "a.example", "www.own.example", "www.new.example"],
  ]);
  deepEqual(ids.map((id) => names.isKnown(id)), [false, true, true, false]);
  deepEqual(["A.example", "WWW.own.example", "own.example"].map((id) => names.isKnown(id)), [
    ...[true, true, false],
  ]);
});
