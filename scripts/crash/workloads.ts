// What a server is doing when it is killed: a table of workloads, and the traffic they are made
// of. It must not start or kill anything.
import { DAY_MS } from "../../src/core/durations.ts";
import type { Ledger, Sent } from "./ledger.ts";
import type { ServerProcess } from "../server_process.ts";

/** A kind of trouble. All times in milliseconds. */
export interface Workload {
  readonly doc: string;
  /** Settings of the server. */
  readonly env: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Share of requests that are imports of past events. */
  readonly pastShare: number;
  /** Share of kills that fall into the start instead of into the load after it. */
  readonly startShare: number;
  /** The kill falls within this time from the first event. */
  readonly loadMsMax: number;
  /** Events of the past are as old as one of these numbers of days. */
  readonly ageDays: readonly number[];
  /** Sites are erased now and then meanwhile. */
  readonly erases?: boolean;
  /** The server is asked to stop first; the kill falls within this time after that. */
  readonly stopMsMax?: number;
  /** Events older than this many days expire at each start. */
  readonly retentionDays?: number;
}

const TINY_FLUSHES = { MALLARD_FLUSH_COUNT: "20", MALLARD_FLUSH_INTERVAL: "1" };
const BUSY_MERGING = { ...TINY_FLUSHES, MALLARD_TEST_COMPACTION_MS: "50" };

