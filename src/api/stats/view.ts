// GET /api/stats/view: the reports of one page in one request. Each is a line of JSON, sent when it
// is done, and says what its own route would.
import { constants, createGzip } from "node:zlib";
import { isStranger, requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { VIEW_CHARS_MAX, VIEW_PARTS_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";
import { acceptsGzip } from "../../http/compression.ts";
import { BugLog, errorResponse } from "../../http/error_response.ts";
import type { Context, Route } from "../../http/route.ts";
import type { Answer } from "../../query/answer.ts";
import { dimensionOf, isDimensionName } from "../../query/dimensions.ts";
import { LIST_ROWS_MAX } from "../../query/lists/lists.ts";
import { type Seat, Together } from "../../query/lists/together.ts";
import { Params } from "../../query/params.ts";
import { LIMIT_DEFAULT, siteOf } from "../../query/parse.ts";
import type { Query } from "../../query/query.ts";
import { breakdownNamed } from "../../query/reports/breakdowns.ts";
import type { Report } from "../../query/reports/report.ts";
import { REPORTS } from "../../query/reports/reports.ts";
import type { Runner } from "../../query/run.ts";
import { callerOf } from "./caller.ts";
import { sentOf } from "./stats.ts";

/** Parts of one view that are computed at the same time, after the first. */
const PARTS_AT_ONCE = 2;
const BREAKDOWN = "breakdown/";

/** One report of a view: its name in the path, and its parameters. */
interface Part {
  readonly name: string;
  readonly params: URLSearchParams;
}

/** A part and its number. */
interface Placed {
  readonly part: Part;
  readonly index: number;
}

type ListSeat = Seat<Query, Answer>;

/** What answers parts, and where bugs go. */
interface ViewParts {
  readonly runner: Runner;
  readonly bugs: BugLog;
}

/** The route. `parts` is JSON, `[["main",{}],…]`; all other parameters are those of every part. */
export function viewRoutes(runner: Runner, clock: Clock): Route[] {
  const bugs = new BugLog(clock);
  return [{
    method: "GET",
    path: "/api/stats/view",
    right: "read",
    streams: true,
    handle: (context) => {
      const common = new URLSearchParams(context.url.searchParams);
      requireSite(context.access, siteOf(new Params(common)));
      return streamed({ runner, bugs }, partsOf(common), context);
    },
  }];
}

/** Reads `parts`, and takes it out of the parameters. Throws `bad_request`. */
function partsOf(common: URLSearchParams): Part[] {
  const text = new Params(common).text("parts") ?? "";
  common.delete("parts");
  const fault = (reason: string) => new AppError("bad_request", `Cannot read parts: ${reason}`);
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    throw fault("it is no JSON");
  }
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > VIEW_PARTS_MAX) {
    throw fault(`it must be a list of 1 to ${VIEW_PARTS_MAX} reports`);
  }
  return parts.map((part: unknown, index) => {
    if (!isPart(part)) {
      throw fault(`part ${index} must be the name of a report and an object of texts`);
    }
    const [name, own] = part;
    const params = new URLSearchParams(common);
    for (const [key, value] of Object.entries(own)) params.set(key, value);
    if (params.get("site_id") !== common.get("site_id")) {
      throw fault(`part ${index} is of another site`);
    }
    return { name, params };
  });
}

function isPart(part: unknown): part is [string, Record<string, string>] {
  if (!Array.isArray(part) || part.length !== 2 || typeof part[0] !== "string") return false;
  const own: unknown = part[1];
  return typeof own === "object" && own !== null && !Array.isArray(own) &&
    Object.values(own).every((value) => typeof value === "string");
}

/** Answers the parts in order, the first alone; each is sent when it is done. */
function streamed(asked: ViewParts, parts: readonly Part[], context: Context): Response {
  // Compressing is done at nobody's turn: strangers could ask for megabytes again and again.
  const isGzip = !isStranger(context.access) &&
    acceptsGzip(context.request.headers.get("accept-encoding"));
  const left = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => {
      const sink: Sink = {
        write: (bytes) => left.signal.aborted || stream.enqueue(bytes),
        close: () => left.signal.aborted || stream.close(),
      };
      const out = isGzip ? gzipInto(sink) : plainInto(sink);
      void answerAll(asked, parts, { ...context, signal: left.signal }, out.line)
        .then(out.end, (error) => stream.error(error));
    },
    cancel: () => left.abort(new DOMException("The client went away", "AbortError")),
  });
  return new Response(body, {
    headers: {
      "content-type": "application/x-ndjson",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      vary: "accept-encoding",
      ...(isGzip ? { "content-encoding": "gzip" } : {}),
    },
  });
}

