// Several servers over one lake under load while they are killed, cut off from each other and from
// PostgreSQL, which is ended and started again, and while the S3 server refuses or does not answer.
// In the end every server must count every event once that was answered with 202; in between no
// answer may have more than was sent, or lack what it does not say it may lack. It must not import
// the program it starts.
import { type Program, ServerProcess } from "../server_process.ts";
import { type FaultyS3, faultyS3, type S3Fault } from "./faulty_s3.ts";
import { type Parts, startPostgres, stopPostgres } from "./parts.ts";
import { plainRows } from "./plain.ts";
import { type Network, TcpProxy } from "./tcp_proxy.ts";

/** What is to be done. */
export interface NodeKillsOptions {
  readonly program: Program;
  readonly parts: Parts;
  /** The settings of a lake of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly nodes: number;
  readonly seed: number;
  /** Rounds, or until a time (ms since 1970). */
  readonly rounds: number;
  readonly untilMs?: number;
  readonly say?: (line: string) => void;
}

/** What came of it. */
export interface NodeKillsReport {
  rounds: number;
  kills: number;
  cuts: number;
  postgresEnds: number;
  s3Faults: number;
  acknowledged: number;
  unanswered: number;
  refusedEvents: number;
  /** Right answers, and those that said that there is none now. */
  answers: number;
  refusals: number;
  /** The most that an answer said that it is behind, in seconds. */
  behindSecsMax: number;
  readonly faults: string[];
}

interface Node {
  readonly name: string;
  readonly dataDir: string;
  /** How the others reach it, and how it reaches PostgreSQL and the bucket. */
  readonly web: TcpProxy;
  readonly postgres: TcpProxy;
  readonly s3: FaultyS3;
  server: ServerProcess | null;
}

interface Acknowledged {
  readonly node: string;
  readonly atMs: number;
}

const SITE = "lake.example";
const SECRET = "the secret of all nodes";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const BATCHES_A_ROUND = 5;
const SENT_AT_ONCE = 6;
const SETTLED_MS_MAX = 120_000;
const POLL_MS = 300;
const ANSWER_MS_MAX = 20_000;
const S3_FAULTS: readonly S3Fault[] = ["some", "all", "slow", "hangs"];
const CUTS: readonly Network[] = ["refuses", "hangs"];

/** Reads the lake without the program: how often each page was viewed. */
const READ = `select pathname, count(*) from lake.events group by 1 order by 1`;

/** Runs the rounds, and compares. Rejects where a server does not start. */
export async function killNodes(options: NodeKillsOptions): Promise<NodeKillsReport> {
  const run = new Run(options);
  try {
    // The first start of all makes the lake.
    for (const node of run.nodes) await run.begin(node);
    await run.rounds();
    await run.finish();
    return run.report;
  } finally {
    await run.close();
  }
}

class Run {
  readonly report: NodeKillsReport = {
    rounds: 0,
    kills: 0,
    cuts: 0,
    postgresEnds: 0,
    s3Faults: 0,
    acknowledged: 0,
    unanswered: 0,
    refusedEvents: 0,
    answers: 0,
    refusals: 0,
    behindSecsMax: 0,
    faults: [],
  };
  readonly nodes: readonly Node[];
  readonly #options: NodeKillsOptions;
  readonly #acknowledged = new Map<string, Acknowledged>();
  #sent = 0;
  #state: number;

  constructor(options: NodeKillsOptions) {
    this.#options = options;
    this.#state = options.seed >>> 0 || 1;
    // The first numbers of small seeds are small.
    for (let skipped = 0; skipped < 20; skipped++) this.#draw();
    this.nodes = Array.from({ length: options.nodes }, (_, index) => ({
      name: `node${index + 1}`,
      dataDir: `${options.folder}/node${index + 1}`,
      web: new TcpProxy(0),
      postgres: new TcpProxy(options.parts.postgresPort),
      s3: faultyS3(options.parts.s3Port),
      server: null,
    }));
  }

