// The load of a mixed soak: events at a steady rate, imports and dashboards, with what must be true
// of the answers. It starts and stops no server but to kill it.
import type { ServerProcess } from "../server_process.ts";
import { Ledger, type Sent } from "./ledger.ts";
import { type CheckedReport, REPORTS } from "./mixed_answers.ts";
import { dateAgo, pause, USER_AGENT } from "./workloads.ts";

/** Sites that get events and are asked for. */
export const SITES: readonly string[] = ["one.example", "two.example", "three.example"];
/** Days with imported events before today. */
export const HISTORY_DAYS = 10;

const IMPORT_EVENTS = 500;
/** Imported events of a day come from so many addresses. */
const ADDRESSES = 250;
const WAIT_MS_MAX = 60_000;
const FAULTS_MAX = 20;

interface Tally {
  sent: number;
  taken: number;
}

/** Everything that is sent and asked, with what must be true of the answers. */
export class Mixed {
  readonly faults: string[] = [];
  readonly ledger = new Ledger();
  answers = 0;
  failed = 0;
  incomplete = 0;
  merged = 0;
  times: number[] = [];
  ended = false;
  /** While the server is down, requests without an answer are no fault. */
  isDown = false;
  server: ServerProcess;
  readonly #tallies = new Map(SITES.map((site) => [site, { sent: 0, taken: 0 } as Tally]));
  #ids = 0;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  /** Notes a fault; too many end the soak. */
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
    const { url } = this.server;
    const wasDown = this.isDown;
    // A connection may end at its time limit just as it is used again: asked anew, it must answer.
    const response = await fetch(url + path).catch(() => fetch(url + path)).catch(() => null);
    const text = await response?.text().catch(() => null) ?? null;
    if (response === null || text === null) {
      const isDown = wasDown || this.isDown || url !== this.server.url;
      if (!isDown) this.fault(`${path} had no answer`);
      return null;
    }
    this.answers++;
    if (response.status === 503) this.failed++;
    else if (response.status !== 200) {
      this.fault(`${path} was answered ${response.status}: ${text}`);
    }
    if (response.status !== 200) return null;
    if (response.headers.has("x-incomplete")) {
      this.incomplete++;
      return null;
    }
    this.times.push(performance.now() - from);
    return JSON.parse(text);
  }

  /** Kills the server and starts it again. */
  async restart(start: () => Promise<ServerProcess>): Promise<void> {
    this.isDown = true;
    await this.noteMerged();
    await this.server.kill();
    this.server = await start();
    this.isDown = false;
  }

  /** Adds the files that this server has merged; called before it ends. */
  async noteMerged(): Promise<void> {
    const text = await (await fetch(`${this.server.url}/metrics`)).text();
    this.merged += Number(/^mallard_files_merged_total (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** The first answer that is no failure; null where none came in time. */
  async answer(path: string): Promise<unknown> {
    let found: unknown = null;
    await this.waitFor(path, (answer) => {
      found = answer;
      return true;
    });
    return found;
  }

  /** Asks until an answer is as wanted; whether it was in time. */
  async waitFor(path: string, isWanted: (answer: unknown) => boolean): Promise<boolean> {
    for (const from = performance.now(); performance.now() - from < WAIT_MS_MAX;) {
      const answer = await this.json(path);
      if (answer !== null && isWanted(answer)) return true;
      await pause(200);
    }
    return false;
  }

  async #ask(site: string, { path, faultOf }: CheckedReport): Promise<void> {
    const tally = this.#tallies.get(site) as Tally;
    const least = tally.taken;
    const range = `start_date=${dateAgo(HISTORY_DAYS + 1)}&end_date=${dateAgo(-2)}`;
    const answer = await this.json(`/api/stats/${path}site_id=${site}&${range}`);
    if (answer === null) return;
    const visitors = HISTORY_DAYS * ADDRESSES;
    const fault = faultOf(answer, { least, most: tally.sent, visitors });
    if (fault !== null) this.fault(`${path} of ${site} ${fault}`);
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

function bodyOf({ id, site }: Sent, at?: string): string {
  const number = Number(id.slice(2));
  return JSON.stringify({
    d: site,
    n: "pageview",
    u: `https://${site}/${number % 7}`,
    p: { id },
    ...(at === undefined ? {} : { at, ua: USER_AGENT, ip: `198.51.100.${number % ADDRESSES}` }),
  });
}
