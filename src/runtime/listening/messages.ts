// What the main thread and a thread that listens say to each other: requests, answers, and parts of
// bodies that are too long or too slow to be sent at once.
import type { Log, LogLevel } from "../../core/types.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a thread needs to know to listen. */
export interface ThreadOptions {
  readonly host: string;
  readonly port: number;
  readonly tls_cert_path: string | null;
  readonly tls_key_path: string | null;
  readonly trusted_proxies: readonly string[];
  readonly connectionsMax: number;
  readonly requestsMax: number;
  /** Paths of events, which are sent with their bodies. */
  readonly eventPaths: readonly string[];
  /** Where its counts of connections stand, as in COUNTS. */
  readonly counts: SharedArrayBuffer;
}

/** A request as it crosses to the main thread. */
export interface HandedRequest {
  readonly id: number;
  readonly peer: string;
  readonly isExcess: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly hasBody: boolean;
}

/** Requests with events as they cross, all of one turn of the event loop in few objects. */
export interface HandedEvents {
  readonly ids: readonly number[];
  /** Peer, URL and headers of each. */
  readonly heads: readonly string[];
  /** Where the body of each ends in `bodies`, or why there is none. */
  readonly ends: readonly number[];
  readonly bodies: Bytes;
}

/** In place of an end: the body did not come in time. */
export const LATE = -1;
/** In place of an end: the client left before its body had come. */
export const LEFT = -2;

/** An answer as it crosses back. */
export interface HandedAnswer {
  readonly id: number;
  readonly status: number;
  readonly headers: string;
  readonly body: Bytes | null | "parts";
}

/** A part of a body; null is its end. */
export interface BodyPart {
  readonly kind: "part";
  readonly id: number;
  readonly bytes: Bytes | null;
  /** Why there will be no more, where it broke off. */
  readonly fault?: { readonly name: string; readonly message: string };
}

/** The next part of a body is wanted, or no more of it. */
export interface BodyWish {
  readonly kind: "pull" | "drop";
  readonly id: number;
}

/** What a thread says. */
export type ThreadSays =
  | BodyPart
  | BodyWish
  | { readonly kind: "requests"; readonly requests: readonly HandedRequest[] }
  | { readonly kind: "events"; readonly events: HandedEvents }
  | { readonly kind: "gone"; readonly id: number }
  | { readonly kind: "log"; readonly entry: readonly [LogLevel, string, Parameters<Log>[2]] }
  | { readonly kind: "listening" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "reloaded"; readonly reason: string | null }
  | { readonly kind: "closed" };

/** What the main thread says. */
export type MainSays =
  | BodyPart
  | BodyWish
  | { readonly kind: "open"; readonly options: ThreadOptions }
  | { readonly kind: "answers"; readonly answers: readonly HandedAnswer[] }
  | { readonly kind: "accepting"; readonly answer: Pick<HandedAnswer, "status" | "headers"> }
  | {
    readonly kind: "accepted";
    readonly ids: readonly number[];
    readonly requestIds: readonly string[];
  }
  | { readonly kind: "stream"; readonly id: number; readonly ends: boolean }
  | { readonly kind: "streamed"; readonly id: number }
  | { readonly kind: "reload" }
  | { readonly kind: "close" };

/** No header, URL or address holds these. */
const BEFORE = "\n";
const BETWEEN = "\0";

/** Headers as one text, which crosses at a fraction of the cost. */
export function packHeaders(headers: Headers): string {
  let text = "";
  for (const [name, value] of headers) text += BEFORE + name + BETWEEN + value;
  return text;
}

/** The names and values of headers. */
export function unpackHeaders(text: string): [string, string][] {
  return text.split(BEFORE).slice(1).map((field) => {
    const at = field.indexOf(BETWEEN);
    return [field.slice(0, at), field.slice(at + BETWEEN.length)];
  });
}

