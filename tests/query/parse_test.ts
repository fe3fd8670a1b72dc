import assert from "node:assert/strict";
import {
  checkFilter,
  dimensionRef,
  parseReportRequest,
  siteOf,
  type SiteRules,
  STANDARD_SETTINGS,
} from "../../src/query/parse.ts";
import { Params } from "../../src/query/params.ts";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";
import { HOSTILE } from "../support/numbers/random_questions.ts";
import { checkedFilterOf, filterOf } from "../support/parsed.ts";
import type { CheckedFilter } from "../../src/query/query.ts";

const NOW = Date.parse("2024-03-10T15:30:00Z") * 1000;

function asked(query: string, rules: Partial<SiteRules> = {}) {
  const params = new Params(new URLSearchParams(query));
  const question = parseReportRequest(params, "example.com", NOW, {
    ...STANDARD_SETTINGS,
    ...rules,
  });
  params.check();
  return question;
}

Deno.test("parseReportRequest() takes zone and week from the site, or zone from params", () => {
  const rules = { zone: "Europe/Berlin", weekStart: 7 } as const;
  const own = asked("period=day", rules);
  assert.deepEqual([own.zone, own.weekStart], ["Europe/Berlin", 7]);
  assert.equal(new Date(own.range.fromUs / 1000).toISOString(), "2024-03-09T23:00:00.000Z");
  const other = asked("period=day&timezone=Asia/Tokyo", rules);
  assert.equal(new Date(other.range.fromUs / 1000).toISOString(), "2024-03-10T15:00:00.000Z");
});

Deno.test("parseReportRequest() chooses the interval by the period, dates stay daily", () => {
  const interval = (query: string) => asked(query).interval;
  assert.equal(interval("period=today"), "hour");
  assert.equal(interval("period=30d"), "day");
  assert.equal(interval("period=12mo"), "month");
  assert.equal(interval("period=all"), "day");
  assert.equal(interval("start_date=2024-03-01&end_date=2024-03-02"), "day");
  assert.equal(interval("start_date=2024-03-01T10:00&end_date=2024-03-01T11:00"), "minute");
  assert.equal(interval("start_date=2024-03-01T10:00&end_date=2024-03-02T11:00"), "hour");
  assert.equal(interval("period=30d&interval=week"), "week");
  assert.equal(interval("start_date=2022-01-01&end_date=2024-01-01"), "day");
  assert.equal(interval("start_date=2020-01-01&end_date=2024-01-01"), "week");
  assert.equal(interval("start_date=2014-01-01&end_date=2024-01-01"), "month");
  const notes = (query: string) => asked(query).notes.map(({ code }) => code);
  assert.deepEqual(notes("start_date=2014-01-01&end_date=2024-01-01"), ["interval_widened"]);
  assert.deepEqual(notes("start_date=2014-01-01&end_date=2024-01-01&interval=day"), []);
});

Deno.test("parseReportRequest() takes all of the time since a first event of a wrong clock", () => {
  const firstUs = Date.parse("1965-03-01T10:00Z") * 1000;
  const { range, interval } = asked("period=all", { firstUs });
  assert.deepEqual([range.dates?.from, interval], ["1965-03-01", "month"]);
  assert.throws(() => asked("period=all&interval=day", { firstUs }), /more than 20000 buckets/);
});

Deno.test("parseReportRequest() finds the range to compare with", () => {
  const dates = (query: string) => asked(`period=7d&compare_full=1&${query}`).comparison?.dates;
  assert.equal(asked("period=7d").comparison, null);
  assert.deepEqual(dates("compare=previous_period"), { from: "2024-02-26", to: "2024-03-04" });
  assert.deepEqual(dates("compare=year_over_year"), { from: "2023-03-04", to: "2023-03-11" });
  assert.deepEqual(dates("compare=year_over_year&match_weekday=true"), {
    from: "2023-03-06",
    to: "2023-03-13",
  });
  assert.deepEqual(
    dates("compare=custom&compare_start=2023-01-01&compare_end=2023-01-08"),
    { from: "2023-01-01", to: "2023-01-08" },
  );
});

