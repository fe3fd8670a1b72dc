// A server over a lake under load while it is killed, PostgreSQL is ended and started again, and
// the S3 server refuses or is killed and started again: every event that was answered with 202
// must be counted once in the end, and no answer in between may lack one. It must not import the
// program it starts.
import { type Program, ServerProcess } from "../server_process.ts";
import { faultyS3, type S3Fault } from "./faulty_s3.ts";
import { type Parts, startPostgres, startS3, stopPostgres, stopS3 } from "./parts.ts";
import { plainRows } from "./plain.ts";

/** What is to be done. */
export interface KillsOptions {
  readonly program: Program;
  readonly parts: Parts;
  /** The settings of a lake of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly seed: number;
  readonly rounds: number;
  readonly say?: (line: string) => void;
}

/** What came of it. */
export interface KillsReport {
  kills: number;
  postgresEnds: number;
  s3Ends: number;
  s3Refusals: number;
  acknowledged: number;
  unanswered: number;
  /** Answers of statistics that were right, and those that said that they are not possible now. */
  answers: number;
  refusals: number;
  readonly faults: string[];
}

const SITE = "lake.example";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const EVENTS_A_ROUND = 40;
const SENT_AT_ONCE = 8;
const SETTLED_MS_MAX = 120_000;
const POLL_MS = 500;
const S3_FAULTS: readonly S3Fault[] = ["some", "all", "slow"];

/** Reads the lake without the program: how often each page was viewed. */
const READ = `select pathname, count(*) from lake.events group by 1 order by 1`;

/** Runs the rounds, and compares. Rejects where a server does not start. */
export async function killOverLake(options: KillsOptions): Promise<KillsReport> {
  const s3 = faultyS3(options.parts.s3Port);
  const run = new Run({ ...options, env: { ...options.env, MALLARD_S3_ENDPOINT: s3.origin } });
  try {
    // The first start of all needs the lake.
    await run.begin();
    for (let round = 0; round < options.rounds && run.report.faults.length === 0; round++) {
      const draw = run.draw();
      const fault = S3_FAULTS[Math.floor(run.draw() * S3_FAULTS.length)] ?? "some";
      if (draw < 0.3) s3.fail(fault);
      await run.round(draw < 0.3 ? null : draw < 0.5 ? "postgres" : draw < 0.7 ? "s3" : null);
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
  readonly report: KillsReport = {
    kills: 0,
    postgresEnds: 0,
    s3Ends: 0,
    s3Refusals: 0,
    acknowledged: 0,
    unanswered: 0,
    answers: 0,
    refusals: 0,
    faults: [],
  };
  readonly #options: KillsOptions;
  readonly #acknowledged = new Set<string>();
  #sent = 0;
  #server: ServerProcess | null = null;
  #state: number;

  constructor(options: KillsOptions) {
    this.#options = options;
    this.#state = options.seed >>> 0 || 1;
    // The first numbers of small seeds are small.
    for (let skipped = 0; skipped < 20; skipped++) this.draw();
  }

  /** The next number of the seed, from 0 to 1. */
  draw(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  /** Starts the server, where it does not run. */
  async begin(): Promise<ServerProcess> {
    return this.#server ??= await this.#start();
  }

  /** Sends events while something ends, asks in between, and kills the server most times. */
  async round(ends: "postgres" | "s3" | null): Promise<void> {
    const server = await this.begin();
    const isKilled = this.draw() < 0.7;
    const afterMs = Math.floor(this.draw() * 7000);
    const ending = (async () => {
      await pause(afterMs);
      if (ends === "postgres") await this.#endPostgres();
      if (ends === "s3") await this.#endS3();
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
    // Not through the server that fails.
    const direct = { ...env, MALLARD_S3_ENDPOINT: parts.env["MALLARD_S3_ENDPOINT"] ?? "" };
    const rows = await plainRows(parts, direct, READ) as [string, number][];
    const counts = new Map(rows);
    for (const path of this.#acknowledged) {
      const count = counts.get(path) ?? 0;
      if (count !== 1) this.report.faults.push(`${path} is in the lake ${count} times`);
    }
    for (const [path, count] of counts) {
      if (count > 1) this.report.faults.push(`${path} is in the lake ${count} times`);
    }
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

  async #endPostgres(): Promise<void> {
    this.report.postgresEnds++;
    await stopPostgres(this.#options.parts, "immediate");
    await pause(Math.floor(this.draw() * 3000));
    await startPostgres(this.#options.parts);
  }

  async #endS3(): Promise<void> {
    this.report.s3Ends++;
    await stopS3(this.#options.parts);
    await pause(Math.floor(this.draw() * 3000));
    await startS3(this.#options.parts);
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
