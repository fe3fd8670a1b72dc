// Calls handlers of a route table without a server around them.
import type { Access } from "../../../src/core/access.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Route } from "../../../src/http/route.ts";

/** A caller who may do everything. */
export const EVERYONE: Access = {
  who: "local",
  rights: new Set(["public", "ingest", "read", "admin"]),
  sites: null,
};

/** What a call came to. `json` is undefined where the body is none. */
export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: ReturnType<typeof JSON.parse>;
}

/** Calls the route that fits; a refusal becomes its answer as in the server. */
export async function callRoute(
  routes: readonly Route[],
  target: string,
  init: RequestInit & { access?: Access } = {},
): Promise<Called> {
  const { access = EVERYONE, ...rest } = init;
  const request = new Request(new URL(target, "http://localhost"), rest);
  const url = new URL(request.url);
  for (const route of routes) {
    const pattern = new RegExp(
      `^${route.path.replace(/:(\w+)\+/g, "(?<$1>.+)").replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`,
    );
    const match = pattern.exec(url.pathname);
    if (!match || route.method !== request.method) continue;
    const groups = Object.entries(match.groups ?? {});
    const params = Object.fromEntries(groups.map(([k, v]) => [k, decodeURIComponent(v)]));
    const response = await answer(() =>
      route.handle({
        request,
        url,
        params,
        peer: "127.0.0.1",
        address: "127.0.0.1",
        guardedAddress: "127.0.0.1",
        requestId: "test",
        log: () => {},
        access,
        signal: request.signal,
      })
    );
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }
  throw new Error(`no route for ${request.method} ${url.pathname}`);
}

async function answer(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, code, field, status, headers } = error;
    return Response.json({ error: message, code, ...field === undefined ? {} : { field } }, {
      status,
      headers,
    });
  }
}