  /** Starts a server, where it does not run. */
  async begin(node: Node): Promise<void> {
    if (node.server !== null) return;
    const { program, env, parts } = this.#options;
    await Deno.mkdir(node.dataDir, { recursive: true });
    const catalog = env["MALLARD_LAKE_CATALOG"] ?? "";
    const server = ServerProcess.start(program, {
      dataDir: node.dataDir,
      env: {
        ...env,
        MALLARD_STORAGE: "lake",
        MALLARD_LAKE_CATALOG: catalog.replace(`:${parts.postgresPort}`, `:${node.postgres.port}`),
        MALLARD_S3_ENDPOINT: node.s3.origin,
        MALLARD_LAKE_FLUSH_INTERVAL: "5",
        MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
        MALLARD_NODE_NAME: node.name,
        MALLARD_NODE_URL: `http://127.0.0.1:${node.web.port}`,
        MALLARD_NODE_SECRET: SECRET,
        MALLARD_HOT_PEERS: "1",
      },
    });
    node.web.target = Number(new URL(server.url).port);
    node.server = await server.ready();
  }

  async rounds(): Promise<void> {
    const { rounds, untilMs, say } = this.#options;
    for (let round = 0; this.report.faults.length === 0; round++) {
      if (untilMs === undefined ? round >= rounds : Date.now() >= untilMs) return;
      await this.#round();
      this.report.rounds++;
      say?.(JSON.stringify(this.report));
    }
  }

