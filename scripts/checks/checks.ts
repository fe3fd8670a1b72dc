// The checks and test runs that `deno task ok` and `deno task test` are made of: each prints one
// line when it holds, all it has to say when it does not, and returns what it counted.
import {
  type Counts,
  DENO_PINNED,
  type Done,
  filesBelow,
  inLanes,
  outputOf,
  ROOT,
  runDeno,
  skipReasons,
  sourceFiles,
  sum,
  testCounts,
} from "../lib.ts";

/** One process that runs some test files; it is stopped, as a failure, after `JOB_MS_MAX`. */
interface TestJob {
  readonly name: string;
  readonly files: readonly string[];
}

/** A job that takes longer hangs: four times what the longest takes on a slow machine. */
const JOB_MS_MAX = 30 * 60_000;

/** Format, lint and types; each counts as one. Format is left to the pinned Deno. */
export async function runChecks(): Promise<Counts> {
  const checks: readonly [string, string[]][] = [
    ["format", ["fmt", "--check"]],
    ["lint", ["lint"]],
    ["types", ["check", "--frozen", ...sourceFiles()]],
  ];
  const counts: Counts[] = [];
  for (const [name, args] of checks) {
    if (name === "format" && Deno.version.deno !== DENO_PINNED) {
      console.log(`     skipped format: this is Deno ${Deno.version.deno}, not ${DENO_PINNED}`);
      counts.push({ passed: 0, failed: 0, ignored: 1 });
      continue;
    }
    const done = await runDeno(args);
    report(name, done, "");
    const failed = done.code === 0 ? 0 : 1;
    counts.push({ passed: 1 - failed, failed, ignored: 0 });
  }
  return sum(counts);
}

/** Folders of tests with a job for each of their own folders: one for all takes too long. */
const SPLIT: ReadonlySet<string> = new Set(["storage", "query", "api"]);

/**
 * The test files and rooms that take longest, and folders of such files, by the time they take.
 * With a slash at its end a folder has a job for each of its files: a process starts in a second,
 * but what one job does cannot be shared by lanes.
 */
const LONGEST = [
  "tests/query/rollups/",
  "tests/dashboard/pages/sites_test.ts",
  "tests/dashboard/app_accessibility_test.ts",
  "tests/dashboard/app_test.ts",
  "tests/e2e/crash_test.ts",
  "tests/e2e/lake_imports_test.ts",
  "tests/query/reports",
  "tests/dashboard/app_keyboard_test.ts",
  "tests/e2e/air_gapped_test.ts",
  "tests/e2e/lake_nodes_test.ts",
  "tests/dashboard/app_states_test.ts",
  "tests/e2e/fuzz_test.ts",
  "tests/e2e/lake_shared_test.ts",
  "tests/dashboard/panels/overview/numbers_test.ts",
  "tests/e2e/api_fuzz_test.ts",
  "tests/e2e/lake_server_test.ts",
  "tests/e2e/lake_kill_test.ts",
  "tests/dashboard/panels/overview/why_dialog_test.ts",
  "tests/e2e/csp_test.ts",
  "tests/storage/adoption",
  "tests/dashboard/panels/sites/site_check_test.ts",
  "tests/ingest",
  "tests/e2e/contract/",
  "tests/storage",
  "tests/e2e/visitor_id_test.ts",
  "tests/e2e/import_reports_test.ts",
  "tests/e2e/docs_commands_test.ts",
  "tests/storage/lake/",
  "tests/storage/tiers/",
  "tests/storage/backup/",
  "tests/imports/",
  "tests/query/sql/",
  "tests/query/engine/",
  "tests/api/stats/",
];

/** The place of a test file or room in `LONGEST`, from 0; -1 where it is not there. */
function longestRank(path: string): number {
  return LONGEST.findIndex((long) =>
    path === long || (long.endsWith("/") && path.startsWith(long))
  );
}

/** Test files that finish in seconds: a job for each room, and for each file that takes long. */
export function unitJobs(): TestJob[] {
  const jobs = Map.groupBy(testFiles().filter((path) => !isWhole(path)), (path) => {
    if (longestRank(path) >= 0) return path;
    const parts = path.split("/").slice(0, -1);
    return parts.slice(0, SPLIT.has(parts[1] ?? "") ? 3 : 2).join("/");
  });
  return [...jobs].map(([name, files]) => ({ name, files }));
}

