// A thread that listens in place of the main thread: it takes connections, reads requests and
// writes responses. What is answered is the main thread's business.
import { messageOf } from "../../core/errors.ts";
import { BODY_BYTES_MAX, BODY_MS_MAX } from "../../core/limits.ts";
import { Deadlines } from "../../http/deadlines.ts";
import { rawPath } from "../../http/fast_lane.ts";
import type { Arrival, Listener } from "../listener.ts";
import { realSystem } from "../system.ts";
import { SharedCounts } from "./counts.ts";
import { openPort } from "./port.ts";
import {
  type HandedAnswer,
  type HandedEvents,
  type HandedRequest,
  Inlets,
  LATE,
  LEFT,
  type MainSays,
  Outlets,
  packHead,
  packHeaders,
  type PartReader,
  type ThreadOptions,
  type ThreadSays,
  unpackHeaders,
} from "./messages.ts";

const port = globalThis as unknown as {
  onmessage: (message: MessageEvent<MainSays>) => void;
  postMessage: (value: ThreadSays) => void;
};
const say = (what: ThreadSays) => port.postMessage(what);
const { clock } = realSystem({ format: "text", levelMin: "info" });
const inTime = new Deadlines(clock, BODY_MS_MAX);
const outlets = new Outlets(say);
const inlets = new Inlets(say);

/** A request that the main thread has. */
interface Waiting {
  readonly resolve: (response: Response) => void;
  readonly arrival: Arrival;
  readonly forget: () => void;
  streamed: (() => void) | null;
}

const waiting = new Map<number, Waiting>();
let eventPaths: ReadonlySet<string> = new Set();
let listener: Listener | null = null;
let lastId = 0;
let accepted: Response | null = null;
let requests: HandedRequest[] = [];
let events: HandedEvent[] = [];

/** A request with an event whose body has come, or will not. */
interface HandedEvent {
  readonly id: number;
  readonly head: string;
  readonly body: Uint8Array<ArrayBuffer> | typeof LATE | typeof LEFT;
}

/** What came in one turn of the event loop crosses together. */
function handSoon(): void {
  if (requests.length + events.length > 1) return;
  void clock.turn().then(() => {
    if (requests.length > 0) say({ kind: "requests", requests });
    if (events.length > 0) say({ kind: "events", events: together(events) });
    requests = [];
    events = [];
  });
}

function together(all: readonly HandedEvent[]): HandedEvents {
  const sizeOf = ({ body }: HandedEvent) => typeof body === "number" ? 0 : body.length;
  const bodies = new Uint8Array(all.reduce((sum, one) => sum + sizeOf(one), 0));
  let end = 0;
  const ends = all.map(({ body }) => {
    if (typeof body === "number") return body;
    bodies.set(body, end);
    return end += body.length;
  });
  return { ids: all.map(({ id }) => id), heads: all.map(({ head }) => head), ends, bodies };
}

function handle(request: Request, arrival: Arrival): Promise<Response> {
  const id = ++lastId;
  const { method, url, headers } = request;
  const { peer, isExcess } = arrival;
  return new Promise((resolve) => {
    const length = headers.get("content-length");
    const isEvent = method === "POST" && !isExcess && eventPaths.has(rawPath(url)) &&
      length !== null && Number(length) <= BODY_BYTES_MAX &&
      headers.get("content-encoding") === null;
    if (isEvent) {
      waiting.set(id, { resolve, arrival, forget: () => {}, streamed: null });
      const head = packHead(peer, url, headers);
      return readEvent(request, (body) => {
        events.push({ id, head, body });
        handSoon();
      });
    }
    const gone = () => say({ kind: "gone", id });
    request.signal.addEventListener("abort", gone);
    const forget = () => request.signal.removeEventListener("abort", gone);
    waiting.set(id, { resolve, arrival, forget, streamed: null });
    const hasBody = mayHaveBody(request, length);
    if (hasBody) outlets.add(id, readerOf(request));
    requests.push({ id, peer, isExcess, method, url, headers: packHeaders(headers), hasBody });
    handSoon();
  });
}

/** The body itself is looked at only where nothing else tells: what looks at one must read it. */
function mayHaveBody(request: Request, length: string | null): boolean {
  if (length !== null) return Number(length) > 0;
  return request.headers.get("transfer-encoding") !== null || request.body !== null;
}

/** Leaves the body alone until the first part is wanted. */
function readerOf(request: Request): PartReader {
  let reader: PartReader | undefined;
  const opened = () => reader ??= request.body?.getReader() ?? new Blob().stream().getReader();
  return { read: () => opened().read(), cancel: (reason) => opened().cancel(reason) };
}

/** Reads the body of an event in time. */
function readEvent(request: Request, read: (body: HandedEvent["body"]) => void): void {
  const deadline = inTime.begin(() => read(LATE));
  request.bytes().then(
    (body) => inTime.end(deadline) && read(body),
    () => inTime.end(deadline) && read(LEFT),
  );
}

/** Answers an event that is on disk. */
function accept(id: number, requestId: string): void {
  const asked = waiting.get(id);
  if (!asked || !accepted) return;
  waiting.delete(id);
  const response = accepted.clone();
  response.headers.append("x-request-id", requestId);
  asked.resolve(response);
}

function answer({ id, status, headers, body }: HandedAnswer): void {
  const asked = waiting.get(id);
  if (!asked) return;
  if (asked.streamed === null) waiting.delete(id);
  asked.forget();
  outlets.forget(id);
  const content = body === "parts" ? inlets.open(id) : body;
  asked.resolve(new Response(content, { status, headers: unpackHeaders(headers) }));
}

function stream(id: number, ends: boolean): void {
  const asked = waiting.get(id);
  if (!asked) return;
  if (!ends) return asked.arrival.onStream(null);
  asked.arrival.onStream(
    new Promise((resolve) => {
      asked.streamed = () => {
        waiting.delete(id);
        resolve();
      };
    }),
  );
}

function open(options: ThreadOptions): void {
  eventPaths = new Set(options.eventPaths);
  const { connectionsMax, requestsMax, counts } = options;
  const connections = new SharedCounts(counts, clock, connectionsMax, requestsMax);
  try {
    listener = openPort(
      handle,
      connections,
      clock,
      (...entry) => {
        const [level, message, fields] = entry;
        say({ kind: "log", entry: [level, message, fields] });
      },
      options,
      { isShared: true },
    );
  } catch (error) {
    return say({ kind: "refused", reason: messageOf(error) });
  }
  say({ kind: "listening" });
}

port.onmessage = ({ data }) => {
  switch (data.kind) {
    case "open":
      return open(data.options);
    case "answers":
      return data.answers.forEach(answer);
    case "accepting":
      accepted = new Response(null, {
        status: data.answer.status,
        headers: unpackHeaders(data.answer.headers),
      });
      return;
    case "accepted":
      return data.ids.forEach((id, index) => accept(id, data.requestIds[index] ?? ""));
    case "pull":
      return void outlets.pull(data.id);
    case "drop":
      return outlets.drop(data.id);
    case "part":
      return inlets.take(data);
    case "stream":
      return stream(data.id, data.ends);
    case "streamed":
      return waiting.get(data.id)?.streamed?.();
    case "reload":
      return void listener?.reload().then(
        () => say({ kind: "reloaded", reason: null }),
        (error) => say({ kind: "reloaded", reason: messageOf(error) }),
      );
    case "close":
      return void listener?.close().then(() => say({ kind: "closed" }));
  }
};

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  say({
    kind: "log",
    entry: ["error", `Unhandled rejection: ${messageOf(event.reason)}`, {}],
  });
});
