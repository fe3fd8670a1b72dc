// /api/gdpr/…: erasing a site's events between two dates, with a dry run, and the record of past
// erasures. The erasure itself is in storage.
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import { ERASURES_LISTED_MAX } from "../../core/limits.ts";
import { isDate } from "../../../dashboard/grammar/days.js";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { SiteNames } from "../../sites/site_names.ts";
import type { Clock } from "../../core/types.ts";
import type { OwnerStore } from "../../storage/state/ops/owner_ops.ts";

/** What an erasure removed, or what a dry run would remove. */
export interface Erased {
  readonly db_records_deleted: number;
  readonly parquet_partitions_deleted: number;
  /** All events, in memory and in files. */
  readonly events_deleted: number;
  /** Days of which imports had sums, where there were any. */
  readonly summed_days_deleted?: number;
  /** Files that may hold such events still; the owner decides about them. */
  readonly not_erased?: readonly string[];
  /** By what number to ask how far the servers of a lake are. */
  readonly erasure_id?: number;
}

/** How far the servers of a lake are with an erasure. */
export interface Erasing {
  readonly number: number;
  readonly site: string;
  readonly firstDate: string;
  readonly lastDate: string;
  /** When it was made. */
  readonly madeMs: number;
  /** Names of the servers that hold nothing of it any more. */
  readonly doneBy: readonly string[];
  /** The others. What one accepted before `flushedMs` is in the lake; 0 where nothing is known. */
  readonly missing: readonly { readonly server: string; readonly flushedMs: number }[];
  /** UTC dates whose events are in the lake still, for a file of theirs cannot be read. */
  readonly left: readonly string[];
}

/**
 * Resolves with how far the servers are; null where there is no such erasure. Rejects with
 * `unavailable` where nobody knows.
 */
export type AskErasure = (number: number) => Promise<Erasing | null>;

/**
 * Removes the events of a site from storage and caches. Both dates are UTC `YYYY-MM-DD`,
 * inclusive.
 */
export type Erase = (
  site: string,
  firstDate: string,
  lastDate: string,
  dryRun: boolean,
) => Promise<Erased>;

/** The routes. */
export function eraseRoutes(
  erase: Erase,
  names: Pick<SiteNames, "idsOf">,
  store: OwnerStore,
  clock: Clock,
  askErasure: AskErasure,
): Route[] {
  return [
    {
      method: "DELETE",
      path: "/api/gdpr/erase",
      right: "admin",
      handle: async ({ url, access, log }) => {
        const { site_id, start_date, end_date, dryRun } = parseErasure(url.searchParams);
        const ids = names.idsOf(site_id);
        const counts = sumOf(
          await Array.fromAsync(ids, (id) => erase(id, start_date, end_date, dryRun)),
        );
        const { db_records_deleted, parquet_partitions_deleted, ...left } = counts;
        const erased = {
          site_id,
          start_date,
          end_date,
          db_records_deleted,
          parquet_partitions_deleted,
        };
        if (dryRun) return json({ status: "dry_run", ...erased, ...left });
        await store.run("addErasure", {
          ...erased,
          erased_at: clock.nowMs(),
          caller: access.who,
        });
        const { events_deleted, summed_days_deleted } = left;
        log("info", "Events erased", { ...erased, events_deleted, summed_days_deleted });
        return json({ status: "erased", ...erased, ...left });
      },
    },
    {
      method: "GET",
      path: "/api/gdpr/erasures",
      right: "admin",
      handle: async () => {
        const erasures = await store.run("listErasures", ERASURES_LISTED_MAX);
        return json(erasures.map((erasure) => ({
          ...erasure,
          erased_at: new Date(erasure.erased_at).toISOString(),
        })));
      },
    },
    {
      method: "GET",
      path: "/api/gdpr/erasures/:id",
      right: "admin",
      handle: async ({ params }) => {
        const id = params["id"] ?? "";
        const erasing = /^[1-9]\d{0,14}$/.test(id) ? await askErasure(Number(id)) : null;
        if (erasing === null) {
          throw new AppError(
            "not_found",
            "Cannot find an erasure of this number: over a lake its answer has one, as erasure_id",
          );
        }
        return json(answerOf(erasing));
      },
    },
  ];
}

function answerOf(erasing: Erasing) {
  const { number, site, firstDate, lastDate, madeMs, doneBy, missing, left } = erasing;
  const timeOf = (ms: number) => new Date(ms).toISOString();
  return {
    id: number,
    status: missing.length === 0 && left.length === 0 ? "erased" : "waiting",
    site_id: site,
    start_date: firstDate,
    end_date: lastDate,
    erased_at: timeOf(madeMs),
    done_by: doneBy,
    missing: missing.map(({ server, flushedMs }) => ({
      server,
      flushed_at: flushedMs > 0 ? timeOf(flushedMs) : null,
    })),
    unreadable_dates: left,
  };
}

/** What was removed of ids that differ in case alone. */
function sumOf(erased: readonly Erased[]): Erased {
  const left = new Set(erased.flatMap(({ not_erased }) => not_erased ?? []));
  const days = erased.reduce((sum, one) => sum + (one.summed_days_deleted ?? 0), 0);
  // Servers do them in order: who has done the last one has done all.
  const last = Math.max(0, ...erased.map(({ erasure_id }) => erasure_id ?? 0));
  return {
    db_records_deleted: erased.reduce((sum, one) => sum + one.db_records_deleted, 0),
    parquet_partitions_deleted: erased.reduce(
      (sum, one) => sum + one.parquet_partitions_deleted,
      0,
    ),
    events_deleted: erased.reduce((sum, one) => sum + one.events_deleted, 0),
    ...(days > 0 ? { summed_days_deleted: days } : {}),
    ...(left.size > 0 ? { not_erased: [...left] } : {}),
    ...(last > 0 ? { erasure_id: last } : {}),
  };
}

function parseErasure(params: URLSearchParams): {
  site_id: string;
  start_date: string;
  end_date: string;
  dryRun: boolean;
} {
  const only = (name: string): string | null => {
    const values = params.getAll(name);
    if (values.length > 1) throw fault(name, "it is given more than once");
    return values[0] ?? null;
  };
  const site_id = asciiSiteId(only("site_id") ?? "");
  const siteFault = faultOfSiteId(site_id);
  if (siteFault !== null) throw fault("site_id", siteFault);
  const start_date = only("start_date") ?? "";
  const end_date = only("end_date") ?? "";
  if (!isDate(start_date)) throw fault("start_date", "it must be a date YYYY-MM-DD");
  if (!isDate(end_date)) throw fault("end_date", "it must be a date YYYY-MM-DD");
  if (end_date < start_date) throw fault("end_date", "it is before start_date");
  const dry = only("dry_run") ?? "false";
  if (!["true", "false", "1", "0"].includes(dry)) {
    throw fault("dry_run", "it is neither true nor false");
  }
  return { site_id, start_date, end_date, dryRun: dry === "true" || dry === "1" };
}

function fault(name: string, found: string): AppError {
  return new AppError("bad_request", `Cannot erase with this ${name}: ${found}`);
}
