// An event as a client sent it, checked: the fields that a wire format found become a Payload, or
// the one fault that refuses them. Only a site, a name or a URL that cannot be read refuses the
// event; any other field is dropped or cut by itself, with a notice.
import type { ErrorCode } from "../core/errors.ts";
import {
  EVENT_NAME_CHARS_MAX,
  SCREEN_PIXELS_MAX,
  URL_CHARS_MAX,
  USER_ID_CHARS_MAX,
} from "../core/limits.ts";
import { asciiSiteId, faultOfSiteId } from "../core/site_id.ts";
import { withoutControls } from "../core/text.ts";
import type { Notice } from "./fields/notices.ts";
import { readProps } from "./fields/props.ts";
import { type Engagement, NO_ENGAGEMENT } from "./fields/engagement.ts";
import { readLanguage, readTitle } from "./fields/page_texts.ts";
import type { Vitals } from "./fields/vitals.ts";
import { readNumber, readRevenue, type Revenue } from "./fields/revenue.ts";

/** A checked event as the site sent it. Absent and empty optional fields are null. */
export interface Payload extends Revenue {
  readonly site_id: string;
  readonly event_name: string;
  /** Full URL, or a path. */
  readonly url: string;
  readonly referrer: string | null;
  /** Width of the screen in pixels. */
  readonly screenPixels: number | null;
  readonly title: string | null;
  /** `de` or `en-US`. */
  readonly language: string | null;
  /** The site's own id of the visitor, as it was sent: never stored, and no part of the event. */
  readonly userId: string | null;
  /** A JSON object as text. */
  readonly props: string | null;
  /** The fragment of the URL is a route: part of the page's path. */
  readonly isHashRouted: boolean;
  /** Counts although its page is on the visitor's own machine. */
  readonly isLocal: boolean;
  /** False for what tells of a visit or a page view before, as how long a page was seen. */
  readonly isEvent: boolean;
  /** False for an event that tells of nothing that the visitor did. */
  readonly isInteractive: boolean;
  /** Of an engagement: what it says of a page view before. */
  readonly engagement: Engagement | null;
  /** Of an engagement: how the page loaded. */
  readonly vitals: Vitals | null;
  /** What was dropped or cut of the other fields. */
  readonly notices: readonly Notice[];
}

/** Why a payload is refused: `bad_request` for a value, `unprocessable` for a shape. */
export interface PayloadFault {
  readonly code: Extract<ErrorCode, "bad_request" | "unprocessable">;
  readonly message: string;
}

/** A value or why there is none. */
export type Checked<T> = { readonly value: T } | { readonly fault: PayloadFault };

/** The fields that a wire format found, unchecked; undefined for those it did not find. */
export type PayloadFields =
  & Readonly<
    Record<Exclude<keyof Payload, "notices" | Measured | Optional>, unknown>
  >
  & { readonly isEvent?: boolean }
  & { readonly engagement?: Engagement | null; readonly vitals?: Vitals | null }
  & { readonly [K in Optional]?: unknown };

type Measured = "isEvent" | "engagement" | "vitals";

/** What some wire formats have no field for. */
type Optional = "isInteractive" | "title" | "language" | "userId";

/** What a fault calls the fields that may refuse an event: their names in the wire format. */
export type PayloadLabels = Readonly<Record<"site_id" | "event_name" | "url", string>>;

/** Where a wire format differs: its own limits, and what it has dropped or cut itself. */
export interface PayloadRules {
  readonly nameCharsMax?: number;
  readonly referrerCharsMax?: number;
  readonly notices?: readonly Notice[];
}

const NO_NOTICES: readonly Notice[] = [];

/** Checks the fields in order and returns the first fault. Never throws. */
export function checkPayload(
  fields: PayloadFields,
  labels: PayloadLabels,
  rules: PayloadRules = {},
): Checked<Payload> {
  const { nameCharsMax = EVENT_NAME_CHARS_MAX, referrerCharsMax = URL_CHARS_MAX } = rules;
  let notices: readonly Notice[] = rules.notices ? [...new Set(rules.notices)] : NO_NOTICES;
  const note = (notice: Notice) => {
    if (!notices.includes(notice)) notices = [...notices, notice];
  };
  try {
    return {
      value: {
        site_id: siteId(fields.site_id, labels.site_id),
        event_name: eventName(fields.event_name, labels.event_name, nameCharsMax),
        url: pageUrl(fields.url, labels.url),
        referrer: referrerText(fields.referrer, referrerCharsMax, note),
        screenPixels: pixels(fields.screenPixels, note),
        title: readTitle(fields.title, note),
        language: readLanguage(fields.language, note),
        userId: userIdText(fields.userId, note),
        props: readProps(fields.props, note),
        ...readRevenue(fields.revenueCents, fields.revenueCurrency, note),
        isHashRouted: isSet(fields.isHashRouted),
        isLocal: isSet(fields.isLocal),
        isEvent: fields.isEvent ?? true,
        isInteractive: !isUnset(fields.isInteractive),
        engagement: fields.engagement ?? (fields.vitals ? NO_ENGAGEMENT : null),
        vitals: fields.vitals ?? null,
        notices,
      },
    };
  } catch (error) {
    if (error instanceof Refusal) return { fault: error.fault };
    throw error;
  }
}

