// Benchmark of the behavioral statements: each over many events hot, cold, and half and half,
// beside a plain count of visitors in the same run, and beside DuckDB's extension where
// MALLARD_TEST_EXTENSION names its file: then the two take turns, run by run. Arguments: numbers of
// events (1000000 when missing), runs=N (3), only=hot, only=mixed or only=cold, and match=TEXT for
// the statements whose name holds it. Prints the best of the runs: milliseconds by the clock and of
// all processors, the ratio to the count, and the highest memory of the process meanwhile.
import process from "node:process";
import * as duckdb from "@duckdb/node-api";
import { DAY_US } from "../../src/core/durations.ts";
import { raw, type Sql, sql } from "../../src/core/sql.ts";
import { detailSql } from "../../src/query/reports/funnel/detail.ts";
import { itemsSql } from "../../src/query/reports/flow/detail.ts";
import { ENGINES, extensionOptions } from "../../src/query/engine/choose.ts";
import type { BehavioralEngine, FunnelOrder, FunnelSpec } from "../../src/query/engine/engine.ts";
import { VISIT_GAP_US } from "../../src/query/sql/visits.ts";
import {
  compilePattern,
  compileSequence,
  type Sequence,
} from "../../src/query/reports/sequence/pattern.ts";
import { compileSteps, mayOverlap } from "../../src/query/steps.ts";
import { Db } from "../../src/storage/duckdb.ts";
import { createHotTable } from "../../src/storage/parquet/schema.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { valueOf } from "../../tests/support/parsed.ts";

const option = (name: string) =>
  Deno.args.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
const runs = Number(option("runs") ?? 3);
const only = option("only");
const match = option("match") ?? "";

const FROM_US = Date.UTC(2024, 0, 1) * 1000;
const DAYS = 90;

const TWO = "page:/,page:/pricing";
const THREE = `${TWO},event:signup`;
const FIVE = `${TWO},page:/page/100,page:/signup,event:signup`;
const TWENTY = Array.from({ length: 20 }, (_, index) => `page:/page/${85 + index}`).join(",");

interface Statement {
  readonly label: string;
  readonly statement: (events: Sql, engine: BehavioralEngine) => Sql;
  /** Whether the extension computes it itself. */
  readonly both: boolean;
}

function funnelOf(text: string, order: FunnelOrder = "in_order"): FunnelSpec {
  const steps = valueOf(compileSteps(text, () => undefined));
  return {
    steps: steps.map((step) => step.condition),
    windowUs: DAY_US,
    order,
    overlap: mayOverlap(steps),
    considered: sql`event_name = 'pageview'`,
  };
}

function funnel(label: string, text: string, order?: FunnelOrder, both = false): Statement {
  const spec = funnelOf(text, order);
  return {
    label,
    both,
    statement: (events, engine) =>
      sql`select reached, count(*) from ${engine.funnel(events, spec)} group by reached`,
  };
}

function sequence(label: string, of: Sequence): Statement {
  const conditions = of.conditions.map((step) => step.condition);
  return {
    label,
    both: of.plain,
    statement: (events, engine) =>
      of.plain
        ? sql`select count(*), count(*) filter (where converted)
          from ${engine.sequence(events, conditions, false)}`
        : sql`select count(*) filter (where matches > 0), sum(matches)::bigint from ${
          engine.sequenceMatches(events, {
            conditions,
            elements: of.elements,
            considered: sql`false`,
          })
        }`,
  };
}

function retention(weeks: number, both: boolean): Statement {
  return {
    label: `retention, ${weeks} weeks`,
    both,
    statement: (events, engine) =>
      sql`select * from ${
        engine.retention(events, {
          interval: "week",
          weekStart: 1,
          transitions: [{ fromUs: FROM_US, offsetUs: 0 }],
          fromUs: FROM_US,
          count: weeks,
          first: null,
          again: null,
        })
      }`,
  };
}

const noGoal = () => undefined;
const range = { fromUs: FROM_US, toUs: FROM_US + DAYS * DAY_US, dates: null };

