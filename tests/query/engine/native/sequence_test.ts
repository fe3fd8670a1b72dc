import assert from "node:assert/strict";
import { type Sql, sql } from "../../../../src/core/sql.ts";
import { plainSequence, sequenceMatches } from "../../../../src/query/engine/native/sequence.ts";
import {
  compilePattern,
  compileSequence,
  type Sequence,
} from "../../../../src/query/reports/sequence/pattern.ts";
import { compileSteps, mayOverlap } from "../../../../src/query/steps.ts";
import {
  type BruteElement,
  bruteSequence,
  byVisitor,
  type Meets,
  plainEvent,
  randomEvents,
  withNulls,
} from "../../../support/numbers/behavioral_brute.ts";
import {
  EVENTS,
  TEST_SEEDS,
  THOROUGH,
  withEvents,
} from "../../../support/numbers/behavioral_db.ts";
import { valueOf } from "../../../support/parsed.ts";

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const FROM = Date.UTC(2024, 2, 29, 22) * 1000;
const GAPS = [1, 999_999, SECOND, 4 * SECOND, MINUTE - 1, MINUTE, MINUTE + 1, HOUR, 25 * HOUR];

const page = (path: string): Meets => (event) =>
  event.event_name === "pageview" && event.pathname === path;
const named = (name: string): Meets => (event) => event.event_name === name;
const anyPage: Meets = (event) => event.event_name === "pageview" && event.pathname !== null;
const anyView: Meets = (event) => event.event_name === "pageview";
const any: Meets = () => true;
const secs = (test: (s: number) => boolean) => (us: number) => test(Math.floor(us / SECOND));

interface Case {
  readonly text: string;
  readonly pattern?: string;
  readonly conditions: readonly Meets[];
  readonly elements: readonly BruteElement[];
  readonly considered?: Meets;
}

const ABC = "page:/a,page:/b,event:click";
const abc = [page("/a"), page("/b"), named("click")];
const [a, b, click] = abc as [Meets, Meets, Meets];
const some: Meets = (event) => abc.some((meets) => meets(event));

const WORDS: readonly Case[] = [
  { text: ABC, conditions: abc, elements: [{ meets: a }, { meets: b }, { meets: click }] },
  {
    text: "page:/a,page:/a,page:/**,page:/a",
    conditions: [a, a, anyPage, a],
    elements: [{ meets: a }, { meets: a }, { meets: anyPage }, { meets: a }],
  },
  {
    text: "page:/a,within 1 minute,page:/b,not before 1 minute,event:click",
    conditions: abc,
    elements: [{ meets: a }, { meets: b, elapsed: (us) => us <= MINUTE }, {
      meets: click,
      elapsed: (us) => us >= MINUTE,
    }],
  },
  {
    text: "page:/a,without page:/b,within 2 hours,event:click",
    conditions: [a, b, click],
    elements: [{ meets: a }, { meets: click, without: b, elapsed: (us) => us <= 2 * HOUR }],
  },
  {
    text: "page:/a,without page:/**,without event:click,not before 1 second,page:/**",
    conditions: [a, anyPage, click, anyPage],
    elements: [{ meets: a }, {
      meets: anyPage,
      without: (event) => anyPage(event) || click(event),
      elapsed: (us) => us >= SECOND,
    }],
  },
  {
    text: "page:/a,immediately,page:/b",
    conditions: [a, b],
    elements: [{ meets: a }, { meets: b, next: true }],
    considered: anyView,
  },
  {
    text: "page:/a,immediately,within 1 minute,event:click,page:/**,immediately,page:/**",
    conditions: [a, click, anyPage, anyPage],
    elements: [
      { meets: a },
      { meets: click, next: true, elapsed: (us) => us <= MINUTE },
      { meets: anyPage },
      { meets: anyPage, next: true },
    ],
    considered: any,
  },
];

const classic = (pattern: string, elements: readonly BruteElement[]): Case => ({
  text: ABC,
  pattern,
  conditions: abc,
  elements,
});

const PATTERNS: readonly Case[] = [
  classic("(?1).*(?2)", [{ meets: a }, { meets: b }]),
  classic(".*(?1)(?2).*(?3).*", [{ meets: a }, { meets: b, next: true }, { meets: click }]),
  classic("(?1).(?1)", [{ meets: a }, { meets: some, next: true }, { meets: a, next: true }]),
  classic("(?2)..*(?3)", [{ meets: b }, { meets: some, next: true }, { meets: click }]),
  classic("(?1).*(?t<=60)(?2)", [{ meets: a }, { meets: b, elapsed: secs((s) => s <= 60) }]),
  classic("(?1)(?t>0)(?t<60).*(?3).*(?t!=0)(?t!=4)(?t<4000)(?1)", [
    { meets: a },
    { meets: click, elapsed: secs((s) => s > 0 && s < 60) },
    { meets: a, elapsed: secs((s) => s !== 0 && s !== 4 && s < 4000) },
  ]),
  classic("(?1).*(?t!=60).(?t==0).(?t >= 1).*(?2)", [
    { meets: a },
    { meets: some, elapsed: secs((s) => s !== 60) },
    { meets: some, next: true, elapsed: secs((s) => s === 0) },
    { meets: b, elapsed: secs((s) => s >= 1) },
  ]),
];

