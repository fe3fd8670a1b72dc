// The revenue of an event: an amount as a number or as numeric text, or an object of amount and
// currency.
import { REVENUE_CENTS_MAX } from "../../core/limits.ts";
import type { Notice } from "./notices.ts";

const NUMERIC = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i;

/** Amount in whole hundredths, and its currency. */
export interface Revenue {
  readonly revenueCents: number | null;
  readonly revenueCurrency: string | null;
}

/** Reads an amount and its currency. An object's own currency comes before the other. */
export function readRevenue(
  amount: unknown,
  currency: unknown,
  note: (notice: Notice) => void,
): Revenue {
  const object = amountObject(amount);
  return {
    // JSON has null for NaN: an object made for an amount has one that could not be sent.
    revenueCents: readCents(object ? object["amount"] ?? NaN : amount, note),
    revenueCurrency: readCurrency(object?.["currency"] ?? currency, note),
  };
}

function amountObject(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "amount")) return null;
  return value as Readonly<Record<string, unknown>>;
}

/** A number, or plain text of one; NaN for anything else, null where there is none. */
export function readNumber(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  const text = value.trim();
  if (text === "") return null;
  return NUMERIC.test(text) ? Number(text) : NaN;
}

function readCents(value: unknown, note: (notice: Notice) => void): number | null {
  const amount = readNumber(value);
  if (amount === null) return null;
  const cents = toCents(amount);
  if (Number.isFinite(amount) && Math.abs(cents) <= REVENUE_CENTS_MAX) return cents;
  note("revenue_dropped");
  return null;
}

/** Hundredths of a decimal number, rounded half away from zero by its decimal digits. */
export function toCents(amount: number): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount));
  if (!match) return Math.sign(amount) * Math.round(Math.abs(amount) * 100);
  const [, sign, whole, fraction = ""] = match;
  const digits = fraction.padEnd(3, "0");
  const hundredths = Number(whole) * 100 + Number(digits.slice(0, 2)) +
    (digits.charAt(2) >= "5" ? 1 : 0);
  return sign && hundredths ? -hundredths : hundredths;
}

function readCurrency(value: unknown, note: (notice: Notice) => void): string | null {
  if (value === undefined || value === null) return null;
  const text = typeof value === "string" ? value.trim() : null;
  if (text === "") return null;
  if (text !== null && /^[A-Za-z]{3}$/.test(text)) return text.toUpperCase();
  note("currency_dropped");
  return null;
}
