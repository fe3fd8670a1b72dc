// The listening socket: accepts connections one by one, within their limits, and hands each to the
// runtime's HTTP server. What the operating system refuses pauses it and never ends it.
import { SECOND_MS } from "../core/durations.ts";
import { messageOf } from "../core/errors.ts";
import type { Clock, Log } from "../core/types.ts";
import type { HandedEvents } from "../http/server.ts";
import { type Connection, Connections } from "./connections.ts";
import { SocketEnder } from "./socket_ender.ts";

const PAUSE_MS = 200;
/** A failure that lasts is logged this often. */
const TOLD_EVERY_MS = 60 * SECOND_MS;

/** What the listener knows of a request. */
export interface Arrival {
  readonly peer: string;
  /** There are too many requests in progress for it to be worked on. */
  readonly isExcess: boolean;
  /** To be called where the response may be read for any time, or for any until it has ended. */
  readonly onStream: (ended: Promise<void> | null) => void;
  /** Where another thread has the request, and read the body of its events. */
  readonly handed?: HandedEvents;
}

/** Answers a request. */
export type Handle = (request: Request, arrival: Arrival) => Promise<Response>;

/** An open port. */
export interface Listener {
  readonly port: number;
  /** Reopens the port with the current certificate files. Throws if it cannot. */
  reload(): Promise<void>;
  /** Accepts no further connection; resolves when the open ones have ended. */
  close(): Promise<void>;
}

/** What a port is opened with. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other threads of this program listen on the same port. */
  readonly isShared?: boolean;
  /** The certificate, read at each opening; null without TLS. */
  readonly certificate: (() => { cert: string; key: string }) | null;
  /** The key by which connections of an address are counted; null where they have no limit. */
  readonly addressKey: (peer: string) => string | null;
}

type Answer = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;
type Socket = Deno.TcpListener | Deno.TlsListener;

/** An HTTP server over one connection. */
interface ConnectionServer {
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
}

