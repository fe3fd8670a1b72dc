// GET /api/stats/live: the realtime report as server-sent events, sent when it has changed. One
// check a second serves every open stream; streams with the same question share one answer, and
// those of strangers together have a bounded share of the time.
import { requireSite } from "../../auth/rights.ts";
import { HOUR_MS, MINUTE_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Context, Route } from "../../http/route.ts";
import { STREAM_LAG_MAX } from "../../core/limits.ts";
import type { Clock, Log } from "../../core/types.ts";
import { type Caller, OWNER } from "../../query/budget/turns.ts";
import { Params } from "../../query/params.ts";
import { siteOf } from "../../query/parse.ts";
import { REALTIME } from "../../query/reports/realtime.ts";
import type { Asker, Runner } from "../../query/run.ts";
import type { Reader } from "../../storage/reader.ts";
import { callerOf } from "./caller.ts";
import { Seats } from "./live_seats.ts";

const CHECK_MS = 1000;
/** Numbers of the last minutes fall without new events: they are computed again after this. */
const STALE_MS = 15_000;
/** Each question of owners waits this many times as long as it took, up to `STALE_MS`. */
const OWNERS_PAUSE = 4;
/** After this long without a message a comment keeps proxies from closing the stream. */
const SILENCE_MS = 25_000;
/** A stream ends after this long; its client reconnects, and its rights are checked again. */
const STREAM_MS_MAX: Readonly<Record<Caller["kind"], number>> = {
  owner: HOUR_MS,
  stranger: 10 * MINUTE_MS,
};
/** Time that all streams of strangers may use before they pause. */
const STRANGERS_MS_MAX = 200;
/** They pause this many times as long as they took: a fifth of one core is theirs. */
const STRANGERS_PAUSE = 4;
/** All streams of strangers wait in turn as one caller. */
const STRANGERS: Caller = { kind: "stranger", key: "live" };
/** What a stream's answer depends on. */
const QUESTION_PARAMS = ["filters", "timezone"];
const ENCODER = new TextEncoder();

type Stream = ReadableStreamDefaultController<Uint8Array>;

/** One open stream. */
interface Open {
  readonly kind: Caller["kind"];
  readonly openedMs: number;
  readonly leave: () => void;
}

/** The streams of one site with the same question. */
interface Channel {
  readonly key: string;
  readonly isPublicOnly: boolean;
  readonly site: string;
  readonly query: string;
  readonly streams: Map<Stream, Open>;
  version: string;
  computedMs: number;
  /** When it may be computed again for owners, on the clock of `uptimeMs`. */
  nextMs: number;
  sentMs: number;
  text: string;
  busy: boolean;
}

/** Every open stream. */
export class Live {
  readonly #runner: Pick<Runner, "answer" | "incompleteDates" | "behindSince">;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #channels = new Map<string, Channel>();
  readonly #seats = new Seats();
  /** When the streams of strangers are computed again, in ms; Infinity while they are. */
  #strangersFromMs = 0;
  #stopChecking: (() => void) | null = null;

  constructor(
    runner: Pick<Runner, "answer" | "incompleteDates" | "behindSince">,
    reader: Reader,
    clock: Clock,
    log: Log,
  ) {
    this.#runner = runner;
    this.#reader = reader;
    this.#clock = clock;
    this.#log = log;
  }

  /** Number of open streams. */
  get count(): number {
    return [...this.#channels.values()].reduce((sum, { streams }) => sum + streams.size, 0);
  }

  /** A new stream of a site's realtime numbers. Throws `unavailable` when there are too many. */
  async open(
    site: string,
    params: Params,
    query: string,
    { caller, signal, onStream }: {
      readonly caller: Caller;
      readonly signal?: AbortSignal;
      readonly onStream?: Context["onStream"] | undefined;
    },
  ): Promise<Response> {
    const giveBack = this.#seats.take({ caller, site, channel: JSON.stringify([site, query]) });
    const ended = Promise.withResolvers<void>();
    const leave = () => {
      giveBack();
      ended.resolve();
    };
    try {
      const first = await this.#answer(site, params, { caller, signal });
      const channel = this.#channel(site, query, caller.isPublicOnly ?? false, first);
      onStream?.(ended.promise);
      return this.#stream(channel, first, { kind: caller.kind, leave });
    } catch (error) {
      leave();
      throw error;
    }
  }

  #stream(channel: Channel, first: string, open: Pick<Open, "kind" | "leave">): Response {
    let own: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        own = stream;
        channel.streams.set(stream, { ...open, openedMs: this.#clock.nowMs() });
        stream.enqueue(ENCODER.encode(`retry: 5000\n\n${message(first)}`));
      },
      cancel: () => this.#leave(channel, own),
    }, { highWaterMark: STREAM_LAG_MAX });
    this.#stopChecking ??= this.#clock.every(CHECK_MS, () => this.#check());
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  /** Ends every stream. */
  close(): void {
    for (const channel of [...this.#channels.values()]) {
      for (const stream of [...channel.streams.keys()]) this.#end(channel, stream);
    }
  }

  async #answer(site: string, params: Params, asker: Asker): Promise<string> {
    const since = this.#runner.behindSince();
    const answer = await this.#runner.answer("realtime", REALTIME, site, params, asker);
    const dates = this.#runner.incompleteDates(answer);
    const told = {
      ...dates.length === 0 ? {} : { incomplete_dates: dates },
      ...since === null ? {} : { behind_since: since },
    };
    return JSON.stringify(Object.assign({}, answer, told));
  }