class Refusal extends Error {
  readonly fault: PayloadFault;

  constructor(code: PayloadFault["code"], message: string) {
    super(message);
    this.fault = { code, message };
  }
}

/** A refusal as a value, for a body that is no event. */
export function refuse(code: PayloadFault["code"], message: string): { fault: PayloadFault } {
  return { fault: { code, message } };
}

function textOf(value: unknown, label: string): string {
  if (typeof value === "string") return value;
  const found = value === undefined || value === null
    ? "it is missing"
    : `it is ${Array.isArray(value) ? "a list" : `of type ${typeof value}`}, not text`;
  throw new Refusal("unprocessable", `Cannot read ${label}: ${found}`);
}

/** Characters are counted in code points: a surrogate pair is one. */
function isLonger(text: string, charsMax: number): boolean {
  return text.length > charsMax && [...text].length > charsMax;
}

function required(value: unknown, label: string): string {
  const text = withoutControls(textOf(value, label));
  if (text.trim() !== "") return text;
  throw new Refusal("bad_request", `Cannot read ${label}: it is empty`);
}

function siteId(value: unknown, label: string): string {
  const text = asciiSiteId(textOf(value, label));
  const fault = faultOfSiteId(text);
  if (fault) throw new Refusal("bad_request", `Cannot read ${label}: ${fault}`);
  return text;
}

function eventName(value: unknown, label: string, charsMax: number): string {
  const text = required(value, label);
  if (!isLonger(text, charsMax)) return text.toWellFormed();
  throw new Refusal(
    "bad_request",
    `Cannot read ${label}: it is longer than ${charsMax} characters`,
  );
}

/** What is stored of a query is short, whatever its length: only the part before it is limited. */
function pageUrl(value: unknown, label: string): string {
  const text = required(value, label);
  const end = text.search(/[?#]/);
  if (!isLonger(end < 0 ? text : text.slice(0, end), URL_CHARS_MAX)) return text.toWellFormed();
  throw new Refusal(
    "bad_request",
    `Cannot read ${label}: without its query it is longer than ${URL_CHARS_MAX} characters`,
  );
}

function referrerText(
  value: unknown,
  charsMax: number,
  note: (notice: Notice) => void,
): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") {
    note("referrer_dropped");
    return null;
  }
  // The fragment of a referrer is never stored.
  const text = withoutControls(value).replace(/#.*/s, "");
  if (!isLonger(text, charsMax)) return text.toWellFormed() || null;
  note("referrer_cut");
  // Half a surrogate pair or half of %E4 may be left at the end.
  return text.slice(0, charsMax).replace(/[\ud800-\udbff]$|%[0-9A-F]?$/i, "").toWellFormed();
}

/** An id of the site's own: text, or a whole number. */
function userIdText(value: unknown, note: (notice: Notice) => void): string | null {
  if (value === undefined || value === null || value === "") return null;
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && !isLonger(text, USER_ID_CHARS_MAX)) return text.toWellFormed();
  note("user_id_dropped");
  return null;
}

function pixels(value: unknown, note: (notice: Notice) => void): number | null {
  const width = readNumber(value);
  if (width === null) return null;
  if (width >= 0 && width <= SCREEN_PIXELS_MAX) return Math.round(width);
  note("width_dropped");
  return null;
}

/** Whether a flag that is set by default is not. */
function isUnset(value: unknown): boolean {
  return value === false || value === 0 ||
    typeof value === "string" && /^\s*(?:false|0|no|off)\s*$/i.test(value);
}

/** Whether a flag is set. An attribute without a value arrives as empty text. */
function isSet(value: unknown): boolean {
  if (typeof value === "string") return !/^(?:false|0|no|off)$/i.test(value.trim());
  return value === true || value === 1;
}
