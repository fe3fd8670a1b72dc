// What a query is answered from: rollups of closed days as far as they serve, else events. The
// choice is made here alone. Pure.
import { type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import type { Query } from "../query.ts";
import { reachOf, rulesText } from "../rollups/rules.ts";
import { type Split, splitOf } from "../rollups/split.ts";
import { buildQuery } from "./build.ts";
import type { Plan } from "./plan.ts";
import { buildRolled, type EventsOf, rolledShape } from "./rolled.ts";

/** What the choice depends on beside the query. */
export interface Asked {
  /** For how many UTC days a visitor id of the site lasts. */
  readonly idDays: number;
  /** Whether the caller may see what a public site shows only. */
  readonly isPublicOnly: boolean;
}

/** The statement of a query over what can be read now. */
export function statementOf(
  query: Query,
  plan: Plan,
  sources: Pick<Sources, "rollups" | "rollupFile" | "hotFromUs">,
  events: EventsOf,
  asked: Asked,
): Sql {
  const keyed = (span: Parameters<EventsOf>[0]) => withVisitorKeys(events(span));
  const shape = rolledShape(query, plan);
  // Rollups hold whole referrers.
  const isHidden = asked.isPublicOnly && (shape?.dimensions.includes("referrer") ?? false);
  const split = shape && !isHidden ? rolledSplit(query, sources, asked.idDays) : null;
  if (!shape || !split) return buildQuery(query, plan, keyed(plan.span));
  const paths = split.paths.map((path) => sources.rollupFile(path));
  return buildRolled(query, plan, shape, split, keyed, paths);
}

function rolledSplit(
  query: Query,
  { rollups, hotFromUs }: Pick<Sources, "rollups" | "hotFromUs">,
  idDays: number,
): Split | null {
  if (!rollups || rollups.days.length === 0) return null;
  const { zone, gapUs, range } = query;
  const rules = rulesText(zone, gapUs, reachOf(idDays, rollups.reachDays));
  return splitOf(range, rollups, { rules, zone, idDays, hotFromUs });
}

/**
 * Events whose visitor id is a number of 64 bits instead of a text of 64 digits: a query groups by
 * it several times, and shows it nowhere.
 */
function withVisitorKeys(events: Sql): Sql {
  return sql`(select * replace (hash(visitor_id)::ubigint as visitor_id) from ${events})`;
}
