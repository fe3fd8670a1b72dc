// The settings of a site that queries depend on: time zone, first day of the week, visit timeout,
// goals and segments.
import { MINUTE_US } from "../core/durations.ts";
import { filterOfJson } from "../core/filter_json.ts";
import { filterOfGoal, type Goal } from "../sites/goals.ts";
import type { Item, Sites } from "../sites/sites.ts";
import { checkFilter, type SiteRules } from "./parse.ts";
import type { CheckedFilter } from "./query.ts";
import type { SettingsSource } from "./run.ts";

const NO_SEGMENTS = { segments: new Map<string, CheckedFilter>() };

/** The rules of each site as its owner keeps them. */
export function rulesOfSites(sites: Sites): SettingsSource {
  return { settings: (site) => Promise.resolve(rulesOf(sites, site)) };
}

function rulesOf(sites: Sites, site: string): SiteRules {
  const { timezone, week_start, visit_timeout_minutes } = sites.settings(site);
  return {
    zone: timezone,
    weekStart: week_start === "sunday" ? 7 : 1,
    gapUs: visit_timeout_minutes * MINUTE_US,
    goals: sites.items(site, "goal").map((item) => ({
      name: item.name,
      filter: goalFilter({ ...item.body, name: item.name } as Goal),
    })),
    segments: segmentsOf(sites.items(site, "segment")),
    firstUs: null,
  };
}

/** Segments by name and by id. One that can no longer be read is left out: using it is refused. */
function segmentsOf(items: readonly Item[]): Map<string, CheckedFilter> {
  const segments = new Map<string, CheckedFilter>();
  for (const item of items) {
    const filter = filterOfJson(item.body["filter"]);
    const checked = filter.fault === undefined ? checkFilter(filter.value, NO_SEGMENTS) : filter;
    if (checked.fault !== undefined) continue;
    segments.set(String(item.id), checked.value).set(item.name, checked.value);
  }
  return segments;
}

/** The filter of a goal. Throws TypeError for a goal that was never checked. */
function goalFilter(goal: Goal): CheckedFilter {
  const { value, fault } = checkFilter(filterOfGoal(goal), NO_SEGMENTS);
  if (fault !== undefined) throw new TypeError(`Cannot use the goal ${goal.name}: ${fault}`);
  return value;
}
