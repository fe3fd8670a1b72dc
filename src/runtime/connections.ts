// Which connections are open, and which are closed: limits for all and for each address, of their
// requests, too, and time limits for those without a request. The runtime's HTTP server has none.
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  CONNECTIONS_PER_ADDRESS_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS_MAX,
} from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { type InLine, Line, NOWHERE } from "../http/line.ts";

/** Descriptors that connections leave to the store, DuckDB and files: at least so many. */
const RESERVED_MIN = 128;
/** And at least this share of the limit. */
const RESERVED_SHARE = 1 / 4;

/** Share of the memory that the bodies of all requests in progress may fill. */
const BODIES_SHARE = 1 / 16;
/** Requests in progress that any memory is enough for. */
const REQUESTS_MIN = 256;

/** An open connection. */
export interface Connection extends InLine<Connection> {
  /** An IPv6 /64 counts as one; null, as for a trusted proxy, has no limit for the address. */
  readonly address: string | null;
  /** Ends it at once, even during a request. */
  readonly abort: () => void;
  requests: number;
  idleSinceMs: number;
}

/** A request in progress. */
export interface Exchange extends InLine<Exchange> {
  readonly connection: Connection;
  /** When its response was made; null until then, and of a stream. */
  madeMs: number | null;
  hasEnded: boolean;
}

/** Numbers for /health/detailed and /metrics. */
export interface ConnectionCounts {
  readonly open: number;
  readonly max: number;
  /** Ended because no request came in time. */
  readonly timedOut: number;
  /** Ended while idle to make room for a new one. */
  readonly evicted: number;
  /** Not taken: every open connection had a request. */
  readonly refused: number;
  /** Requests in progress, and how many there may be. */
  readonly requests: number;
  readonly requestsMax: number;
}

/** How many connections fit below the limit of descriptors; null is an unknown limit. */
export function connectionsMaxOf(descriptorLimit: number | null): number {
  if (descriptorLimit === null) return CONNECTIONS_MAX;
  const reserved = Math.max(RESERVED_MIN, Math.ceil(descriptorLimit * RESERVED_SHARE));
  return Math.max(16, Math.min(CONNECTIONS_MAX, descriptorLimit - reserved));
}

/** How many requests of `connectionsMax` connections fit into the memory; null is unknown. */
export function requestsMaxOf(connectionsMax: number, memoryBytes: number | null): number {
  if (memoryBytes === null) return connectionsMax;
  const fitting = Math.floor(memoryBytes * BODIES_SHARE / BODY_BYTES_MAX);
  return Math.min(connectionsMax, Math.max(REQUESTS_MIN, fitting));
}

/** The open connections. Each is in one of three lines, the longest-waiting first. */
export class Connections {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #requestsMax: number;
  /** Those that have not sent a request yet. */
  readonly #silent = new Line<Connection>();
  readonly #idle = new Line<Connection>();
  readonly #busy = new Line<Connection>();
  readonly #byAddress = new Map<string, Set<Connection>>();
  /** Requests in progress: HTTP/2 carries many over one connection. */
  readonly #requestsByAddress = new Map<string, number>();
  /** Those whose response is made and has not left yet, the first made first. */
  readonly #unread = new Line<Exchange>();
  #requests = 0;
  #timedOut = 0;
  #evicted = 0;
  #refused = 0;

  constructor(clock: Clock, max: number, requestsMax = max) {
    this.#clock = clock;
    this.#max = max;
    this.#requestsMax = requestsMax;
  }

  /** What is open, and what was ended. */
  counts(): ConnectionCounts {
    return {
      open: this.#silent.size + this.#idle.size + this.#busy.size,
      max: this.#max,
      timedOut: this.#timedOut,
      evicted: this.#evicted,
      refused: this.#refused,
      requests: this.#requests,
      requestsMax: this.#requestsMax,
    };
  }

  /** Takes a new connection, for which an idle one may have to end; null where none can. */
  add(address: string | null, abort: () => void): Connection | null {
    const own = address === null ? undefined : this.#byAddress.get(address);
    const isFull = this.counts().open >= this.#max;
    const isOwnFull = own !== undefined && own.size >= CONNECTIONS_PER_ADDRESS_MAX;
    if (isOwnFull && !this.#evict(this.#idleOf(own)) || isFull && !isOwnFull && !this.evict()) {
      this.#refused++;
      return null;
    }
    const idleSinceMs = this.#clock.nowMs();
    const connection: Connection = { address, abort, requests: 0, idleSinceMs, ...NOWHERE };
    this.#silent.add(connection);
    if (address !== null) {
      const same = this.#byAddress.get(address) ?? new Set();
      this.#byAddress.set(address, same.add(connection));
    }
    return connection;
  }

