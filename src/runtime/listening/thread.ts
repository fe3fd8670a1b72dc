// The main thread's side of one thread that listens: its requests are answered here, as if this
// thread had taken them.
import { messageOf } from "../../core/errors.ts";
import type { Clock, Log } from "../../core/types.ts";
import { HANDED_OVER, type HandedEvents } from "../../http/server.ts";
import type { Handle } from "../listener.ts";
import { eventRequestOf, requestOf } from "./handed_request.ts";
import {
  type HandedAnswer,
  type HandedEvents as Events,
  type HandedRequest,
  Inlets,
  LEFT,
  type MainSays,
  Outlets,
  packHeaders,
  type PartReader,
  type ThreadOptions,
  type ThreadSays,
  unpackHead,
} from "./messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body of known length crosses whole up to this; a longer one in parts, as it is read. */
const WHOLE_BYTES_MAX = 64 * 1024;

const nothing = () => {};

/** A thread that listens, until it closes or fails. */
export class ListenerThread {
  readonly #handle: Handle;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #worker: Worker;
  readonly #outlets = new Outlets((part) => this.#say(part));
  readonly #inlets = new Inlets((wish) => this.#say(wish));
  /** Requests whose clients may leave. */
  readonly #asked = new Map<number, AbortController>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #reloaded: PromiseWithResolvers<void> | null = null;
  #answers: HandedAnswer[] = [];
  #acceptedIds: number[] = [];
  #requestIds: string[] = [];
  /** The answer of what is accepted, as the thread knows it. */
  #accepted: Response | null = null;
  #isOpen = false;
  #hasFailed = false;

