// `deno task soak:mixed`: dashboards, events, a backup, compaction, expiry, an erasure and a kill
// at once, for as long as wanted. It prints resident memory by the minute. The exit code is 0 when
// no event was lost or counted twice and every answer was right or said that it failed.
import { parseArgs } from "node:util";
import { DiskReader } from "./disk.ts";
import { Ledger, type Sent } from "./ledger.ts";
import { dateAgo, pause, USER_AGENT } from "./workloads.ts";
import { fromSource, type Program, runToEnd, ServerProcess } from "../server_process.ts";

const HELP = `deno task soak:mixed [options]: everything at once, and what came of it

  --mins N         how long (60)
  --rate N         events a second (200)
  --dashboards N   each asks five reports every two seconds (10)`;

const SITES = ["one.example", "two.example", "three.example"];
const ERASED = "erased.example";
const EXPIRED = "expired.example";
const RETENTION_DAYS = 60;
const HISTORY_DAYS = 10;
const HISTORY_EVENTS_A_DAY = 2_000;
const IMPORT_EVENTS = 500;
const FAULTS_MAX = 20;

/** Reports of a dashboard; the first two are checked by their numbers. */
const REPORTS = [
  "main?",
  "timeseries?interval=day&",
  "breakdown/pages?",
  "funnel?steps=page:/,page:/2&",
  "sessions?",
];

interface Tally {
  sent: number;
  taken: number;
}

/** Everything that is sent and asked, with what must be true of the answers. */
class Mixed {
  readonly faults: string[] = [];
  readonly ledger = new Ledger();
  answers = 0;
  failed = 0;
  times: number[] = [];
  ended = false;
  server: ServerProcess;
  readonly #tallies = new Map(SITES.map((site) => [site, { sent: 0, taken: 0 } as Tally]));
  #ids = 0;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  fault(text: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(text);
    if (this.faults.length === FAULTS_MAX) this.ended = true;
  }

  /** Sends `rate` events a second, whatever the answers. */
  async send(rate: number): Promise<void> {
    const waiting = new Set<Promise<void>>();
    for (let due = performance.now(); !this.ended; due += 1000 / rate) {
      await pause(Math.max(0, due - performance.now()));
      const site = SITES[this.#ids % SITES.length] ?? "";
      const event = { id: this.#id(), site, date: dateAgo(0) };
      const sending = this.#post("/api/event", [event], bodyOf(event), 202)
        .then(() => void waiting.delete(sending));
      waiting.add(sending);
      if (waiting.size > 500) await Promise.race(waiting);
    }
    await Promise.all(waiting);
  }

  /** Imports events of one day of one site; rejects unless all are taken. */
  async import(site: string, date: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= IMPORT_EVENTS) {
      const events = Array.from(
        { length: Math.min(left, IMPORT_EVENTS) },
        () => ({ id: this.#id(), site, date }),
      );
      const body = events.map((event) => bodyOf(event, `${event.date}T12:00:00Z`)).join("\n");
      const isTaken = await this.#post("/api/import", events, body, 200);
      if (!isTaken) throw new Error(`An import of ${site} on ${date} was not taken`);
    }
  }

  /** One dashboard: its reports every two seconds, checked against what was sent meanwhile. */
  async watch(number: number): Promise<void> {
    await pause(number * 200);
    for (let turn = number; !this.ended; turn++) {
      const site = SITES[turn % SITES.length] ?? "";
      await Promise.all([
        ...REPORTS.map((report) => this.#ask(site, report)),
        pause(2_000),
      ]);
    }
  }

  /** The answer to a GET; null when there was none or it said that it failed. */
  async json(path: string): Promise<unknown> {
    const from = performance.now();
    const response = await fetch(this.server.url + path).catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null) return null;
    this.answers++;
    if (response.status === 503) this.failed++;
    else if (response.status !== 200) {
      this.fault(`${path} was answered ${response.status}: ${text}`);
    }
    if (response.status !== 200 || response.headers.has("x-incomplete")) return null;
    this.times.push(performance.now() - from);
    return JSON.parse(text);
  }

  async #ask(site: string, report: string): Promise<void> {
    const tally = this.#tallies.get(site) as Tally;
    const least = tally.taken;
    const range = `start_date=${dateAgo(HISTORY_DAYS + 1)}&end_date=${dateAgo(-2)}`;
    const answer = await this.json(`/api/stats/${report}site_id=${site}&${range}`);
    if (answer === null) return;
    const views = pageviewsOf(answer);
    if (views === null || (views >= least && views <= tally.sent)) return;
    this.fault(`${report} counts ${views} pageviews of ${site}, sent were ${least}–${tally.sent}`);
  }

  async #post(
    path: string,
    events: readonly Sent[],
    body: string,
    status: number,
  ): Promise<boolean> {
    const answered = this.ledger.sending(events);
    const tally = this.#tallies.get(events[0]?.site ?? "");
    if (tally) tally.sent += events.length;
    const type = path === "/api/import" ? "application/x-ndjson" : "text/plain";
    const headers = { "user-agent": USER_AGENT, "content-type": type };
    const response = await fetch(this.server.url + path, { method: "POST", headers, body })
      .catch(() => null);
    await response?.arrayBuffer().catch(() => null);
    const isTaken = response?.status === status;
    if (response !== null && !isTaken && response.status !== 503) {
      this.fault(`${path} was answered ${response.status}`);
    }
    answered(response === null ? "none" : isTaken ? "taken" : "refused");
    if (isTaken && tally) tally.taken += events.length;
    return isTaken;
  }

  #id(): string {
    return `m-${String(++this.#ids).padStart(8, "0")}`;
  }
}