  /**
   * A request of the connection begins; null where it is one too many, and does not count. An
   * address may have as many requests as connections, however few those are.
   */
  begin(connection: Connection): Exchange | null {
    const { address, requests } = connection;
    const isClosed = requests === 0 && !this.#silent.has(connection) && !this.#idle.has(connection);
    const own = address === null ? 0 : this.#requestsByAddress.get(address) ?? 0;
    if (isClosed) return null;
    if (own >= CONNECTIONS_PER_ADDRESS_MAX || this.#requests >= this.#requestsMax) return null;
    this.#countRequests(connection, 1);
    if (this.#silent.delete(connection) || this.#idle.delete(connection)) {
      this.#busy.add(connection);
    }
    return { connection, madeMs: null, hasEnded: false, ...NOWHERE };
  }

  /** The response is made, and its client may take no longer than others to read it. */
  made(exchange: Exchange): void {
    if (exchange.hasEnded || this.#unread.has(exchange)) return;
    exchange.madeMs = this.#clock.nowMs();
    this.#unread.add(exchange);
  }

  /** A request of the connection has ended, its response included. */
  end(exchange: Exchange): void {
    const { connection } = exchange;
    exchange.hasEnded = true;
    this.#unread.delete(exchange);
    if (connection.requests === 0) return;
    this.#countRequests(connection, -1);
    if (connection.requests > 0 || !this.#busy.delete(connection)) return;
    connection.idleSinceMs = this.#clock.nowMs();
    this.#idle.add(connection);
  }

  /** The connection is closed. */
  remove(connection: Connection): void {
    const all = [this.#silent, this.#idle, this.#busy];
    this.#countRequests(connection, -connection.requests);
    if (!all.some((line) => line.delete(connection)) || connection.address === null) return;
    const same = this.#byAddress.get(connection.address);
    same?.delete(connection);
    if (same?.size === 0) this.#byAddress.delete(connection.address);
  }

  /** Ends the one that waits longest, those without any request first; false where none is idle. */
  evict(): boolean {
    return this.#evict(this.#silent.first ?? this.#idle.first);
  }

  /** Ends those that have waited too long for a request, or for a response to be read. */
  sweep(): void {
    const limits = [[this.#silent, HEADERS_MS_MAX], [this.#idle, KEEP_ALIVE_MS_MAX]] as const;
    const nowMs = this.#clock.nowMs();
    for (const exchange of this.#unread.list()) {
      exchange.madeMs = Math.min(exchange.madeMs ?? nowMs, nowMs);
      if (nowMs - exchange.madeMs < KEEP_ALIVE_MS_MAX) break;
      this.#unread.delete(exchange);
      // Another of its exchanges may have ended it.
      if (!this.#busy.has(exchange.connection)) continue;
      this.#timedOut++;
      this.#close(exchange.connection);
    }
    for (const [line, ms] of limits) {
      for (const connection of line.list()) {
        // A clock that was set back counts from now.
        connection.idleSinceMs = Math.min(connection.idleSinceMs, nowMs);
        if (nowMs - connection.idleSinceMs < ms) continue;
        this.#timedOut++;
        this.#close(connection);
      }
    }
  }

  #countRequests(connection: Connection, count: number): void {
    connection.requests += count;
    this.#requests += count;
    const { address } = connection;
    if (address === null || count === 0) return;
    const own = (this.#requestsByAddress.get(address) ?? 0) + count;
    if (own > 0) this.#requestsByAddress.set(address, own);
    else this.#requestsByAddress.delete(address);
  }

  #idleOf(own: ReadonlySet<Connection>): Connection | undefined {
    let found: Connection | undefined;
    for (const one of own) {
      if (this.#silent.has(one)) return one;
      if (this.#idle.has(one) && (!found || one.idleSinceMs < found.idleSinceMs)) found = one;
    }
    return found;
  }

  #evict(connection: Connection | null | undefined): boolean {
    if (!connection) return false;
    this.#evicted++;
    this.#close(connection);
    return true;
  }

  #close(connection: Connection): void {
    this.remove(connection);
    connection.abort();
  }
}