  /** Starts it. `onFailure` is told where it ends by a fault after it was open. */
  constructor(
    handle: Handle,
    clock: Clock,
    log: Log,
    options: ThreadOptions,
    onFailure: (reason: string) => void,
  ) {
    this.#handle = handle;
    this.#clock = clock;
    this.#log = log;
    this.#worker = new Worker(new URL("./listener_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadSays>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const wasOpen = this.#isOpen;
      this.#fail(event.message);
      if (wasOpen) onFailure(event.message);
    };
    this.#opened.promise.catch(() => {});
    this.#say({ kind: "open", options });
  }

  /** Resolves when it listens; rejects where it cannot. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Reopens the port with the current certificate files. Rejects if it cannot. */
  reload(): Promise<void> {
    if (this.#hasFailed) return Promise.resolve();
    this.#reloaded ??= Promise.withResolvers<void>();
    this.#say({ kind: "reload" });
    return this.#reloaded.promise;
  }

  /** Accepts no further connection; resolves when the open ones have ended. */
  async close(): Promise<void> {
    if (this.#hasFailed) return;
    this.#say({ kind: "close" });
    await this.#closed.promise;
    this.#worker.terminate();
  }

  #say(what: MainSays): void {
    if (!this.#hasFailed) this.#worker.postMessage(what);
  }

  #fail(reason: string): void {
    this.#hasFailed = true;
    this.#worker.terminate();
    this.#opened.reject(new Error(reason));
    this.#closed.resolve();
    this.#reloaded?.resolve();
    for (const ended of this.#asked.values()) ended.abort();
    this.#asked.clear();
    this.#inlets.breakAll("the connection of the body is gone");
    this.#outlets.dropAll();
  }

  #hear(said: ThreadSays): void {
    switch (said.kind) {
      case "requests":
        for (const request of said.requests) this.#take(request);
        return;
      case "events":
        return this.#takeEvents(said.events);
      case "pull":
        return void this.#outlets.pull(said.id);
      case "drop":
        return this.#gone(said.id);
      case "gone":
        return this.#gone(said.id);
      case "part":
        return this.#inlets.take(said);
      case "log":
        return this.#log(...said.entry);
      case "listening":
        this.#isOpen = true;
        return this.#opened.resolve();
      case "refused":
        return this.#fail(said.reason);
      case "reloaded":
        if (said.reason === null) this.#reloaded?.resolve();
        else this.#reloaded?.reject(new Error(said.reason));
        this.#reloaded = null;
        return;
      case "closed":
        return this.#closed.resolve();
    }
  }

  #gone(id: number): void {
    this.#outlets.drop(id);
    this.#asked.get(id)?.abort();
    this.#asked.delete(id);
  }

  #takeEvents({ ids, heads, ends, bodies }: Events): void {
    let from = 0;
    for (const [index, id] of ids.entries()) {
      const end = ends[index] ?? LEFT;
      const body = end < 0 ? null : bodies.subarray(from, end);
      if (end >= 0) from = end;
      try {
        this.#takeEvent(id, heads[index] ?? "", body ?? end);
      } catch (error) {
        this.#failed(id, error);
      }
    }
  }

  /** An event with its body, or why that did not come. */
  #takeEvent(id: number, head: string, body: Bytes | number): void {
    const { peer, url, headers } = unpackHead(head);
    const request = eventRequestOf(url, headers, body);
    const arrival = { peer, isExcess: false, onStream: nothing };
    const handed: HandedEvents | null = typeof body === "number" ? null : {
      body,
      accepted: (requestId, all) => this.#accept(id, requestId, all),
      answered: (response) => void this.#answer(id, response, false),
    };
    const answered = this.#handle(request, handed === null ? arrival : { ...arrival, handed });
    if (answered === HANDED_OVER) return;
    answered.then((response) => this.#answer(id, response, false))
      .catch((error) => this.#failed(id, error));
  }

  #take(handed: HandedRequest): void {
    const { id, peer, isExcess } = handed;
    let streams = false;
    const onStream = (ended: Promise<void> | null) => {
      streams = true;
      this.#say({ kind: "stream", id, ends: ended !== null });
      void ended?.then(() => this.#say({ kind: "streamed", id }));
    };
    const request = this.#requestOf(handed);
    this.#handle(request, { peer, isExcess, onStream })
      .then((response) => this.#answer(id, response, streams))
      .catch((error) => this.#failed(id, error));
  }

  #failed(id: number, error: unknown): void {
    this.#log("error", "Cannot hand an answer over", { reason: messageOf(error) });
    this.#put({ id, status: 500, headers: "", body: null });
  }

  #requestOf(handed: HandedRequest): Request {
    const ended = new AbortController();
    this.#asked.set(handed.id, ended);
    const body = handed.hasBody ? this.#inlets.open(handed.id) : null;
    return requestOf(handed, body, ended.signal);
  }

  async #answer(id: number, response: Response, streams: boolean): Promise<void> {
    const { status } = response;
    const headers = packHeaders(response.headers);
    const body = response.body === null ? null : await this.#bodyOf(response, streams);
    if (body !== null && !(body instanceof Uint8Array)) {
      this.#outlets.add(id, body);
      return this.#put({ id, status, headers, body: "parts" });
    }
    this.#asked.delete(id);
    this.#put({ id, status, headers, body });
  }

  /** A short body is sent whole, so that it has a length; another as its client reads it. */
  async #bodyOf(response: Response, streams: boolean): Promise<Bytes | PartReader> {
    const length = response.headers.get("content-length");
    if (length !== null && Number(length) <= WHOLE_BYTES_MAX) return await response.bytes();
    const reader = (response.body as ReadableStream<Bytes>).getReader();
    if (streams || length !== null) return reader;
    // A text is one part; what is made while it is sent is not there yet.
    const first = await reader.read();
    if (first.value === undefined) return new Uint8Array();
    const second = reader.read();
    const isWhole = await Promise.race([
      second.then(({ done }) => done, () => false),
      this.#clock.turn().then(() => false),
    ]);
    return isWhole ? first.value : readerAfter([Promise.resolve(first), second], reader);
  }

  /** The answer of all that is accepted crosses once, then only what differs. */
  #accept(id: number, requestId: string, response: Response): void {
    if (this.#accepted !== response) {
      this.#accepted = response;
      const { status, headers } = response;
      this.#say({ kind: "accepting", answer: { status, headers: packHeaders(headers) } });
    }
    this.#requestIds.push(requestId);
    this.#acceptedIds.push(id);
    this.#saySoon();
  }

  #put(answer: HandedAnswer): void {
    this.#answers.push(answer);
    this.#saySoon();
  }

  /** What is answered in one turn of the event loop crosses together. */
  #saySoon(): void {
    if (this.#answers.length + this.#acceptedIds.length > 1) return;
    void this.#clock.turn().then(() => {
      const [answers, ids, requestIds] = [this.#answers, this.#acceptedIds, this.#requestIds];
      [this.#answers, this.#acceptedIds, this.#requestIds] = [[], [], []];
      if (answers.length > 0) this.#say({ kind: "answers", answers });
      if (ids.length > 0) this.#say({ kind: "accepted", ids, requestIds });
    });
  }
}

/** A reader some of whose parts were read before. */
function readerAfter(read: ReturnType<PartReader["read"]>[], reader: PartReader): PartReader {
  return {
    read: () => read.shift() ?? reader.read(),
    cancel: (reason) => reader.cancel(reason),
  };
}
