// Several servers over one lake under load while they are killed, cut off from each other and from
// PostgreSQL, which is ended and started again, and while the S3 server refuses, does not answer or
// is killed and started again. In the end every server must count every event once that was
// answered with 202, and its visitors and sources; in between no answer may have more than was
// sent, or lack what it does not say it may lack. It must not import the program it starts.
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
import type { Parts } from "./parts.ts";
import { Namespaces, type Place, proxied } from "./places.ts";
import {
  areBetween,
  countsOf,
  numberOf,
  pathOf,
  QUESTIONS,
  requestOf,
  sourcesIn,
  textOf,
} from "./sent.ts";
import type { Network } from "./tcp_proxy.ts";

/** What is to be done. */
export interface NodeKillsOptions {
  readonly program: Program;
  readonly parts: Parts;
  /** The settings of a lake of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly nodes: number;
  /** Each server in a network namespace of its own, instead of behind proxies. */
  readonly hasNamespaces?: boolean;
  readonly seed: number;
  /** Rounds, or until a time (ms since 1970). */
  readonly rounds: number;
  readonly untilMs?: number;
  readonly say?: (line: string) => void;
}

/** What came of it. */
export interface NodeKillsReport extends FailuresReport {
  cuts: number;
  refusedEvents: number;
  /** The most that an answer said that it is behind, in seconds. */
  behindSecsMax: number;
}

/** What fails in a round, beside the server that is killed. */
const FAILURES = [
  "cut from servers",
  "cut from postgres",
  "s3 fault",
  "postgres",
  "s3",
  null,
] as const;

interface Node {
  readonly name: string;
  readonly dataDir: string;
  readonly place: Place;
  server: ServerProcess | null;
}

interface Acknowledged {
  readonly node: string;
  readonly atMs: number;
}

const SECRET = "the secret of all nodes";
const PASSWORD = "the password of all nodes";
const BATCHES_A_ROUND = 5;
const SENT_AT_ONCE = 6;
const SETTLED_MS_MAX = 120_000;
const POLL_MS = 300;
const ANSWER_MS_MAX = 20_000;
const CUTS: readonly Network[] = ["refuses", "hangs"];

/** Runs the rounds, and compares. Rejects where a server does not start. */
export async function killNodes(options: NodeKillsOptions): Promise<NodeKillsReport> {
  const run = new Run(options);
  try {
    await run.begin();
    await run.rounds();
    await run.finish();
    return run.report;
  } finally {
    await run.close();
  }
}

class Run {
  readonly report: NodeKillsReport = {
    ...emptyReport(),
    cuts: 0,
    refusedEvents: 0,
    behindSecsMax: 0,
  };
  readonly #nodes: Node[] = [];
  readonly #options: NodeKillsOptions;
  /** By the number of the event. */
  readonly #acknowledged = new Map<number, Acknowledged>();
  #namespaces: Namespaces | null = null;
  #login = "";
  #sent = 0;
  readonly #draws: Draws;
  readonly #failure: () => (typeof FAILURES)[number];
  readonly #cut: () => Network;
  readonly #s3Fault: () => (typeof S3_FAULTS)[number];

  constructor(options: NodeKillsOptions) {
    this.#options = options;
    this.#draws = new Draws(options.seed);
    this.#failure = this.#draws.deck(FAILURES);
    this.#cut = this.#draws.deck(CUTS);
    this.#s3Fault = this.#draws.deck(S3_FAULTS);
  }

