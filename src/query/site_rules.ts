// The settings of a site that queries depend on: time zone, first day of the week, visit timeout,
// goals and segments.
import { MINUTE_US } from "../core/durations.ts";
import { type Filter, FilterFault, filterOfJson } from "../core/filter.ts";
import { filterOfGoal, type Goal } from "../sites/goals.ts";
import type { Item, Sites } from "../sites/sites.ts";
import { checkFilter, type SiteRules } from "./parse.ts";
import type { SettingsSource } from "./run.ts";

const NO_SEGMENTS = { segments: new Map<string, Filter>() };

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
      filter: checkFilter(filterOfGoal({ ...item.body, name: item.name } as Goal), NO_SEGMENTS),
    })),
    segments: segmentsOf(sites.items(site, "segment")),
    firstUs: null,
  };
}

/** Segments by name and by id. One that can no longer be read is left out: using it is refused. */
function segmentsOf(items: readonly Item[]): Map<string, Filter> {
  const segments = new Map<string, Filter>();
  for (const item of items) {
    try {
      const filter = checkFilter(filterOfJson(item.body["filter"]), NO_SEGMENTS);
      segments.set(String(item.id), filter).set(item.name, filter);
    } catch (error) {
      if (!(error instanceof FilterFault)) throw error;
    }
  }
  return segments;
}
