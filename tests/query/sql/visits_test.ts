import assert from "node:assert/strict";
import type { Event } from "../../../src/core/event.ts";
import { type Sql, sql } from "../../../src/core/sql.ts";
import {
  VISIT_GAP_US,
  visitEvents,
  visits,
  visitSpan,
  visitSpanOfEvents,
} from "../../../src/query/sql/visits.ts";
import {
  bruteVisits,
  byVisitor,
  plainEvent,
  randomEvents,
  seededNumbers,
  withNulls,
} from "../../support/numbers/behavioral_brute.ts";
import { EVENTS, TEST_SEEDS, THOROUGH, withEvents } from "../../support/numbers/behavioral_db.ts";

const GAP = VISIT_GAP_US;
const MINUTE = 60_000_000;
const GAPS = [
  1,
  1_000_000,
  MINUTE,
  29 * MINUTE,
  GAP - 1,
  GAP,
  GAP + 1,
  61 * MINUTE,
  26 * 60 * MINUTE,
];
const DAY = 24 * 60 * MINUTE;
const FROM = Date.UTC(2024, 2, 29, 20) * 1000;

function bruteRow(own: readonly Event[]): Record<string, unknown> {
  const first = own[0] as Event;
  const last = own.at(-1) as Event;
  const views = own.filter((event) => event.event_name === "pageview");
  const paths = views.map((event) => event.pathname).filter((path) => path !== null);
  return {
    visitor_id: first.visitor_id,
    start_us: first.timestamp,
    end_us: last.timestamp,
    duration_us: last.timestamp - first.timestamp,
    pageviews: views.length,
    events: own.length,
    is_bounce: views.length === 1 &&
      own.every((event) => event.event_name === "pageview" || event.interactive === false),
    referrer_source: first.referrer_source,
    entry_page: paths[0] ?? null,
    exit_page: paths.at(-1) ?? null,
    signed_up: own.some((event) => event.event_name === "signup"),
    clicks: own.filter((event) => event.event_name === "click").length,
  };
}

const key = (row: Record<string, unknown>) => `${row["visitor_id"]} ${row["start_us"]}`;
const sorted = (rows: Record<string, unknown>[]) => rows.sort((a, b) => key(a) < key(b) ? -1 : 1);

for (const seed of TEST_SEEDS) {
  Deno.test(`visits() equals the brute force on random visitors, seed ${seed}`, async () => {
    const events = randomEvents({
      seed,
      visitors: THOROUGH ? 5000 : 1500,
      eventsMax: 16,
      fromUs: FROM,
      spanUs: 3 * 24 * 60 * MINUTE,
      gapsUs: GAPS,
      ties: 0,
    });
    const expected = [...byVisitor(withNulls(events)).values()]
      .flatMap((own) => bruteVisits(own, GAP)).map(bruteRow);
    await withEvents(events, async (ask) => {
      const rows = await ask(
        sql`select * from ${
          visits(EVENTS, GAP, {
            first: ["referrer_source"],
            pages: true,
            bounce: true,
            any: { signed_up: sql`event_name = 'signup'` },
            counts: { clicks: sql`event_name = 'click'` },
          })
        }`,
      );
      assert.deepEqual(sorted(rows), sorted(expected));
    });
  });

  Deno.test(`visits() and visitEvents() number events with ties, seed ${seed}`, async () => {
    const events = randomEvents({
      seed: seed + 1000,
      visitors: THOROUGH ? 3000 : 1500,
      eventsMax: 16,
      fromUs: FROM,
      spanUs: 60 * MINUTE,
      gapsUs: GAPS,
      ties: 0.4,
    });
    const expected = [...byVisitor(withNulls(events)).values()].flatMap((own) =>
      bruteVisits(own, GAP)
    );
    await withEvents(events, async (ask) => {
      const ids = (rows: Record<string, unknown>[]) =>
        rows.map((row) => `${row["visitor_id"]} ${row["start"]} ${row["us"]} ${row["pathname"]}`)
          .sort();
      const rows = await ask(
        sql`select visitor_id, visit_start_us as start, us, pathname
          from ${visitEvents(EVENTS, GAP, ["visitor_id", "pathname"])}`,
      );
      const wanted = expected.flatMap((visit) =>
        visit.map((event) => ({
          visitor_id: event.visitor_id,
          start: visit[0]?.timestamp,
          us: event.timestamp,
          pathname: event.pathname,
        }))
      );
      assert.deepEqual(ids(rows), ids(wanted));
      const totals = await ask(
        sql`select count(*) as visits, sum(events)::bigint as events,
          count(*) filter (where is_bounce) as bounces from ${
          visits(EVENTS, GAP, { bounce: true })
        }`,
      );
      assert.deepEqual(totals, [{
        visits: expected.length,
        events: events.length,
        bounces: expected.filter((visit) =>
          visit.length === 1 && visit[0]?.event_name === "pageview"
        ).length,
      }]);
    });
  });
}

