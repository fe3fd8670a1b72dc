// The short way of requests that come in masses and need no caller: they are found by their raw
// path, have no context, no timer and no controller of their own, and share one constant answer.
// What differs in anything takes the general way.
import type { SecurityHeaders } from "./headers.ts";
import type { FastRoute, Route } from "./route.ts";

/** A raw path is compared as it was sent. */
export class FastLane {
  readonly #routes = new Map<string, FastRoute>();
  /** The answer to all that is accepted, but for the id of the request. It must not be changed. */
  readonly acceptedAll: Response;

  constructor(routes: readonly Route[], headers: SecurityHeaders, basePath: string) {
    for (const route of routes) {
      const { fast } = route;
      if (route.method === "POST" && fast) {
        this.#routes.set(basePath + route.path, { ...route, fast });
      }
    }
    const accepted = new Response(null, {
      status: 202,
      headers: { "access-control-allow-origin": "*" },
    });
    headers.applyHeaders(accepted, { headers: new Headers() }, "");
    accepted.headers.delete("x-request-id");
    this.acceptedAll = accepted;
  }

  /** The route of a request that may take the short way. */
  find(request: Request): FastRoute | undefined {
    if (request.method !== "POST") return undefined;
    try {
      const route = this.#routes.get(rawPath(request.url));
      return route && hasNoCredentials(request.headers) ? route : undefined;
    } catch {
      // Of a client that is gone nothing can be read: the general way says so.
      return undefined;
    }
  }

  /** The answer to what is accepted and leaves nothing to say. */
  accepted(requestId: string): Response {
    const response = this.acceptedAll.clone();
    response.headers.append("x-request-id", requestId);
    return response;
  }
}

/** The path of an absolute URL, as it was sent. */
export function rawPath(url: string): string {
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", from);
  return from < 0 ? "/" : url.slice(from, query < 0 ? undefined : query);
}

/**
 * Nothing that says who the caller is. One header is asked of the runtime by `get`; `has` makes a
 * list of all of them first.
 */
function hasNoCredentials(headers: Headers): boolean {
  return headers.get("cookie") === null && headers.get("authorization") === null &&
    headers.get("x-api-key") === null;
}
