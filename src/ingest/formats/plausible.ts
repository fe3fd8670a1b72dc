// The events API of Plausible: long or short keys, the short one first. One event may be of several
// sites.
import { EVENT_SITES_MAX } from "../../core/limits.ts";
import { ENGAGEMENT } from "../../core/event.ts";
import { isDeepJson } from "../../core/text.ts";
import { withoutWww } from "../../net/host.ts";
import { readEngagement } from "../fields/engagement.ts";
import type { Notice } from "../fields/notices.ts";
import {
  type Checked,
  checkPayload,
  type Payload,
  type PayloadLabels,
  refuse,
} from "../payload.ts";
import { isRefused, type Reading, requireTaken, type Taken, type WireRequest } from "./format.ts";
import { objectOf } from "./json_body.ts";
import { takenHeaders } from "./mallard.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Keys that only Mallard's own dialect has. */
const MALLARD_KEYS = ["ra", "rc", "l", "en", "id"];
const LONG_KEYS = ["name", "url", "domain"];
/** Keys that only Plausible's dialect has. */
const PLAUSIBLE_KEYS = [
  ...["referrer", "hashMode", "props", "m", "meta", "$", "revenue", "i", "interactive", "v"],
  ...["e", "sd", "screen_width"],
];

const LABELS: PayloadLabels = {
  site_id: "d (domain)",
  event_name: "n (name)",
  url: "u (url)",
};

const REFERRER_CHARS_MAX = 2000;
/** Of a name under its long key. */
const LONG_NAME_CHARS_MAX = 120;
const PROPS_MAX = 30;
const PROP_KEY_BYTES_MAX = 300;
const PROP_VALUE_BYTES_MAX = 2000;
const UTF8 = new TextEncoder();

/** Whether a body has the keys of this dialect, and not those of the program's own tracker. */
export function isPlausible(fields: Fields): boolean {
  if (LONG_KEYS.some((key) => Object.hasOwn(fields, key))) return true;
  if (MALLARD_KEYS.some((key) => Object.hasOwn(fields, key))) return false;
  const { d, h, n, p, r } = fields;
  if (PLAUSIBLE_KEYS.some((key) => Object.hasOwn(fields, key)) || typeof h === "number") {
    return true;
  }
  // Its first scripts have short keys alone; they name a missing referrer, or give an object.
  const isOld = r === null || objectOf(p) !== null;
  return isOld &&
    (n === ENGAGEMENT || typeof n === "number" || typeof d === "string" && d.includes(","));
}

/** The answer to a client that asks which address it is seen with; null for any other. */
export function answerDebug({ headers, address }: WireRequest): Reading | null {
  if (headers.get("x-debug-request")?.toLowerCase() !== "true") return null;
  const answer = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return { response: new Response(address, { headers: answer }) };
}

/** The events of a body; `isSite` knows the sites of a name. Never throws. */
export function receivePlausible(fields: Fields, isSite: (name: string) => boolean): Reading {
  const sites = sitesOf(fields).map((site) => siteNamed(site, isSite));
  if (sites.length > EVENT_SITES_MAX) {
    return refuse(
      "bad_request",
      `Cannot read ${LABELS.site_id}: it names more than ${EVENT_SITES_MAX} sites`,
    );
  }
  const checked = sites.map((site) => readEvent(fields, site));
  const events = checked.flatMap((one) => "value" in one ? { payload: one.value } : []);
  const fault = checked.find((one) => "fault" in one);
  if (events.length === 0 && fault) return fault;
  return { events, write: (taken) => write(taken, checked.length - events.length) };
}

/** The sites of an event: undefined stands for one that is missing. */
function sitesOf(fields: Fields): readonly unknown[] {
  const given = either(fields, "d", "domain");
  if (typeof given === "string" && given.includes(",")) {
    return given.split(",").map((site) => site.trim()).filter((site) => site !== "");
  }
  if (given !== undefined && given !== null) return [given];
  const isLong = LONG_KEYS.some((key) => Object.hasOwn(fields, key));
  return [isLong ? siteOfUrl(either(fields, "u", "url")) : undefined];
}

/** There `www.` is no part of a domain. A site that has it in its name here keeps it. */
function siteNamed(site: unknown, isSite: (name: string) => boolean): unknown {
  if (typeof site !== "string" || !/^www\./i.test(site) || isSite(site)) return site;
  return withoutWww(site.toLowerCase());
}

function siteOfUrl(url: unknown): string | undefined {
  if (typeof url !== "string" || !URL.canParse(url)) return undefined;
  return withoutWww(new URL(url).hostname) || undefined;
}