  /** Starts all servers; the first start of all makes the lake. */
  async begin(): Promise<void> {
    const { nodes, folder, parts, hasNamespaces = false } = this.#options;
    if (hasNamespaces) {
      this.#namespaces = new Namespaces();
      await this.#namespaces.open();
    }
    for (let number = 1; number <= nodes; number++) {
      const name = `node${number}`;
      const dataDir = `${folder}/${name}`;
      await Deno.mkdir(dataDir, { recursive: true });
      const place = await this.#namespaces?.place(parts) ?? proxied(parts);
      const node: Node = { name, dataDir, place, server: null };
      this.#nodes.push(node);
      await this.#start(node);
    }
    const response = await fetch(`${this.#nodes[0]?.place.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ password: PASSWORD }),
    });
    if (!response.ok) throw new Error(`Cannot log in: ${await response.text()}`);
    await response.body?.cancel();
    // One login counts for all servers, whatever becomes of the one that gave it.
    this.#login = response.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  }

  /** Starts a server, where it does not run. */
  async #start(node: Node): Promise<void> {
    if (node.server !== null) return;
    const { program, env, parts } = this.#options;
    const { place, name, dataDir } = node;
    const catalog = env["MALLARD_LAKE_CATALOG"] ?? "";
    const server = ServerProcess.start(place.programOf(program), {
      dataDir,
      env: {
        ...env,
        MALLARD_STORAGE: "lake",
        MALLARD_LAKE_CATALOG: catalog.replace(`127.0.0.1:${parts.postgresPort}`, place.postgres),
        MALLARD_LAKE_FLUSH_INTERVAL: "5",
        MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
        MALLARD_ADMIN_PASSWORD: PASSWORD,
        MALLARD_NODE_NAME: name,
        MALLARD_NODE_SECRET: SECRET,
        MALLARD_HOT_PEERS: "1",
        ...place.env,
      },
    });
    node.server = await Object.assign(server, { url: place.url }).ready();
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
      const running = this.#nodes.filter(({ server }) => server !== null);
      await Promise.all(
        running.flatMap((node) => Array.from({ length: SENT_AT_ONCE }, () => this.#send(node))),
      );
      await Promise.all(running.map(async (node) => {
        await this.#ask(node, "main");
        await this.#ask(node, "sources");
      }));
      await pause(POLL_MS);
    }
    await ending;
    await this.#heal();
    await Promise.all(this.#nodes.map((node) => this.#start(node)));
  }

  /** Makes some things fail at moments of the seed. */
  async #fail(): Promise<void> {
    const any = this.#draws.any(this.#nodes);
    const fails = this.#failure();
    const killed = this.#draws.next() < 0.6 ? this.#draws.any(this.#nodes) : null;
    const [afterMs, killMs] = [this.#draws.next() * 1500, this.#draws.next() * 3000];
    const killing = (async () => {
      if (killed === null) return;
      await pause(killMs);
      this.report.kills++;
      const { server } = killed;
      killed.server = null;
      await server?.kill();
    })();
    await pause(afterMs);
    await this.#end(fails, any);
    await killing;
  }

  async #end(fails: (typeof FAILURES)[number], any: Node): Promise<void> {
    const { parts } = this.#options;
    if (fails === "cut from servers" || fails === "cut from postgres") {
      this.report.cuts++;
      await any.place.cut(fails === "cut from servers" ? "servers" : "postgres", this.#cut());
    } else if (fails === "s3 fault") {
      this.report.s3Faults++;
      const fault = this.#s3Fault();
      // All of them see that the bucket fails, or one alone does.
      const some = this.#draws.next() < 0.5 ? this.#nodes : [any];
      for (const { place } of some) place.s3.fail(fault);
    } else if (fails === "postgres") {
      this.report.postgresEnds++;
      await endPostgres(parts, this.#draws);
    } else if (fails === "s3") {
      this.report.s3Ends++;
      await endS3(parts, this.#draws);
    }
  }

  async #heal(): Promise<void> {
    for (const { place } of this.#nodes) {
      await place.join();
      place.s3.fail("none");
    }
  }

  /** Compares, by HTTP at each server and by plain DuckDB after all have stopped in peace. */
  async finish(): Promise<void> {
    await this.#heal();
    const { faults } = this.report;
    const answers = await Promise.all(this.#nodes.map((node) => this.#settled(node)));
    for (const node of this.#nodes) {
      const code = await node.server?.stop();
      if (code !== 0) faults.push(`${node.name} stopped with code ${code}`);
      node.server = null;
    }
    const { parts, env } = this.#options;
    const found = await compareLake(parts, env, [...this.#acknowledged.keys()].map(pathOf));
    faults.push(...found.faults);
    const stored = new Set([...found.stored].map(numberOf));
    const counts = countsOf(stored);
    const expected = `${counts.pageviews} of ${counts.visitors}; ${textOf(counts.bySource)}`;
    for (const [index, answer] of answers.entries()) {
      if (answer !== expected) {
        faults.push(`${this.#nodes[index]?.name} answers ${answer}, and was sent ${expected}`);
      }
    }
    this.report.acknowledged = this.#acknowledged.size;
    this.report.unanswered = this.#sent - this.#acknowledged.size;
  }

