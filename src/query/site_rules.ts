// The settings of a site that queries depend on: time zone, first day of the week, visit timeout,
// goals and segments.
import { MINUTE_US } from "../core/durations.ts";
import type { Parsed } from "../../dashboard/grammar/parsed.js";
import { filterOfJson } from "../core/filter_json.ts";
import { filterOfGoal, type Goal } from "../sites/goals.ts";
import type { Item, Sites } from "../sites/sites.ts";
import { checkFilter, type SiteRules } from "./parse.ts";
import type { CheckedFilter } from "./query.ts";
import type { SettingsSource } from "./run.ts";

const NO_SEGMENTS = { segments: new Map<string, CheckedFilter>() };

/** The rules of each site as its owner keeps them. */
export function rulesOfSites(sites: Sites): SettingsSource {
  const filters = new ItemFilters();
  return { settings: (site) => Promise.resolve(rulesOf(sites, site, filters)) };
}

/**
 * The filter of each goal and segment, read once: a request comes with the site's rules before
 * anything of its budget is spent. An item that was changed is another object.
 */
class ItemFilters {
  readonly #read = new WeakMap<Item, CheckedFilter | "unreadable">();

  /** The filter of an item, or undefined where it cannot be read. */
  of(item: Item, read: () => Parsed<CheckedFilter>): CheckedFilter | undefined {
    const known = this.#read.get(item) ?? read().value ?? "unreadable";
    this.#read.set(item, known);
    return known === "unreadable" ? undefined : known;
  }
}

function rulesOf(sites: Sites, site: string, filters: ItemFilters): SiteRules {
  const { timezone, week_start, visit_timeout_minutes } = sites.settings(site);
  return {
    zone: timezone,
    weekStart: week_start === "sunday" ? 7 : 1,
    gapUs: visit_timeout_minutes * MINUTE_US,
    goals: sites.items(site, "goal").map((item) => ({
      name: item.name,
      filter: goalFilter(item, filters),
    })),
    segments: segmentsOf(sites.items(site, "segment"), filters),
    firstUs: null,
  };
}

/** Segments by name and by id. One that can no longer be read is left out: using it is refused. */
function segmentsOf(items: readonly Item[], filters: ItemFilters): Map<string, CheckedFilter> {
  const segments = new Map<string, CheckedFilter>();
  for (const item of items) {
    const filter = filters.of(item, () => {
      const written = filterOfJson(item.body["filter"]);
      return written.fault === undefined ? checkFilter(written.value, NO_SEGMENTS) : written;
    });
    if (filter) segments.set(String(item.id), filter).set(item.name, filter);
  }
  return segments;
}

/** The filter of a goal. Throws TypeError for a goal that was never checked. */
function goalFilter(item: Item, filters: ItemFilters): CheckedFilter {
  const goal = { ...item.body, name: item.name } as Goal;
  const filter = filters.of(item, () => checkFilter(filterOfGoal(goal), NO_SEGMENTS));
  if (!filter) throw new TypeError(`Cannot use the goal ${goal.name}: its filter is unreadable`);
  return filter;
}