const sequenceOf = ({ text, pattern }: Case): Sequence =>
  pattern === undefined
    ? valueOf(compileSequence(text, () => undefined))
    : valueOf(compilePattern(pattern, valueOf(compileSteps(text, () => undefined))));

const consideredSql = (sequence: Sequence): Sql =>
  sequence.considered === "all"
    ? sql`true`
    : sequence.considered === "pageviews"
    ? sql`event_name = 'pageview'`
    : sql`false`;

for (const seed of TEST_SEEDS) {
  for (const ties of [0, 0.3]) {
    const options = {
      seed: seed + 50,
      visitors: THOROUGH ? 2000 : 600,
      eventsMax: 20,
      fromUs: FROM,
      spanUs: 6 * HOUR,
      gapsUs: GAPS,
      ties,
    };
    Deno.test(`sequenceMatches() equals the brute force, seed ${seed}, ties ${ties}`, async () => {
      const events = randomEvents(options);
      const visitors = [...byVisitor(withNulls(events))];
      await withEvents(events, async (ask) => {
        for (const one of [...WORDS, ...PATTERNS]) {
          const sequence = sequenceOf(one);
          const considered = one.considered ?? (() => false);
          const expected = visitors.map(([id, own]) => {
            const brute = bruteSequence(own, one.conditions, one.elements, considered);
            return `${id} ${brute.began} ${brute.matches}`;
          }).filter((line) => !line.endsWith("false 0"));
          assert.ok(expected.some((line) => !line.endsWith(" 0")), "the case tells nothing");
          for (const heavyFrom of THOROUGH ? [1000, 0, 5] : [1000, 0]) {
            const rows = await ask(
              sql`select visitor_id, began, matches from ${
                sequenceMatches(EVENTS, {
                  conditions: sequence.conditions.map((step) => step.condition),
                  elements: sequence.elements,
                  considered: consideredSql(sequence),
                  heavyFrom,
                })
              } where began or matches > 0`,
            );
            const found = rows.map((row) =>
              `${row["visitor_id"]} ${row["began"]} ${row["matches"]}`
            );
            const label = `${one.pattern ?? one.text} ${heavyFrom}`;
            const wanted = new Set(expected);
            assert.deepEqual(found.filter((line) => !wanted.has(line)).slice(0, 3), [], label);
            assert.equal(found.length, expected.length, label);
          }
          if (!sequence.plain) continue;
          const steps = sequence.conditions.map((step) => step.condition);
          for (const overlap of [mayOverlap(sequence.conditions), true]) {
            const rows = await ask(
              sql`select count(*) as visitors, count(*) filter (where converted) as converted
                from ${plainSequence(EVENTS, steps, overlap)}`,
            );
            const converted = expected.filter((line) => !line.endsWith(" 0")).length;
            assert.deepEqual(rows, [{ visitors: visitors.length, converted }], one.text);
            const some = await ask(
              sql`select count(*) filter (where converted) as converted
                from ${plainSequence(EVENTS, steps, overlap, false)}`,
            );
            assert.deepEqual(some, [{ converted }], one.text);
          }
        }
      });
    });
  }
}

Deno.test("sequenceMatches() follows a visitor with 50,000 events", async () => {
  const events = Array.from({ length: 50_000 }, (_, index) =>
    plainEvent({
      visitor_id: "robot",
      timestamp: FROM + index * SECOND,
      pathname: ["/a", "/c", "/b", "/d"][index % 4] as string,
    }));
  const sequence = valueOf(
    compileSequence("page:/a,within 1 minute,page:/b,without page:/c,page:/d", () => undefined),
  );
  await withEvents(events, async (ask) => {
    const rows = await ask(
      sql`select * from ${
        sequenceMatches(EVENTS, {
          conditions: sequence.conditions.map((step) => step.condition),
          elements: sequence.elements,
          considered: sql`false`,
        })
      }`,
    );
    assert.deepEqual(rows, [{ visitor_id: "robot", began: true, matches: 12_500 }]);
  });
});

Deno.test("plainSequence() follows a visitor with 20,000 events over 20 steps", async () => {
  const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
  const events = Array.from({ length: 20_000 }, (_, index) =>
    plainEvent({
      visitor_id: "robot",
      timestamp: FROM + index * SECOND,
      pathname: paths[index % paths.length] as string,
    }));
  const once = paths.map((path) => `page:${path}`);
  await withEvents(events, async (ask) => {
    for (const texts of [once, [...once, ...once], [...once, "event:none"]]) {
      const steps = valueOf(compileSteps(texts.join(","), () => undefined, 2));
      const conditions = steps.map((step) => step.condition);
      const rows = await ask(
        sql`select converted from ${plainSequence(EVENTS, conditions, mayOverlap(steps))}`,
      );
      assert.deepEqual(rows, [{ converted: !texts.includes("event:none") }], texts.join());
    }
  });
});
