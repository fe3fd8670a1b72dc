// Requests that another thread has read, as the main thread's server takes them.
import { AppError } from "../../core/errors.ts";
import { tooSlow } from "../../http/body.ts";
import { BODY_MS_MAX } from "../../core/limits.ts";
import { type HandedRequest, headerOf, LATE, unpackHeaders } from "./messages.ts";

const ANY_URL = "http://localhost/";
/** A Request can be made with these alone; its true method is set afterwards. */
const WITHOUT_BODY = ["GET", "HEAD"];

/** A request as it came; `body` is its stream where it has one. */
export function requestOf(
  { method, url, headers }: HandedRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  signal: AbortSignal,
): Request {
  const content = WITHOUT_BODY.includes(method) ? null : body;
  const request = new Request(ANY_URL, {
    method: content === null ? "GET" : "POST",
    headers: unpackHeaders(headers),
    signal,
    ...(content === null ? {} : { body: content, duplex: "half" }),
  });
  // As they came: a Request would refuse some, and write others anew.
  Object.defineProperty(request, "method", { value: method });
  Object.defineProperty(request, "url", { value: url });
  return request;
}

/**
 * A request with an event and nothing else: what the server asks of it, without the cost of a
 * Request. Its client is not asked after. `body` is LATE or LEFT where it did not come.
 */
export function eventRequestOf(
  url: string,
  headers: string,
  body: Uint8Array<ArrayBuffer> | number,
): Request {
  return new EventRequest(url, headers, body) as unknown as Request;
}

class EventRequest implements Pick<Request, "method" | "url" | "bytes" | "body"> {
  readonly method = "POST";
  readonly body = null;
  readonly url: string;
  readonly headers: EventHeaders;
  readonly #body: Uint8Array<ArrayBuffer> | number;

  constructor(url: string, headers: string, body: Uint8Array<ArrayBuffer> | number) {
    this.url = url;
    this.headers = new EventHeaders(headers);
    this.#body = body;
  }

  get signal(): AbortSignal {
    return new AbortController().signal;
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const body = this.#body;
    if (typeof body !== "number") return Promise.resolve(body);
    return Promise.reject(body === LATE ? tooSlow(BODY_MS_MAX) : incomplete());
  }
}

class EventHeaders implements Pick<Headers, "get" | "has"> {
  readonly #packed: string;

  constructor(packed: string) {
    this.#packed = packed;
  }

  get(name: string): string | null {
    return headerOf(this.#packed, name.toLowerCase());
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  *keys(): IterableIterator<string> {
    for (const [name] of unpackHeaders(this.#packed)) yield name;
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    yield* unpackHeaders(this.#packed);
  }
}

function incomplete(): AppError {
  return new AppError("bad_request", "Cannot read the body: it is incomplete");
}
