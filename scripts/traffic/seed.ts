// Fills a running server with lifelike traffic through its own HTTP API, so that a dashboard can
// be looked at a minute after cloning. `deno task seed --help` tells the options.
import { parseArgs } from "node:util";
import { IMPORT_BODY_BYTES_MAX } from "../../src/core/limits.ts";
import {
  type PastEvent,
  siteProfiles,
  traffic,
  type TrafficOptions,
} from "../../src/cli/seed/traffic.ts";

/** Where the traffic goes. */
export interface SeedTarget {
  /** Base address of the server, without a slash at the end. */
  readonly url: string;
  /** An Admin key, where a password is set. */
  readonly key: string | null;
}

/** What was sent, and what the server made of it. */
export interface Seeded {
  readonly sent: number;
  readonly accepted: number;
  readonly dropped: number;
  readonly rejected: number;
}

interface Answer {
  readonly accepted: number;
  readonly dropped: number;
  readonly rejected_count: number;
  readonly rejected: readonly { readonly line: number; readonly error: string }[];
}

const EVENTS_A_REQUEST = 4_000;
const TRIES_MAX = 20;
const HELP = `deno task seed [options]: sends made-up traffic to a running server

  --url URL               the server (http://127.0.0.1:8000)
  --days N                days up to now (30)
  --sites N               sites (3)
  --visitors-per-day N    visitors of the busiest site on a working day (400)
  --seed N                another number, other traffic (1)
  --key KEY               an Admin API key, where a password is set (or MALLARD_API_KEY)`;

/**
 * Sends traffic, or what of it happens from one time and before another, in milliseconds since 1970
 * UTC. Rejects with Error when the server cannot be reached or refuses.
 */
export async function seed(
  target: SeedTarget,
  options: TrafficOptions,
  { fromMs = -Infinity, toMs = Infinity } = {},
): Promise<Seeded> {
  const total = { sent: 0, accepted: 0, dropped: 0, rejected: 0 };
  const send = async (events: readonly PastEvent[]) => {
    const answer = await post(target, events.map((event) => JSON.stringify(event)).join("\n"));
    total.sent += events.length;
    total.accepted += answer.accepted;
    total.dropped += answer.dropped;
    total.rejected += answer.rejected_count;
    const first = answer.rejected[0];
    if (first) throw new Error(`The server refuses line ${first.line}: ${first.error}`);
  };
  let waiting: PastEvent[] = [];
  for (const events of traffic(options)) {
    waiting.push(...events.filter(({ at }) => at >= fromMs && at < toMs));
    while (waiting.length >= EVENTS_A_REQUEST) {
      await send(waiting.slice(0, EVENTS_A_REQUEST));
      waiting = waiting.slice(EVENTS_A_REQUEST);
    }
  }
  if (waiting.length > 0) await send(waiting);
  return total;
}

/** Sends one request; where the server is busy, again later: it kept nothing of a refused one. */
async function post({ url, key }: SeedTarget, body: string): Promise<Answer> {
  if (body.length > IMPORT_BODY_BYTES_MAX) throw new Error("Cannot send: the events are too long");
  for (let tries = 1;; tries++) {
    const response = await fetch(`${url}/api/import`, {
      method: "POST",
      headers: {
        "content-type": "application/x-ndjson",
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body,
    }).catch((error) => {
      throw new Error(`Cannot reach ${url}: ${error.message}; is the server running?`);
    });
    if (response.ok) return await response.json();
    const text = await response.text();
    const retrySecs = Number(response.headers.get("retry-after") ?? 0);
    if (retrySecs === 0 || tries === TRIES_MAX) throw new Error(refusal(url, response, text));
    await new Promise((resolve) => setTimeout(resolve, retrySecs * 1000));
  }
}

function refusal(url: string, { status }: Response, text: string): string {
  const hint = status === 401 || status === 403
    ? "; name an Admin API key with --key, or run this on the server's own machine"
    : "";
  return `${url} answers ${status}: ${text.slice(0, 300)}${hint}`;
}

/** A whole number of at least 1 from the command line. Throws Error naming the option. */
function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`Cannot use --${name} ${text}: not a number`);
  return Number(text);
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      "url": { type: "string", default: "http://127.0.0.1:8000" },
      "days": { type: "string", default: "30" },
      "sites": { type: "string", default: "3" },
      "visitors-per-day": { type: "string", default: "400" },
      "seed": { type: "string", default: "1" },
      "key": { type: "string", default: Deno.env.get("MALLARD_API_KEY") ?? "" },
      "help": { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const options: TrafficOptions = {
    seed: count("seed", values.seed),
    untilMs: Date.now(),
    days: count("days", values.days),
    sites: count("sites", values.sites),
    visitorsPerDay: count("visitors-per-day", values["visitors-per-day"]),
  };
  const url = values.url.replace(/\/+$/, "");
  const startMs = performance.now();
  const { sent, accepted, dropped } = await seed({ url, key: values.key || null }, options);
  const secs = (performance.now() - startMs) / 1000;
  console.log(
    `Sent ${sent} events of ${options.days} days in ${secs.toFixed(1)} s: ` +
      `${accepted} accepted, ${dropped} dropped as robots.`,
  );
  for (const { domain } of siteProfiles(options.sites)) console.log(`  ${domain}`);
  console.log(`Look at them at ${url}/`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