type ServeConnection = (
  connection: Deno.Conn,
  signal: AbortSignal,
  answer: Answer,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => ConnectionServer;

/** Listens. Throws where the port or the certificate cannot be used. */
export function openListener(
  handle: Handle,
  connections: Connections,
  clock: Clock,
  log: Log,
  options: ListenOptions,
): Listener {
  const serve = connectionServer();
  if (serve === null) {
    throw new Error("this version of the runtime serves no single connections; 2.9.6 does");
  }
  return new ConnectionListener(serve, handle, connections, clock, log, options);
}

/**
 * The part of the runtime below Deno.serve() that serves one connection. Deno.serve() itself has
 * no limit of connections, no time limit for headers, and ends when accept() fails.
 */
function connectionServer(): ServeConnection | null {
  const internal: unknown = Reflect.get(Deno, Reflect.get(Deno, "internal"));
  if (typeof internal !== "object" || internal === null) return null;
  const serve: unknown = Reflect.get(internal, "serveHttpOnConnection");
  return isServeConnection(serve) ? serve : null;
}

function isServeConnection(value: unknown): value is ServeConnection {
  return typeof value === "function";
}

function openSocket({ host, certificate, isShared = false }: ListenOptions, port: number): Socket {
  const place = { hostname: host, port, ...isShared ? { reusePort: true } : {} };
  if (certificate === null) return Deno.listen(place);
  const alpnProtocols = ["h2", "http/1.1"];
  return Deno.listenTls({ ...place, ...certificate(), alpnProtocols });
}

class ConnectionListener implements Listener {
  readonly port: number;
  readonly #serve: ServeConnection;
  readonly #handle: Handle;
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: ListenOptions;
  readonly #servers = new Map<Connection, ConnectionServer>();
  /** For TLS: see there. */
  readonly #ender: SocketEnder | null;
  readonly #stopSweeping: () => void;
  #socket: Socket;
  #isClosed = false;
  #toldMs = 0;
  #allEnded = () => {};

  constructor(
    serve: ServeConnection,
    handle: Handle,
    connections: Connections,
    clock: Clock,
    log: Log,
    options: ListenOptions,
  ) {
    this.#serve = serve;
    this.#handle = handle;
    this.#connections = connections;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#ender = options.certificate === null ? null : new SocketEnder(clock);
    this.#socket = openSocket(options, options.port);
    this.port = this.#socket.addr.port;
    this.#stopSweeping = clock.every(SECOND_MS, () => connections.sweep());
    void this.#acceptAll(this.#socket);
  }

  async reload(): Promise<void> {
    // The new files are tried on a port of their own before the old socket is given up.
    openSocket(this.#options, 0).close();
    this.#socket.close();
    for (;;) {
      try {
        this.#socket = openSocket(this.#options, this.port);
        break;
      } catch (error) {
        if (this.#isClosed) return;
        this.#tell("Cannot reopen the port", error);
        await this.#clock.sleep(PAUSE_MS);
      }
    }
    if (this.#isClosed) this.#socket.close();
    else void this.#acceptAll(this.#socket);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopSweeping();
    try {
      this.#socket.close();
    } catch {
      // A reload has closed it, and will not open it again.
    }
    if (this.#servers.size === 0) return;
    const ended = new Promise<void>((resolve) => this.#allEnded = resolve);
    // Idle ones end at once, the others after their response.
    for (const server of this.#servers.values()) server.shutdown().catch(() => {});
    await ended;
  }

  async #acceptAll(socket: Socket): Promise<void> {
    while (!this.#isClosed && this.#socket === socket) {
      try {
        this.#take(await socket.accept());
      } catch (error) {
        if (this.#isClosed || this.#socket !== socket || error instanceof Deno.errors.BadResource) {
          return;
        }
        // Too many open files, no memory for buffers, a connection that was reset while it waited.
        if (!(error instanceof Deno.errors.ConnectionAborted)) await this.#pause(error);
      }
    }
  }

  async #pause(error: unknown): Promise<void> {
    this.#tell("Cannot accept connections", error);
    this.#connections.evict();
    await this.#clock.sleep(PAUSE_MS);
  }

  #tell(message: string, error: unknown): void {
    const nowMs = this.#clock.nowMs();
    if (Math.abs(nowMs - this.#toldMs) < TOLD_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#log("error", message, { reason: messageOf(error) });
  }

  #take(socket: Deno.TcpConn | Deno.TlsConn): void {
    const place = socket.remoteAddr;
    const peer = place.hostname;
    const ended = new AbortController();
    const abort = () => {
      ended.abort();
      this.#ender?.end(place);
    };
    const connection = this.#connections.add(this.#options.addressKey(peer), abort);
    if (connection === null) {
      socket.close();
      this.#ender?.end(place);
      return;
    }
    if ("setNoDelay" in socket) socket.setNoDelay(true);
    try {
      const answer = this.#answerer(connection, peer);
      const server = this.#serve(socket, ended.signal, answer, () => failed(), () => {});
      this.#servers.set(connection, server);
      // Rejects when a client disconnects or breaks the protocol.
      server.finished.catch(() => {}).finally(() => this.#gone(connection));
    } catch (error) {
      this.#gone(connection);
      throw error;
    }
  }

  #answerer(connection: Connection, peer: string): Answer {
    const connections = this.#connections;
    return (request, info) => {
      const exchange = connections.begin(connection);
      let isStream = false;
      const onStream = (ended: Promise<void> | null) => {
        isStream = true;
        if (exchange) void ended?.then(() => connections.made(exchange));
      };
      const answer = this.#handle(request, { peer, isExcess: exchange === null, onStream });
      if (exchange === null) return answer;
      const end = () => connections.end(exchange);
      info.completed.then(end, end);
      return answer.then((response) => {
        if (!isStream) connections.made(exchange);
        return response;
      });
    };
  }

  #gone(connection: Connection): void {
    this.#connections.remove(connection);
    this.#servers.delete(connection);
    if (this.#servers.size === 0) this.#allEnded();
  }
}

function failed(): Response {
  return new Response("Internal Server Error", { status: 500 });
}
