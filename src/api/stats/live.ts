// GET /api/stats/live: the realtime report as server-sent events, sent when it has changed. One
// check a second serves every open stream; streams with the same parameters share one answer.
import { requireSite } from "../../auth/rights.ts";
import { HOUR_MS } from "../../core/durations.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import type { Route } from "../../http/route.ts";
import { STREAM_LAG_MAX, STREAMS_MAX } from "../../core/limits.ts";
import type { Clock, Log } from "../../core/types.ts";
import { Params } from "../../query/params.ts";
import { siteOf } from "../../query/parse.ts";
import { REALTIME } from "../../query/reports/realtime.ts";
import type { Runner } from "../../query/run.ts";
import type { Reader } from "../../storage/reader.ts";

const CHECK_MS = 1000;
/** Numbers of the last minutes fall without new events: they are computed again after this. */
const STALE_MS = 15_000;
/** After this long without a message a comment keeps proxies from closing the stream. */
const SILENCE_MS = 25_000;
/** A stream ends after this long; its client reconnects, and its rights are checked again. */
const STREAM_MS_MAX = HOUR_MS;
const ENCODER = new TextEncoder();

type Stream = ReadableStreamDefaultController<Uint8Array>;

/** The streams of one site with the same parameters. */
interface Channel {
  readonly site: string;
  readonly query: string;
  /** When each was opened, in ms. */
  readonly streams: Map<Stream, number>;
  version: string;
  computedMs: number;
  sentMs: number;
  text: string;
  busy: boolean;
}

/** Every open stream. */
export class Live {
  readonly #runner: Pick<Runner, "answer">;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #channels = new Map<string, Channel>();
  #stopChecking: (() => void) | null = null;

  constructor(runner: Pick<Runner, "answer">, reader: Reader, clock: Clock, log: Log) {
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
  async open(site: string, params: Params, query: string): Promise<Response> {
    if (this.count >= STREAMS_MAX) {
      throw new AppError("unavailable", `Cannot open a stream: ${STREAMS_MAX} are open`, {
        "retry-after": "30",
      });
    }
    const first = await this.#answer(site, params);
    const channel = this.#channel(site, query, first);
    let own: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        own = stream;
        channel.streams.set(stream, this.#clock.nowMs());
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

  async #answer(site: string, params: Params): Promise<string> {
    return JSON.stringify(await this.#runner.answer("realtime", REALTIME, site, params));
  }

  #channel(site: string, query: string, text: string): Channel {
    const key = JSON.stringify([site, query]);
    const nowMs = this.#clock.nowMs();
    const channel = this.#channels.get(key) ?? {
      site,
      query,
      streams: new Map(),
      version: this.#reader.version(site),
      computedMs: nowMs,
      sentMs: nowMs,
      text,
      busy: false,
    };
    this.#channels.set(key, channel);
    return channel;
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    for (const channel of [...this.#channels.values()]) {
      for (const [stream, openedMs] of [...channel.streams]) {
        if (nowMs - openedMs >= STREAM_MS_MAX) this.#end(channel, stream);
      }
      const version = this.#reader.version(channel.site);
      const due = version !== channel.version || nowMs - channel.computedMs >= STALE_MS;
      if (due && !channel.busy) void this.#refresh(channel, version);
      else if (nowMs - channel.sentMs >= SILENCE_MS) this.#send(channel, ":\n\n");
    }
  }

  async #refresh(channel: Channel, version: string): Promise<void> {
    channel.busy = true;
    try {
      const params = new Params(new URLSearchParams(channel.query));
      const text = await this.#answer(channel.site, params);
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
      channel.busy = false;
    }
  }

  #send(channel: Channel, text: string): void {
    channel.sentMs = this.#clock.nowMs();
    const bytes = ENCODER.encode(text);
    for (const stream of [...channel.streams.keys()]) {
      // A client that does not keep up reconnects by itself.
      if ((stream.desiredSize ?? 0) <= 0) this.#end(channel, stream);
      else stream.enqueue(bytes);
    }
  }

  #end(channel: Channel, stream: Stream): void {
    this.#leave(channel, stream);
    stream.close();
  }

  #leave(channel: Channel, stream: Stream | undefined): void {
    if (stream) channel.streams.delete(stream);
    if (channel.streams.size === 0) {
      this.#channels.delete(JSON.stringify([channel.site, channel.query]));
    }
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
      const kept = [...context.url.searchParams].filter(([name]) => name !== "site_id").sort();
      return live.open(site, params, new URLSearchParams(kept).toString());
    },
  }];
}
