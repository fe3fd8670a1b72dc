import assert from "node:assert/strict";
import { Ledger } from "../../../scripts/crash/ledger.ts";

const at = (id: string, date = "2026-01-01") => ({ id, site: "one.example", date });
const once = (...ids: string[]) => new Map(ids.map((id) => [id, 1]));

Deno.test("Ledger reports a lost, a doubled and an unsent event", () => {
  const ledger = new Ledger();
  for (const id of ["a", "b", "c"]) ledger.sending([at(id)])("taken");
  assert.deepEqual(ledger.check(once("a", "b", "c")), []);
  assert.deepEqual(ledger.check(once("a", "b")), ["1 × was acknowledged and is lost: c"]);
  assert.deepEqual(ledger.check(new Map([...once("a", "b", "c"), ["b", 2]])), [
    "1 × is counted 2 times: b",
  ]);
  assert.deepEqual(ledger.check(once("a", "b", "c", "d")), ["1 × was never sent: d"]);
});

Deno.test("Ledger lets no refused event be there", () => {
  const ledger = new Ledger();
  ledger.sending([at("a")])("refused");
  assert.deepEqual(ledger.check(once()), []);
  assert.deepEqual(ledger.check(once("a")), ["1 × is there, and must not be: a"]);
});

Deno.test("Ledger holds on to what was first found of an unanswered event", () => {
  const ledger = new Ledger();
  ledger.sending([at("a")])("none");
  ledger.sending([at("b")])("none");
  assert.deepEqual(ledger.check(once("a")), []);
  assert.equal(ledger.totals.unansweredKept, 1);
  assert.deepEqual(ledger.check(once("b")), [
    "1 × is there, and must not be: b",
    "1 × was acknowledged and is lost: a",
  ]);
});

Deno.test("Ledger reports an unanswered request that was stored in part", () => {
  const ledger = new Ledger();
  ledger.sending([at("a"), at("b"), at("c")])("none");
  assert.match(ledger.check(once("a", "c")).join(), /a part took effect: b/);
});

Deno.test("Ledger expects a confirmed erasure of one site and date to be whole", () => {
  const ledger = new Ledger();
  for (const date of ["2026-01-01", "2026-01-02"]) ledger.sending([at(date, date)])("taken");
  ledger.erasing("one.example", "2026-01-01")();
  assert.deepEqual(ledger.check(once("2026-01-02")), []);
  assert.deepEqual(ledger.erasedIds, ["2026-01-01"]);
  assert.match(ledger.check(once("2026-01-01", "2026-01-02")).join(), /must not be: 2026-01-01/);
});

Deno.test("Ledger lets an unconfirmed erasure happen whole or not at all", () => {
  for (const found of [[], ["a", "b"], ["a"]]) {
    const ledger = new Ledger();
    ledger.sending([at("a"), at("b")])("taken");
    ledger.erasing("one.example", "2026-01-01");
    assert.equal(ledger.check(once(...found)).length, found.length === 1 ? 1 : 0, found.join());
    assert.deepEqual(ledger.check(once(...found)), [], "what was found holds");
  }
});

Deno.test("Ledger waits for old events to expire, and for no others", () => {
  const ledger = new Ledger();
  for (const date of ["2026-01-01", "2026-01-02", "2026-01-03"]) {
    ledger.sending([at(date, date)])("taken");
  }
  ledger.expiring("2026-01-02");
  assert.ok(ledger.awaitsExpiry(once("2026-01-02", "2026-01-03")));
  assert.deepEqual(ledger.check(once("2026-01-02", "2026-01-03")), []);
  assert.match(ledger.check(once("2026-01-01", "2026-01-03")).join(), /must not be: 2026-01-01/);
  assert.ok(!ledger.awaitsExpiry(once("2026-01-03")));
  assert.match(ledger.check(once()).join(), /lost: 2026-01-03/);
});
