// Starts a server, sends events, kills it at a random instant, and compares what is there with
// what was answered: on disk as the kill left it, through HTTP after the next start, and on disk
// after a stop. Over and over.
import { DiskReader, type DiskState } from "./disk.ts";
import { countsByHttp, totalByHttp } from "./http.ts";
import { Ledger } from "./ledger.ts";
import {
  dateAgo,
  pause,
  Traffic,
  type Workload,
  type WorkloadName,
  WORKLOADS,
} from "./workloads.ts";
import { type Program, ServerProcess } from "../server_process.ts";

/** What is to be done. */
export interface CrashOptions {
  readonly program: Program;
  readonly kills: number;
  readonly seed: number;
  /** Kills on one data folder before the next workload begins with a new one. */
  readonly killsEach: number;
  readonly workloads?: readonly WorkloadName[];
  /** Told after each data folder. */
  readonly say?: (line: string) => void;
}

/** What came of it. A fault is a sentence; there should be none. */
export interface CrashReport {
  kills: number;
  acknowledged: number;
  /** Events without an answer, and those of them that were there afterwards. */
  unanswered: number;
  unansweredKept: number;
  refused: number;
  erased: number;
  expired: number;
  /** In how many cases the kill left such traces: what it interrupted. */
  readonly traces: Record<string, number>;
  readonly faults: string[];
}

const EXPIRY_MS_MAX = 20_000;
/** How long a kill waits for the change of files it is aimed at. */
const AIM_MS_MAX = 1_500;
const LOG_LINES_SHOWN = 15;
/** With more there is no point in going on. */
const FAULTS_MAX = 20;
/** What a log must not hold whatever is killed. */
const LOG_FAULT = /^\S+ ERROR .*|^(?:error: )?Uncaught.*|^\s+at .*/m;

/** Runs workloads in turn until so many kills are done. */
export async function crash(options: CrashOptions): Promise<CrashReport> {
  const { kills, killsEach, say = () => {} } = options;
  const names = options.workloads ?? Object.keys(WORKLOADS) as WorkloadName[];
  const report: CrashReport = {
    kills: 0,
    acknowledged: 0,
    unanswered: 0,
    unansweredKept: 0,
    refused: 0,
    erased: 0,
    expired: 0,
    traces: {},
    faults: [],
  };
  const disk = await DiskReader.open();
  try {
    for (let number = 0; report.kills < kills && report.faults.length < FAULTS_MAX; number++) {
      const name = names[number % names.length] ?? "commit";
      const count = Math.min(killsEach, kills - report.kills);
      const episode = new Episode(options, name, number, disk, report);
      await episode.run(count);
      say(`${report.kills} kills, ${report.acknowledged} events, ${report.faults.length} faults`);
    }
  } finally {
    disk.close();
  }
  return report;
}

/** One data folder under one workload. */
class Episode {
  readonly #program: Program;
  readonly #name: WorkloadName;
  readonly #workload: Workload;
  readonly #label: string;
  readonly #disk: DiskReader;
  readonly #report: CrashReport;
  readonly #random: () => number;
  readonly #ledger = new Ledger();
  #dataDir = "";
  #startMs = 0;
  #faulty = false;

  constructor(
    { program, seed }: CrashOptions,
    name: WorkloadName,
    number: number,
    disk: DiskReader,
    report: CrashReport,
  ) {
    this.#program = program;
    this.#name = name;
    this.#workload = WORKLOADS[name];
    this.#label = `${name}, seed ${seed}, data folder ${number}`;
    this.#disk = disk;
    this.#report = report;
    this.#random = seededNumbers(seed * 10_007 + number);
  }