function readEvent(fields: Fields, site: unknown): Checked<Payload> {
  const notices: Notice[] = [];
  const name = textOfName(either(fields, "n", "name"));
  const url = either(fields, "u", "url");
  const isEngagement = name === ENGAGEMENT;
  const engagement = isEngagement ? readEngagement(fields["e"], fields["sd"]) : null;
  const revenue = isEngagement ? null : revenueOf(either(fields, "$", "revenue"), notices);
  return checkPayload(
    {
      site_id: site,
      event_name: name,
      url,
      referrer: isEngagement ? undefined : either(fields, "r", "referrer"),
      // Programs without a screen send 0.
      screenPixels: either(fields, "w", "screen_width") || undefined,
      props: isEngagement ? undefined : propsOf(fields, name, url, notices),
      revenueCents: revenue?.amount,
      revenueCurrency: revenue?.currency,
      isHashRouted: either(fields, "h", "hashMode"),
      isLocal: undefined,
      isEvent: !isEngagement || engagement !== null,
      engagement,
      isInteractive: either(fields, "i", "interactive"),
    },
    LABELS,
    {
      notices,
      referrerCharsMax: REFERRER_CHARS_MAX,
      ...(Object.hasOwn(fields, "n") ? {} : { nameCharsMax: LONG_NAME_CHARS_MAX }),
    },
  );
}

function either(fields: Fields, short: string, long: string): unknown {
  return fields[short] ?? fields[long];
}

/** Names of events may be whole numbers, as that of the event `404`. */
function textOfName(name: unknown): unknown {
  return Number.isInteger(name) ? String(name) : name;
}

/** An amount with its currency; without one of the two there is none. */
function revenueOf(
  value: unknown,
  notices: Notice[],
): { readonly amount: string | number; readonly currency: string } | null {
  const given = typeof value === "string" ? parsed(value) : value;
  if (given === undefined || given === null || given === "") return null;
  const { amount, currency } = objectOf(given) ?? {};
  const isAmount = typeof amount === "number" ||
    typeof amount === "string" && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*$/.test(amount);
  const isCurrency = typeof currency === "string" && /^\s*[a-z]{3}\s*$/i.test(currency);
  if (isAmount && isCurrency) return { amount, currency };
  notices.push("revenue_dropped");
  return null;
}

/** The properties that fit; lists, objects and blanks are none. */
function propsOf(fields: Fields, name: unknown, url: unknown, notices: Notice[]): unknown {
  const given = [either(fields, "p", "props"), either(fields, "m", "meta")]
    .find((value) => value !== undefined && value !== null && value !== "");
  const object = objectOf(typeof given === "string" ? parsed(given) : given);
  if (object === null) return given ?? (name === "404" ? withPath({}, url) : undefined);
  const scalars = Object.entries(object).filter(([key, value]) => key !== "" && isScalar(value));
  const fitting = scalars.filter(fits).slice(0, PROPS_MAX);
  if (fitting.length < scalars.length) notices.push("props_cut");
  const kept = Object.fromEntries(fitting);
  const all = name === "404" ? withPath(kept, url) : kept;
  return Object.keys(all).length > 0 ? all : undefined;
}

function isScalar(value: unknown): boolean {
  if (typeof value === "string") return value.trim() !== "";
  return typeof value === "number" || typeof value === "boolean";
}

function fits([key, value]: readonly [string, unknown]): boolean {
  return UTF8.encode(key).byteLength <= PROP_KEY_BYTES_MAX &&
    UTF8.encode(String(value)).byteLength <= PROP_VALUE_BYTES_MAX;
}

/** A page that was not found is named by the property `path`. */
function withPath(props: Fields, url: unknown): Fields {
  if (Object.hasOwn(props, "path") || typeof url !== "string") return props;
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  return { ...props, path: path.slice(0, PROP_VALUE_BYTES_MAX) };
}

function parsed(text: string): unknown {
  if (isDeepJson(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `ok`, and how many events were dropped. Refused only where none of them is accepted. */
function write(taken: readonly Taken[], faulty: number): Response {
  const refused = taken.filter(isRefused);
  const [first] = refused;
  if (first && refused.length === taken.length) requireTaken(first);
  const dropped = taken.filter((one) => one.dropped !== null && one.dropped !== "no_event");
  const count = dropped.length + faulty;
  const [told] = [...dropped, ...taken.filter(({ notices }) => notices.length > 0)];
  return new Response("ok", {
    status: 202,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      ...(told ? takenHeaders(told) : {}),
      ...(count > 0 ? { "x-plausible-dropped": String(count) } : {}),
    },
  });
}
