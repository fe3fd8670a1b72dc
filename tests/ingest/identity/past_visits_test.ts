import { deepStrictEqual as deepEqual, notStrictEqual, strictEqual as equal } from "node:assert";
import { DAY_MS, MINUTE_MS } from "../../../src/core/durations.ts";
import { VISITORS_CARRIED_MAX } from "../../../src/core/limits.ts";
import type { IdentityRules } from "../../../src/ingest/identity/carried_visits.ts";
import { PastVisits } from "../../../src/ingest/identity/past_visits.ts";
import type { Visitor } from "../../../src/ingest/identity/visitor_id.ts";

const MIDNIGHT = Date.UTC(2024, 0, 16);
const RULES: IdentityRules = { idDays: () => 1, visitGapMs: () => 30 * MINUTE_MS };

const idAt = ({ address }: Visitor, atMs: number) => `${address} ${Math.floor(atMs / DAY_MS)}`;
const visitor = (address: string, site = "a"): Visitor => ({ site, address, userAgent: "" });
const open = () => new PastVisits(RULES, idAt);
const at = (minutes: number) => MIDNIGHT + minutes * MINUTE_MS;

Deno.test("PastVisits keep the id of a visit over a change, until a longer pause", () => {
  const visits = open();
  const idOf = (minutes: number, who = "x") => visits.idOf(visitor(who), at(minutes));
  const first = idOf(-10);
  deepEqual([idOf(20), idOf(50)], [first, first]);
  equal(idOf(30, "y"), idAt(visitor("y"), MIDNIGHT));
  notStrictEqual(idOf(81), first);
  equal(idOf(82), idAt(visitor("x"), MIDNIGHT), "that of its own day");
});

Deno.test("PastVisits carry a visit over one change at most, and of one site only", () => {
  const visits = open();
  const first = visits.idOf(visitor("x"), at(-10));
  for (let minutes = 20; minutes < 24 * 60; minutes += 30) {
    equal(visits.idOf(visitor("x"), at(minutes)), first);
  }
  equal(visits.idOf(visitor("x"), at(24 * 60)), idAt(visitor("x"), MIDNIGHT + DAY_MS));
  notStrictEqual(visits.idOf(visitor("x", "b"), at(5)), first);
});

Deno.test("recall() asks once for each site about the ids that may go on", async () => {
  const visits = open();
  const asked: unknown[] = [];
  const events = [
    { visitor: visitor("x"), atMs: at(10) },
    { visitor: visitor("x"), atMs: at(20) },
    { visitor: visitor("y"), atMs: at(40) },
    { visitor: visitor("x", "b"), atMs: at(-5) },
  ];
  const earlier = idAt(visitor("x"), MIDNIGHT - 1);
  await visits.recall(events, (site, ids, span) => {
    asked.push([site, ids, [span.fromMs - MIDNIGHT, span.toMs - MIDNIGHT, span.gapMs]]);
    return Promise.resolve(site === "a" ? [[earlier, at(-40), at(-15)] as const] : []);
  });
  const minutes = (...all: number[]) => all.map((one) => one * MINUTE_MS);
  deepEqual(asked, [
    ["a", [earlier, idAt(visitor("y"), MIDNIGHT - 1)], minutes(-30, 40, 30)],
    ["b", [idAt(visitor("x"), MIDNIGHT - DAY_MS - 1)], minutes(-24 * 60 - 30, -5, 30)],
  ]);
  equal(visits.idOf(visitor("x"), at(10)), earlier);
  equal(visits.idOf(visitor("y"), at(40)), idAt(visitor("y"), MIDNIGHT));
});

Deno.test("PastVisits remember a bounded number of visits", () => {
  const visits = open();
  const first = visits.idOf(visitor("first"), at(-10));
  for (let n = 0; n < VISITORS_CARRIED_MAX; n++) visits.idOf(visitor(`${n}`), at(-9));
  notStrictEqual(visits.idOf(visitor("first"), at(5)), first);
  equal(visits.idOf(visitor("5"), at(5)), idAt(visitor("5"), MIDNIGHT - 1));
});
