// Servers over one lake: what each gives to the others, which routes it has by its roles, and how
// its answers say what they may lack of the others.
import { sameSecret } from "../auth/secrets.ts";
import { AppError } from "../core/errors.ts";
import type { Clock } from "../core/types.ts";
import type { Route } from "../http/route.ts";
import { rateLimitKey } from "../net/address.ts";
import { RateLimit } from "../net/rate_limit.ts";
import { ERASED_HEADER, HOT_PATH, MORE_HEADER, SEQ_HEADER } from "../storage/lake/nodes/peers.ts";
import { ACCEPTING_PATH, acceptingRoute } from "./pages/starting.ts";
import type { Store } from "../storage/state/store.ts";

/** What other servers read here. */
export interface HotSource {
  /** Whose journal it is, until the process ends. */
  readonly journal: string;
  /** The last erasure that was done with what is here. */
  readonly erasedTo: () => number;
  readonly store: Pick<Store, "run">;
  /** What all servers of the lake know. */
  readonly secret: string;
  readonly clock: Clock;
}

/** Wrong secrets of one address at once, and how many more in a second. */
const WRONG_AT_ONCE = 10;
const WRONG_PER_SEC = 1 / 6;

/** Events in an answer to another server. */
const ROWS_AT_ONCE = 5000;
const BEHIND_HEADER = "x-behind-since";
const RETRY_SECS = "60";

/**
 * The events of the journal after one, for another server. Wrong secrets are limited by address;
 * the right one is taken always, for another server may be behind the same address.
 */
export function hotRoute({ journal, erasedTo, store, secret, clock }: HotSource): Route {
  const wrong = new RateLimit(clock, { perSecond: WRONG_PER_SEC, burst: WRONG_AT_ONCE });
  return {
    method: "GET",
    path: HOT_PATH,
    right: "public",
    routine: true,
    handle: async ({ request, url, guardedAddress }) => {
      const given = /^bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
      if (given === undefined || !sameSecret(given, secret)) {
        throw refusal(wrong.take(rateLimitKey(guardedAddress)));
      }
      const asked = url.searchParams.get("journal");
      const after = Number(url.searchParams.get("after") ?? NaN);
      if (!Number.isSafeInteger(after) || after < 0) {
        throw new AppError("bad_request", "Cannot read events with this after: it is no number");
      }
      if (asked !== journal) {
        throw new AppError("conflict", "Cannot read this journal: the server was started again");
      }
      // Rows of before an erasure are never sent as rows of after it.
      const erased = erasedTo();
      const rows = await store.run("journalText", { after, rows: ROWS_AT_ONCE });
      return new Response(rows.text, {
        headers: {
          "content-type": "application/json",
          "cache-control": "no-store",
          [SEQ_HEADER]: String(rows.seqTo),
          [ERASED_HEADER]: String(erased),
          ...rows.isMore ? { [MORE_HEADER]: "1" } : {},
        },
      });
    },
  };
}

function refusal(waitSecs: number): AppError {
  if (waitSecs === 0) {
    return new AppError("unauthorized", "Cannot read events without the servers' secret", {
      "www-authenticate": "Bearer",
    });
  }
  return new AppError(
    "too_many_requests",
    "Cannot read events: too many requests without the servers' secret",
    { "retry-after": String(waitSecs) },
  );
}

/** The routes of a server that has some roles: the others say what it does not do. */
export function routesFor(roles: readonly string[], routes: readonly Route[]): readonly Route[] {
  return routes.map((route) => {
    if (route.method === "OPTIONS") return route;
    // A load balancer sends events where this says that they are taken.
    if (route.path === ACCEPTING_PATH && !roles.includes("collect")) {
      return acceptingRoute(() => false);
    }
    if (route.right === "ingest") {
      return roles.includes("collect") ? route : refused(route, "takes no events: its roles");
    }
    if (route.right === "public" || roles.includes("query")) return route;
    return refused(route, "answers no questions: its roles");
  });
}

function refused({ fast: _, take: __, ...route }: Route, what: string): Route {
  return {
    ...route,
    handle: () => {
      throw new AppError("unavailable", `This server ${what} are set so; ask another one`, {
        "retry-after": RETRY_SECS,
      });
    },
  };
}

/** The same routes; answers about events say since when those of other servers may be missing. */
export function tellingBehind(
  routes: readonly Route[],
  behindSince: () => string | null,
): readonly Route[] {
  return routes.map((route) => {
    if (route.right !== "read" && route.asks !== true) return route;
    return {
      ...route,
      handle: async (context) => {
        const since = behindSince();
        const response = await route.handle(context);
        if (since !== null) response.headers.set(BEHIND_HEADER, since);
        return response;
      },
    };
  });
}
