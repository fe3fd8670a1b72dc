// What the sums of a day depend on beside its events, as one text: rollups that were made by other
// rules are not used.
import { createHash } from "node:crypto";
import { DAY_US } from "../../core/durations.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { sql } from "../../core/sql.ts";
import { SOURCE_TEXTS } from "../../reference/sources.ts";
import type { Scope } from "../query.ts";
import { insertEdge, insertMoney, insertShape, visitRows } from "./day_rows.ts";
import { createPaid, createTables, tablesOf } from "./day_tables.ts";
import { createPropKeys, insertPropKeys, insertPropKeysEdge } from "./prop_keys.ts";
import { SHAPES } from "./shapes.ts";

const REACH_DAYS_MAX = 3;

/** Raised when the rows of a file mean something else, or DuckDB's `hash()` gives other keys. */
const VERSION = 2;

/**
 * Days that a visitor has to be looked back for. Null where that is too many: then visitors of
 * several days are counted by their keys. An id may be carried over one change.
 */
export function reachOf(idDays: number, knownDays: number): number | null {
  const days = Math.max(idDays === 0 ? 0 : idDays + 1, knownDays);
  return days <= REACH_DAYS_MAX ? days : null;
}

/** What statements mean by the type of them. */
const TEXTS = [...SOURCE_TEXTS.keys()];

const RULES = new LruCache<string, string>(200);

/** A text that changes whenever the same events would have other sums. */
export function rulesText(zone: string, gapUs: number, reachDays: number | null): string {
  const key = JSON.stringify([zone, gapUs, reachDays]);
  const known = RULES.get(key);
  if (known !== undefined) return known;
  const range = { fromUs: 0, toUs: DAY_US, dates: null };
  const scope = { ...STANDARD_SCOPE, gapUs, range };
  const days = { scope, back: 0, first: 0, last: 0, isKeyed: reachDays === null };
  const tables = tablesOf(0);
  const statements = [
    ...createTables(tables, days, sql`s`),
    createPaid(tables, days),
    visitRows(tables, days),
    createPropKeys(tables, days, sql`s`),
    insertPropKeys(tables, days),
    insertPropKeysEdge(tables, [{ day: 0, sinceUs: 0, endUs: 0 }]),
    ...SHAPES.flatMap((shape) => [
      insertShape(tables, shape, days),
      insertMoney(tables, shape, days),
      insertEdge(tables, shape, [{ day: 0, sinceUs: 0, endUs: 0 }]),
    ]),
  ].map(({ text, values }) => [text, values]);
  const text = createHash("sha256")
    .update(JSON.stringify([VERSION, zone, gapUs, reachDays, statements, TEXTS]))
    .digest("hex").slice(0, 32);
  RULES.set(key, text);
  return text;
}

const STANDARD_SCOPE: Omit<Scope, "gapUs" | "range"> = {
  site: "",
  nowUs: 0,
  zone: "UTC",
  weekStart: 1,
  filter: null,
  goals: [],
};
