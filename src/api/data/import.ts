// POST /api/import: past events as lines of JSON. Each line is an event as the tracker sends it,
// with its time, address and user agent, and passes the same pipeline as any other. A request
// that is sent again, by its Idempotency-Key or its content, adds nothing.
import { MINUTE_MS } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import type { Event } from "../../core/event.ts";
import { readBody } from "../../http/body.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import {
  IDEMPOTENCY_KEY_CHARS_MAX,
  IMPORT_BODY_BYTES_MAX,
  IMPORT_BODY_MS_MAX,
  IMPORT_EVENTS_MAX,
  IMPORT_FAULTS_LISTED_MAX,
  IMPORT_LINE_BYTES_MAX,
} from "../../core/limits.ts";
import { isDate } from "../../../dashboard/grammar/days.js";
import { Mutex } from "../../core/mutex.ts";
import type { Clock } from "../../core/types.ts";
import { parseAddress } from "../../net/address.ts";
import type { Buffer } from "../../ingest/buffer.ts";
import { readGiven } from "../../ingest/fields/past_fields.ts";
import { readFields } from "../../ingest/formats/mallard.ts";
import { HmacSha256 } from "../../ingest/identity/hmac_sha256.ts";
import type { Payload } from "../../ingest/payload.ts";
import { DROPS } from "../../ingest/drop_reasons.ts";
import type { PastArrival, Pipeline } from "../../ingest/pipeline.ts";
import type { Outcome } from "../../ingest/steps/draft.ts";
import type { Reader } from "../../storage/reader.ts";
import {
  clientKey,
  contentKey,
  type ImportMark,
  type ImportStore,
} from "../../storage/state/ops/import_ops.ts";

/** The result of an import. `line` counts from 1; only the first rejected lines are listed. */
export interface Imported {
  /** Events now on disk. */
  readonly accepted: number;
  /** Events of robots. */
  readonly dropped: number;
  /** What was dropped or cut of the accepted events: how often each notice. */
  readonly notices: Readonly<Record<string, number>>;
  readonly rejected_count: number;
  readonly rejected: readonly { readonly line: number; readonly error: string }[];
  /** Whether this is the answer to an earlier request, and nothing was added now. */
  readonly repeated?: true;
}

/** What is remembered of imports, and what ends them. */
interface ImportParts {
  readonly reader: Pick<Reader, "visitsOf">;
  readonly store: ImportStore;
  readonly clock: Clock;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

type PastPipeline = Pick<Pipeline, "runPast" | "pastVisits" | "pastEventOf">;

/** A line that can be read. */
interface PastLine {
  readonly payload: Payload;
  readonly arrival: PastArrival;
}

type LineOutcome = Outcome | { readonly fault: string };

interface Tally {
  readonly events: Event[];
  dropped: number;
  readonly notices: Record<string, number>;
  rejected_count: number;
  readonly rejected: { line: number; error: string }[];
}

/** Media types of lines of JSON. A cross-site page cannot send them without a preflight. */
const MEDIA_TYPES: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
]);

const AT_MS_MIN = Date.UTC(1995, 0, 1);
/** Clocks differ: a time less than this in the future is taken as now. */
const AHEAD_MS_MAX = MINUTE_MS;
const ISO_TIME =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
/** Lines handled before other requests get their turn. */
const LINES_AT_ONCE = 250;
const LINE_FEED = 10;
/** Visible ASCII. */
const KEY = /^[\x21-\x7e]+$/;
const RETRY_SECS = "5";