/** The value of one header of a packed text; null where it is not there. */
export function headerOf(text: string, name: string): string | null {
  const before = BEFORE + name + BETWEEN;
  const at = text.indexOf(before);
  if (at < 0) return null;
  const from = at + before.length;
  const end = text.indexOf(BEFORE, from);
  return text.slice(from, end < 0 ? undefined : end);
}

/** The head of a request with an event. */
export function packHead(peer: string, url: string, headers: Headers): string {
  return peer + BETWEEN + url + packHeaders(headers);
}

/** Peer, URL and packed headers. */
export function unpackHead(head: string): { peer: string; url: string; headers: string } {
  const peerEnd = head.indexOf(BETWEEN);
  const found = head.indexOf(BEFORE);
  const urlEnd = found < 0 ? head.length : found;
  return {
    peer: head.slice(0, peerEnd),
    url: head.slice(peerEnd + BETWEEN.length, urlEnd),
    headers: head.slice(urlEnd),
  };
}

/** A reader of the parts of a body. */
export type PartReader = Pick<ReadableStreamDefaultReader<Bytes>, "read" | "cancel">;

/** Bodies whose parts are sent when the other thread asks for them. */
export class Outlets {
  readonly #send: (part: BodyPart) => void;
  readonly #readers = new Map<number, PartReader>();

  constructor(send: (part: BodyPart) => void) {
    this.#send = send;
  }

  /** Keeps a body until it is read or dropped. */
  add(id: number, reader: PartReader): void {
    this.#readers.set(id, reader);
  }

  /** Sends the next part. Never rejects. */
  async pull(id: number): Promise<void> {
    const reader = this.#readers.get(id);
    if (!reader) return;
    try {
      const { value } = await reader.read();
      if (value === undefined) this.#readers.delete(id);
      this.#send({ kind: "part", id, bytes: value ?? null });
    } catch (error) {
      this.#readers.delete(id);
      // By its name a client that left is told from a fault of this program.
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#send({ kind: "part", id, bytes: null, fault: { name, message } });
    }
  }

  /** Nobody wants more of a body. */
  drop(id: number): void {
    const reader = this.#readers.get(id);
    this.#readers.delete(id);
    reader?.cancel().catch(() => {});
  }

  /** Leaves a body unread, as it is. */
  forget(id: number): void {
    this.#readers.delete(id);
  }

  /** Nobody wants any. */
  dropAll(): void {
    for (const id of [...this.#readers.keys()]) this.drop(id);
  }
}

interface Inlet {
  readonly controller: ReadableStreamDefaultController<Bytes>;
  readonly arrived: () => void;
}

/** Streams whose parts come from another thread. */
export class Inlets {
  readonly #ask: (wish: BodyWish) => void;
  readonly #open = new Map<number, Inlet>();

  constructor(ask: (wish: BodyWish) => void) {
    this.#ask = ask;
  }

  /** The stream of a body; a part is asked for when its reader wants one. */
  open(id: number): ReadableStream<Bytes> {
    return new ReadableStream({
      pull: (controller) =>
        new Promise<void>((arrived) => {
          this.#open.set(id, { controller, arrived });
          this.#ask({ kind: "pull", id });
        }),
      cancel: () => {
        this.#open.delete(id);
        this.#ask({ kind: "drop", id });
      },
    }, { highWaterMark: 0 });
  }

  /** A part that has come. */
  take({ id, bytes, fault }: BodyPart): void {
    const inlet = this.#open.get(id);
    this.#open.delete(id);
    if (!inlet) return;
    if (fault !== undefined) {
      inlet.controller.error(Object.assign(new Error(fault.message), { name: fault.name }));
    } else if (bytes === null) inlet.controller.close();
    else inlet.controller.enqueue(bytes);
    inlet.arrived();
  }

  /** No part will come any more. */
  breakAll(reason: string): void {
    for (const id of [...this.#open.keys()]) {
      const fault = { name: "BadResource", message: reason };
      this.take({ kind: "part", id, bytes: null, fault });
    }
  }
}
