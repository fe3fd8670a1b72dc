// The types that every route shares: a route is a row, a handler is a function from context to
// response.
import type { Access, Right } from "../core/access.ts";
import type { Log } from "../core/types.ts";

/** Everything a handler may know of its request. `address` is the client's, for rates only. */
export interface Context {
  readonly request: Request;
  readonly url: URL;
  /** Values of the path's `:name` parts, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Address of the connected peer, perhaps a proxy. */
  readonly peer: string;
  /** Address of the client behind trusted proxies. Never stored, logged or sent. */
  readonly address: string;
  /** The same where access and load are limited: only what named proxies say is believed. */
  readonly guardedAddress: string;
  readonly requestId: string;
  readonly log: Log;
  readonly access: Access;
  /** Aborts when the client goes away or the request's time limit is over. */
  readonly signal: AbortSignal;
  /** See `Peer` in server.ts. */
  readonly onStream?: (ended: Promise<void> | null) => void;
}

/** Answers one request. Throws AppError for what the caller should understand. */
export type Handler = (context: Context) => Response | Promise<Response>;

/** What a handler of the fast lane may know of its request; see `Context`. */
export interface FastContext {
  readonly request: Request;
  readonly headers: Headers;
  readonly peer: string;
  readonly address: string;
  /** Asked for only where access is limited. */
  readonly guardedAddress: () => string;
  /** When the request came, on the clock of `uptimeMs`. */
  readonly startedMs: number;
}

/** Answers a request without credentials; null for 202 with nothing to say. */
export type FastHandler = (context: FastContext) => Promise<Response | null>;

/** A request of the fast lane whose body has come. */
export interface FastRequest {
  readonly context: FastContext;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly resolve: (answer: Response | null) => void;
  readonly reject: (error: unknown) => void;
}

/** What was refused or failed, as its caller is told. */
export interface ErrorFacts {
  readonly message: string;
  readonly code: string;
  readonly status: number;
  readonly field?: string;
}

/** Makes the JSON body of an error. */
export type ErrorBody = (error: ErrorFacts) => unknown;

/** HTTP methods in use. HEAD is answered by the row of GET. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/**
 * One row of the route table. `path` may hold `:name` parts, each one segment; a last
 * `:name+` is all segments that follow.
 */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly right: Right;
  readonly handle: Handler;
  /** Exempt from the time limit of a request: streams and exports. */
  readonly streams?: boolean;
  /** A question: while others run, it waits for its turn beyond the time limit of a request. */
  readonly asks?: true;
  /** Programs ask it all the time: its refusals are summed in the log, whoever is refused. */
  readonly routine?: true;
  /** Stands for a route of another program that is not there: it says so, and nothing else. */
  readonly refuses?: true;
  /** The errors of another program's route; `{"error", "code", "field"}` when missing. */
  readonly errorBody?: ErrorBody | undefined;
  /** Open to any origin: ingestion and the tracker. */
  readonly anyOrigin?: boolean;
  /** The same for POST requests in masses, by a shorter way. */
  readonly fast?: FastHandler;
  /** The same where the body has come. Never throws. */
  readonly take?: (request: FastRequest) => void;
}

/** A route with a shorter way. */
export type FastRoute = Route & { readonly fast: FastHandler };