/** The route that imports past events. */
export function importRoutes(
  pipeline: PastPipeline,
  buffer: Pick<Buffer, "accept">,
  { reader, store, clock, stopping }: ImportParts,
): Route[] {
  // One after the other: a request that is sent again while the first runs waits for its answer.
  const mutex = new Mutex();
  const take = async (
    body: Uint8Array<ArrayBuffer>,
    { name, key, digest }: { readonly name: string | null } & Pick<ImportMark, "key" | "digest">,
  ) => {
    const known = await store.run("findImport", { key, atMs: clock.nowMs() });
    if (known) return repeatedAnswer(known, digest);
    const { events, ...rest } = await readLines(linesOf(body), pipeline, {
      reader,
      clock,
      salt: () => store.run("importSalt", { name, atMs: clock.nowMs() }),
    });
    const imported: Imported = { accepted: events.length, ...rest };
    requireRunning(stopping);
    if (events.length > 0) {
      await buffer.accept(events, [{ key, digest, answer: JSON.stringify(imported) }]);
    }
    return imported;
  };
  return [{
    method: "POST",
    path: "/api/import",
    right: "admin",
    streams: true,
    handle: async ({ request, log }) => {
      requireLines(request.headers.get("content-type"));
      const named = visibleText(request, "Idempotency-Key");
      const name = visibleText(request, "Import-Name");
      const body = await readBody(request, clock, IMPORT_BODY_BYTES_MAX, IMPORT_BODY_MS_MAX);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
      const key = named === null ? contentKey(digest) : clientKey(named);
      const imported = await mutex.run(() => take(body, { name, key, digest }));
      log("info", imported.repeated ? "Import repeated" : "Events imported", {
        accepted: imported.accepted,
        dropped: imported.dropped,
        rejected: imported.rejected_count,
      });
      return json(imported);
    },
  }];
}

/**
 * A header of the client's own choice: the key of its request, so that it can send it again, or the
 * name of the import that its request is a part of. Null where it is missing.
 */
function visibleText(request: Request, header: "Idempotency-Key" | "Import-Name"): string | null {
  const text = request.headers.get(header);
  if (text === null || text.length <= IDEMPOTENCY_KEY_CHARS_MAX && KEY.test(text)) return text;
  throw new AppError(
    "bad_request",
    `Cannot use this ${header}: it must have 1 to ` +
      `${IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters`,
  );
}

function repeatedAnswer(known: { digest: string; answer: string }, digest: string): Imported {
  if (known.digest === digest) return { ...JSON.parse(known.answer), repeated: true };
  throw new AppError(
    "conflict",
    "Cannot import: this Idempotency-Key was used for another body",
  );
}

/** The client is told that nothing was imported, while that is still known. */
function requireRunning(stopping: AbortSignal): void {
  if (!stopping.aborted) return;
  throw new AppError("unavailable", "Cannot import now: the server is stopping", {
    "retry-after": RETRY_SECS,
  });
}

function requireLines(contentType: string | null): void {
  const mediaType = (contentType ?? "").split(";", 1).join().trim().toLowerCase();
  if (MEDIA_TYPES.has(mediaType)) return;
  throw new AppError(
    "bad_request",
    "Cannot read the import: its Content-Type must be application/x-ndjson, one event a line",
  );
}

/** The lines that are not blank, numbered from 1. Throws `too_large` when there are too many. */
function linesOf(body: Uint8Array): [line: number, bytes: Uint8Array][] {
  const lines: [number, Uint8Array][] = [];
  for (let from = 0, line = 1; from < body.length; line++) {
    const feed = body.indexOf(LINE_FEED, from);
    const end = feed < 0 ? body.length : feed;
    const bytes = body.subarray(from, end);
    from = end + 1;
    if (bytes.every(isBlank)) continue;
    if (lines.length === IMPORT_EVENTS_MAX) {
      throw new AppError(
        "too_large",
        `Cannot import: the body has more than ${IMPORT_EVENTS_MAX} events; send it in parts`,
      );
    }
    lines.push([line, bytes]);
  }
  if (lines.length > 0) return lines;
  throw new AppError("bad_request", "Cannot import: the body has no events");
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 13;
}

