import process from "node:process";
import { openBenchStorage, SITE } from "./bench/fill.ts";
import { realSystem } from "../src/runtime/system.ts";
import { Runner } from "../src/query/run.ts";
import { STANDARD_SETTINGS } from "../src/query/parse.ts";
import { REPORTS } from "../src/query/reports/reports.ts";
import { BREAKDOWNS } from "../src/query/reports/breakdowns.ts";
import { Params } from "../src/query/params.ts";
const system = realSystem({ format: "text", levelMin: "warn" });
const storage = await openBenchStorage(system, Deno.args[0]!);
const settings = { settings: () => Promise.resolve(STANDARD_SETTINGS) };
const options = { queryTimeoutMs: 120000, cacheTtlMs: 0, cacheEntriesMax: 1, heavyMax: 10 };
const plain = new Runner(storage.reader, settings, system.clock, { ...options, rollups: false });
const rolled = new Runner(storage.reader, settings, system.clock, options);
const qs: [string, any, string][] = [
  ["main 30d", REPORTS["main"], "period=30d"],
  ["main today", REPORTS["main"], "period=day"],
  ["pages", BREAKDOWNS.pages, "period=30d"],
  ["q source 4m", REPORTS["query"], "period=30d&metrics=visitors,visits,bounce_rate,visit_duration&dimensions=source&limit=9"],
  ["main country", REPORTS["main"], "period=30d&filters=is(country,DE)"],
  ["main page", REPORTS["main"], "period=30d&filters=is(page,/pricing)"],
  ["q page 4m", REPORTS["query"], "period=30d&metrics=visitors,pageviews,bounce_rate,time_on_page&dimensions=page&limit=9"],
];
for (const [label, r] of [["plain", plain], ["rolled", rolled]] as const) {
  const out: string[] = [];
  for (const [n, rep, q] of qs) {
    const ask = () => r.answer(n, rep, SITE, new Params(new URLSearchParams(`site_id=${SITE}&` + q)));
    await ask();
    const a = process.cpuUsage(); const w = performance.now(); const N = 4;
    for (let i = 0; i < N; i++) await ask();
    const c = process.cpuUsage(a);
    out.push(`${n} cpu ${((c.user + c.system) / 1000 / N).toFixed(0)} wall ${((performance.now() - w) / N).toFixed(0)}`);
  }
  console.log(label, out.join(" | "));
}
await storage.close();
