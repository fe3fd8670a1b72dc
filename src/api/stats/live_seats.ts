// Who may open a stream of live numbers: a limit for all, and narrower ones for strangers, so that
// an owner's own stream always finds room.
import { AppError } from "../../core/errors.ts";
import {
  CHANNELS_PER_ADDRESS_MAX,
  CHANNELS_PER_SITE_MAX,
  STRANGER_STREAMS_MAX,
  STREAMS_MAX,
  STREAMS_PER_ADDRESS_MAX,
} from "../../core/limits.ts";
import type { Caller } from "../../query/budget/turns.ts";

/** One stream, open or about to be. */
export interface Seat {
  readonly caller: Caller;
  readonly site: string;
  /** The site and what is asked of it, as one text. */
  readonly channel: string;
}

/** The seats that are taken. */
export class Seats {
  readonly #taken = new Set<Seat>();

  /** Takes a seat; the result gives it back. Throws `unavailable` when there is none. */
  take(seat: Seat): () => void {
    const fault = this.#fault(seat);
    if (fault !== null) {
      throw new AppError("unavailable", `Cannot open a stream: ${fault}`, { "retry-after": "30" });
    }
    this.#taken.add(seat);
    return () => this.#taken.delete(seat);
  }

  #fault({ caller, site, channel }: Seat): string | null {
    const taken = [...this.#taken];
    if (taken.length >= STREAMS_MAX) return `${STREAMS_MAX} are open`;
    if (caller.kind === "owner") return null;
    const strangers = taken.filter((seat) => seat.caller.kind === "stranger");
    if (strangers.length >= STRANGER_STREAMS_MAX) {
      return `${STRANGER_STREAMS_MAX} without a login are open`;
    }
    const own = strangers.filter((seat) => seat.caller.key === caller.key);
    if (own.length >= STREAMS_PER_ADDRESS_MAX) {
      return `${STREAMS_PER_ADDRESS_MAX} are open from this address`;
    }
    if (isFull(own, channel, CHANNELS_PER_ADDRESS_MAX)) {
      return `${CHANNELS_PER_ADDRESS_MAX} with other filters are open from this address`;
    }
    const same = strangers.filter((seat) => seat.site === site);
    return isFull(same, channel, CHANNELS_PER_SITE_MAX)
      ? `${CHANNELS_PER_SITE_MAX} with other filters are open without a login`
      : null;
  }
}

/** Whether another channel would be one too many. */
function isFull(seats: readonly Seat[], channel: string, max: number): boolean {
  const channels = new Set(seats.map((seat) => seat.channel));
  return !channels.has(channel) && channels.size >= max;
}