async function answerAll(
  asked: ViewParts,
  parts: readonly Part[],
  context: Context,
  send: (line: string) => void,
): Promise<void> {
  // A line waits in memory until it is read.
  let left: number = VIEW_CHARS_MAX[isStranger(context.access) ? "stranger" : "owner"];
  const answer = async ({ index, part }: Placed, seat?: ListSeat) => {
    if (context.signal.aborted) return;
    const own = left > 0 ? await answerOf(asked, part, context, seat) : undefined;
    // Lists are answered at the same time.
    const told = left > 0 && own ? own : await tooLarge(asked, context);
    const line = JSON.stringify({ part: index, ...told }) + "\n";
    left -= line.length;
    if (!context.signal.aborted) send(line);
  };
  const turns = turnsOf(parts).values();
  const work = async () => {
    for (const turn of turns) await answerTurn(turn, answer);
  };
  const first = turns.next();
  if (!first.done) await answerTurn(first.value, answer);
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
}

/** The parts that are answered at a time: lists are asked for together, at the first one's turn. */
function turnsOf(parts: readonly Part[]): (readonly Placed[])[] {
  const placed = parts.map((part, index) => ({ part, index }));
  const lists = placed.filter(({ part }) => isListPart(part));
  if (lists.length < 2) return placed.map((one) => [one]);
  const [first] = lists;
  return placed.flatMap((one) => one === first ? [lists] : lists.includes(one) ? [] : [[one]]);
}

/** Whether a part asks for a short list of the values of one dimension, of all visits. */
function isListPart({ name, params }: Part): boolean {
  const limit = Number(params.get("limit") ?? LIMIT_DEFAULT);
  const ref = params.get("dimensions") ?? "";
  return name === "query" && (params.get("filters") ?? "") === "" && limit <= LIST_ROWS_MAX &&
    isDimensionName(ref) && dimensionOf(ref).of !== "time";
}

/** Answers parts at the same time, so that they can be asked for together. */
async function answerTurn(
  turn: readonly Placed[],
  answer: (placed: Placed, seat?: ListSeat) => Promise<void>,
): Promise<void> {
  const [only, ...others] = turn;
  if (only && others.length === 0) return await answer(only);
  const seats = new Together<Query, Answer>().seats(turn.length);
  await Promise.all(turn.map((placed, at) => {
    const seat = seats[at];
    return answer(placed, seat).finally(() => seat?.leave());
  }));
}

function tooLarge(asked: ViewParts, context: Context) {
  const reason = "the reports before it are too large; ask for it alone";
  return refusal(
    asked,
    new AppError("too_large", `Cannot answer in this view: ${reason}`),
    context,
  );
}

/** A refusal as the part's own route would answer it. */
async function refusal({ bugs }: ViewParts, error: unknown, context: Context) {
  const response = errorResponse(error, context.log, context.requestId, bugs);
  const after = response.headers.get("retry-after");
  const headers: Record<string, string> = after === null ? {} : { "retry-after": after };
  return { status: response.status, headers, body: await response.json() };
}

/** What the part's own route would say. Never rejects. */
async function answerOf(
  asked: ViewParts,
  { name, params: texts }: Part,
  context: Context,
  seat?: ListSeat,
) {
  const { runner } = asked;
  try {
    const report = reportNamed(name);
    const params = new Params(texts);
    const site = requireSite(context.access, siteOf(params), report.access);
    const asker = { caller: callerOf(context), signal: context.signal, seat };
    const told = await runner.answerWithMeta(name, report, site, params, asker);
    const { body, headers } = sentOf(runner, told);
    return { status: 200, headers, body };
  } catch (error) {
    return await refusal(asked, error, context);
  }
}

/** A report by its name in the path. Throws `not_found`, `bad_request` for files. */
function reportNamed(name: string): Report {
  const reports: Readonly<Record<string, Report>> = REPORTS;
  const report = name.startsWith(BREAKDOWN)
    ? breakdownNamed(name.slice(BREAKDOWN.length))
    : Object.hasOwn(reports, name)
    ? reports[name]
    : undefined;
  if (!report) throw new AppError("not_found", "Cannot find this report");
  if (report.formats || report.streams) {
    throw new AppError("bad_request", "Cannot answer in a view: this report is a file");
  }
  return report;
}

/** The body; what comes after its client has left is dropped. */
interface Sink {
  readonly write: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

/** Where lines go. */
interface Out {
  readonly line: (text: string) => void;
  readonly end: () => void;
}

function plainInto(sink: Sink): Out {
  const encoder = new TextEncoder();
  return { line: (text) => sink.write(encoder.encode(text)), end: sink.close };
}

/** Compressed so that each line can be read as soon as it arrives. */
function gzipInto(sink: Sink): Out {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.on("data", (bytes: Uint8Array) => sink.write(new Uint8Array(bytes)));
  gzip.on("end", sink.close);
  return { line: (text) => gzip.write(text), end: () => gzip.end() };
}
