// What is wrong with a request, collected so that one answer names every fault. Parsers return a
// value or a fault; only this knows where the text was.
import type { Parsed } from "../../dashboard/grammar/parsed.js";
import { AppError } from "./errors.ts";
import { FAULTS_TOLD_MAX } from "./limits.ts";

/** The place in a fault: of a parameter `Cannot read NAME: …`, of a field of a body `NAME: …`. */
const PLACE = /^(?:Cannot read )?([\w.:-]+(?:\[\d+\])?): /;

/** The faults of one request, as many as are told; the same fault counts once. */
export class Faults {
  readonly #texts = new Set<string>();

  /** Notes a fault: a whole text that names its place. */
  add(text: string): void {
    if (this.#texts.size < FAULTS_TOLD_MAX) this.#texts.add(text);
  }

  /** What was parsed; where it could not be, notes the fault after `place` and gives a stand-in. */
  valueOf<T>(place: string, parsed: Parsed<T>, standIn: T): T {
    if (parsed.fault === undefined) return parsed.value;
    this.add(`${place}: ${parsed.fault}`);
    return standIn;
  }

  /** Every fault, in the order of notice. */
  get list(): readonly string[] {
    return [...this.#texts];
  }

  /** Throws `bad_request` with every fault, after `opening`. */
  check(opening = ""): void {
    if (this.#texts.size === 0) return;
    const [first = ""] = this.#texts;
    throw new AppError(
      "bad_request",
      `${opening}${[...this.#texts].join("; ")}`,
      {},
      PLACE.exec(first)?.[1],
    );
  }
}
