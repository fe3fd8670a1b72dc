// Liveness, readiness, and the server's own numbers as JSON and for Prometheus. It only reads
// numbers that other parts keep.
import { AppError } from "../core/errors.ts";
import { json } from "../http/response.ts";
import type { Route } from "../http/route.ts";
import { sameSecret } from "../auth/secrets.ts";

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
  /** Further values, by name. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Further values that name sites, for callers who may read all statistics. */
  readonly forReaders: Readonly<Record<string, unknown>>;
}

/** A metric of /metrics with one value, or one for each value of a label. */
export interface Sample {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly value: number | readonly { readonly label: string; readonly value: number }[];
  /** Name of the label if there are several values. */
  readonly by?: string;
}

/** Routes of health and metrics. `metrics_token` null leaves /metrics open. */
export function healthRoutes(
  read: { readonly health: () => Health; readonly samples: () => readonly Sample[] },
  options: { readonly metrics_token: string | null },
): Route[] {
  return [
    { method: "GET", path: "/health", right: "public", handle: () => text("ok") },
    { method: "GET", path: "/health/ready", right: "public", handle: () => text("ready") },
    {
      method: "GET",
      path: "/health/detailed",
      right: "public",
      handle: ({ access }) => {
        const { more, forReaders, accepting, ...health } = read.health();
        return json({
          status: accepting ? "ok" : "degraded",
          ...health,
          cache_empty: health.cache_entries === 0,
          ...more,
          ...(access.rights.has("read") && access.sites === null ? forReaders : {}),
        });
      },
    },
    {
      method: "GET",
      path: "/metrics",
      right: "public",
      handle: ({ request }) => {
        requireToken(request, options.metrics_token);
        return new Response(exposition(read.samples()), {
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
    const { name, type, help, value, by } = sample;
    const lines = typeof value === "number"
      ? [`${name} ${value}`]
      : value.map(({ label, value }) => `${name}{${by ?? "name"}="${escaped(label)}"} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n") + "\n";
  }).join("");
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function requireToken(request: Request, token: string | null): void {
  if (token === null) return;
  const given = /^bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given !== undefined && sameSecret(given, token)) return;
  throw new AppError("unauthorized", "Cannot read the metrics without their token", {
    "www-authenticate": "Bearer",
  });
}

function text(body: string): Response {
  return new Response(body, {
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
}
