// The hits of GoatCounter's clients: one by /count, several by POST /api/v0/count. The site is told
// by the host that the request was sent to, else by the page that sent it.
import { BATCH_EVENTS_MAX } from "../../core/limits.ts";
import { json } from "../../http/response.ts";
import { parseAddress } from "../../net/address.ts";
import { comparableHost, withoutWww } from "../../net/host.ts";
import { DROPS } from "../drop_reasons.ts";
import type { Notice } from "../fields/notices.ts";
import { readLocation, readTime } from "../fields/sent_visitor.ts";
import {
  type Checked,
  checkPayload,
  type Payload,
  type PayloadLabels,
  refuse,
} from "../payload.ts";
import {
  type FormatParts,
  type Reading,
  refusalOf,
  type SentEvent,
  type Taken,
  type WireFormat,
  type WireRequest,
} from "./format.ts";
import { objectOf, parseJson } from "./json_body.ts";
import { gifResponse, takenHeaders } from "./mallard.ts";

type Fields = Readonly<Record<string, unknown>>;

const LABELS: PayloadLabels = { site_id: "the site", event_name: "p (path)", url: "p (path)" };
const SAID = "x-goatcounter";
const SKIPPED = "x-goatcounter-filter";
/** Hints of its script: what a browser says that a program drives. */
const DRIVEN_MIN = 150;

/** The formats of GoatCounter's clients. */
export function goatCounterFormats(parts: FormatParts): readonly WireFormat[] {
  const read = (request: WireRequest) => readHit(request, parts);
  return [
    { method: "GET", path: "/count", read },
    { method: "POST", path: "/count", read },
    {
      method: "POST",
      path: "/api/v0/count",
      right: "admin",
      read: (request) => readHits(request, parts),
    },
  ];
}

function readHit({ query, headers }: WireRequest, parts: FormatParts): Reading {
  const site = siteOfRequest(headers, parts);
  if (site === null) return { response: told(400, "no site: add this host to a site's aliases") };
  const fields = {
    path: query.get("p"),
    ref: query.get("r"),
    query: query.get("q"),
    size: query.get("s"),
    title: query.get("t"),
    language: headers.get("accept-language"),
    event: query.get("e"),
  };
  const page = urlIn(headers, "referer")?.pathname ?? "/";
  const checked = payloadOf(fields, site, { host: pageHost(headers), page });
  if ("fault" in checked) return { response: told(400, checked.fault.message) };
  if (isDriven(query.get("b"))) return { response: told(202, "ignored because of the bot hint") };
  const event = { payload: checked.value };
  const isAlone = isSet(query.get("ns"));
  return { events: [isAlone ? { ...event, visitor: { isAlone } } : event], write };
}

/** An image; what was not counted is told in a header. */
function write([taken]: readonly Taken[]): Response {
  if (taken === undefined) return gifResponse();
  if (taken.dropped === null) return gifResponse(takenHeaders(taken));
  const { message } = DROPS[taken.dropped];
  return told(refusalOf(taken)?.status ?? 202, message);
}

function told(status: number, message: string): Response {
  const said = { [SAID]: message.replace(/[^\x20-\x7e]/g, "-") };
  if (status >= 400) return json({ error: message }, status, said);
  const { body, headers } = gifResponse(said);
  return new Response(body, { status, headers });
}

function isDriven(hint: unknown): boolean {
  return Number(hint) >= DRIVEN_MIN;
}

/** The site of a request; null where nothing tells it. */
export function siteOfRequest(headers: Headers, { siteOfCode }: FormatParts): string | null {
  const host = headers.get("host")?.replace(/:\d+$/, "").toLowerCase() ?? "";
  const code = host.includes(".") ? host.slice(0, host.indexOf(".")) : "";
  const byHost = host === "" ? undefined : siteOfCode(host) ?? (code && siteOfCode(code));
  if (byHost) return byHost;
  const page = pageHost(headers);
  return page === null ? null : siteOfCode(page) ?? withoutWww(page);
}

/** The host of the page that sent the request. */
function pageHost(headers: Headers): string | null {
  const url = urlIn(headers, "origin") ?? urlIn(headers, "referer");
  return url && comparableHost(url.hostname);
}

function urlIn(headers: Headers, name: "origin" | "referer"): URL | null {
  const address = headers.get(name) ?? "";
  return /^https?:/i.test(address) && URL.canParse(address) ? new URL(address) : null;
}

/** The page that sent a hit, as far as it is known. */
interface SendingPage {
  readonly host: string | null;
  /** Browsers tell other hosts no path, as a rule. */
  readonly page?: string;
}

/** The event of a hit. The path of an event is its name; its page is the one that sent it. */
function payloadOf(
  fields: Fields,
  site: string,
  { host, page = "/" }: SendingPage,
  notices: readonly Notice[] = [],
): Checked<Payload> {
  const { path, ref, query, size } = fields;
  if (typeof path !== "string" || path === "") {
    return refuse("bad_request", `Cannot read ${LABELS.url}: it is missing`);
  }
  const isEvent = isSet(fields["event"]);
  return checkPayload(
    {
      site_id: site,
      event_name: isEvent ? path : "pageview",
      url: urlOf(isEvent ? page : path, withNames(query, ref), host),
      referrer: isAddress(ref) ? ref : undefined,
      screenPixels: widthOf(size),
      title: fields["title"],
      language: fields["language"],
      props: undefined,
      revenueCents: undefined,
      revenueCurrency: undefined,
      isHashRouted: false,
      isLocal: undefined,
    },
    LABELS,
    { notices },
  );
}

