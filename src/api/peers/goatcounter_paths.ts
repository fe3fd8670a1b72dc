// GoatCounter's paths, which are pages and the names of events: their list, how often each was
// seen, and where the visitors of one came from. Ids are made from the paths.
import { AppError } from "../../core/errors.ts";
import type { Context } from "../../http/route.ts";
import { type Answer, numberOf } from "../../query/answer.ts";
import * as goat from "../../query/formats/goatcounter/goatcounter.ts";
import type { SiteRules } from "../../query/parse.ts";
import type { Query, Scope } from "../../query/query.ts";

/** What an answer is made from. */
export interface Asked {
  readonly params: URLSearchParams;
  readonly path: Context["params"];
  readonly scope: Scope;
  readonly rules: SiteRules;
  readonly ask: (query: Query) => Promise<Answer>;
}

/** An entry with its visitors. */
interface Found extends goat.Entry {
  readonly count: number;
}

/** Entries of each kind that are looked at, those of most visitors first. */
const PATHS_MAX = 1000;
const PATHS_LIMIT_MAX = 200;
const KINDS = [false, true] as const;

/** The entries of a scope, those of most visitors first. */
async function entriesOf({ scope, rules, ask }: Asked): Promise<Found[]> {
  const lists = await Promise.all(KINDS.map(async (event) => {
    const own = goat.filtered(scope, goat.kindFilter(event), rules);
    const query = goat.listQuery(new URLSearchParams(), own, goat.entryDimension(event));
    const { rows } = await ask({ ...query, limit: PATHS_MAX });
    return rows.map(({ keys, values }): Found => ({
      path: String(keys[0]),
      event,
      count: numberOf(values, "visitors"),
    }));
  }));
  return lists.flat().sort((a, b) => b.count - a.count);
}

function idOf({ path, event }: goat.Entry): number {
  return goat.pathId(path, event);
}

/** The scope of the paths that are included, where any are named. */
export async function included(asked: Asked): Promise<Scope> {
  const { params, scope, rules } = asked;
  const ids = new Set(goat.idsOf(params, "include_paths"));
  if (ids.size === 0) return scope;
  const chosen = (await entriesOf(asked)).filter((entry) => ids.has(idOf(entry)));
  if (chosen.length === 0) throw unknownPath();
  return goat.filtered(scope, { op: "or", of: chosen.map(goat.entryFilter) }, rules);
}

function unknownPath(): AppError {
  return new AppError("not_found", "Cannot find the path: no page and no event has this id");
}

/** The titles of pages, by path. */
async function titlesOf({ scope, ask }: Asked, entries: readonly goat.Entry[]) {
  const pages = entries.filter(({ event }) => !event).map(({ path }) => path);
  const titles = goat.titlesOf(await ask(goat.titlesQuery(scope, pages)));
  return ({ path, event }: goat.Entry) => event ? "" : titles.get(path) ?? "";
}

/** The list of paths, in the order of their ids. */
export async function pathsOf(asked: Asked) {
  const limit = goat.limitOf(asked.params, PATHS_LIMIT_MAX);
  const [after = 0] = goat.idsOf(asked.params, "after");
  const all = (await entriesOf(asked)).map((entry) => ({ id: idOf(entry), entry }))
    .sort((a, b) => a.id - b.id).filter(({ id }) => id > after);
  const shown = all.slice(0, limit);
  const titleOf = await titlesOf(asked, shown.map(({ entry }) => entry));
  const paths = shown.map(({ id, entry }) => {
    const { path, event } = entry;
    return { id, path, title: titleOf(entry), event };
  });
  return { paths, more: all.length > limit };
}

/** How often paths were seen, by day and hour. */
export async function hitsOf(asked: Asked) {
  const { params, scope } = asked;
  const [some, not] = ["include_paths", "exclude_paths"].map((name) =>
    new Set(goat.idsOf(params, name))
  );
  const all = (await entriesOf(asked)).filter((entry) =>
    (!some?.size || some.has(idOf(entry))) && !not?.has(idOf(entry))
  );
  const offset = goat.offsetOf(params);
  const limit = goat.pagesLimit(params, scope);
  const shown = all.slice(offset, offset + limit);
  const [titleOf, daysOf] = await Promise.all([titlesOf(asked, shown), seriesOf(asked, shown)]);
  const isDaily = ["1", "t", "true"].includes(params.get("daily") ?? "");
  const hits = shown.map((entry) => {
    const { count, path, event } = entry;
    const stats = daysOf(entry);
    const most = stats.flatMap(({ daily, hourly }) => isDaily ? [daily] : hourly);
    const max = Math.max(0, ...most);
    return { count, path_id: idOf(entry), path, event, title: titleOf(entry), max, stats };
  });
  const total = hits.reduce((sum, { count }) => sum + count, 0);
  return { hits, total, more: all.length > offset + limit };
}

/** The days and hours of entries. */
async function seriesOf({ scope, rules, ask }: Asked, entries: readonly goat.Entry[]) {
  const byKind = await Promise.all(KINDS.map(async (event) => {
    const own = entries.filter((entry) => entry.event === event).map(({ path }) => path);
    if (own.length === 0) return { hours: [], days: [] };
    const kind = goat.filtered(scope, goat.kindFilter(event), rules);
    const of = goat.entryDimension(event);
    const [hours, days] = await Promise.all([
      ask(goat.seriesQuery(kind, "hour", own, of)),
      ask(goat.seriesQuery(kind, "day", own, of)),
    ]);
    return { hours: hours.rows, days: days.rows };
  }));
  return ({ path, event }: goat.Entry) => {
    const { hours = [], days = [] } = byKind[event ? 1 : 0] ?? {};
    const own = ({ keys }: Answer["rows"][number]) => keys[0] === path;
    return goat.daysOf(hours.filter(own), days.filter(own), scope, 1);
  };
}

/** Where the visitors of a path came from. */
export async function refsOf(asked: Asked) {
  const { params, scope, rules, ask, path } = asked;
  const found = (await entriesOf(asked)).find((entry) => String(idOf(entry)) === path["path_id"]);
  if (found === undefined) throw unknownPath();
  const own = goat.filtered(scope, goat.entryFilter(found), rules);
  const list = await ask(goat.listQuery(params, own, goat.REFS));
  const { stats, more } = goat.listOf(list, params, goat.REFS);
  return { refs: stats.map((one) => ({ ...one, ref_scheme: one.name === "" ? "o" : "h" })), more };
}