Deno.test("checkFilter() puts saved segments in their place", () => {
  const segments = new Map<string, CheckedFilter>([
    ["7", { op: "is", dimension: "source", values: ["Google"] }],
    ["Search", { op: "is", dimension: "channel", values: ["Organic Search"] }],
  ]);
  const filter = checkedFilterOf("is(segment,7,Search);is_not(segment,7)", { segments });
  assert.deepEqual(filter, {
    op: "and",
    of: [
      { op: "or", of: [segments.get("7"), segments.get("Search")] },
      { op: "not", of: [segments.get("7")] },
    ],
  });
});

Deno.test("checkFilter() refuses what cannot be asked", () => {
  const wrong = [
    "contains(segment,x)",
    "is(segment,x)",
    "is_set(page,x)",
    "at_least(revenue,ten)",
    "at_least(revenue,1,2)",
    "has_done(is(source,Google))",
    "is(month,2024-01-01)",
    "is(props:,x)",
    "is(__proto__,x)",
    "constructor(page,x)",
  ];
  for (const text of wrong) {
    assert.equal(typeof checkFilter(filterOf(text), STANDARD_SETTINGS).fault, "string", text);
  }
});

Deno.test("dimensionRef() accepts short names and names with their kind", () => {
  assert.equal(dimensionRef("page"), "page");
  assert.equal(dimensionRef("event:page"), "page");
  assert.equal(dimensionRef("visit:entry_page"), "entry_page");
  assert.equal(dimensionRef("event:props:plan"), "props:plan");
  assert.equal(dimensionRef("props:a:b"), "props:a:b");
  for (const name of ["", "pages", "constructor", "props:", `props:${"x".repeat(301)}`]) {
    assert.equal(dimensionRef(name), null, name);
  }
});

Deno.test("siteOf() refuses a site that is missing, doubled or no id", () => {
  const of = (query: string) => siteOf(new Params(new URLSearchParams(query)));
  assert.equal(of("site_id=a-b.example:80_x"), "a-b.example:80_x");
  for (const query of ["", "site_id=", "site_id=a&site_id=a", "site_id=a..b", "site_id=%00"]) {
    assert.throws(() => of(query), { status: 400 }, query);
  }
});

Deno.test("parseReportRequest() binds hostile texts wherever one can go", async () => {
  const events = HOSTILE.map((text, index) =>
    pageview({
      at: "2024-03-10T10:00",
      visitor: `v${index}`,
      page: text,
      referrer_source: text,
      props: JSON.stringify({ [text]: text }),
    })
  );
  await withQuestions({ events }, async ({ get }) => {
    for (const text of HOSTILE) {
      const word = text.replace(/[\\,)]/g, "\\$&");
      const visitors = async (filters: string) => {
        const { status, json } = await get("main", `&filters=${encodeURIComponent(filters)}`);
        assert.equal(status, 200, filters);
        return json.unique_visitors;
      };
      assert.equal(await visitors(`is(page,${word})`), 1);
      assert.equal(await visitors(`is(source,${word})`), 1);
      assert.equal(await visitors(`is(props:${word},${word})`), 1);
      assert.equal(await visitors(`contains=(page,${word})`), 1);
      assert.equal(await visitors(`starts_with=(page,${word})`), 1);
      assert.equal(await visitors(`has_done(is(page,${word}))`), 1);
      const rows = await get("query", `&dimensions=${encodeURIComponent(`props:${text}`)}&limit=9`);
      if (!text.includes(",")) assert.equal(rows.json.results.length, 2, text);
      const found = await get("values", `&dimension=page&text=${encodeURIComponent(text)}`);
      assert.equal(found.json.length, 1, text);
    }
    assert.equal((await get("main")).json.unique_visitors, HOSTILE.length);
  });
});

Deno.test("parseReportRequest() refuses hostile texts where a name belongs", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    const names = ["period", "start_date", "timezone", "interval", "compare", "limit", "offset"];
    for (const text of [...HOSTILE, "__proto__", "constructor", "x".repeat(5000)]) {
      for (const name of names) {
        const { status, json } = await get("main", `&${name}=${encodeURIComponent(text)}`);
        assert.equal(status, 400, `${name}=${text}`);
        assert.ok(json.error.length < 1000);
      }
      for (const name of ["metrics", "dimensions", "order_by"]) {
        const { status } = await get("query", `&${name}=${encodeURIComponent(text)}`);
        assert.equal(status, 400, `${name}=${text}`);
      }
    }
  });
});
