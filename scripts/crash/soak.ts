// `deno task soak`: kills the server any number of times and tells what came of it. The exit code
// is 0 when every acknowledged event was counted exactly once.
import { parseArgs } from "node:util";
import { compile } from "../compile/compile.ts";
import { crash, type CrashReport } from "./harness.ts";
import { type WorkloadName, WORKLOADS } from "./workloads.ts";
import { fromExecutable, fromSource, type Program } from "../server_process.ts";

const HELP = `deno task soak [options]: kills a server again and again, and looks what it lost

  --kills N         how many times (100)
  --seed N          another number, other traffic and other moments (1)
  --each N          kills on one data folder before the next begins (10)
  --only NAME       a single workload
  --compiled        the executable instead of the source

Workloads:
${Object.entries(WORKLOADS).map(([name, { doc }]) => `  ${name.padEnd(12)} ${doc}`).join("\n")}`;

/** The report as lines. */
export function describe(report: CrashReport): string {
  const { kills, acknowledged, unanswered, unansweredKept, refused, erased, expired } = report;
  const traces = Object.entries(report.traces).map(([what, count]) => `${what} ${count}`);
  return [
    ...report.faults,
    `${kills} kills, ${acknowledged} events acknowledged`,
    `${unanswered} events without an answer, ${unansweredKept} of them there; ${refused} refused`,
    `${erased} events erased, ${expired} expired`,
    `What the kills left: ${traces.join(", ") || "nothing"}`,
    report.faults.length === 0
      ? "Every acknowledged event was there exactly once"
      : "There are faults, see above",
  ].join("\n");
}

async function programOf(isCompiled: boolean): Promise<Program> {
  if (!isCompiled) return fromSource();
  const { path } = await compile((line) => console.error(line));
  return fromExecutable(path, await Deno.makeTempDir({ prefix: "mallard_home_" }));
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      kills: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      each: { type: "string", default: "10" },
      only: { type: "string" },
      compiled: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  if (values.only !== undefined && !Object.hasOwn(WORKLOADS, values.only)) {
    console.error(`There is no workload ${values.only}\n\n${HELP}`);
    Deno.exit(2);
  }
  const report = await crash({
    program: await programOf(values.compiled),
    kills: Number(values.kills),
    seed: Number(values.seed),
    killsEach: Number(values.each),
    ...(values.only === undefined ? {} : { workloads: [values.only as WorkloadName] }),
    say: (line) => console.log(line),
  });
  console.log(describe(report));
  Deno.exit(report.faults.length === 0 ? 0 : 1);
}
