// The route table: which routes a path has, and which of them a method asks for. Also the prefix
// under which all paths are served.
import { AppError } from "../core/errors.ts";
import type { Method, Route } from "./route.ts";

/** The routes of a path by method, and the values of the path's `:name` parts. */
export interface Matched {
  readonly routes: ReadonlyMap<Method, Route>;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly segments: readonly string[];
  readonly routes: Map<Method, Route>;
}

/**
 * The function that finds the routes of a path. Exact paths are looked up, the few with `:name`
 * parts are tried in order. Throws when two rows have the same method and path.
 */
export function createRouter(
  routes: readonly Route[],
): (pathname: string | null) => Matched | null {
  const exact = new Map<string, Map<Method, Route>>();
  const patterns = new Map<string, Pattern>();
  for (const route of routes) {
    const isPattern = route.path.includes("/:");
    const byMethod = (isPattern ? patterns.get(route.path)?.routes : exact.get(route.path)) ??
      new Map<Method, Route>();
    if (byMethod.has(route.method)) {
      throw new Error(`Cannot add route ${route.method} ${route.path}: it is there already`);
    }
    byMethod.set(route.method, route);
    if (isPattern) {
      patterns.set(route.path, { segments: route.path.split("/"), routes: byMethod });
    } else exact.set(route.path, byMethod);
  }
  return (pathname) => {
    if (pathname === null) return null;
    const found = exact.get(pathname);
    if (found) return { routes: found, params: {} };
    for (const { segments, routes } of patterns.values()) {
      const params = matchSegments(segments, pathname.split("/"));
      if (params) return { routes, params };
    }
    return null;
  };
}

function matchSegments(
  wanted: readonly string[],
  segments: readonly string[],
): Record<string, string> | null {
  const given = wanted.at(-1)?.endsWith("+") ? withRest(segments, wanted.length) : segments;
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const part = given[index] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== part) return null;
      continue;
    }
    if (part === "") return null;
    try {
      params[segment.slice(1).replace(/\+$/, "")] = decodeURIComponent(part);
    } catch {
      return null;
    }
  }
  return params;
}

/** The segments with all from the last wanted one on as one. */
function withRest(segments: readonly string[], count: number): readonly string[] {
  if (segments.length <= count) return segments;
  return [...segments.slice(0, count - 1), segments.slice(count - 1).join("/")];
}

/** The route that answers a method. Throws `method_not_allowed` naming those that there are. */
export function routeFor(matched: Matched, method: string): Route {
  const wanted = method === "HEAD" && hasHead(matched) ? "GET" : method;
  const route = matched.routes.get(wanted as Method);
  if (route) return route;
  throw new AppError("method_not_allowed", `Cannot ${loggable(method) ?? "do this"} here`, {
    allow: methodsOf(matched).join(", "),
  });
}

/** The methods that a path answers, in alphabetical order. */
export function methodsOf(matched: Matched): string[] {
  const methods: string[] = [...matched.routes.keys()];
  if (hasHead(matched)) methods.push("HEAD");
  return methods.sort();
}

/** HEAD is answered by the row of GET, unless that one counts an event. */
function hasHead({ routes }: Matched): boolean {
  const route = routes.get("GET");
  return route !== undefined && route.right !== "ingest";
}

/** A method that may be shown and logged: a word of letters, else null. */
export function loggable(method: string): string | null {
  return /^[A-Za-z]{1,20}$/.test(method) ? method : null;
}

/** The path below the prefix, or null for one that is not below it. */
export function withoutBase(pathname: string, basePath: string): string | null {
  if (basePath === "") return pathname;
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : null;
}

/** A redirect from the bare prefix to the page below it, whose own links are relative. */
export function redirectIntoBase({ pathname, search }: URL, basePath: string): Response | null {
  if (basePath === "" || pathname !== basePath) return null;
  return new Response(null, { status: 307, headers: { location: `${basePath}/${search}` } });
}
