// A runner over a real reader with a clock that stands, and the routes of the statistics on it.
import type { Event } from "../../../src/core/event.ts";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import { ENGINES, extensionOptions } from "../../../src/query/engine/choose.ts";
import { type SiteRules, STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { Runner, type RunnerOptions } from "../../../src/query/run.ts";
import type { ExtensionOptions } from "../../../src/storage/duckdb.ts";
import { openTestReader, type TestReader } from "../events.ts";
import { FakeClock } from "../fake_system.ts";
import { type Called, callRoute } from "../server/routes.ts";

/** What a test asks through. */
export interface Questions {
  readonly runner: Runner;
  readonly clock: FakeClock;
  readonly test: TestReader;
  /** GET /api/stats/`path` of example.com; `query` begins with & or is empty. */
  get(path: string, query?: string): Promise<Called>;
}

interface Setting {
  readonly events: readonly Event[];
  /** ISO time of now; 2024-03-10 15:00 UTC when missing. */
  readonly now?: string;
  readonly settings?: Partial<SiteRules>;
  readonly options?: Partial<RunnerOptions>;
  readonly coldShare?: number;
  readonly memoryLimit?: string;
}

/** A file of DuckDB's extension, built for this DuckDB: then every question is put to it too. */
const FILE = Deno.env.get("MALLARD_TEST_EXTENSION") ?? null;

/** Opens, hands out, closes; once for each engine, unless the options name one. */
export async function withQuestions(
  setting: Setting,
  use: (questions: Questions) => Promise<void>,
): Promise<void> {
  await withEngine(setting, undefined, use);
  if (FILE === null || setting.options?.engine) return;
  const options = { ...setting.options, engine: ENGINES.extension };
  await withEngine({ ...setting, options }, extensionOptions(FILE), use);
}

async function withEngine(
  { events, now = "2024-03-10T15:00:00Z", settings, options, coldShare = 0.5, memoryLimit }:
    Setting,
  extension: ExtensionOptions | undefined,
  use: (questions: Questions) => Promise<void>,
): Promise<void> {
  const test = await openTestReader(events, {
    coldShare,
    extension,
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  });
  try {
    const clock = new FakeClock(Date.parse(now));
    const sites = { settings: () => Promise.resolve({ ...STANDARD_SETTINGS, ...settings }) };
    const runner = new Runner(test.reader, sites, clock, {
      queryTimeoutMs: 30_000,
      cacheTtlMs: 60_000,
      cacheEntriesMax: 100,
      heavyMax: 10,
      ...options,
    });
    const routes = statsRoutes(runner);
    const get = (path: string, query = "") =>
      callRoute(routes, `/api/stats/${path}?site_id=example.com${query}`);
    await use({ runner, clock, test, get });
  } finally {
    await test.close();
  }
}