const STATEMENTS: readonly Statement[] = [
  {
    label: "visitors (the measure)",
    both: false,
    statement: (events) => sql`select count(distinct visitor_id) from ${events}`,
  },
  {
    label: "visits",
    both: true,
    statement: (events, engine) =>
      sql`select count(*), avg(duration_us), avg(pageviews), count(*) filter (where is_bounce)
        from ${engine.visits(events, VISIT_GAP_US)}`,
  },
  {
    label: "visits with source and pages",
    both: true,
    statement: (events, engine) =>
      sql`select count(*), count(distinct entry_page), count(distinct referrer_source) from ${
        engine.visits(events, VISIT_GAP_US, { first: ["referrer_source"], pages: true })
      }`,
  },
  {
    label: "events with their visit",
    both: true,
    statement: (events, engine) =>
      sql`select count(*), sum(us - visit_start_us)::double from ${
        engine.visitEvents(events, VISIT_GAP_US, ["pathname"])
      }`,
  },
  funnel("funnel, 3 steps", THREE, "in_order", true),
  funnel("funnel, 5 steps", FIVE, "in_order", true),
  funnel("funnel, 20 steps", TWENTY, "in_order", true),
  funnel("funnel, 3 that overlap", "page:/**,page:/pricing,event:signup"),
  funnel("funnel, 3 in any order", THREE, "any_order"),
  funnel("funnel, 3 consecutive", `${TWO},page:/signup`, "consecutive"),
  {
    label: "funnel, 3 steps in detail",
    both: false,
    statement: (events, engine) =>
      detailSql(events, null, funnelOf(THREE), { gapUs: VISIT_GAP_US, limit: 10 }, { engine }),
  },
  {
    label: "funnel, 5 steps with times",
    both: false,
    statement: (events, engine) =>
      sql`select count(*), max(step_us)::varchar from ${
        engine.funnelAttempts(events, funnelOf(FIVE))
      }`,
  },
  sequence("sequence, 3 steps", valueOf(compileSequence(THREE, noGoal))),
  sequence(
    "sequence within an hour",
    valueOf(compileSequence("page:/,within 1 hour,event:signup", noGoal)),
  ),
  sequence(
    "pattern (?1)(?2).*(?3)",
    valueOf(compilePattern("(?1)(?2).*(?3)", valueOf(compileSteps(THREE, noGoal)))),
  ),
  retention(8, true),
  retention(52, false),
  {
    label: "flow: next page",
    both: true,
    statement: (events, engine) => sql`select * from ${engine.next(events, "/pricing", 10, 0)}`,
  },
  {
    label: "flow: tree of 3",
    both: false,
    statement: (events, engine) => {
      const own = {
        page: "/pricing",
        event: null,
        direction: "next",
        depth: 3,
        countBy: "visits",
        of: "pages",
        group: null,
      } as const;
      const request = { range, gapUs: VISIT_GAP_US };
      const items = itemsSql(events, null, request, own, { engine });
      const spec = { start: "p/pricing", backwards: false, depth: 3, byVisitors: false };
      return sql`select * from ${
        engine.flowNodes(items, { ...spec, childrenMax: 10, nodesMax: 200 })
      }`;
    },
  },
];

/** Visits of a few pages each, spread over 90 days, in order of time; ids of 64 hex digits. */
function fillSql(events: number): Sql {
  const visitors = Math.max(1, Math.round(events / 20));
  return sql`insert into events by name
    with visits as (
      select i, hash(i * 7 + 1) % ${visitors} as visitor, hash(i * 5 + 3) % 100 as kind,
        ${FROM_US} + (hash(i * 3 + 2) % ${DAYS * 86_400})::bigint * 1000000 as start_us
      from range(${Math.round(events / 4.12)}) as t(i)
    ),
    steps as (
      select *, unnest(range(case when kind < 45 then 1 when kind < 70 then 2 when kind < 85
        then 5 when kind < 97 then 10 else 30 end)) as j
      from visits
    ),
    drawn as (
      select i, visitor, start_us + j * 47000000 + (hash(i * 31 + j) % 40000000)::bigint as us,
        hash(i * 17 + j * 3) % 1000 as what, hash(i * 19 + j) % 200 as page
      from steps
    )
    select 'example.com' as site_id, sha256(visitor::varchar) as visitor_id,
      make_timestamp(us) as timestamp,
      case when what < 60 then 'signup' when what < 80 then 'purchase' else 'pageview' end
        as event_name,
      case when page < 60 then '/' when page < 75 then '/pricing' when page < 85 then '/signup'
        else '/page/' || page end as pathname,
      case i % 5 when 0 then 'Google' when 1 then 'Bing' when 2 then null else 'example.org' end
        as referrer_source,
      case i % 7 when 0 then 'DE' when 1 then 'FR' else 'US' end as country_code
    from drawn
    order by us`;
}

/** Resets and reads the process's highest resident memory, in MB; null where Linux is not. */
function peakMegabytes(): number | null {
  try {
    const line = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+)/);
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
    return line ? Math.round(Number(line[1]) / 1024) : null;
  } catch {
    return null;
  }
}