function isSet(value: unknown): boolean {
  return value === true || value === 1 || value === "true" || value === "1" || value === "t";
}

/** A referrer may be any text: one that is no address is the name of a source. */
function isAddress(ref: unknown): boolean {
  return typeof ref !== "string" || /^[a-z][a-z0-9+.-]*:|[./]/i.test(ref);
}

/** A query with the names of sources and campaigns that pages of any program have. */
function withNames(query: unknown, ref: unknown): string {
  const given = typeof query === "string" ? query.replace(/^\?/, "") : "";
  const names = new URLSearchParams(given);
  const added = new URLSearchParams();
  const source = names.get("src") ?? (isAddress(ref) ? null : String(ref));
  if (source && !["utm_source", "source", "ref"].some((name) => names.has(name))) {
    added.set("source", source);
  }
  const campaign = names.get("campaign");
  if (campaign && !names.has("utm_campaign")) added.set("utm_campaign", campaign);
  return [given, added.toString()].filter(Boolean).join("&");
}

/** The page's URL with the query that holds its campaign. */
function urlOf(path: string, given: string, host: string | null): string {
  const whole = given === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${given}`;
  if (host === null || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return whole;
  return `https://${host}${whole.startsWith("/") ? "" : "/"}${whole}`;
}

/** The width of `w,h,scale`, or of a list of numbers. */
function widthOf(size: unknown): unknown {
  const [width] = Array.isArray(size) ? size : typeof size === "string" ? size.split(",") : [size];
  return Number(width) > 0 ? width : undefined;
}

/** Hits that a program sends with a key: of now or of the past, each with its visitor. */
function readHits({ body, query, headers }: WireRequest, parts: FormatParts): Reading {
  const parsed = parseJson(body);
  if ("fault" in parsed) return parsed;
  const { hits, no_sessions } = objectOf(parsed.value) ?? {};
  if (!Array.isArray(hits) || hits.length === 0 || hits.length > BATCH_EVENTS_MAX) {
    return refuse("bad_request", `Cannot read hits: it is no list of 1 to ${BATCH_EVENTS_MAX}`);
  }
  const [only, another] = parts.siteIds();
  const site = query.get("site_id") ?? siteOfRequest(headers, parts) ??
    (another === undefined ? only : undefined);
  if (site === undefined) {
    return refuse("bad_request", "Cannot count: no site has the host of this request as an alias");
  }
  const read = hits.map((hit: unknown) => readPastHit(hit, site, isSet(no_sessions)));
  const events = read.flatMap((one) => "value" in one ? one.value : []);
  return { events, write: (taken) => writeHits(read, taken) };
}

type HitReading = Checked<SentEvent> | { readonly isDriven: true };

function readPastHit(hit: unknown, site: string, isAlone: boolean): HitReading {
  const fields = objectOf(hit);
  if (fields === null) return refuse("bad_request", "it is no object");
  if (isDriven(fields["bot"])) return { isDriven: true };
  const { ip, session, user_agent, created_at, location } = fields;
  const notices: Notice[] = [];
  const note = (notice: Notice) => void notices.push(notice);
  const atMs = readTime(created_at, msOfText, note);
  const place = readLocation(location, note);
  const checked = payloadOf(fields, site, { host: null }, notices);
  if ("fault" in checked) return checked;
  const address = typeof ip === "string" ? parseAddress(ip)?.text : undefined;
  const agent = typeof user_agent === "string" ? user_agent : "";
  const whose = address ?? (typeof session === "string" ? `session ${session}` : undefined);
  const visitor = {
    ...(whose === undefined ? {} : { address: whose }),
    ...(isAlone ? { isAlone } : {}),
    ...(place ? { place } : {}),
    userAgent: agent,
  };
  return { value: { payload: checked.value, visitor, ...(atMs === null ? {} : { atMs }) } };
}

function msOfText(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : NaN;
}

/** 202; 400 with the fault of each hit that cannot be read, the others being counted. */
function writeHits(read: readonly HitReading[], taken: readonly Taken[]): Response {
  const left = [...taken];
  const errors: Record<string, string> = {};
  const skipped: number[] = [];
  for (const [index, one] of read.entries()) {
    if ("fault" in one) errors[index] = one.fault.message;
    else if ("isDriven" in one) skipped.push(index);
    else {
      const what = left.shift();
      const refusal = what && refusalOf(what);
      if (refusal) errors[index] = refusal.message;
      else if (what?.dropped) skipped.push(index);
    }
  }
  const notices = [...new Set(taken.flatMap((one) => one.notices))];
  const headers = {
    ...(skipped.length > 0 ? { [SKIPPED]: skipped.join(",") } : {}),
    ...takenHeaders({ dropped: null, notices }),
  };
  return Object.keys(errors).length > 0
    ? json({ error: `Cannot count ${Object.keys(errors).length} hits`, errors }, 400, headers)
    : json({ status: "ok" }, 202, headers);
}
