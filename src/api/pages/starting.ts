// Routes before the app has started: /health, the pages and scripts that need no data, events as
// soon as they can be kept, and 503 for everything else.
import { AppError } from "../../core/errors.ts";
import type { Clock } from "../../core/types.ts";
import type { Route } from "../../http/route.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import { wireFormats } from "../../ingest/formats/formats.ts";
import { SCRIPT_PATHS } from "./assets.ts";
import { type ContactSettings, wellKnownRoutes } from "./well_known.ts";

/** The error for a request that comes before the start. */
export function notReady(): AppError {
  return new AppError("unavailable", "Cannot answer yet: the server is starting", {
    "retry-after": "1",
  });
}

/**
 * The routes of an app that has not started. A visitor's browser does not ask again for a
 * script, so a request for it waits until the assets are read.
 */
export function startingRoutes(
  clock: Clock,
  settings: ContactSettings,
  assets: () => Promise<readonly Route[]>,
): Route[] {
  const scripts = SCRIPT_PATHS.map((path): Route => ({
    method: "GET",
    path,
    right: "public",
    anyOrigin: true,
    handle: async (context) => {
      const found = (await assets()).find((route) => route.path === path);
      if (!found) throw notReady();
      return await found.handle(context);
    },
  }));
  return [
    ...healthAtStart(() => false),
    ...wellKnownRoutes(clock, settings),
    ...scripts,
    ...refusedEvents(),
  ];
}

/** Trackers may read from another origin that they should retry. */
function refusedEvents(): Route[] {
  const none: FormatParts = {
    siteOfCode: () => undefined,
    isSite: () => false,
    siteIds: () => [],
    tokenKey: new Uint8Array(),
  };
  const open = wireFormats(none).filter(({ right }) => right === undefined);
  const row = (method: Route["method"], path: string): Route => ({
    method,
    path,
    right: "ingest",
    anyOrigin: true,
    handle: () => {
      throw notReady();
    },
  });
  return [
    ...open.map(({ method, path }) => row(method, path)),
    ...new Set(open.map(({ path }) => path)).values().map((path) => row("OPTIONS", path)),
  ];
}

/** The routes of an app that takes events and serves pages, but has no statistics yet. */
export function acceptingRoutes(
  ingest: readonly Route[],
  pages: readonly Route[],
  isAccepting: () => boolean,
): Route[] {
  return [...healthAtStart(isAccepting), ...ingest, ...pages];
}

export const ACCEPTING_PATH = "/health/accepting";

/** Tells a proxy whether events are taken; statistics may not be there yet. */
export function acceptingRoute(isAccepting: () => boolean): Route {
  return {
    method: "GET",
    path: ACCEPTING_PATH,
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