  #channel(site: string, query: string, isPublicOnly: boolean, text: string): Channel {
    const key = JSON.stringify([site, query, isPublicOnly]);
    const nowMs = this.#clock.nowMs();
    const channel = this.#channels.get(key) ?? {
      key,
      isPublicOnly,
      site,
      query,
      streams: new Map(),
      version: this.#reader.version(site),
      computedMs: nowMs,
      nextMs: 0,
      sentMs: nowMs,
      text,
      busy: false,
    };
    this.#channels.set(key, channel);
    return channel;
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    const uptimeMs = this.#clock.uptimeMs();
    const ofStrangers: Channel[] = [];
    for (const channel of [...this.#channels.values()]) {
      for (const [stream, { kind, openedMs }] of [...channel.streams]) {
        if (nowMs - openedMs >= STREAM_MS_MAX[kind]) this.#end(channel, stream);
      }
      if (channel.streams.size === 0) continue;
      const isDue = this.#reader.version(channel.site) !== channel.version ||
        nowMs - channel.computedMs >= STALE_MS;
      const isOwners = [...channel.streams.values()].some(({ kind }) => kind === "owner");
      const isFree = !channel.busy && (!isOwners || uptimeMs >= channel.nextMs);
      if (isDue && isFree && isOwners) void this.#refresh(channel, OWNER);
      else if (isDue && isFree) ofStrangers.push(channel);
      else if (nowMs - channel.sentMs >= SILENCE_MS) this.#send(channel, ":\n\n");
    }
    if (ofStrangers.length > 0 && nowMs >= this.#strangersFromMs) {
      void this.#refreshStrangers(ofStrangers);
    }
  }

  /** One after the other, the oldest answer first, until their share of the time is used. */
  async #refreshStrangers(channels: readonly Channel[]): Promise<void> {
    const startedMs = this.#clock.nowMs();
    const usedMs = () => this.#clock.nowMs() - startedMs;
    this.#strangersFromMs = Infinity;
    for (const channel of [...channels].sort((a, b) => a.computedMs - b.computedMs)) {
      await this.#refresh(channel, STRANGERS);
      if (usedMs() >= STRANGERS_MS_MAX) break;
    }
    this.#strangersFromMs = this.#clock.nowMs() + STRANGERS_PAUSE * usedMs();
  }

  async #refresh(channel: Channel, caller: Caller): Promise<void> {
    const version = this.#reader.version(channel.site);
    const startedMs = this.#clock.uptimeMs();
    channel.busy = true;
    try {
      const params = new Params(new URLSearchParams(channel.query));
      const { site, isPublicOnly } = channel;
      const text = await this.#answer(site, params, { caller: { ...caller, isPublicOnly } });
      channel.version = version;
      channel.computedMs = this.#clock.nowMs();
      if (text !== channel.text) {
        channel.text = text;
        this.#send(channel, message(text));
      }
    } catch (error) {
      channel.computedMs = this.#clock.nowMs();
      this.#log("warn", "Live update failed", { reason: messageOf(error) });
    } finally {
      const endedMs = this.#clock.uptimeMs();
      channel.nextMs = endedMs + Math.min(STALE_MS, OWNERS_PAUSE * (endedMs - startedMs));
      channel.busy = false;
    }
  }

  #send(channel: Channel, text: string): void {
    channel.sentMs = this.#clock.nowMs();
    const bytes = ENCODER.encode(text);
    for (const stream of [...channel.streams.keys()]) {
      // A client that does not keep up reconnects.
      if ((stream.desiredSize ?? 0) <= 0) this.#end(channel, stream);
      else stream.enqueue(bytes);
    }
  }

  #end(channel: Channel, stream: Stream): void {
    this.#leave(channel, stream);
    stream.close();
  }

  #leave(channel: Channel, stream: Stream | undefined): void {
    if (stream) {
      channel.streams.get(stream)?.leave();
      channel.streams.delete(stream);
    }
    if (channel.streams.size === 0) this.#channels.delete(channel.key);
    if (this.#channels.size === 0) {
      this.#stopChecking?.();
      this.#stopChecking = null;
    }
  }
}

function message(text: string): string {
  return `event: realtime\ndata: ${text}\n\n`;
}

/** The route of the stream. It takes `site_id`, `filters` and `timezone`. */
export function liveRoutes(live: Live): Route[] {
  return [{
    method: "GET",
    path: "/api/stats/live",
    right: "read",
    streams: true,
    handle: (context) => {
      const params = new Params(context.url.searchParams);
      const site = requireSite(context.access, siteOf(params));
      const asked = [...context.url.searchParams];
      const kept = asked.filter(([name]) => QUESTION_PARAMS.includes(name)).sort();
      const query = new URLSearchParams(kept).toString();
      const { signal, onStream } = context;
      return live.open(site, params, query, { caller: callerOf(context), signal, onStream });
    },
  }];
}
