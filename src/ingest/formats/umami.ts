// The events of Umami's clients: one by POST /api/send, several by POST /api/batch. The site is
// named by a UUID.
import { createHmac } from "node:crypto";
import { ENGAGEMENT } from "../../core/event.ts";
import { ERRORS } from "../../core/errors.ts";
import { BATCH_EVENTS_MAX } from "../../core/limits.ts";
import { json } from "../../http/response.ts";
import type { ErrorFacts } from "../../http/route.ts";
import { parseAddress } from "../../net/address.ts";
import { uuidOfText } from "../../sites/site_codes.ts";
import type { Notice } from "../fields/notices.ts";
import { readTime } from "../fields/sent_visitor.ts";
import { readVitals } from "../fields/vitals.ts";
import {
  type Checked,
  checkPayload,
  type PayloadFault,
  type PayloadLabels,
  refuse,
} from "../payload.ts";
import {
  type FormatParts,
  type Reading,
  refusalOf,
  requireTaken,
  type SentEvent,
  type Taken,
  type Visitor,
  type WireFormat,
  type WireRequest,
} from "./format.ts";
import { objectOf, parseJson } from "./json_body.ts";
import { takenHeaders } from "./mallard.ts";

type Fields = Readonly<Record<string, unknown>>;

const LABELS: PayloadLabels = {
  site_id: "payload.website",
  event_name: "payload.name",
  url: "payload.url",
};
const TYPES = ["event", "identify", "performance"];
/** A name is no longer, and no number, though URLs take one for an address. */
const HOST = /^(?!\d*$).{1,253}$/;
const PREFIX_CHARS_MAX = 300;
const CACHE_HEADER = "x-umami-cache";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** What its script answers to robots. */
const BEEP = { beep: "boop" };

/** The formats of Umami's clients. */
export function umamiFormats(parts: FormatParts): readonly WireFormat[] {
  const row = (path: string, read: typeof readOne): WireFormat => ({
    method: "POST",
    path,
    errorBody: umamiError,
    read: (request) => read(request, parts),
  });
  return [
    row("/api/send", readOne),
    row("/api/batch", readBatch),
  ];
}

/** There an error is an object with its status. */
export function umamiError({ message, code, status }: ErrorFacts) {
  return { error: { message, code: code.replaceAll("_", "-"), status } };
}

function readOne(request: WireRequest, parts: FormatParts): Reading {
  const parsed = parseJson(request.body);
  if ("fault" in parsed) return parsed;
  const event = readEvent(parsed.value, parts);
  if ("fault" in event) return event;
  const cache = request.headers.get(CACHE_HEADER);
  return {
    events: [event.value],
    write: ([taken]) => {
      if (taken === undefined) return json(BEEP);
      requireTaken(taken);
      if (taken.dropped === "robot") return json(BEEP, 200, takenHeaders(taken));
      return json(answerOf(taken, cache, parts), 200, takenHeaders(taken));
    },
  };
}

/** Events of one request; one that cannot be read costs no other. */
function readBatch(request: WireRequest, parts: FormatParts): Reading {
  const parsed = parseJson(request.body);
  if ("fault" in parsed) return parsed;
  const { value } = parsed;
  if (!Array.isArray(value) || value.length > BATCH_EVENTS_MAX) {
    return refuse(
      "bad_request",
      `Cannot read the events: the body is no list of at most ${BATCH_EVENTS_MAX}`,
    );
  }
  const read = value.map((body: unknown) => readEvent(body, parts));
  const events = read.flatMap((one) => "value" in one ? one.value : []);
  const cache = request.headers.get(CACHE_HEADER);
  return { events, write: (taken) => writeBatch(read, taken, cache, parts) };
}

function writeBatch(
  read: readonly Checked<SentEvent>[],
  taken: readonly Taken[],
  cache: string | null,
  parts: FormatParts,
): Response {
  const left = [...taken];
  const details = read.flatMap((one, index) => {
    const error = "fault" in one
      ? { ...one.fault, status: ERRORS[one.fault.code] }
      : refusalOf(left.shift() ?? DONE);
    return error === null ? [] : { index, response: umamiError(error) };
  });
  const last = taken.findLast(({ event }) => event !== undefined);
  return json({
    size: read.length,
    processed: read.length - details.length,
    errors: details.length,
    details,
    cache: last ? answerOf(last, cache, parts).cache : cache,
  });
}

const DONE: Taken = { dropped: null, notices: [] };