function pageviewsOf(answer: unknown): number | null {
  if (Array.isArray(answer)) {
    const rows = answer as readonly { date?: string; pageviews?: number }[];
    return rows.every((row) => row.date !== undefined)
      ? rows.reduce((total, row) => total + (row.pageviews ?? 0), 0)
      : null;
  }
  const { total_pageviews } = answer as { total_pageviews?: number };
  return total_pageviews ?? null;
}

function bodyOf({ id, site }: Sent, at?: string): string {
  const number = Number(id.slice(2));
  return JSON.stringify({
    d: site,
    n: "pageview",
    u: `https://${site}/${number % 7}`,
    p: { id },
    ...(at === undefined ? {} : { at, ua: USER_AGENT, ip: `198.51.100.${number % 250}` }),
  });
}

/** Resident memory of a process in MB, 0 where it is gone. */
function residentMb(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
}

/** The single deeds, each at its share of the whole time. */
function deeds(
  mixed: Mixed,
  restart: () => Promise<void>,
): [number, string, () => Promise<void>][] {
  const backup = async () => {
    const response = await fetch(`${mixed.server.url}/api/backup`, { method: "POST" });
    const text = await response.text();
    if (!response.ok) mixed.fault(`A backup was answered ${response.status}: ${text}`);
  };
  const erase = async () => {
    const date = dateAgo(3);
    const confirmed = mixed.ledger.erasing(ERASED, date);
    const query = `site_id=${ERASED}&start_date=${date}&end_date=${date}`;
    const response = await fetch(`${mixed.server.url}/api/gdpr/erase?${query}`, {
      method: "DELETE",
    });
    await response.arrayBuffer();
    if (response.ok) confirmed();
    else mixed.fault(`The erasure was answered ${response.status}`);
  };
  const expire = async () => {
    mixed.ledger.expiring(dateAgo(RETENTION_DAYS + 1));
    await restart();
    const range = `start_date=${dateAgo(RETENTION_DAYS + 30)}&end_date=${
      dateAgo(RETENTION_DAYS + 2)
    }`;
    for (let tries = 0; tries < 600; tries++) {
      const answer = await mixed.json(`/api/stats/main?site_id=${EXPIRED}&${range}`);
      if (answer !== null && pageviewsOf(answer) === 0) return;
      await pause(100);
    }
    mixed.fault("Old events did not expire after a restart");
  };
  return [
    [0.2, "backup", backup],
    [0.35, "erasure", erase],
    [0.5, "kill and expiry", expire],
    [0.8, "backup", backup],
  ];
}

