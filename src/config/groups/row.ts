// The form of a row of the settings. The groups beside it hold the rows, and no logic.
import type { Kind } from "../kinds.ts";

/** Seconds of a year, the longest of most spans. */
export const YEAR_SECS = 31_536_000;

/** One setting. */
export interface Row<T> {
  readonly env: string;
  readonly kind: Kind<T>;
  readonly default: NoInfer<T>;
  readonly doc: string;
  /** The default as the documents show it, if the value is not clear. */
  readonly shown?: string;
  /** A value for the example file where there is no default. */
  readonly example?: T;
  /** Its value is never shown. */
  readonly secret?: true;
  /** Refused in a file: it may only come from the environment. */
  readonly envOnly?: true;
  /** Also accepted under `[privacy]`. */
  readonly privacy?: true;
}

/** A row of which the kind of value tells the type. */
export function row<T>(values: Row<T>): Row<T> {
  return values;
}