/** Processor time of this process so far, of all its threads, in ms. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What the runs of one statement took. */
interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
  /** Null where Linux is not. */
  readonly peakMb: number | null;
}

async function once(db: Db, statement: Sql): Promise<Taken> {
  peakMegabytes();
  const from = performance.now();
  const busy = processorMs();
  await db.query(statement);
  const ms = performance.now() - from;
  return { ms, cpuMs: processorMs() - busy, peakMb: peakMegabytes() };
}

/** The least of each number over some runs of each statement, which take turns. */
async function best(db: Db, statements: readonly Sql[], runs: number): Promise<Taken[]> {
  const taken = statements.map((): Taken[] => []);
  for (let run = 0; run < runs; run++) {
    for (const [index, statement] of statements.entries()) {
      taken[index]?.push(await once(db, statement));
    }
  }
  return taken.map((all) => ({
    ms: Math.min(...all.map(({ ms }) => ms)),
    cpuMs: Math.min(...all.map(({ cpuMs }) => cpuMs)),
    peakMb: all.some(({ peakMb }) => peakMb === null)
      ? null
      : Math.max(...all.map(({ peakMb }) => peakMb ?? 0)),
  }));
}

/** Cells of a table, each as wide as its head. */
const cells = (...values: readonly (string | number | null)[]) =>
  values.map((value) => String(value ?? "–").padStart(9)).join("");

async function measure(db: Db, events: Sql, label: string, extension: boolean) {
  const heads = extension ? ["ext ms", "ext CPU", "to ext", "CPU", "ext MB"] : [];
  console.log(
    `\n${label}\n  ${"".padEnd(30)}${cells("ms", "CPU ms", "ratio", "peak MB", ...heads)}`,
  );
  let unit: number | null = null;
  for (
    const { label, statement, both } of STATEMENTS.filter(({ label }) => label.includes(match))
  ) {
    const engines = extension && both ? [ENGINES.sql, ENGINES.extension] : [ENGINES.sql];
    const [own, other] = await best(db, engines.map((engine) => statement(events, engine)), runs);
    if (!own) continue;
    if (label.startsWith("visitors")) unit = own.ms;
    const ratio = unit === null ? null : (own.ms / unit).toFixed(2);
    let line = cells(Math.round(own.ms), Math.round(own.cpuMs), ratio, own.peakMb);
    if (other) {
      const ratios = [(own.ms / other.ms).toFixed(2), (own.cpuMs / other.cpuMs).toFixed(2)];
      line += cells(Math.round(other.ms), Math.round(other.cpuMs), ...ratios, other.peakMb);
    }
    console.log(`  ${label.padEnd(30)}${line}`);
  }
}

async function bench(events: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  const file = Deno.env.get("MALLARD_TEST_EXTENSION") ?? null;
  const { clock } = realSystem({ format: "text", levelMin: "warn" });
  const db = await Db.open(duckdb, clock, {
    folder,
    spillFolder: `${folder}/spill`,
    memoryLimit: null,
    threads: null,
    readers: 1,
    ...(file === null ? {} : { extension: extensionOptions(file) }),
  });
  try {
    if (db.extensionFault) console.log(`The extension is left out: ${db.extensionFault}`);
    const extension = file !== null && db.extensionFault === null;
    await db.execute(createHotTable("events"));
    await db.execute(fillSql(events));
    const [row] = await db.query(
      sql`select count(*) as events, count(distinct visitor_id) as visitors from events`,
    );
    console.log(`\n${row?.["events"]} events of ${row?.["visitors"]} visitors, best of ${runs}`);
    const path = `${folder}/events.parquet`;
    await db.execute(raw(`copy events to '${path}' (format parquet, compression zstd)`));
    const half = FROM_US + DAYS / 2 * DAY_US;
    const columns = raw("* exclude (site_id)");
    const cold = sql`(select ${columns} from read_parquet(${[path]}))`;
    const wanted = (tier: string) => only === null || only === tier;
    const hot = sql`(select ${columns} from events)`;
    if (wanted("hot")) await measure(db, hot, "hot", extension);
    const both = sql`(
      select ${columns} from events where timestamp >= make_timestamp(${half})
      union all
      select ${columns} from read_parquet(${[path]}) where timestamp < make_timestamp(${half}))`;
    if (wanted("mixed")) await measure(db, both, "half hot, half cold", extension);
    await db.execute(sql`drop table events`);
    if (wanted("cold")) await measure(db, cold, "cold", extension);
  } finally {
    await db.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const numbers = Deno.args.filter((text) => /^\d+$/.test(text)).map(Number);
for (const events of numbers.length > 0 ? numbers : [1_000_000]) await bench(events);
