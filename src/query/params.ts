// The parameters of a request: each at most once, every fault collected so that one answer names
// them all.
import { type Parsed, shorten } from "../../dashboard/grammar/parsed.js";
import { Faults } from "../core/faults.ts";

/** Most characters of a bad value that a message repeats. */
const QUOTED_CHARS_MAX = 40;

/** Parameters by name, with the faults found so far. */
export class Params {
  readonly #values: URLSearchParams;
  readonly #faults = new Faults();
  /** Names that were asked for. */
  readonly #read = new Set<string>();

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** The value of a parameter; undefined when it is missing, or given twice (a fault). */
  text(name: string): string | undefined {
    this.#read.add(name);
    const values = this.#values.getAll(name);
    if (values.length > 1) {
      this.fault(`Cannot read ${name}: it is given ${values.length} times`);
      return undefined;
    }
    return values[0];
  }

  /** A whole number within bounds, or the default when it is missing. */
  integer(name: string, bounds: { min: number; max: number; default: number }): number {
    const text = this.text(name);
    if (text === undefined) return bounds.default;
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (number >= bounds.min && number <= bounds.max) return number;
    this.fault(
      `Cannot read ${name}: "${
        quoted(text)
      }" is no whole number from ${bounds.min} to ${bounds.max}`,
    );
    return bounds.default;
  }

  /** `true` or `false` (also 1, 0), false when it is missing. */
  flag(name: string): boolean {
    const text = this.text(name);
    if (text === undefined || text === "false" || text === "0") return false;
    if (text === "true" || text === "1") return true;
    this.fault(`Cannot read ${name}: "${quoted(text)}" is neither true nor false`);
    return false;
  }

  /** One of the names of a table, or the default when it is missing. */
  choice<T extends string>(name: string, names: readonly T[], byDefault: T): T {
    const text = this.text(name);
    if (text === undefined) return byDefault;
    const found = names.find((choice) => choice === text);
    if (found !== undefined) return found;
    this.fault(`Cannot read ${name}: "${quoted(text)}" is not one of ${names.join(", ")}`);
    return byDefault;
  }

  /**
   * The value that was read from a parameter's text; where it could not be read, notes the fault
   * and returns the stand-in.
   */
  read<T>(name: string, parsed: Parsed<T>, standIn: T): T {
    return this.#faults.valueOf(`Cannot read ${name}`, parsed, standIn);
  }

  /** Notes a fault. */
  fault(message: string): void {
    this.#faults.add(message);
  }

  /** Throws `bad_request` with every fault noted so far. */
  check(): void {
    this.#faults.check();
  }

  /**
   * The parameters that were read, without these names, sorted: one text for one question, whatever
   * else stands in the URL.
   */
  canonical(without: ReadonlySet<string>): string {
    const isOwn = ([name]: [string, string]) => this.#read.has(name) && !without.has(name);
    return JSON.stringify([...this.#values].filter(isOwn).sort());
  }
}

/** A bad value as a message may repeat it. */
export function quoted(text: string): string {
  return shorten(text, QUOTED_CHARS_MAX);
}
