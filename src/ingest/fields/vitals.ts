// Web vitals of the load of a page, as the columns that hold them.
import { CLS_MAX, VITAL_MS_MAX } from "../../core/limits.ts";
import { readNumber } from "./revenue.ts";

/** What a client measured; null is what it did not. */
export interface Vitals {
  readonly lcp_ms: number | null;
  readonly inp_ms: number | null;
  readonly cls_ten_thousandths: number | null;
  readonly fcp_ms: number | null;
  readonly ttfb_ms: number | null;
}

/** The vitals of fields by their usual names, or null where none can be read. */
export function readVitals(fields: Readonly<Record<string, unknown>>): Vitals | null {
  const within = (name: string, max: number, scale = 1): number | null => {
    const value = readNumber(fields[name]);
    return value !== null && value >= 0 && value <= max ? Math.round(value * scale) : null;
  };
  const vitals = {
    lcp_ms: within("lcp", VITAL_MS_MAX),
    inp_ms: within("inp", VITAL_MS_MAX),
    cls_ten_thousandths: within("cls", CLS_MAX, 10_000),
    fcp_ms: within("fcp", VITAL_MS_MAX),
    ttfb_ms: within("ttfb", VITAL_MS_MAX),
  };
  return Object.values(vitals).some((value) => value !== null) ? vitals : null;
}
