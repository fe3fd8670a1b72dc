// `deno task bench:lake`: what a server over a lake takes, beside one over local files in the same
// run, with PostgreSQL and an S3 server on this machine. `--help` tells the options. It judges
// nothing, but stops where the two answer differently.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openOverLake } from "../../../tests/support/lake/lake.ts";
import { Params } from "../../../src/query/params.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { Runner } from "../../../src/query/run.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { exitAtOnce } from "../../../src/runtime/c_library.ts";
import { installed, type Parts, startParts, stopParts } from "../../lake/parts.ts";
import { newLake } from "../../lake/plain.ts";
import { fromSource, runToEnd } from "../../server_process.ts";
import { buildRollups } from "../fill.ts";
import { dateBefore } from "../storage/data.ts";
import { fill } from "../storage/fill.ts";
import { benchSystem, NOW_MS, openAt, SITE, table, timed, timeInTurn } from "../storage/lib.ts";
import { FILTERS, PANELS } from "../storage/panels.ts";
import { benchCatalog, benchCommits } from "./catalog.ts";
import { benchNodes } from "./nodes.ts";

const HELP = `deno task bench:lake [options]

  --events N    events of the questions, in 30 days of one site (1000000)
  --runs N      times each question is asked warm, in turn (5)
  --nodes N     so many servers over one lake, from one on; where the program refuses a further
                one, it says so (3)
  --secs N      seconds of each load (5)
  --files N     files of a large catalog (10000)
  --json FILE   writes the figures, too`;

const DAYS = 30;
const IMPORT_MS_MAX = 3_600_000;

/** A question of both, by its number: the same one is answered by events and by what is derived. */
interface Asked {
  readonly label: string;
  readonly ask: () => Promise<unknown>;
}

function questionsOf(storage: Storage): Asked[] {
  const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
  const clock = { ...benchSystem().clock, nowMs: () => NOW_MS };
  const runner = new Runner(storage.reader, settings, clock, {
    queryTimeoutMs: 300_000,
    cacheTtlMs: 0,
    cacheEntriesMax: 1,
    heavyMax: 10,
  });
  const range = `start_date=${dateBefore(NOW_MS, DAYS)}&end_date=${dateBefore(NOW_MS, 1)}`;
  const overview = PANELS.filter(({ report }) => report === "query");
  const one = (params: string, report: keyof typeof REPORTS) => {
    const text = `site_id=${SITE}&${range}&${params}`;
    return runner.answer(report, REPORTS[report], SITE, new Params(new URLSearchParams(text)));
  };
  return [
    ...FILTERS.slice(0, 2).map(([suffix, filter]) => ({
      label: `overview of ${overview.length} panels${suffix}`,
      ask: () => Promise.all(overview.map(({ params }) => one(`${params}${filter}`, "query"))),
    })),
    ...PANELS.map(({ label, params, report }) => ({ label, ask: () => one(params, report) })),
  ];
}

/** Asks both storages in turn; the answers must be the same. Cold and warm, of each. */
async function askBoth(local: Storage, lake: Storage, runs: number): Promise<Asking[]> {
  const sets = [questionsOf(local), questionsOf(lake)] as const;
  const cold: number[][] = [];
  for (const [at, question] of sets[0].entries()) {
    const answers: unknown[] = [];
    const times: number[] = [];
    for (const set of sets) {
      const took = await timed(async () => answers.push(await set[at]?.ask()));
      times.push(took.ms);
    }
    assert.deepEqual(answers[1], answers[0], `${question.label}: the lake answers differently`);
    cold.push(times);
  }
  const warm = await timeInTurn(sets, runs);
  return sets[0].map(({ label }, at) => ({
    label,
    localCold: cold[at]?.[0] ?? NaN,
    lakeCold: cold[at]?.[1] ?? NaN,
    localWarm: warm[0]?.[at] ?? NaN,
    lakeWarm: warm[1]?.[at] ?? NaN,
  }));
}

interface Asking {
  readonly label: string;
  readonly localCold: number;
  readonly lakeCold: number;
  readonly localWarm: number;
  readonly lakeWarm: number;
}