/** Events get their visitor ids in the order of their times, whatever the order of the lines. */
async function readLines(
  lines: readonly [line: number, bytes: Uint8Array][],
  pipeline: PastPipeline,
  { reader, clock, salt }: Pick<ImportParts, "reader" | "clock"> & {
    /** The key of visitors that are given: the import's own. */
    readonly salt: () => Promise<string>;
  },
): Promise<Tally> {
  const outcomes: LineOutcome[] = [];
  const readable: (PastLine & { readonly index: number })[] = [];
  for (const [index, [, bytes]] of lines.entries()) {
    if (index > 0 && index % LINES_AT_ONCE === 0) await clock.sleep(0);
    const read = readLine(bytes, clock.nowMs());
    if ("fault" in read) outcomes[index] = read;
    else readable.push({ ...read, index });
  }
  const hasGiven = readable.some(({ arrival }) => arrival.given !== undefined);
  const hmac = hasGiven ? new HmacSha256(await salt()) : null;
  const visitorIdOf = (visitor: string) => hmac?.hex(visitor) ?? "";
  readable.sort((a, b) => a.arrival.atMs - b.arrival.atMs);
  const visits = pipeline.pastVisits();
  await visits.recall(
    readable.map(({ payload, arrival }) => pipeline.pastEventOf(payload, arrival)),
    (...asked) => reader.visitsOf(...asked),
  );
  for (const [count, { payload, arrival, index }] of readable.entries()) {
    if (count > 0 && count % LINES_AT_ONCE === 0) await clock.sleep(0);
    const past = arrival.given ? { ...arrival, visitorIdOf } : arrival;
    outcomes[index] = pipeline.runPast(payload, past, visits);
  }
  return tallyOf(lines, outcomes);
}

function tallyOf(
  lines: readonly [line: number, bytes: Uint8Array][],
  outcomes: readonly LineOutcome[],
): Tally {
  const tally: Tally = { events: [], dropped: 0, notices: {}, rejected_count: 0, rejected: [] };
  for (const [index, outcome] of outcomes.entries()) {
    if ("event" in outcome) {
      tally.events.push(outcome.event);
      for (const name of outcome.notices) tally.notices[name] = (tally.notices[name] ?? 0) + 1;
    } else if ("dropped" in outcome && DROPS[outcome.dropped].code === null) tally.dropped++;
    else {
      const error = "fault" in outcome ? outcome.fault : DROPS[outcome.dropped].message;
      tally.rejected_count++;
      if (tally.rejected.length < IMPORT_FAULTS_LISTED_MAX) {
        tally.rejected.push({ line: lines[index]?.[0] ?? 0, error });
      }
    }
  }
  return tally;
}

function readLine(bytes: Uint8Array, nowMs: number): PastLine | { readonly fault: string } {
  if (bytes.length > IMPORT_LINE_BYTES_MAX) {
    return { fault: `Cannot read the line: it is longer than ${IMPORT_LINE_BYTES_MAX} bytes` };
  }
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { fault: "Cannot read the line: it is not JSON" };
  }
  const checked = readFields(fields);
  if ("fault" in checked) return { fault: checked.fault.message };
  const arrival = arrivalOf(fields as Readonly<Record<string, unknown>>, nowMs);
  if ("fault" in arrival) return arrival;
  return { payload: checked.value, arrival };
}

function arrivalOf(
  line: Readonly<Record<string, unknown>>,
  nowMs: number,
): PastArrival | { readonly fault: string } {
  const { at, ip, ua } = line;
  const read = readGiven(line);
  if ("fault" in read) return read;
  const atMs = timeOf(at);
  const fault = (found: string) => ({ fault: `Cannot read ${found}` });
  if (atMs === null) {
    return fault("at (time): it is neither like 2024-01-15T12:00:00Z nor milliseconds since 1970");
  }
  if (atMs < AT_MS_MIN) {
    return fault("at (time): it is before 1995; numbers are milliseconds since 1970");
  }
  if (atMs > nowMs + AHEAD_MS_MAX) return fault("at (time): it is in the future");
  const address = typeof ip === "string" ? parseAddress(ip) : null;
  if (!address && ip !== undefined && ip !== null) return fault("ip: it is not an address");
  if (ua !== undefined && ua !== null && typeof ua !== "string") {
    return fault("ua: it is not a string");
  }
  return {
    atMs: Math.min(atMs, nowMs),
    address: address?.text ?? "",
    userAgent: ua ?? "",
    ...Object.keys(read.given).length === 0 ? {} : { given: read.given },
  };
}

/** Milliseconds since 1970 UTC, or null if it is not a time. */
function timeOf(at: unknown): number | null {
  if (typeof at === "number") return Number.isFinite(at) ? at : null;
  if (typeof at !== "string") return null;
  const date = ISO_TIME.exec(at)?.[1];
  // Date.parse() would take 30 February for a day in March.
  if (date === undefined || !isDate(date)) return null;
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? null : atMs;
}