/** Reads one event. Never throws. */
function readEvent(body: unknown, { siteOfCode }: FormatParts): Checked<SentEvent> {
  const { type = "event", payload } = objectOf(body) ?? {};
  const fields = objectOf(payload);
  if (fields === null) return refuse("bad_request", "Cannot read payload: it is no object");
  if (!TYPES.some((one) => one === type)) {
    return refuse("bad_request", `Cannot read type: it is not one of ${TYPES.join(", ")}`);
  }
  for (const other of ["link", "pixel"]) {
    if (fields[other] === undefined) continue;
    return refuse("bad_request", `Cannot read payload: ${other} is not supported, only website`);
  }
  const { website } = fields;
  const site = typeof website === "string" && UUID.test(website) ? siteOfCode(website) : undefined;
  if (site === undefined) return refuse("bad_request", unknownSite(website));
  const notices: Notice[] = [];
  const atMs = readTime(fields["timestamp"], msOfSeconds, (notice) => void notices.push(notice));
  const vitals = type === "performance" ? readVitals(fields) : null;
  const payloadOf = checkPayload(
    {
      site_id: site,
      event_name: type === "performance" ? ENGAGEMENT : eventName(fields),
      url: urlOf(fields),
      referrer: type === "performance" ? undefined : fields["referrer"],
      screenPixels: widthOf(fields["screen"]),
      title: fields["title"],
      language: fields["language"],
      userId: fields["id"],
      props: type === "event" ? propsOf(fields) : undefined,
      ...revenueOf(type === "event" ? fields["data"] : undefined),
      // There an address with a fragment is a page of its own.
      isHashRouted: true,
      isLocal: undefined,
      isEvent: type === "event" || vitals !== null,
      vitals,
    },
    LABELS,
    { notices },
  );
  if ("fault" in payloadOf) return payloadOf;
  const visitor = visitorOf(fields);
  return {
    value: {
      payload: payloadOf.value,
      ...(visitor ? { visitor } : {}),
      ...(atMs === null ? {} : { atMs }),
    },
  };
}

function unknownSite(website: unknown): PayloadFault["message"] {
  const found = typeof website === "string" && UUID.test(website)
    ? "no site has this id; give it to a site as one of its aliases"
    : "it is no UUID";
  return `Cannot read payload.website: ${found}`;
}

function eventName({ name }: Fields): unknown {
  return name === undefined || name === null || name === "" ? "pageview" : name;
}

/** A URL, or a path of the page's host. */
function urlOf({ url, hostname }: Fields): unknown {
  if (typeof url !== "string" || url === "") return "/";
  const isPath = !/^[a-z][a-z0-9+.-]*:/i.test(url);
  if (!isPath || typeof hostname !== "string" || !HOST.test(hostname)) return url;
  const whole = `https://${hostname}${url.startsWith("/") ? "" : "/"}${url}`;
  return URL.canParse(whole) ? whole : url;
}

/** Width of a screen, as `1920x1080`. */
function widthOf(screen: unknown): unknown {
  return typeof screen === "string" ? /^\d+/.exec(screen)?.[0] : undefined;
}

/** The data of an event, and its tag. */
function propsOf({ data, tag }: Fields): unknown {
  const object = objectOf(data);
  const props = object && Object.fromEntries(flat(object, ""));
  if (typeof tag !== "string" || tag === "") return props ?? data;
  return { tag, ...props };
}

/** There a key of an object in another has a dot before it: `cart.total`. */
function flat(object: Fields, before: string): (readonly [key: string, value: unknown])[] {
  return Object.entries(object).flatMap(([key, value]) => {
    // A name that is longer stays as it is, for each key would repeat it.
    const inner = before.length < PREFIX_CHARS_MAX ? objectOf(value) : null;
    return inner ? flat(inner, `${before}${key}.`) : [[`${before}${key}`, value] as const];
  });
}

function revenueOf(data: unknown) {
  const { revenue, currency } = objectOf(data) ?? {};
  const isRevenue = typeof revenue === "number" || typeof revenue === "string";
  return {
    revenueCents: isRevenue ? revenue : undefined,
    revenueCurrency: isRevenue ? currency : undefined,
  };
}

/** A time in seconds since 1970. */
function msOfSeconds(value: unknown): number {
  const isTime = typeof value === "number" && value > 0 && value < 1e11;
  return isTime ? Math.floor(value * 1000) : NaN;
}

/** The visitor, where the sender is a program that says who it is. */
function visitorOf({ ip, userAgent }: Fields): Visitor | null {
  const address = typeof ip === "string" ? parseAddress(ip)?.text : undefined;
  const agent = typeof userAgent === "string" && userAgent !== "" ? userAgent : undefined;
  if (address === undefined && agent === undefined) return null;
  return {
    ...(address === undefined ? {} : { address }),
    ...(agent === undefined ? {} : { userAgent: agent }),
  };
}

/** The ids tell nothing of the visitor id that is stored, and are nothing but numbers to it. */
function answerOf({ event }: Taken, cache: string | null, { tokenKey }: FormatParts) {
  const seed = event ? `${event.site_id} ${event.visitor_id}` : cache ?? "";
  const sessionId = uuidOfText(`session ${signed(seed, tokenKey)}`);
  const visitId = uuidOfText(`visit ${sessionId}`);
  const head = base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }));
  const text = `${head}.${base64url(JSON.stringify({ sessionId, visitId }))}`;
  return { cache: `${text}.${signed(text, tokenKey)}`, sessionId, visitId };
}

function signed(text: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

function base64url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}
