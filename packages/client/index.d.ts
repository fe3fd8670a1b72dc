// The types of mallard-client; those below the first are made from the server's description.

/** Which server, and with which key. */
export interface ClientOptions {
  /** Address of the server, with its base path. */
  readonly url: string;
  /** An API key; public sites need none. */
  readonly key?: string;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

/** What goes with one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A refusal of the server, in its own words. */
export class MallardError extends Error {
  readonly status: number;
  readonly code?: string;
  readonly field?: string;
}