/** Every workload by name. */
export const WORKLOADS = {
  commit: {
    doc: "events only go to the journal, which is read at each start",
    env: { MALLARD_FLUSH_COUNT: "1000000", MALLARD_FLUSH_INTERVAL: "3600" },
    connections: 32,
    pastShare: 0.1,
    startShare: 0,
    loadMsMax: 800,
    ageDays: [1, 2, 3],
  },
  flush: {
    doc: "one flush after the other, each into dozens of partitions",
    env: TINY_FLUSHES,
    connections: 16,
    pastShare: 0.3,
    startShare: 0,
    loadMsMax: 2_500,
    ageDays: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  compaction: {
    doc: "files are merged as soon as there are two, while flushes make more",
    env: BUSY_MERGING,
    connections: 4,
    pastShare: 0.3,
    startShare: 0,
    loadMsMax: 2_500,
    ageDays: [1, 2, 3, 4, 5, 6],
  },
  start: {
    doc: "most kills hit the start, which takes events and completes what the others left",
    env: BUSY_MERGING,
    connections: 8,
    pastShare: 0.3,
    startShare: 0.75,
    loadMsMax: 1_500,
    ageDays: [1, 2, 3, 4, 5, 6],
  },
  stop: {
    doc: "kills hit the stop, which writes what is hot to Parquet",
    env: { MALLARD_FLUSH_COUNT: "1000000", MALLARD_FLUSH_INTERVAL: "3600" },
    connections: 8,
    pastShare: 0.3,
    startShare: 0,
    loadMsMax: 600,
    stopMsMax: 1_200,
    ageDays: [1, 2, 3, 4, 5, 6],
  },
  expiry: {
    doc: "old events expire at each start, and many kills hit that",
    env: BUSY_MERGING,
    connections: 8,
    pastShare: 0.4,
    startShare: 0.5,
    loadMsMax: 1_500,
    ageDays: [1, 2, 3, 31, 32, 33, 34, 35, 36],
    retentionDays: 20,
  },
  erasure: {
    doc: "events are imported and erased again, one day of one site after the other",
    env: BUSY_MERGING,
    connections: 4,
    pastShare: 0.2,
    startShare: 0,
    loadMsMax: 1_500,
    ageDays: [1, 2, 3],
    erases: true,
  },
} as const satisfies Record<string, Workload>;

/** Name of a workload. */
export type WorkloadName = keyof typeof WORKLOADS;

/** Sites that get events; the last is the one that is erased. */
export const SITES = ["one.example", "two.example", "three.example", "erased.example"];

/** The user agent of a person's browser. */
export const USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const IMPORT_EVENTS = 15;
const ERASED_EVENTS = 20;

/** UTC date so many days ago. */
export function dateAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

/** Sends traffic to one server over many connections until that is gone. */
export class Traffic {
  /** Answers nobody should get. */
  readonly faults: string[] = [];
  readonly #server: ServerProcess;
  readonly #ledger: Ledger;
  readonly #workload: Workload;
  readonly #random: () => number;
  readonly #prefix: string;
  #count = 0;

  /** `prefix` keeps the ids of this traffic apart from all others. */
  constructor(
    server: ServerProcess,
    ledger: Ledger,
    workload: Workload,
    random: () => number,
    prefix: string,
  ) {
    this.#server = server;
    this.#ledger = ledger;
    this.#workload = workload;
    this.#random = random;
    this.#prefix = prefix;
  }

  /** Resolves when the server is gone and every request has come to its end. */
  async run(): Promise<void> {
    const lanes = Array.from({ length: this.#workload.connections }, () => this.#lane());
    if (this.#workload.erases) lanes.push(this.#erase());
    await Promise.all(lanes);
  }

  async #lane(): Promise<void> {
    while (!this.#server.hasEnded) {
      const isPast = this.#random() < this.#workload.pastShare;
      if (!await (isPast ? this.#import() : this.#event())) await pause(25);
    }
  }

  /** Sends an event of now. False when there was no answer. */
  #event(): Promise<boolean> {
    const sent = { id: this.#id(), site: this.#pick(SITES.slice(0, 3)), date: dateAgo(0) };
    return this.#request([sent], "/api/event", "text/plain", bodyOf(sent), 202);
  }

  /** Sends some events of the past, in one request. */
  async #import(): Promise<boolean> {
    const site = this.#pick(SITES.slice(0, 3));
    const events = Array.from({ length: IMPORT_EVENTS }, () => ({
      id: this.#id(),
      site,
      date: dateAgo(this.#pick(this.#workload.ageDays)),
    }));
    return await this.#importAll(events);
  }

  #importAll(events: readonly Sent[]): Promise<boolean> {
    const body = events.map((event) => bodyOf(event, `${event.date}T12:00:00Z`)).join("\n");
    return this.#request(events, "/api/import", "application/x-ndjson", body, 200);
  }

  async #erase(): Promise<void> {
    const site = SITES.at(-1) ?? "";
    for (let turn = 0; !this.#server.hasEnded; turn++) {
      const date = dateAgo(1 + turn % 4);
      const events = Array.from({ length: ERASED_EVENTS }, () => ({ id: this.#id(), site, date }));
      if (!await this.#importAll(events)) continue;
      await pause(this.#random() * 300);
      const confirmed = this.#ledger.erasing(site, date);
      const query = `site_id=${site}&start_date=${date}&end_date=${date}`;
      const status = await this.#send("DELETE", `/api/gdpr/erase?${query}`);
      if (status === 200) confirmed();
      else if (status !== null) this.faults.push(`an erasure was answered ${status}`);
    }
  }

  async #request(
    events: readonly Sent[],
    path: string,
    type: string,
    body: string,
    taken: number,
  ): Promise<boolean> {
    const answered = this.#ledger.sending(events);
    const status = await this.#send("POST", path, type, body);
    if (status !== null && status !== taken && status !== 503) {
      this.faults.push(`${path} was answered ${status}`);
    }
    answered(status === null ? "none" : status === taken ? "taken" : "refused");
    return status !== null;
  }

  /** The status of an answer that arrived whole, else null. */
  async #send(method: string, path: string, type?: string, body?: string): Promise<number | null> {
    try {
      const response = await fetch(this.#server.url + path, {
        method,
        headers: { "user-agent": USER_AGENT, ...(type ? { "content-type": type } : {}) },
        ...(body === undefined ? {} : { body }),
      });
      const dropped = response.headers.get("x-mallard-dropped");
      if (dropped !== null) this.faults.push(`an event was dropped: ${dropped}`);
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  }

  #id(): string {
    return `${this.#prefix}-${String(++this.#count).padStart(6, "0")}`;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

function bodyOf({ id, site }: Sent, at?: string): string {
  return JSON.stringify({
    d: site,
    n: "pageview",
    u: `https://${site}/`,
    p: { id },
    ...(at === undefined ? {} : { at, ua: USER_AGENT, ip: "198.51.100.7" }),
  });
}

/** Resolves after some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
