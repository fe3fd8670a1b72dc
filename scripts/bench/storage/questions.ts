// `deno task bench:questions`: what a dashboard asks of one site, answered from events alone, and
// with what is derived of closed days, beside raw DuckDB over the same files. `--help` tells the
// options. It judges nothing.
import { parseArgs } from "node:util";
import { DAY_MS } from "../../../src/core/durations.ts";
import { Params } from "../../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { SumsInMemory } from "../../../src/query/rollups/sums_in_memory.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { Runner } from "../../../src/query/run.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { buildRollups } from "../fill.ts";
import { fill } from "./fill.ts";
import {
  benchSystem,
  bytesBelow,
  NOW_MS,
  openAt,
  parquetBelow,
  type Question,
  SITE,
  timed,
  timeInTurn,
} from "./lib.ts";
import { BEHAVIOR, FILTERS, PANELS, plainSql } from "./panels.ts";

const HELP = `deno task bench:questions [options]

  --events N    events in all (1000000)
  --days N      days they spread over (90)
  --ids N       so many visitor ids, which last for all days; by default each day has its own
  --runs N      times each question is asked, in turn (9)
  --only A,B,…  only what has one of these in its name, as headline, or reports
  --json FILE   writes the figures, too`;

function questionsOf(
  storage: Storage,
  dataDir: string,
  days: number,
): { label: string; asked: Question[] }[] {
  const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
  const system = benchSystem();
  const clock = { ...system.clock, nowMs: () => NOW_MS };
  const closed = new SumsInMemory(storage, system.clock, system.log);
  const runnerOf = (rollups: boolean) =>
    new Runner(storage.reader, settings, clock, {
      closed,
      queryTimeoutMs: 300_000,
      cacheTtlMs: 0,
      cacheEntriesMax: 1,
      heavyMax: 10,
      rollups,
    });
  const runners = [runnerOf(false), runnerOf(true)];
  const date = (before: number) => new Date(NOW_MS - before * DAY_MS).toISOString().slice(0, 10);
  const range = `start_date=${date(days)}&end_date=${date(1)}`;
  const askOf = (runner: Runner, report: keyof typeof REPORTS, own: string) => {
    const params = new Params(new URLSearchParams(`site_id=${SITE}&${range}&${own}`));
    return runner.answer(report, REPORTS[report], SITE, params);
  };
  const reports = BEHAVIOR.map(({ report, params }) => {
    const label = `${report}, ${days} days`;
    const ask = (runner: Runner) => ({ label, ask: () => askOf(runner, report, params) });
    return { label: `reports: ${label}`, asked: runners.map(ask) };
  });
  const panels = FILTERS.flatMap(([suffix, filter, condition]) =>
    PANELS.filter(({ report }) => report === "query" || filter === "").map((panel) => {
      const label = `${panel.label}${suffix}, ${days} days`;
      const plain = {
        label,
        ask: () =>
          storage.reader.query(
            SITE,
            NOTHING,
            () => plainSql(panel, { dataDir, from: date(days), to: date(0), condition }),
          ),
      };
      const asked = runners.map((runner): Question => ({
        label,
        ask: () => askOf(runner, panel.report, panel.params + filter),
      }));
      return { label, asked: [...asked, plain] };
    })
  );
  return [...panels, ...reports];
}

const NOTHING = { fromUs: 0, toUs: 0 };

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: "string", default: "1000000" },
      days: { type: "string", default: "90" },
      ids: { type: "string", default: "" },
      runs: { type: "string", default: "9" },
      only: { type: "string", default: "" },
      json: { type: "string", default: "" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const [events, days] = [Number(values.events), Number(values.days)];
  const dataDir = await Deno.makeTempDir({ prefix: "mallard-bench-" });
  try {
    const eventsPerDay = events / days;
    const lastingIds = values.ids === "" ? {} : { lastingIds: Number(values.ids) };
    await fill({ dataDir, days, eventsPerDay, filesPerDay: 1, ...lastingIds });
    const storage = await openAt(dataDir);
    const system = benchSystem();
    const clock = { ...system.clock, nowMs: () => NOW_MS };
    let made = 0;
    const built = await timed(async () => {
      made = (await buildRollups(storage, { ...system, clock })).days;
    });
    const stored = parquetBelow(`${dataDir}/events`).bytes;
    const derived = bytesBelow(`${dataDir}/rollups`);
    console.log(
      `${events} events in ${(stored / 1e6).toFixed(1)} MB; derived of ${made} ` +
        `days: ${(built.cpuMs * 1000 / events).toFixed(1)} µs of processor time an event, ` +
        `${(derived / stored * 100).toFixed(0)} % of the bytes`,
    );
    console.log(
      `${"".padEnd(34)}     raw  events  derived (ms, quiet quarter)  derived ÷ raw, or events`,
    );
    const rows: Record<string, unknown>[] = [];
    for (
      const { label, asked } of [...new Set([30, days])].flatMap((n) =>
        questionsOf(storage, dataDir, n)
      ).filter(({ label }) => values.only.split(",").some((text) => label.includes(text)))
    ) {
      const times = await timeInTurn(asked.map((one) => [one]), Number(values.runs));
      const [fromEvents = NaN, fromDerived = NaN, plain = null] = times.map(([ms]) => ms ?? NaN);
      rows.push({ label, plain, fromEvents, fromDerived });
      const cells = [plain, fromEvents, fromDerived].map((ms) =>
        (ms === null ? "" : ms.toFixed(1)).padStart(8)
      );
      const share = (fromDerived / (plain ?? fromEvents)).toFixed(2).padStart(10);
      console.log(`${label.padEnd(34)}${cells.join("")}${share}`);
    }
    if (values.json !== "") {
      await Deno.writeTextFile(
        values.json,
        JSON.stringify({ events, days, stored, derived, rows }),
      );
    }
    await storage.close();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

await main(Deno.args);