  /** Kills so many times, then stops in peace. Never rejects: what goes wrong is a fault. */
  async run(kills: number): Promise<void> {
    this.#dataDir = await Deno.makeTempDir({ prefix: `mallard_crash_${this.#name}_` });
    let round = 0;
    try {
      for (; round < kills && !this.#faulty; round++) await this.#round(round);
      if (!this.#faulty) await this.#finish();
    } catch (error) {
      this.#fault(`after kill ${round}`, [error instanceof Error ? error.message : String(error)]);
    }
    const { acknowledged, unanswered, unansweredKept, refused, erased, expired } =
      this.#ledger.totals;
    this.#report.acknowledged += acknowledged;
    this.#report.unanswered += unanswered;
    this.#report.unansweredKept += unansweredKept;
    this.#report.refused += refused;
    this.#report.erased += erased;
    this.#report.expired += expired;
    if (!this.#faulty) await Deno.remove(this.#dataDir, { recursive: true });
  }

  async #round(round: number): Promise<void> {
    const from = performance.now();
    const server = this.#start(this.#workload.env);
    try {
      const prefix = `r${String(round).padStart(4, "0")}`;
      const traffic = new Traffic(server, this.#ledger, this.#workload, this.#random, prefix);
      let ended: Promise<void>;
      // The first start is measured, so that later kills can fall into any moment of one.
      if (round > 0 && this.#random() < this.#workload.startShare) {
        // Events are accepted while the start completes what the last kill left.
        ended = traffic.run();
        await pause(this.#random() * this.#startMs * 1.3);
      } else {
        await server.ready();
        if (round === 0) this.#startMs = performance.now() - from;
        await this.#checkHttp(server, `after ${round} kills, through HTTP`);
        ended = traffic.run();
        await this.#moment(server);
      }
      await server.kill();
      await ended;
      this.#fault(`in round ${round}`, traffic.faults.slice(0, 3), server);
    } finally {
      await server.kill();
    }
    this.#report.kills++;
    this.#checkLog(server, `before kill ${round + 1}`);
    const state = await this.#disk.read(this.#dataDir);
    this.#trace(state, server);
    const faults = [
      ...this.#ledger.check(state.counts),
      ...state.missing.map((path) => `${path} is in the catalog, but not on disk`),
      ...state.quarantined.map((path) => `${path} was set aside`),
    ];
    this.#fault(`after kill ${round + 1}, on disk`, faults, server);
  }

  /**
   * The moment of a kill: any; or just after a file got its name, when the catalog is about to
   * follow; or the same for the file that follows on the removal of one, which is a merged one.
   */
  async #moment(server: ServerProcess): Promise<void> {
    const { loadMsMax, stopMsMax } = this.#workload;
    await pause(this.#random() * loadMsMax);
    if (stopMsMax !== undefined) {
      server.askToStop();
      return await pause(this.#random() * stopMsMax);
    }
    const aim = this.#random() * 3;
    if (aim < 1) return;
    using watcher = Deno.watchFs(`${this.#dataDir}/events`);
    const timer = setTimeout(() => watcher.close(), AIM_MS_MAX);
    let isMerging = aim < 2;
    for await (const { kind, paths } of watcher) {
      const isWhole = paths.some((path) => path.endsWith(".parquet"));
      if (kind === "remove" && isWhole) isMerging = true;
      if (kind === "rename" && isWhole && isMerging) break;
    }
    clearTimeout(timer);
    await pause(Math.floor(this.#random() * 4));
  }

  /** Starts it once more, compares, stops it in peace, and compares again. */
  async #finish(): Promise<void> {
    let state = await this.#peace(this.#workload.env);
    if (state.temporary.length + state.condemned.length > 0) {
      // A merge that a stop interrupts may leave its files to the next start.
      this.#count("files left to the next start by a stop");
      state = await this.#peace({});
    }
    const { counts, journalRows, ...files } = state;
    const faults = [
      ...this.#ledger.check(counts),
      ...(journalRows > 0 ? [`${journalRows} events are still in the journal`] : []),
      ...Object.entries(files).filter(([, paths]) => paths.length > 0)
        .map(([what, paths]) => `${paths.length} files are ${what}: ${paths[0]}`),
      ...await this.#erasedBytes(),
    ];
    this.#fault("at the end, on disk", faults);
  }

  /** A run without a kill; what is on disk after it. */
  async #peace(env: Readonly<Record<string, string>>): Promise<DiskState> {
    const server = await this.#start(env).ready();
    try {
      await this.#checkHttp(server, "at the end, through HTTP");
      const code = await server.stop();
      if (code !== 0) this.#fault("at the end", [`the exit code was ${code}`], server);
    } finally {
      await server.kill();
    }
    this.#checkLog(server, "at the end");
    return await this.#disk.read(this.#dataDir);
  }

  /** Erased events must not be found in the bytes of the database either. */
  async #erasedBytes(): Promise<string[]> {
    const ids = this.#ledger.erasedIds;
    if (ids.length === 0) return [];
    const found: string[] = [];
    for (const name of ["mallard.sqlite", "mallard.sqlite-wal"]) {
      const bytes = await Deno.readFile(`${this.#dataDir}/${name}`).catch(() => new Uint8Array());
      const text = new TextDecoder("latin1").decode(bytes);
      const still = ids.filter((id) => text.includes(`"${id}`) || text.includes(`${id}\\"`));
      if (still.length > 0) found.push(`${still.length} erased ids are in ${name}: ${still[0]}`);
    }
    return found;
  }

  #start(env: Readonly<Record<string, string>>): ServerProcess {
    const { retentionDays } = this.#workload;
    if (retentionDays !== undefined) this.#ledger.expiring(dateAgo(retentionDays + 1));
    return ServerProcess.start(this.#program, {
      dataDir: this.#dataDir,
      env: {
        MALLARD_CACHE_TTL: "0",
        ...env,
        ...(retentionDays === undefined ? {} : { MALLARD_RETENTION_DAYS: String(retentionDays) }),
      },
    });
  }

  async #checkHttp(server: ServerProcess, when: string): Promise<void> {
    let counts = await countsByHttp(server);
    const until = performance.now() + EXPIRY_MS_MAX;
    while (this.#ledger.awaitsExpiry(counts) && performance.now() < until) {
      await pause(50);
      counts = await countsByHttp(server);
    }
    const faults = this.#ledger.check(counts);
    if (this.#ledger.awaitsExpiry(counts)) faults.push("old events do not expire");
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const told = await totalByHttp(server);
    if (told !== total) faults.push(`main counts ${told} pageviews, of which ${total} have an id`);
    this.#fault(when, faults, server);
  }

  #checkLog(server: ServerProcess, when: string): void {
    const found = LOG_FAULT.exec(server.output);
    if (found) this.#fault(when, [`the log says: ${found[0]}`], server);
  }

  #trace(state: DiskState, server: ServerProcess): void {
    const traces = {
      "before it was ready": !server.output.includes(" is ready: "),
      "in the midst of a stop": / Stopping /.test(server.output) &&
        !/ Stopped\b/.test(server.output),
      "a file half written": state.temporary.length > 0,
      "a flushed file without its commit": state.flushed.length > 0,
      "a merged file without its commit": state.merged.length > 0,
      "replaced files not yet removed": state.condemned.length > 0,
      "events in the journal": state.journalRows > 0,
    };
    for (const [name, isThere] of Object.entries(traces)) {
      if (isThere) this.#count(name);
    }
  }

  #count(trace: string): void {
    this.#report.traces[trace] = (this.#report.traces[trace] ?? 0) + 1;
  }

  #fault(when: string, found: readonly string[], server?: ServerProcess): void {
    if (found.length === 0) return;
    this.#faulty = true;
    const log = server ? server.output.trimEnd().split("\n").slice(-LOG_LINES_SHOWN) : [];
    for (const fault of found) this.#report.faults.push(`${this.#label}, ${when}: ${fault}`);
    this.#report.faults.push([`  (kept in ${this.#dataDir})`, ...log].join("\n  | "));
  }
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
