// A server over a lake under load while it is killed, PostgreSQL is ended and started again, and
// the S3 server refuses or is killed and started again: every event that was answered with 202
// must be counted once in the end, and no answer in between may lack one. It must not import the
// program it starts.
import { type Program, ServerProcess } from "../server_process.ts";
import {
  compareLake,
  Draws,
  emptyReport,
  endPostgres,
  endS3,
  type FailuresReport,
  pause,
  S3_FAULTS,
} from "./failures.ts";
import { faultyS3 } from "./faulty_s3.ts";
import type { Parts } from "./parts.ts";

/** What is to be done. */
export interface KillsOptions {
  readonly program: Program;
  readonly parts: Parts;
  /** The settings of a lake of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly seed: number;
  /** Rounds, or until a time (ms since 1970). */
  readonly rounds: number;
  readonly untilMs?: number;
  readonly say?: (line: string) => void;
}

/** What came of it. */
export interface KillsReport extends FailuresReport {
  s3Refusals: number;
}

/** What fails in a round, beside the server that is killed. */
const FAILURES = ["s3 fault", "postgres", "s3", null] as const;
/** Questions have no time limit here: each request is answered. */
const ANSWERED = S3_FAULTS.filter((fault) => fault !== "hangs");

const SITE = "lake.example";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const EVENTS_A_ROUND = 40;
const SENT_AT_ONCE = 8;
const SETTLED_MS_MAX = 120_000;
const POLL_MS = 500;

/** Runs the rounds, and compares. Rejects where a server does not start. */
export async function killOverLake(options: KillsOptions): Promise<KillsReport> {
  const s3 = faultyS3(options.parts.s3Port);
  const run = new Run({ ...options, env: { ...options.env, MALLARD_S3_ENDPOINT: s3.origin } });
  try {
    // The first start of all needs the lake.
    await run.begin();
    const [failure, fault] = [run.draws.deck(FAILURES), run.draws.deck(ANSWERED)];
    const isOver = () =>
      options.untilMs === undefined
        ? run.report.rounds >= options.rounds
        : Date.now() >= options.untilMs;
    for (; run.report.faults.length === 0 && !isOver(); run.report.rounds++) {
      const fails = failure();
      if (fails === "s3 fault") {
        run.report.s3Faults++;
        s3.fail(fault());
      }
      await run.round(fails);
      s3.fail("none");
      options.say?.(JSON.stringify(run.report));
    }
    run.report.s3Refusals = s3.refused();
    await run.finish();
    return run.report;
  } finally {
    await run.close();
    await s3.close();
  }
}

class Run {
  readonly report: KillsReport = { ...emptyReport(), s3Refusals: 0 };
  readonly draws: Draws;
  readonly #options: KillsOptions;
  readonly #acknowledged = new Set<string>();
  #sent = 0;
  #server: ServerProcess | null = null;

  constructor(options: KillsOptions) {
    this.#options = options;
    this.draws = new Draws(options.seed);
  }

  /** Starts the server, where it does not run. */
  async begin(): Promise<ServerProcess> {
    return this.#server ??= await this.#start();
  }

  /** Sends events while something ends, asks in between, and kills the server most times. */
  async round(fails: (typeof FAILURES)[number]): Promise<void> {
    const server = await this.begin();
    const isKilled = this.draws.next() < 0.7;
    const afterMs = Math.floor(this.draws.next() * 7000);
    const ending = (async () => {
      await pause(afterMs);
      await this.#end(fails);
      if (!isKilled) return;
      this.report.kills++;
      await server.kill();
      this.#server = null;
    })();
    for (let sent = 0; sent < EVENTS_A_ROUND && !server.hasEnded; sent += SENT_AT_ONCE) {
      await Promise.all(Array.from({ length: SENT_AT_ONCE }, () => this.#send(server)));
      await this.#ask(server);
      await pause(200);
    }
    await ending;
  }

  /** Stops in peace and compares, by HTTP and by plain DuckDB. */
  async finish(): Promise<void> {
    const server = await this.begin();
    const end = performance.now() + SETTLED_MS_MAX;
    while (await this.#ask(server) === null && performance.now() < end) await pause(POLL_MS);
    if (await this.#ask(server) === null) this.report.faults.push("Statistics do not come back");
    // The stop flushes; what it cannot flush stays in the journal.
    const code = await server.stop();
    if (code !== 0) this.report.faults.push(`The server stopped with code ${code}`);
    this.#server = null;
    const { parts, env } = this.#options;
    const { faults } = await compareLake(parts, env, this.#acknowledged);
    this.report.faults.push(...faults);
    this.report.acknowledged = this.#acknowledged.size;
    this.report.unanswered = this.#sent - this.#acknowledged.size;
  }

  async close(): Promise<void> {
    await this.#server?.kill();
  }

  async #start(): Promise<ServerProcess> {
    const { program, dataDir, env } = this.#options;
    const settings = {
      ...env,
      MALLARD_STORAGE: "lake",
      MALLARD_LAKE_FLUSH_INTERVAL: "5",
      MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
    };
    return await ServerProcess.start(program, { dataDir, env: settings }).ready();
  }

  async #end(fails: (typeof FAILURES)[number]): Promise<void> {
    const { parts } = this.#options;
    if (fails === "postgres") {
      this.report.postgresEnds++;
      await endPostgres(parts, this.draws);
    } else if (fails === "s3") {
      this.report.s3Ends++;
      await endS3(parts, this.draws);
    }
  }

  async #send(server: ServerProcess): Promise<void> {
    const path = `/p/${this.#sent++}`;
    const body = { name: "pageview", url: `https://${SITE}${path}`, domain: SITE };
    const response = await fetch(`${server.url}/api/event`, {
      method: "POST",
      headers: { "user-agent": BROWSER, "content-type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => null);
    await response?.body?.cancel().catch(() => {});
    if (response?.status === 202) this.#acknowledged.add(path);
    else if (response && response.status !== 503) {
      this.report.faults.push(`An event was answered ${response.status}`);
    }
  }

  /** Asks for the total; null where the answer is that there is none now. */
  async #ask(server: ServerProcess): Promise<number | null> {
    const least = this.#acknowledged.size;
    const range = "period=day";
    const response = await fetch(`${server.url}/api/stats/main?site_id=${SITE}&${range}`)
      .catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null || server.hasEnded) return null;
    if (response.status === 503) {
      this.report.refusals++;
      return null;
    }
    const found = response.ok ? Number(JSON.parse(text).total_pageviews) : NaN;
    this.report.answers++;
    if (!(found >= least && found <= this.#sent)) {
      this.report.faults.push(
        `${least} events were acknowledged and ${this.#sent} sent: the answer is ${text}\n` +
          server.output.split("\n").filter((line) => / ERROR /.test(line)).slice(-3).join("\n"),
      );
    }
    return found;
  }
}