Deno.test("visits() orders events of one microsecond by a rule, not by arrival", async () => {
  const tied = ["/a", "/b", "/c", "/d"].map((pathname) =>
    plainEvent({ visitor_id: "v", timestamp: FROM, pathname, country_code: pathname.slice(1, 3) })
  );
  const answers = new Set<string>();
  for (const events of [tied, [...tied].reverse()]) {
    await withEvents(events, async (ask) => {
      const rows = await ask(
        sql`select entry_page, exit_page, country_code
          from ${visits(EVENTS, GAP, { first: ["country_code"], pages: true })}`,
      );
      answers.add(JSON.stringify(rows));
      assert.equal(`/${rows[0]?.["country_code"]}`, rows[0]?.["entry_page"]);
    });
  }
  assert.equal(answers.size, 1);
});

/** Visitors who are active for days, with pauses up to the gap and hardly ever beyond it. */
function restlessEvents(gapUs: number, visitors: number): Event[] {
  const next = seededNumbers(gapUs);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  return Array.from({ length: visitors }, (_, visitor) => {
    const longest = pick([gapUs, gapUs, gapUs - 1]);
    let timestamp = FROM + pick([0, -FROM % DAY, -FROM % DAY + gapUs, Math.floor(next() * DAY)]);
    return Array.from({ length: Math.ceil(4 * DAY / gapUs) }, () => {
      const event = plainEvent({ visitor_id: String(visitor), timestamp });
      timestamp += next() < 0.01 ? gapUs + 1 : next() < 0.9 ? longest : Math.floor(next() * gapUs);
      return event;
    });
  }).flat();
}

for (const minutes of [30, 47, 240]) {
  Deno.test(`visits() cut days of activity the same in every range, gap ${minutes}`, async () => {
    const gapUs = minutes * MINUTE;
    const events = restlessEvents(gapUs, Math.min(60, minutes));
    const expected = [...byVisitor(events).values()].flatMap((own) => bruteVisits(own, gapUs));
    assert.ok(expected.some((own) => new Set(own.map(dayOf)).size === 2));
    assert.ok(expected.every((own) => new Set(own.map(dayOf)).size <= 2));
    const starts = expected.map((own) =>
      `${own[0]?.visitor_id} ${own[0]?.timestamp} ${own.length}`
    );
    const visitOf = new Map(expected.flatMap((own) => own.map((event) => [event, own[0]])));
    await withEvents(events, async (ask) => {
      const found: string[] = [];
      const step = 11 * 60 * MINUTE + 1;
      for (let fromUs = FROM - 2 * DAY; fromUs < FROM + 7 * DAY; fromUs += step) {
        const range = { fromUs, toUs: fromUs + step };
        const rows = await ask(sql`select * from ${visits(within(visitSpan(range, gapUs)), gapUs)}
          where start_us >= ${range.fromUs} and start_us < ${range.toUs}`);
        found.push(
          ...rows.map((row) => `${row["visitor_id"]} ${row["start_us"]} ${row["events"]}`),
        );
        const span = within(visitSpanOfEvents(range));
        const placed = await ask(sql`select visitor_id, us, visit_start_us
          from ${visitEvents(span, gapUs, ["visitor_id"])}
          where us >= ${range.fromUs} and us < ${range.toUs} order by all`);
        const own = events.filter(({ timestamp: us }) => us >= range.fromUs && us < range.toUs);
        const wanted = own.map((event) => ({
          visitor_id: event.visitor_id,
          us: event.timestamp,
          visit_start_us: visitOf.get(event)?.timestamp,
        }));
        assert.deepEqual(sortedTexts(placed), sortedTexts(wanted));
      }
      assert.deepEqual(found.sort(), starts.sort());
    });
  });
}

const dayOf = ({ timestamp }: Event) => Math.floor(timestamp / DAY);
const sortedTexts = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

/** The stored events of a span, as the reader gives them. */
function within({ fromUs, toUs }: { fromUs: number; toUs: number }): Sql {
  return sql`(select * from ${EVENTS} where timestamp >= make_timestamp(${fromUs})
    and timestamp < make_timestamp(${toUs}))`;
}

Deno.test("visitSpan() reads what a visit at either edge needs", async () => {
  const range = { fromUs: FROM, toUs: FROM + 60 * MINUTE };
  const span = visitSpan(range);
  const at = (visitor_id: string, timestamp: number) => plainEvent({ visitor_id, timestamp });
  const events = [
    at("began before", FROM - GAP),
    at("began before", FROM),
    at("starts at the edge", FROM - GAP - 1),
    at("starts at the edge", FROM),
    at("goes on after", range.toUs - 1),
    at("goes on after", range.toUs + 29 * MINUTE),
    at("goes on after", range.toUs + 58 * MINUTE),
  ].filter((event) => event.timestamp >= span.fromUs && event.timestamp < span.toUs);
  await withEvents(events, async (ask) => {
    const rows = await ask(
      sql`select visitor_id, pageviews from ${visits(EVENTS, GAP)}
        where start_us >= ${range.fromUs} and start_us < ${range.toUs} order by visitor_id`,
    );
    assert.deepEqual(rows, [
      { visitor_id: "goes on after", pageviews: 3 },
      { visitor_id: "starts at the edge", pageviews: 1 },
    ]);
  });
});
