// Liveness, readiness, and the server's own numbers as JSON and for Prometheus. It only reads
// numbers that other parts keep.
import { isNearby } from "../auth/locality.ts";
import { sameSecret } from "../auth/secrets.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/types.ts";
import { BOUNDS_SECS, type Histogram } from "../core/timings/timings.ts";
import { json } from "../http/response.ts";
import type { Context, Route } from "../http/route.ts";

/** Values behind /health/detailed, read at each request. */
export interface Health {
  readonly version: string;
  readonly buffered_events: number;
  readonly auth_configured: boolean;
  readonly geoip_loaded: boolean;
  readonly behavioral_extension_loaded: boolean;
  readonly filter_bots: boolean;
  readonly cache_entries: number;
  /** Whether the disk accepts events. */
  readonly accepting: boolean;
  /** Names of what is wrong; empty when all is well. */
  readonly degraded: readonly string[];
  /** Further values, by name. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Further values that name sites. */
  readonly forReaders: Readonly<Record<string, unknown>>;
}

/** A metric of /metrics with one value, or one for each value of a label. */
export interface Sample {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly value: number | readonly { readonly label: string; readonly value: number }[];
  /** Name of the label if there are several values. */
  readonly by?: string;
  /** Of a histogram, in place of values. */
  readonly histograms?: readonly Histogram[];
}

/** What strangers see: no version, no volumes, no failures. What is not listed is hidden. */
const PUBLIC_VALUES: readonly string[] = [
  "status",
  "auth_configured",
  "geoip_loaded",
  "behavioral_extension_loaded",
  "filter_bots",
];

const PUBLIC_SAMPLES: readonly string[] = [
  "mallard_auth_configured",
  "mallard_geoip_loaded",
  "mallard_filter_bots",
  "mallard_behavioral_extension",
];

const HIDDEN = "Hid the numbers of /metrics and /health/detailed from a remote caller: to read " +
  "them from there, set metrics_token (MALLARD_METRICS_TOKEN) and send it as a Bearer token";

/**
 * Routes of health and metrics. With a `metrics_token` /metrics needs it; without, only callers who
 * are local or logged in see numbers.
 */
export function healthRoutes(
  read: {
    readonly health: () => Health;
    readonly samples: () => readonly Sample[];
    /** Finds out whether events can be kept; never rejects. */
    readonly probe: () => Promise<void>;
  },
  log: Log,
  { metrics_token }: { readonly metrics_token: string | null },
): Route[] {
  let hasTold = false;
  const seesAll = ({ request, peer, access }: Context): boolean => {
    if (access.who !== "nobody" || isNearby(request, peer)) return true;
    if (metrics_token !== null) return hasToken(request, metrics_token);
    if (!hasTold) log("info", HIDDEN);
    hasTold = true;
    return false;
  };
  return [
    { method: "GET", path: "/health", right: "public", handle: () => text("ok") },
    {
      method: "GET",
      path: "/health/ready",
      right: "public",
      handle: async () => {
        await read.probe();
        return read.health().accepting ? text("ready") : text("events cannot be kept", 503);
      },
    },
    {
      method: "GET",
      path: "/health/detailed",
      right: "public",
      handle: async (context) => {
        await read.probe();
        const { more, forReaders, accepting: _, ...health } = read.health();
        const values = Object.entries({
          status: health.degraded.length === 0 ? "ok" : "degraded",
          ...health,
          cache_empty: health.cache_entries === 0,
          ...more,
          ...forReaders,
        });
        const all = seesAll(context);
        return json(
          Object.fromEntries(values.filter(([name]) => all || PUBLIC_VALUES.includes(name))),
        );
      },
    },
    {
      method: "GET",
      path: "/metrics",
      right: "public",
      handle: (context) => {
        if (metrics_token !== null) requireToken(context.request, metrics_token);
        const all = seesAll(context);
        const shown = read.samples().filter(({ name }) => all || PUBLIC_SAMPLES.includes(name));
        return new Response(exposition(shown), {
          headers: {
            "content-type": "text/plain; version=0.0.4; charset=utf-8",
            "cache-control": "no-store",
          },
        });
      },
    },
  ];
}

/** Samples in Prometheus' text format 0.0.4. */
export function exposition(samples: readonly Sample[]): string {
  return samples.map((sample) => {
    const { name, type, help, value, by, histograms } = sample;
    const lines = histograms
      ? histograms.flatMap((one) => histogramLines(name, by, one))
      : typeof value === "number"
      ? [`${name} ${value}`]
      : value.map(({ label, value }) => `${name}{${by ?? "name"}="${escaped(label)}"} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n") + "\n";
  }).join("");
}

function histogramLines(
  name: string,
  by: string | undefined,
  { label, upTo, sumSecs }: Histogram,
): string[] {
  const own = by === undefined ? "" : `${by}="${escaped(label)}"`;
  const labels = own === "" ? "" : `{${own}}`;
  const comma = own === "" ? "" : ",";
  return [
    ...upTo.map((count, index) =>
      `${name}_bucket{${own}${comma}le="${BOUNDS_SECS[index] ?? "+Inf"}"} ${count}`
    ),
    `${name}_sum${labels} ${sumSecs}`,
    `${name}_count${labels} ${upTo.at(-1) ?? 0}`,
  ];
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function hasToken({ headers }: Request, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return given !== undefined && sameSecret(given, token);
}

function requireToken(request: Request, token: string): void {
  if (hasToken(request, token)) return;
  throw new AppError("unauthorized", "Cannot read the metrics without their token", {
    "www-authenticate": "Bearer",
  });
}

function text(body: string, status = 200): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
}