/** All jobs, the longest first, so that none of them is left to run alone at the end. */
export function allJobs(): TestJob[] {
  const rank = ({ name }: TestJob) => {
    const of = longestRank(name);
    return of < 0 ? LONGEST.length : of;
  };
  return [...wholeJobs(), ...unitJobs()].sort((a, b) => rank(a) - rank(b));
}

/** Test files that start servers, browsers or executables: a job each. */
function wholeJobs(): TestJob[] {
  return testFiles().filter(isWhole).map((path) => ({ name: path, files: [path] }));
}

function testFiles(): string[] {
  return filesBelow("tests").filter((path) => path.endsWith("_test.ts"));
}

function isWhole(path: string): boolean {
  return path.startsWith("tests/e2e/") ||
    Deno.readTextFileSync(ROOT + path).includes("support/browser/");
}

/** Runs a command in a network of its own, of loopback alone. */
const OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

/** Whether this machine lets us make one; who may not cannot make interfaces either. */
const canIsolate: Promise<boolean> = outputOf("unshare", {
  args: [...OWN_NETWORK.slice(1), "true"],
  stderr: "null",
}).then((tried) => tried?.success ?? false);

/**
 * Tests that make interfaces of the network have one of their own: Chromium beside them breaks off
 * what it is loading at each change.
 */
function makesInterfaces(path: string): boolean {
  return Deno.readTextFileSync(ROOT + path).includes("lake/places.ts");
}

/** Most jobs at once. They often wait for a server or a browser: two for each processor. */
const LANES_MAX = 4;

/**
 * Runs jobs beside each other. A job that fails runs once more, alone, and that run counts: a
 * browser on a loaded machine may be too slow for the first. Both are printed.
 */
export async function runTests(jobs: readonly TestJob[]): Promise<Counts> {
  const lanes = Math.min(2 * navigator.hardwareConcurrency, LANES_MAX);
  const again: TestJob[] = [];
  const spent: Spent[] = [];
  const counts = await inLanes(jobs, lanes, async (job) => {
    const counted = await runJob(job, spent);
    if (counted.failed === 0) return counted;
    again.push(job);
    return { passed: 0, failed: 0, ignored: 0 };
  });
  for (const job of again) {
    console.log(`     ${job.name} failed beside other tests, runs once more alone`);
    counts.push(await runJob(job, spent));
  }
  reportDearest(spent);
  return sum(counts);
}

/** The processor time of a job. */
interface Spent {
  readonly name: string;
  readonly cpuMs: number;
}

/** So many jobs are named, by their processor time. */
const DEAREST = 10;

/** Says what all jobs took, and where most of it went: wall time is that of the machine. */
function reportDearest(spent: readonly Spent[]): void {
  const secondsOf = (cpuMs: number) => `${Math.round(cpuMs / 1000)} s`;
  const all = spent.reduce((total, { cpuMs }) => total + cpuMs, 0);
  if (all === 0) return;
  const dearest = spent.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, DEAREST);
  const named = dearest.map(({ name, cpuMs }) => `\n       ${secondsOf(cpuMs)} ${name}`);
  console.log(`     ${secondsOf(all)} of processor time, most of it for${named.join("")}`);
}

async function runJob({ name, files }: TestJob, spent: Spent[]): Promise<Counts> {
  const args = ["test", "--frozen", "-A", "--no-check", ...files];
  const under = await canIsolate && files.some(makesInterfaces) ? OWN_NETWORK : [];
  const done = await runDeno(args, { msMax: JOB_MS_MAX, under });
  spent.push({ name, cpuMs: done.cpuMs });
  const counted = testCounts(done);
  const { passed, failed, ignored } = counted;
  report(name, { ...done, code: failed }, `${passed} passed, ${failed} failed`);
  if (ignored > 0) {
    console.log(`     skipped ${ignored} of ${name}: ${skipReasons(done.output).join("; ")}`);
  }
  return counted;
}

function report(name: string, { code, output, ms }: Done, counted: string): void {
  // Of a run that failed, the tests that passed are no news.
  if (code !== 0) console.log(output.replace(/^.* \.\.\. ok \(.*\)\n/gm, "").trimEnd());
  const time = `${(ms / 1000).toFixed(1)} s`;
  console.log(
    `${code === 0 ? "ok  " : "FAIL"} ${name} (${[counted, time].filter(Boolean).join(", ")})`,
  );
}
