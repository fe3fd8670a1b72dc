// The lists of Plausible's Sites API, page by page: a cursor names the entry that a page ends or
// begins with.
import { unreadable } from "../../query/formats/params.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;

/** One page of a list, and what leads to its neighbours. */
export interface Paged<T> {
  readonly page: readonly T[];
  readonly meta: {
    readonly after: string | null;
    readonly before: string | null;
    readonly limit: number;
  };
}

/** The page that `after`, `before` and `limit` name. `all` is in order; each entry has its key. */
export function paged<T>(
  all: readonly T[],
  keyOf: (entry: T) => string,
  params: URLSearchParams,
): Paged<T> {
  const limit = limitOf(params);
  const after = positionOf(all, keyOf, params, "after");
  const before = positionOf(all, keyOf, params, "before");
  const end = before === null ? all.length : before;
  const start = after === null ? (before === null ? 0 : Math.max(0, end - limit)) : after + 1;
  const page = all.slice(start, Math.min(end, start + limit));
  const [first, last] = [page[0], page.at(-1)];
  return {
    page,
    meta: {
      after: last !== undefined && start + page.length < all.length ? cursor(keyOf(last)) : null,
      before: first !== undefined && start > 0 ? cursor(keyOf(first)) : null,
      limit,
    },
  };
}

function limitOf(params: URLSearchParams): number {
  const text = params.get("limit") ?? "";
  if (text === "") return LIMIT_DEFAULT;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw unreadable("limit", `it is no whole number from 1 to ${LIMIT_MAX}`);
}

/** Where the entry of a cursor stands; null without one. */
function positionOf<T>(
  all: readonly T[],
  keyOf: (entry: T) => string,
  params: URLSearchParams,
  name: "after" | "before",
): number | null {
  const text = params.get(name) ?? "";
  if (text === "") return null;
  const at = all.findIndex((entry) => cursor(keyOf(entry)) === text);
  if (at >= 0) return at;
  throw unreadable(name, "no entry of the list has this cursor");
}

function cursor(key: string): string {
  return new TextEncoder().encode(key).toBase64({ alphabet: "base64url", omitPadding: true });
}
