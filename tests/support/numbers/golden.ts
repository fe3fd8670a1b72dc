// Golden cases of the query engine: statements of typical questions, and the answers of every
// metric and every dimension over one fixed set of events. `deno task golden` rewrites them.
import { checkedFilterOf } from "../parsed.ts";
import { rangeOfDays } from "../../../src/core/period.ts";
import { raw } from "../../../src/core/sql.ts";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { answerOf } from "../../../src/query/answer.ts";
import { buildQuery } from "../../../src/query/sql/build.ts";
import { type DimensionName, DIMENSIONS } from "../../../src/query/dimensions.ts";
import { type MetricName, METRICS } from "../../../src/query/metrics.ts";
import { planOf } from "../../../src/query/sql/plan.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import type { TestReader } from "../events.ts";
import { GOALS, randomEventsOf } from "./random_questions.ts";

const FOLDER = new URL("../../golden/", import.meta.url);

function question(what: Partial<Query>, filters = "", zone = "UTC"): Query {
  return queryOf({
    site: "example.com",
    nowUs: 0,
    range: rangeOfDays(zone, dayOfDate("2024-03-08"), dayOfDate("2024-03-13")),
    zone,
    weekStart: 1,
    gapUs: 1_800_000_000,
    filter: checkedFilterOf(filters),
    goals: GOALS.filter(({ name }) => name !== "Pro from Google"),
  }, { metrics: ["visitors"], ...what });
}

/** Questions by the name of the file that holds their statement. */
const STATEMENTS: Readonly<Record<string, Query>> = {
  "overview": question({ metrics: ["visitors", "pageviews", "visits", "bounce_rate"] }),
  "own_columns": question({ dimensions: ["source"], ownColumns: true, missing: "(unknown)" }),
  "days": question({ metrics: ["visitors", "visits"], dimensions: ["day"] }),
  "hours_over_a_change_of_clocks": question({ dimensions: ["hour"] }, "", "America/New_York"),
  "sources": question({ metrics: ["visitors", "visits"], dimensions: ["source"], limit: 10 }),
  "pages_with_visits": question({ metrics: ["visitors", "visits"], dimensions: ["page"] }),
  "event_filter_on_visits": question({ metrics: ["visits"] }, "is(page,/a);is(source,Google)"),
  "mixed_filter": question({ metrics: ["visits"] }, "or(is(page,/a),is(source,Google))"),
  "has_done": question({ metrics: ["visitors"] }, "has_done(is(goal,Signup))"),
  "conversions": question({ metrics: ["visitors", "conversion_rate"], dimensions: ["goal"] }),
  "revenue": question({ metrics: ["total_revenue"], dimensions: ["country"] }),
  "steps": question({ metrics: ["time_on_page", "exit_rate"], dimensions: ["page"] }),
  "property": question({ metrics: ["events"], dimensions: ["props:a/b~c"] }),
};

/** Statements by file name, with their values in a comment. */
function statements(): Map<string, string> {
  return new Map(
    Object.entries(STATEMENTS).map(([name, query]) => {
      const statement = buildQuery(query, planOf(query), () => raw("events"));
      const values = statement.values.map((value, index) =>
        `-- $${index + 1} = ${JSON.stringify(value)}\n`
      );
      return [`${name}.sql`, `${values.join("")}${statement.text}\n`];
    }),
  );
}

/** The events that the golden answers are about. */
export function goldenEvents() {
  // Events of one microsecond are kept apart by their place in the list: the answers do not
  // depend on how the database orders them.
  return randomEventsOf(5, 80, (event) => event.timestamp).map((event, index) => ({
    ...event,
    timestamp: event.timestamp + index,
  }));
}

async function answers(test: TestReader): Promise<string> {
  const ask = async (query: Query) => {
    const plan = planOf(query);
    const rows = await test.reader.queryOf(query.site, plan.span, ({ events, engagements }) => {
      const of = engagements ?? undefined;
      return buildQuery({ ...query, engagements: of }, plan, events);
    });
    return answerOf(query, rows).rows.map((
      { keys, values },
    ) => [...keys, ...Object.values(values)]);
  };
  const metrics: Record<string, unknown> = {};
  for (const name of Object.keys(METRICS) as MetricName[]) {
    metrics[name] = (await ask(question({ metrics: [name] })))[0];
  }
  const dimensions: Record<string, unknown> = {};
  for (const name of Object.keys(DIMENSIONS) as DimensionName[]) {
    const what = { metrics: ["visitors", "visits"] as const, dimensions: [name], limit: 5 };
    const order = [{ by: "visitors", direction: "desc" }] as const;
    dimensions[name] = await ask(question({ ...what, order }));
  }
  return `${JSON.stringify({ metrics, dimensions }, null, 1)}\n`;
}

/** Every golden file by name, as the program makes it now. */
export async function goldenFiles(test: TestReader): Promise<Map<string, string>> {
  return statements().set("answers.json", await answers(test));
}

/** The kept text of a golden file; empty when there is none. */
export async function keptGolden(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(name, FOLDER)).catch(() => "");
}

/** Rewrites the golden files and returns those that changed. */
export async function writeGolden(files: ReadonlyMap<string, string>): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, text] of files) {
    if (await keptGolden(name) === text) continue;
    await Deno.writeTextFile(new URL(name, FOLDER), text);
    changed.push(name);
  }
  return changed;
}