async function soak(program: Program, mins: number, rate: number, dashboards: number) {
  const home = await Deno.makeTempDir({ prefix: "mallard_mixed_" });
  const [dataDir, backupDir] = [`${home}/data`, `${home}/backups`];
  await Deno.mkdir(dataDir);
  const env = {
    MALLARD_CACHE_TTL: "0",
    MALLARD_FLUSH_INTERVAL: "10",
    MALLARD_RETENTION_DAYS: String(RETENTION_DAYS),
    MALLARD_BACKUP_DIR: backupDir,
    MALLARD_RATE_LIMIT_PER_ADDRESS: "0",
  };
  const start = () => ServerProcess.start(program, { dataDir, cwd: home, env }).ready();
  const mixed = new Mixed(await start());
  for (let day = 1; day <= HISTORY_DAYS; day++) {
    for (const site of SITES) await mixed.import(site, dateAgo(day), HISTORY_EVENTS_A_DAY);
  }
  await mixed.import(ERASED, dateAgo(3), 1_000);
  await mixed.import(EXPIRED, dateAgo(RETENTION_DAYS + 10), 1_000);
  const restart = async () => {
    await mixed.server.kill();
    mixed.server = await start();
  };
  const work = [
    mixed.send(rate),
    ...Array.from({ length: dashboards }, (_, number) => mixed.watch(number)),
  ];
  await minutes(mixed, mins, deeds(mixed, restart));
  mixed.ended = true;
  await Promise.all(work);
  if (await mixed.server.stop() !== 0) mixed.fault("The stop had another exit code than 0");
  const verified = await runToEnd(program, ["verify", backupDir], { cwd: home });
  if (verified.code !== 0) mixed.fault(`verify: ${verified.stdout}${verified.stderr}`);
  await compare(mixed, dataDir);
  if (mixed.faults.length === 0) await Deno.remove(home, { recursive: true });
  return mixed;
}

/** Prints a line a minute, and does each deed at its time. */
async function minutes(
  mixed: Mixed,
  mins: number,
  left: [number, string, () => Promise<void>][],
): Promise<void> {
  console.log("minute  resident  events    answers  503  p50 ms  p95 ms");
  const from = performance.now();
  for (let minute = 1; minute <= mins && !mixed.ended; minute++) {
    while (performance.now() - from < minute * 60_000 && !mixed.ended) {
      const [share = 2, name = "", work] = left[0] ?? [];
      if (work && performance.now() - from >= share * mins * 60_000) {
        left.shift();
        await work().catch((error) => mixed.fault(`${name}: ${error}`));
        console.log(`        ${name}`);
      }
      await pause(200);
    }
    const cells = [
      [minute, 6],
      [`${residentMb(mixed.server.pid)} MB`, 9],
      [mixed.ledger.totals.acknowledged, 9],
      [mixed.answers, 9],
      [mixed.failed, 4],
      [percentile(mixed.times, 0.5), 7],
      [percentile(mixed.times, 0.95), 7],
    ] as const;
    console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(" "));
    mixed.times = [];
  }
}

/** What is on disk after the stop against what was acknowledged. */
async function compare(mixed: Mixed, dataDir: string): Promise<void> {
  const disk = await DiskReader.open();
  const state = await disk.read(dataDir);
  disk.close();
  for (const fault of mixed.ledger.check(state.counts)) mixed.fault(fault);
  for (const path of state.missing) mixed.fault(`${path} is in the catalog, but not on disk`);
  for (const path of state.quarantined) mixed.fault(`${path} was quarantined`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      mins: { type: "string", default: "60" },
      rate: { type: "string", default: "200" },
      dashboards: { type: "string", default: "10" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const numbers = [values.mins, values.rate, values.dashboards].map(Number);
  const [mins = 60, rate = 200, dashboards = 10] = numbers;
  const { faults, ledger, answers, failed } = await soak(fromSource(), mins, rate, dashboards);
  const { acknowledged, unanswered, refused, erased, expired } = ledger.totals;
  console.log(`${acknowledged} events acknowledged, ${unanswered} unanswered, ${refused} refused`);
  console.log(`${erased} erased, ${expired} expired; ${answers} answers, ${failed} of them 503`);
  console.log(faults.length === 0 ? "Every event was there exactly once" : faults.join("\n"));
  Deno.exit(faults.length === 0 ? 0 : 1);
}
