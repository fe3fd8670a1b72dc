// An event as a client sent it, checked: the fields that a wire format found become a Payload, or
// the one fault that refuses them. It must not look at headers, addresses or settings.
import type { ErrorCode } from "../core/errors.ts";
import {
  EVENT_NAME_CHARS_MAX,
  PROPS_BYTES_MAX,
  REVENUE_CENTS_MAX,
  SCREEN_PIXELS_MAX,
  URL_CHARS_MAX,
} from "../core/limits.ts";
import { faultOfSiteId } from "../core/site_id.ts";
import { changeJsonTexts, withoutControls } from "../core/text.ts";

/** A checked event as the site sent it. Absent and empty optional fields are null. */
export interface Payload {
  readonly site_id: string;
  readonly event_name: string;
  /** Full URL, or a path. */
  readonly url: string;
  readonly referrer: string | null;
  /** Width of the screen in pixels. */
  readonly screenPixels: number | null;
  /** A JSON object as text. */
  readonly props: string | null;
  /** Whole hundredths. */
  readonly revenueCents: number | null;
  readonly revenueCurrency: string | null;
}

/** Why a payload is refused: `bad_request` for a value, `unprocessable` for a shape. */
export interface PayloadFault {
  readonly code: Extract<ErrorCode, "bad_request" | "unprocessable">;
  readonly message: string;
}

/** A value or why there is none. */
export type Checked<T> = { readonly value: T } | { readonly fault: PayloadFault };

/** The fields that a wire format found, unchecked; undefined for those it did not find. */
export type PayloadFields = Readonly<Record<keyof Payload, unknown>>;

/** What a fault calls each field: its name in the wire format. */
export type PayloadLabels = Readonly<Record<keyof Payload, string>>;

/** Checks the fields in order and returns the first fault. Never throws. */
export function checkPayload(fields: PayloadFields, labels: PayloadLabels): Checked<Payload> {
  try {
    return {
      value: {
        site_id: siteId(fields.site_id, labels.site_id),
        event_name: required(fields.event_name, labels.event_name, EVENT_NAME_CHARS_MAX),
        url: required(fields.url, labels.url, URL_CHARS_MAX),
        referrer: optional(fields.referrer, labels.referrer, URL_CHARS_MAX),
        screenPixels: pixels(fields.screenPixels, labels.screenPixels),
        props: propsText(fields.props, labels.props),
        revenueCents: cents(fields.revenueCents, labels.revenueCents),
        revenueCurrency: currency(fields.revenueCurrency, labels.revenueCurrency),
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

function wrongType(label: string, wanted: string, value: unknown): Refusal {
  const found = value === undefined || value === null
    ? "it is missing"
    : `it is ${Array.isArray(value) ? "a list" : `of type ${typeof value}`}, not ${wanted}`;
  return new Refusal("unprocessable", `Cannot read ${label}: ${found}`);
}

function required(value: unknown, label: string, charsMax: number): string {
  if (typeof value !== "string") throw wrongType(label, "text", value);
  const text = withoutControls(value);
  if (text.trim() === "") throw new Refusal("bad_request", `Cannot read ${label}: it is empty`);
  return bounded(text, label, charsMax);
}

function optional(value: unknown, label: string, charsMax: number): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw wrongType(label, "text", value);
  return bounded(withoutControls(value), label, charsMax) || null;
}

function bounded(value: string, label: string, charsMax: number): string {
  // Counted in code points: a surrogate pair is one character.
  if (value.length > charsMax && [...value].length > charsMax) {
    throw new Refusal(
      "bad_request",
      `Cannot read ${label}: it is longer than ${charsMax} characters`,
    );
  }
  return value.toWellFormed();
}

function siteId(value: unknown, label: string): string {
  if (typeof value !== "string") throw wrongType(label, "text", value);
  const fault = faultOfSiteId(value);
  if (fault) throw new Refusal("bad_request", `Cannot read ${label}: ${fault}`);
  return value;
}

function pixels(value: unknown, label: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || value < 0) {
    throw wrongType(label, "a number of pixels", value);
  }
  if (value > SCREEN_PIXELS_MAX) {
    throw new Refusal("bad_request", `Cannot read ${label}: ${value} is too large`);
  }
  return Math.round(value);
}

function propsText(value: unknown, label: string): string | null {
  if (value === undefined || value === null || value === "") return null;
  let text: string;
  if (typeof value === "string") {
    text = value.toWellFormed();
  } else if (typeof value === "object" && !Array.isArray(value)) {
    text = JSON.stringify(value);
  } else {
    throw wrongType(label, "a JSON object", value);
  }
  const bytes = new TextEncoder().encode(text).byteLength;
  if (bytes > PROPS_BYTES_MAX) {
    throw new Refusal(
      "bad_request",
      `Cannot read ${label}: ${bytes} bytes, at most ${PROPS_BYTES_MAX} are allowed`,
    );
  }
  if (!isJsonObject(text)) {
    throw new Refusal("unprocessable", `Cannot read ${label}: it is not a JSON object`);
  }
  return changeJsonTexts(text, withoutControls);
}

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function cents(value: unknown, label: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") throw wrongType(label, "a number", value);
  const rounded = toCents(value);
  if (Math.abs(rounded) > REVENUE_CENTS_MAX || !Number.isFinite(value)) {
    throw new Refusal("bad_request", `Cannot read ${label}: ${value} is beyond DECIMAL(12,2)`);
  }
  return rounded;
}

/** Hundredths of a decimal number, rounded half away from zero by its decimal digits. */
export function toCents(amount: number): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount));
  if (!match) return Math.sign(amount) * Math.round(Math.abs(amount) * 100);
  const [, sign, whole, fraction = ""] = match;
  const digits = fraction.padEnd(3, "0");
  const hundredths = Number(whole) * 100 + Number(digits.slice(0, 2)) + (digits[2]! >= "5" ? 1 : 0);
  return sign && hundredths ? -hundredths : hundredths;
}

function currency(value: unknown, label: string): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value !== "string") throw wrongType(label, "text", value);
  if (!/^[A-Za-z]{3}$/.test(value)) {
    throw new Refusal(
      "bad_request",
      `Cannot read ${label}: it is not a three-letter ISO 4217 code`,
    );
  }
  return value.toUpperCase();
}