  async close(): Promise<void> {
    for (const { server, place } of this.#nodes) {
      await server?.kill();
      await place.close();
    }
    await this.#namespaces?.close();
  }

  /** What it counts, as text, once its answers say that they lack nothing of before now. */
  async #settled(node: Node): Promise<string | null> {
    const endMs = Date.now() + SETTLED_MS_MAX;
    const fromMs = Date.now();
    while (Date.now() < endMs) {
      const main = await this.#ask(node, "main");
      const sources = await this.#ask(node, "sources");
      if (main !== null && sources !== null && Math.min(main.wholeMs, sources.wholeMs) > fromMs) {
        const { total_pageviews, unique_visitors } = JSON.parse(main.text);
        return `${total_pageviews} of ${unique_visitors}; ${textOf(sourcesIn(sources.text))}`;
      }
      await pause(POLL_MS);
    }
    this.report.faults.push(`${node.name} is behind for ever:\n${errorsOf(node.server)}`);
    return null;
  }

  async #send({ name, server }: Node): Promise<void> {
    if (server === null) return;
    const number = this.#sent++;
    const response = await fetch(`${server.url}/api/event`, requestOf(number)).catch(() => null);
    await response?.body?.cancel().catch(() => {});
    if (response?.status === 202) {
      this.#acknowledged.set(number, { node: name, atMs: Date.now() });
    } else if (response?.status === 503) this.report.refusedEvents++;
    else if (response) this.report.faults.push(`An event was answered ${response.status}`);
  }

  /** Asks and compares; null where the answer is that there is none now. */
  async #ask(
    { name, server }: Node,
    question: keyof typeof QUESTIONS,
  ): Promise<{ readonly text: string; readonly wholeMs: number } | null> {
    if (server === null) return null;
    const askedMs = Date.now();
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const headers = { cookie: this.#login };
    const response = await fetch(server.url + QUESTIONS[question], { signal, headers })
      .catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null) return null;
    if (response.status === 503) {
      this.report.refusals++;
      return null;
    }
    const since = response.headers.get("x-behind-since");
    const wholeMs = since === null ? askedMs : Math.min(Date.parse(since), askedMs);
    const least = this.#acknowledged.entries()
      .filter(([, one]) => one.atMs < (one.node === name ? askedMs : wholeMs))
      .map(([number]) => number).toArray();
    const most = Array.from({ length: this.#sent }, (_, number) => number);
    this.report.answers++;
    const behindSecs = Math.round((askedMs - wholeMs) / 1000);
    this.report.behindSecsMax = Math.max(this.report.behindSecsMax, behindSecs);
    const isRight = response.ok && JSON.parse(text).behind_since === (since ?? undefined) &&
      IS_RIGHT[question](text, least, most);
    if (!isRight) {
      this.report.faults.push(
        `${name} answers ${response.status}, behind since ${since}; ${least.length} were ` +
          `acknowledged before, ${most.length} sent: ${text.slice(0, 600)}\n${errorsOf(server)}`,
      );
    }
    return { text, wholeMs };
  }
}

/** Whether an answer counts all of some events, and nothing but others. */
const IS_RIGHT: Readonly<
  Record<keyof typeof QUESTIONS, (text: string, least: number[], most: number[]) => boolean>
> = {
  main(text, least, most) {
    const { total_pageviews: pageviews, unique_visitors: visitors } = JSON.parse(text);
    const found = new Map([["all", { pageviews, visitors }]]);
    const [few, many] = [least, most].map((some) => new Map([["all", countsOf(some)]]));
    return areBetween(found, few ?? new Map(), many ?? new Map());
  },
  sources: (text, least, most) =>
    areBetween(sourcesIn(text), countsOf(least).bySource, countsOf(most).bySource),
};

function errorsOf(server: ServerProcess | null): string {
  const lines = server?.output.split("\n").filter((line) => / (ERROR|WARN) /.test(line)) ?? [];
  return lines.slice(-4).join("\n");
}