  /** Sends and asks while something fails; what was killed is started at the next round. */
  async #round(): Promise<void> {
    const ending = this.#fail();
    for (let batch = 0; batch < BATCHES_A_ROUND; batch++) {
      const running = this.nodes.filter(({ server }) => server !== null);
      await Promise.all(
        running.flatMap((node) => Array.from({ length: SENT_AT_ONCE }, () => this.#send(node))),
      );
      await Promise.all(running.map((node) => this.#ask(node)));
      await pause(POLL_MS);
    }
    await ending;
    this.#heal();
    await Promise.all(this.nodes.map((node) => this.begin(node)));
  }

  /** Makes some things fail at moments of the seed. */
  async #fail(): Promise<void> {
    const any = this.#any(this.nodes);
    const draw = this.#draw();
    const cut = this.#any(CUTS);
    const fault = this.#any(S3_FAULTS);
    const killed = this.#draw() < 0.6 ? this.#any(this.nodes) : null;
    const [afterMs, killMs] = [this.#draw() * 1500, this.#draw() * 3000];
    const killing = (async () => {
      if (killed === null) return;
      await pause(killMs);
      this.report.kills++;
      const { server } = killed;
      killed.server = null;
      await server?.kill();
    })();
    await pause(afterMs);
    if (draw < 0.25) {
      this.report.cuts++;
      any.web.set(cut);
    } else if (draw < 0.45) {
      this.report.cuts++;
      any.postgres.set(cut);
    } else if (draw < 0.75) {
      this.report.s3Faults++;
      // All of them see that the bucket fails, or one alone does.
      for (const { s3 } of this.#draw() < 0.5 ? this.nodes : [any]) s3.fail(fault);
    } else if (draw < 0.9) await this.#endPostgres();
    await killing;
  }

  #heal(): void {
    for (const { web, postgres, s3 } of this.nodes) {
      web.set("works");
      postgres.set("works");
      s3.fail("none");
    }
  }

  /** Compares, by HTTP at each server and by plain DuckDB after all have stopped in peace. */
  async finish(): Promise<void> {
    this.#heal();
    const { faults } = this.report;
    const totals = await Promise.all(this.nodes.map((node) => this.#settled(node)));
    for (const node of this.nodes) {
      const code = await node.server?.stop();
      if (code !== 0) faults.push(`${node.name} stopped with code ${code}`);
      node.server = null;
    }
    const { parts, env } = this.#options;
    const rows = await plainRows(parts, env, READ) as [string, number][];
    const counts = new Map(rows);
    for (const path of this.#acknowledged.keys()) {
      if (!counts.has(path)) faults.push(`${path} is not in the lake`);
    }
    for (const [path, count] of counts) {
      if (count > 1) faults.push(`${path} is in the lake ${count} times`);
    }
    const stored = rows.reduce((sum, [, count]) => sum + count, 0);
    for (const [index, total] of totals.entries()) {
      if (total !== stored) {
        faults.push(`${this.nodes[index]?.name} answers ${total}, and the lake has ${stored}`);
      }
    }
    this.report.acknowledged = this.#acknowledged.size;
    this.report.unanswered = this.#sent - this.#acknowledged.size;
  }

  async close(): Promise<void> {
    for (const { server, web, postgres, s3 } of this.nodes) {
      await server?.kill();
      web.close();
      postgres.close();
      await s3.close();
    }
  }

  /** The total once an answer says that it lacks nothing of before now. */
  async #settled(node: Node): Promise<number | null> {
    const endMs = Date.now() + SETTLED_MS_MAX;
    const fromMs = Date.now();
    while (Date.now() < endMs) {
      const answer = await this.#ask(node);
      if (answer !== null && answer.wholeMs > fromMs) return answer.total;
      await pause(POLL_MS);
    }
    this.report.faults.push(`${node.name} is behind for ever:\n${errorsOf(node.server)}`);
    return null;
  }

  async #endPostgres(): Promise<void> {
    this.report.postgresEnds++;
    await stopPostgres(this.#options.parts, "immediate");
    await pause(this.#draw() * 2000);
    await startPostgres(this.#options.parts);
  }

  async #send({ name, server }: Node): Promise<void> {
    if (server === null) return;
    const path = `/p/${this.#sent++}`;
    const body = { name: "pageview", url: `https://${SITE}${path}`, domain: SITE };
    const response = await fetch(`${server.url}/api/event`, {
      method: "POST",
      headers: { "user-agent": BROWSER, "content-type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => null);
    await response?.body?.cancel().catch(() => {});
    if (response?.status === 202) {
      this.#acknowledged.set(path, { node: name, atMs: Date.now() });
    } else if (response?.status === 503) this.report.refusedEvents++;
    else if (response) this.report.faults.push(`An event was answered ${response.status}`);
  }

  /** Asks for the total; null where the answer is that there is none now. */
  async #ask(node: Node): Promise<{ readonly total: number; readonly wholeMs: number } | null> {
    const { name, server } = node;
    if (server === null) return null;
    const askedMs = Date.now();
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const url = `${server.url}/api/stats/main?site_id=${SITE}&period=day`;
    const response = await fetch(url, { signal }).catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null) return null;
    if (response.status === 503) {
      this.report.refusals++;
      return null;
    }
    const answer = response.ok ? JSON.parse(text) : {};
    const total = Number(answer.total_pageviews ?? NaN);
    const since = response.headers.get("x-behind-since");
    const wholeMs = since === null ? askedMs : Math.min(Date.parse(since), askedMs);
    const least =
      this.#acknowledged.values().filter((one) =>
        one.atMs < (one.node === name ? askedMs : wholeMs)
      ).toArray().length;
    this.report.answers++;
    const behindSecs = Math.round((askedMs - wholeMs) / 1000);
    this.report.behindSecsMax = Math.max(this.report.behindSecsMax, behindSecs);
    if (!(total >= least && total <= this.#sent) || answer.behind_since !== (since ?? undefined)) {
      this.report.faults.push(
        `${name} answers ${total}, behind since ${since}; ${least} were acknowledged before, ` +
          `${this.#sent} sent: ${text.slice(0, 300)}\n${errorsOf(server)}`,
      );
    }
    return { total, wholeMs };
  }

  /** The next number of the seed, from 0 to 1. */
  #draw(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  #any<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.#draw() * choices.length)];
    if (choice === undefined) throw new Error("Cannot choose among nothing");
    return choice;
  }
}

function errorsOf(server: ServerProcess | null): string {
  const lines = server?.output.split("\n").filter((line) => / (ERROR|WARN) /.test(line)) ?? [];
  return lines.slice(-4).join("\n");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
