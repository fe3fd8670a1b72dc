import { openBenchStorage, fill, SITE } from "./bench/fill.ts";
import { realSystem } from "../src/runtime/system.ts";
import { RollupBuilder } from "../src/query/rollups/builder.ts";
import { Runner } from "../src/query/run.ts";
import { STANDARD_SETTINGS } from "../src/query/parse.ts";
import { REPORTS } from "../src/query/reports/reports.ts";
import { BREAKDOWNS } from "../src/query/reports/breakdowns.ts";
import { Params } from "../src/query/params.ts";
const system = realSystem({ format: "text", levelMin: "warn" });
const dir = Deno.args[0]!, events = Number(Deno.args[1] ?? 1000000);
const fresh = !(await Deno.stat(dir).catch(() => null));
await Deno.mkdir(dir, { recursive: true });
let t = performance.now();
const lap = (s: string) => { console.log(s, Math.round(performance.now() - t), "ms", Math.round(Deno.memoryUsage().rss/2**20), "MB"); t = performance.now(); };
const storage = await openBenchStorage(system, dir);
lap("open");
if (fresh) { await fill(storage, system, { events, untilMs: Date.now() }); lap("fill"); await storage.flusher.flush(); lap("flush"); await storage.compactor.run(new AbortController().signal); lap("compact"); }
const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
const options = { queryTimeoutMs: 120000, cacheTtlMs: 0, cacheEntriesMax: 1, heavyMax: 10 };
const plain = new Runner(storage.reader, settings, system.clock, { ...options, rollups: false });
const rolled = new Runner(storage.reader, settings, system.clock, options);
const qs: [string, any, string][] = [
  ["main 30d", REPORTS["main"], "period=30d"], ["main 7d", REPORTS["main"], "period=7d"],
  ["main 30d cmp", REPORTS["main"], "period=30d&compare=previous_period"],
  ["main closed", REPORTS["main"], "start_date=2026-11-01&end_date=2026-11-25"],["series closed", REPORTS["timeseries"], "start_date=2026-11-01&end_date=2026-11-25"],["pages closed", BREAKDOWNS.pages, "start_date=2026-11-01&end_date=2026-11-25"],["q source closed", REPORTS["query"], "start_date=2026-11-01&end_date=2026-11-25&metrics=visitors,visits,bounce_rate,visit_duration&dimensions=source&limit=9"],["main today", REPORTS["main"], "period=day"],
  ["timeseries", REPORTS["timeseries"], "period=30d"],
  ["pages", BREAKDOWNS.pages, "period=30d"], ["sources", BREAKDOWNS.sources, "period=30d"],
  ["q source 4m", REPORTS["query"], "period=30d&metrics=visitors,visits,bounce_rate,visit_duration&dimensions=source&limit=9"],
  ["q page 4m", REPORTS["query"], "period=30d&metrics=visitors,pageviews,bounce_rate,time_on_page&dimensions=page&limit=9"],
  ["heatmap", REPORTS["query"], "period=30d&metrics=visitors&dimensions=day_of_week,hour_of_day&limit=168"],
];
const time = async (r: Runner) => { const out: string[] = []; for (const [n, rep, q] of qs) { const ts: number[] = []; for (let i = 0; i < 9; i++) { const a = performance.now(); await r.answer(n, rep, SITE, new Params(new URLSearchParams(`site_id=${SITE}&` + q))); ts.push(performance.now() - a); } ts.sort((a, b) => a - b); out.push(`${n} ${ts[4]!.toFixed(1)}`); } return out.join(" | "); };
if (fresh) console.log("plain", await time(plain)); lap("plain");
const b = new RollupBuilder(storage, settings, system.clock, system.log, { visitorIdDays: () => 1 });
await b.run(new AbortController().signal); lap("build " + JSON.stringify(b.counts));
if (!Deno.args.includes("buildonly")) console.log("rolled", await time(rolled)); lap("rolled");
await storage.close();