function printed(title: string, rows: readonly Asking[]): void {
  const ms = (value: number) => value.toFixed(0);
  console.log(`\n${title}, ms`);
  console.log(table([
    ["", "local first", "lake first", "ratio", "local warm", "lake warm", "ratio"],
    ...rows.map(({ label, localCold, lakeCold, localWarm, lakeWarm }) => [
      label,
      ms(localCold),
      ms(lakeCold),
      (lakeCold / localCold).toFixed(1),
      ms(localWarm),
      ms(lakeWarm),
      (lakeWarm / localWarm).toFixed(1),
    ]),
  ]));
}

/** Brings the events of a folder into a lake by the command, as an owner does. */
async function importInto(env: Readonly<Record<string, string>>, dataDir: string) {
  const options = { cwd: dataDir, env: { ...env, MALLARD_DATA_DIR: dataDir } };
  const { ms } = await timed(async () => {
    const ended = await runToEnd(fromSource(), ["lake", "import"], {
      ...options,
      msMax: IMPORT_MS_MAX,
    });
    if (ended.code !== 0) throw new Error(`Cannot import into the lake: ${ended.stderr}`);
  });
  return ms;
}

async function benchQuestions(parts: Parts, events: number, runs: number): Promise<unknown> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-lake-" });
  const [localDir, lakeDir] = [`${folder}/local`, `${folder}/lake`];
  await Promise.all([Deno.mkdir(localDir), Deno.mkdir(lakeDir)]);
  const env = await newLake(parts, "questions");
  const system = benchSystem();
  const clock = { ...system.clock, nowMs: () => NOW_MS };
  try {
    await fill({ dataDir: localDir, days: DAYS, eventsPerDay: events / DAYS, filesPerDay: 1 });
    const local = await openAt(localDir);
    const importMs = await importInto(env, localDir);
    console.log(`${events} events of ${DAYS} days imported in ${(importMs / 1000).toFixed(1)} s`);
    const lake = await openOverLake(lakeDir, env, { system });
    try {
      const ofEvents = await askBoth(local, lake, runs);
      printed("From events", ofEvents);
      const built = [];
      for (const storage of [local, lake]) {
        built.push(await timed(() => buildRollups(storage, { ...system, clock })));
      }
      const derived = await askBoth(local, lake, runs);
      printed("From what is kept of closed days", derived);
      const us = built.map(({ cpuMs }) => cpuMs * 1000 / events);
      console.log(
        `It took ${us[0]?.toFixed(1)} µs of processor time an event to make over local files, ` +
          `${us[1]?.toFixed(1)} over the lake`,
      );
      const commits = [await benchCommits(local), await benchCommits(lake)];
      console.log(
        `A flush of 1,000 events: ${commits[0]?.toFixed(0)} ms into local files, ` +
          `${commits[1]?.toFixed(0)} into the lake`,
      );
      return { events, importMs, ofEvents, derived, built, commits };
    } finally {
      await local.close();
      await lake.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: "string", default: "1000000" },
      runs: { type: "string", default: "5" },
      nodes: { type: "string", default: "3" },
      secs: { type: "string", default: "5" },
      files: { type: "string", default: "10000" },
      json: { type: "string", default: "" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const folder = await Deno.makeTempDir({ prefix: "mallard-bench-parts-" });
  const parts = await startParts(await installed(), folder);
  try {
    const questions = await benchQuestions(parts, Number(values.events), Number(values.runs));
    const nodes = await benchNodes(parts, Number(values.nodes), Number(values.secs));
    const catalog = await benchCatalog(parts, Number(values.files));
    const figures = JSON.stringify({ questions, nodes, catalog }, null, 2);
    if (values.json !== "") await Deno.writeTextFile(values.json, figures);
  } finally {
    await stopParts(parts);
  }
}

await main(Deno.args).catch((error) => {
  console.error(error);
  Deno.exitCode = 1;
});
// The ends of DuckDB and of its extensions may meet: the process would end by a signal.
exitAtOnce(Number(Deno.exitCode));
