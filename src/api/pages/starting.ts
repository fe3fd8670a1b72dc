// Routes before the app has started: /health, and 503 for everything else.
import { AppError } from "../../core/errors.ts";
import type { Route } from "../../http/route.ts";

/** The error for a request that comes before the start. */
export function notReady(): AppError {
  return new AppError("unavailable", "Cannot answer yet: the server is starting", {
    "retry-after": "1",
  });
}

/** The routes of an app that has not started. */
export function startingRoutes(): Route[] {
  const text = (body: string, status: number) =>
    new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
  const events: Route = {
    method: "POST",
    path: "/api/event",
    right: "ingest",
    anyOrigin: true,
    handle: () => {
      throw notReady();
    },
  };
  return [
    { method: "GET", path: "/health", right: "public", handle: () => text("ok", 200) },
    {
      method: "GET",
      path: "/health/ready",
      right: "public",
      handle: () => text("database not ready", 503),
    },
    // The tracker may read from another origin that it should retry.
    events,
    { ...events, method: "GET" },
    { ...events, method: "OPTIONS" },
  ];
}
