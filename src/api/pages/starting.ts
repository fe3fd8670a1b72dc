// Routes before the app has started: /health, events as soon as they can be kept, and 503 for
// everything else.
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
    ...healthAtStart(() => false),
    // The tracker may read from another origin that it should retry.
    events,
    { ...events, method: "GET" },
    { ...events, method: "OPTIONS" },
  ];
}

/** The routes of an app that takes events, but has no statistics yet. */
export function acceptingRoutes(ingest: readonly Route[], isAccepting: () => boolean): Route[] {
  return [...healthAtStart(isAccepting), ...ingest];
}

/** Tells a proxy whether events are taken; statistics may not be there yet. */
export function acceptingRoute(isAccepting: () => boolean): Route {
  return {
    method: "GET",
    path: "/health/accepting",
    right: "public",
    handle: () => isAccepting() ? text("accepting", 200) : text("not accepting", 503),
  };
}

function healthAtStart(isAccepting: () => boolean): Route[] {
  return [
    { method: "GET", path: "/health", right: "public", handle: () => text("ok", 200) },
    {
      method: "GET",
      path: "/health/ready",
      right: "public",
      handle: () => text("database not ready", 503),
    },
    acceptingRoute(isAccepting),
  ];
}

function text(body: string, status: number): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
