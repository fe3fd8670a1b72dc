// An independent computation of every question over plain arrays of events. It shares the tables'
// names with src/query, and none of its code; time zones come from Intl's own parts. Only the rule
// of channels is the program's, in the form that is no SQL.
import { channelOf } from "../../../src/reference/channels.ts";
import type { Event } from "../../../src/core/event.ts";
import type { Condition, Filter } from "../../../dashboard/grammar/filter.js";
import type { Query } from "../../../src/query/query.ts";

/** A visit: its events in order. */
export interface BruteVisit {
  readonly visitor: string;
  readonly events: readonly Event[];
  readonly startUs: number;
  readonly endUs: number;
  /** Engagements that belong to it. */
  readonly engagements: Event[];
}

interface Place {
  readonly event: Event;
  readonly visit: BruteVisit;
  readonly nextUs: number | null;
  readonly isExit: boolean;
}

/** A row: keys in the order of the dimensions, values by metric. */
export interface BruteRow {
  readonly keys: readonly (string | number)[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Orders events of one microsecond of a visitor; the database's own hash is asked for it. */
export type Rank = (event: Event) => number;

const isPageview = (event: Event) => event.event_name === "pageview";

/** Every event with its visit; `gapUs` or less between events keeps a visit together. */
export function placesOf(events: readonly Event[], gapUs: number, rank: Rank): Place[] {
  const byVisitor = new Map<string, Event[]>();
  for (const event of events.filter(({ engaged_ms }) => engaged_ms === null)) {
    const own = byVisitor.get(event.visitor_id) ?? [];
    own.push(event);
    byVisitor.set(event.visitor_id, own);
  }
  const places: Place[] = [];
  for (const [visitor, own] of byVisitor) {
    own.sort((a, b) => a.timestamp - b.timestamp || rank(a) - rank(b));
    const visits: Event[][] = [];
    for (const [at, event] of own.entries()) {
      const before = own[at - 1];
      const goesOn = before !== undefined && event.timestamp - before.timestamp <= gapUs &&
        !endsAtMidnight(own, at, gapUs);
      if (goesOn) visits.at(-1)?.push(event);
      else visits.push([event]);
    }
    for (const list of visits) places.push(...placesOfVisit(visitor, list));
  }
  const all = [...new Set(places.map(({ visit }) => visit))];
  for (const event of events) {
    if (event.engaged_ms === null || isSilent(event)) continue;
    const last = all.filter(({ visitor, startUs }) =>
      visitor === event.visitor_id && startUs <= event.timestamp
    ).sort((a, b) =>
      b.startUs - a.startUs
    )[0];
    const isTheirs = last !== undefined &&
      event.timestamp - visibleUs(event) - last.endUs <= gapUs &&
      event.timestamp < (Math.floor(last.startUs / DAY_US) + 2) * DAY_US;
    if (isTheirs) last.engagements.push(event);
  }
  return places;
}

/** What tells nothing of a visit, as the vitals of a page's load. */
function isSilent({ engaged_ms, scroll_depth }: Event): boolean {
  return engaged_ms === 0 && scroll_depth === null;
}

/** Visible time of an engagement, an hour at most. */
function visibleUs({ engaged_ms }: Event): number {
  return Math.min(engaged_ms ?? 0, 3_600_000) * 1000;
}

/** Last event or engagement of a visit. */
function lastUs({ endUs, engagements }: BruteVisit): number {
  return Math.max(endUs, ...engagements.map(({ timestamp }) => timestamp));
}

function isEngaged(visit: BruteVisit): boolean {
  const { events, engagements } = visit;
  return events.filter(isPageview).length > 1 ||
    sum(engagements.map(visibleUs)) >= 10_000_000 ||
    engagements.some(({ scroll_depth }) => (scroll_depth ?? 0) > 50);
}

/** How long a pageview was seen: as its engagements say, else up to the next event. */
function stayUs({ event, visit, nextUs }: Place): number | null {
  const views = visit.events.filter((one) => isPageview(one) && one.pathname === event.pathname);
  const own = visit.engagements.filter(({ pathname, timestamp }) =>
    pathname === event.pathname &&
    views.findLast((view) => view.timestamp <= timestamp)?.timestamp === event.timestamp
  );
  const seenUs = sum(own.map(visibleUs));
  if (seenUs > 0) return seenUs;
  return nextUs === null ? null : nextUs - event.timestamp;
}

/** How far down a page was seen in a visit, on its first view. */
function depthOf({ event, visit }: Place): number | null {
  const first = visit.events.find((one) => isPageview(one) && one.pathname === event.pathname);
  if (first !== event) return null;
  const depths = visit.engagements.filter(({ pathname }) => pathname === event.pathname)
    .flatMap(({ scroll_depth }) => scroll_depth ?? []);
  return depths.length === 0 ? null : Math.max(...depths);
}

const DAY_US = 86_400_000_000;

/**
 * Whether midnight UTC before this event ended a visit: the whole day before it, counted from its
 * own midnight, has no pause longer than the gap.
 */
function endsAtMidnight(own: readonly Event[], at: number, gapUs: number): boolean {
  const now = own[at]?.timestamp ?? 0;
  const toUs = now - now % DAY_US;
  const times = own.slice(0, at).map(({ timestamp }) => timestamp);
  if ((times.at(-1) ?? 0) >= toUs) return false;
  const day = times.filter((us) => us >= toUs - DAY_US && us < toUs);
  const [first] = day;
  if (first === undefined || first - (toUs - DAY_US) >= gapUs) return false;
  return [...day, now].every((us, index, all) => us - (all[index - 1] ?? us) <= gapUs);
}

function placesOfVisit(visitor: string, events: readonly Event[]): Place[] {
  const first = events[0] as Event;
  const last = events.at(-1) as Event;
  const visit = {
    visitor,
    events,
    startUs: first.timestamp,
    endUs: last.timestamp,
    engagements: [],
  };
  const lastView = events.findLast(isPageview);
  return events.map((event, index) => ({
    event,
    visit,
    nextUs: events[index + 1]?.timestamp ?? null,
    isExit: event === lastView,
  }));
}

const TIME_REFS = new Set([
  ...["minute", "hour", "day", "week", "month", "hour_of_day", "day_of_week"],
]);

/** Everything a brute computation looks at. */
class Brute {
  readonly query: Query;
  readonly places: readonly Place[];
  readonly #groups = new Map<string, Map<string, Group>>();
  readonly #format: Intl.DateTimeFormat;

  constructor(query: Query, events: readonly Event[], rank: Rank) {
    this.query = query;
    this.places = placesOf(events, query.gapUs, rank);
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: query.zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  local(us: number) {
    const parts = Object.fromEntries(
      this.#format.formatToParts(Math.floor(us / 1000)).map(({ type, value }) => [type, value]),
    );
    const number = (name: string) => Number(parts[name]);
    return {
      year: number("year"),
      month: number("month"),
      day: number("day"),
      hour: number("hour"),
      minute: number("minute"),
      second: number("second"),
    };
  }

  inRange(us: number): boolean {
    return us >= this.query.range.fromUs && us < this.query.range.toUs;
  }

  timeKey(ref: string, us: number): string | number | null {
    if (!TIME_REFS.has(ref)) return null;
    const { year, month, day, hour, minute, second } = this.local(us);
    const belowMinute = second * 1_000_000 + (us % 1_000_000);
    const from = this.query.range.fromUs;
    const first = this.local(from);
    const firstDay = Date.UTC(first.year, first.month - 1, first.day) * 1000;
    const dayUs = Date.UTC(year, month - 1, day) * 1000;
    switch (ref) {
      case "minute":
        return Math.max(from, us - belowMinute);
      case "hour": {
        const clock = (at: number) => this.local(at).hour * 60 + this.local(at).minute;
        const first = us - belowMinute - minute * 60_000_000;
        if (clock(first) === hour * 60) return Math.max(from, first);
        // The clock was changed within the hour: the bucket begins with the change.
        let start = us - belowMinute;
        while (clock(start - 60_000_000) === clock(start) - 1) start -= 60_000_000;
        return Math.max(from, start);
      }
      case "day":
        return dayUs;
      case "week": {
        const weekday = new Date(dayUs / 1000).getUTCDay();
        const back = this.query.weekStart === 7 ? weekday : (weekday + 6) % 7;
        return Math.max(firstDay, dayUs - back * 86_400_000_000);
      }
      case "month":
        return Math.max(firstDay, Date.UTC(year, month - 1, 1) * 1000);
      case "hour_of_day":
        return String(hour).padStart(2, "0");
      case "day_of_week":
        return String(((new Date(dayUs / 1000).getUTCDay() + 6) % 7) + 1);
      default:
        return null;
    }
  }

  /** The value of a dimension for an event; null when there is none. */
  value(ref: string, place: Place, own: boolean): string | null {
    const time = this.timeKey(ref, place.event.timestamp);
    if (time !== null) return String(time);
    const first = place.visit.events[0] as Event;
    const whose = own ? place.event : first;
    const views = place.visit.events.filter(isPageview);
    if (ref.startsWith("props:")) return property(place.event.props, ref.slice(6));
    switch (ref) {
      case "page":
        return place.event.pathname;
      case "title":
        return place.event.title;
      case "hostname":
        return place.event.hostname;
      case "name":
        return place.event.event_name;
      case "revenue":
        return place.event.revenue_amount === null
          ? null
          : (place.event.revenue_amount / 100).toFixed(2);
      case "currency":
        return currencyOf(place.event);
      case "entry_hostname":
        return whose.hostname;
      case "entry_page":
        return views[0]?.pathname ?? null;
      case "exit_hostname":
        return views.at(-1)?.hostname ?? null;
      case "exit_page":
        return views.at(-1)?.pathname ?? null;
      case "channel":
        return channelOf(whose);
      case "source":
        return sourceOf(whose);
      case "screen":
        return screenOf(whose.screen_size);
      case "medium":
        return mediumOf(whose);
      case "referrer_host":
        return referrerHostOf(whose);
      default:
        return whose[COLUMNS[ref] ?? "pathname"] as string | null;
    }
  }

  /** The keys of an event in a dimension: several for goals. */
  keys(ref: string, place: Place, startUs: number | null): (string | number)[] {
    const time = this.timeKey(ref, startUs ?? place.event.timestamp);
    if (time !== null) return [time];
    if (ref === "goal") {
      return this.query.goals.filter((goal) => this.meets(goal.filter, place)).map(({ name }) =>
        name
      );
    }
    const { ownColumns: own, missing } = this.query;
    const none = missing ?? MISSING[ref] ?? (isNone(ref) ? "(none)" : "(not set)");
    return [this.value(ref, place, own) ?? none];
  }

  meets(filter: Filter | null, place: Place): boolean {
    if (!filter) return true;
    if ("dimension" in filter) return this.holds(filter, place);
    switch (filter.op) {
      case "and":
        return filter.of.every((part) => this.meets(part, place));
      case "or":
        return filter.of.some((part) => this.meets(part, place));
      case "not":
        return !this.meets(filter.of[0], place);
      default: {
        const inside = filter.of[0];
        const done = place.visit.events.some((event) => this.meets(inside, { ...place, event }));
        return done === (filter.op === "has_done");
      }
    }
  }

  /** Groups by these dimensions, computed once. */
  groups(dimensions: readonly string[], filter: Filter | null): Map<string, Group> {
    const name = JSON.stringify([dimensions, filter]);
    const known = this.#groups.get(name);
    if (known) return known;
    const groups = groupsOf(this, dimensions, filter);
    this.#groups.set(name, groups);
    return groups;
  }

  holds(condition: Condition, place: Place): boolean {
    const { op, dimension, values } = condition;
    const negative = op.endsWith("_not") || op === "is_not_set";
    const positive = op === "is_not_set" ? "is_set" : op.replace(/_not$/, "");
    const sensitive = condition.caseSensitive ??
      (positive === "matches" || (positive === "is" && !NAMES_AND_CODES.has(dimension)));
    if (dimension === "goal") {
      const any = this.query.goals.some((goal) =>
        compare(positive, goal.name, "", values, sensitive) && this.meets(goal.filter, place)
      );
      return any !== negative;
    }
    const value = this.value(dimension, place, false);
    const missing = MISSING[dimension] ?? (isNone(dimension) ? "(none)" : "(not set)");
    return compare(positive, value, missing, values, sensitive) !== negative;
  }
}

/** An amount without a currency has the code for none; what has no amount has no currency. */
function currencyOf({ revenue_amount, revenue_currency }: Event): string | null {
  return revenue_amount === null ? null : revenue_currency ?? "XXX";
}

/** Dimensions in which `de` is `DE`. */
const NAMES_AND_CODES = new Set([
  ...["country", "region", "city", "device", "browser", "os", "screen", "source", "channel"],
  ...[
    "referrer_host",
    "referrer_source",
    "hostname",
    "entry_hostname",
    "exit_hostname",
    "currency",
    "language",
  ],
]);

function isNone(ref: string): boolean {
  return ref.startsWith("props:") ||
    ["goal", "revenue", "currency"].includes(ref);
}

/** Names of the tagged sources that the random events have. */
const TAGGED: Record<string, string> = {
  "google": "Google",
  "ChatGPT.com": "ChatGPT",
  "old.reddit.com": "Reddit",
};

function sourceOf({ utm_source, source_tag, referrer_source }: Event): string | null {
  const tagged = utm_source ?? source_tag;
  return tagged === null ? referrer_source : TAGGED[tagged] ?? tagged;
}

/** Untagged visits of two sources are told by their click ids. */
function mediumOf(event: Event): string | null {
  const clicked = { gclid: "Google", msclkid: "Bing" }[event.click_id ?? ""];
  const isClick = clicked !== undefined && clicked === sourceOf(event);
  return event.utm_medium ?? (isClick ? `(${event.click_id})` : null);
}

function referrerHostOf({ referrer, referrer_source }: Event): string | null {
  if (referrer === null || referrer_source === null) return null;
  return new URL(referrer).hostname.replace(/^www\./, "");
}

const MISSING: Record<string, string> = {
  referrer_host: "Direct / None",
  source: "Direct / None",
  referrer_source: "Direct / None",
  referrer: "Direct / None",
  channel: "Direct",
  hour_of_day: "",
  day_of_week: "",
};

const COLUMNS: Record<string, keyof Event> = {
  referrer_source: "referrer_source",
  referrer: "referrer",
  country: "country_code",
  region: "region",
  city: "city",
  language: "language",
  device: "device_type",
  browser: "browser",
  browser_version: "browser_version",
  os: "os",
  os_version: "os_version",
  screen_width: "screen_size",
  utm_source: "utm_source",
  utm_medium: "utm_medium",
  utm_campaign: "utm_campaign",
  utm_content: "utm_content",
  utm_term: "utm_term",
};

function compare(
  op: string,
  value: string | null,
  missing: string,
  values: readonly string[],
  sensitive: boolean,
): boolean {
  const fold = (text: string) => sensitive ? text : text.toLowerCase();
  switch (op) {
    case "is":
      return values.some((wanted) => fold(wanted) === fold(value ?? missing));
    case "contains":
      return value !== null && values.some((wanted) => fold(value).includes(fold(wanted)));
    case "starts_with":
      return value !== null && values.some((wanted) => fold(value).startsWith(fold(wanted)));
    case "matches":
      return value !== null &&
        values.some((wanted) => new RegExp(wanted, sensitive ? "u" : "iu").test(value));
    case "is_set":
      return value !== null;
    case "at_least":
      return isNumber(value) && Number(value) >= Number(values[0]);
    case "at_most":
      return isNumber(value) && Number(value) <= Number(values[0]);
    default:
      throw new Error(`no operator ${op}`);
  }
}

function isNumber(value: string | null): boolean {
  return value !== null && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*$/i.test(value);
}

function property(props: string | null, key: string): string | null {
  if (props === null) return null;
  let value: unknown;
  try {
    value = (JSON.parse(props) as Record<string, unknown>)[key];
  } catch {
    return null;
  }
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function screenOf(text: string | null): string | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const width = Number(text);
  return width < 768 ? "mobile" : width < 1024 ? "tablet" : width < 1440 ? "laptop" : "desktop";
}

interface Group {
  readonly keys: readonly (string | number)[];
  readonly events: Place[];
  readonly visits: Set<BruteVisit>;
}

/** All rows of a question in its order, before limit and offset. */
export function bruteRows(query: Query, events: readonly Event[], rank: Rank): BruteRow[] {
  const brute = new Brute(query, events, rank);
  const groups = groupsOf(brute, query.dimensions, query.filter);
  if (query.dimensions.length === 0 && groups.size === 0) {
    groups.set("[]", { keys: [], events: [], visits: new Set() });
  }
  const rows = [...groups.values()].filter((group) => hasRow(query, group)).map((group) => ({
    keys: group.keys,
    values: Object.fromEntries(
      query.metrics.map((name) => [name, metric(name, group, brute)]),
    ),
  }));
  return rows.sort((a, b) => order(query, a, b));
}

/** Whether the first key is among the asked ones and contains the asked text. */
function isAsked({ only, search }: Query, { keys: [first] }: Group): boolean {
  const text = String(first);
  return (only === null || only.includes(text)) &&
    (search === null || text.toLowerCase().includes(search.toLowerCase()));
}

/** A key is listed when something of the asked kinds stands under it. */
function hasRow(query: Query, group: Group): boolean {
  if (query.dimensions.length === 0) return true;
  if (!isAsked(query, group)) return false;
  return query.metrics.some((name) => {
    if (VISIT_METRICS.has(name)) return group.visits.size > 0;
    if (!name.endsWith("_revenue")) return group.events.length > 0;
    return group.events.some(({ event }) => event.revenue_amount !== null);
  });
}

const VISIT_METRICS = new Set([
  "engaged_visits",
  "visits",
  "bounce_rate",
  "visit_duration",
  "views_per_visit",
]);

function groupsOf(
  brute: Brute,
  dimensions: readonly string[],
  filter: Filter | null,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  const under = (keys: readonly (string | number)[]): Group => {
    const name = JSON.stringify(keys);
    const group = groups.get(name) ?? { keys, events: [], visits: new Set() };
    groups.set(name, group);
    return group;
  };
  for (const place of brute.places) {
    if (!brute.meets(filter, place)) continue;
    if (brute.inRange(place.event.timestamp)) {
      for (const keys of combinations(brute, dimensions, place, null)) {
        under(keys).events.push(place);
      }
    }
    if (brute.inRange(place.visit.startUs)) {
      for (const keys of combinations(brute, dimensions, place, place.visit.startUs)) {
        under(keys).visits.add(place.visit);
      }
    }
  }
  return groups;
}

function combinations(
  brute: Brute,
  dimensions: readonly string[],
  place: Place,
  startUs: number | null,
): (string | number)[][] {
  return dimensions.reduce<(string | number)[][]>(
    (all, ref) =>
      all.flatMap((keys) => brute.keys(ref, place, startUs).map((key) => [...keys, key])),
    [[]],
  );
}

function visitorsOf(group: Group | undefined): number {
  return new Set(group?.events.map(({ visit }) => visit.visitor) ?? []).size;
}

function ratio(above: number, below: number): number | null {
  return below === 0 ? null : above / below;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function metric(name: string, group: Group, brute: Brute): unknown {
  const { events, visits } = group;
  const views = events.filter(({ event }) => isPageview(event));
  const list = [...visits];
  const acts = (visit: BruteVisit) =>
    visit.events.filter((event) => isPageview(event) || event.interactive !== false).length;
  const pages = (visit: BruteVisit) => visit.events.filter(isPageview).length;
  switch (name) {
    case "visitors":
      return visitorsOf(group);
    case "visits":
      return visits.size;
    case "pageviews":
      return views.length;
    case "events":
      return events.length;
    case "views_per_visit":
      return ratio(sum(list.map(pages)), visits.size);
    case "bounce_rate":
      return ratio(
        list.filter((visit) => pages(visit) === 1 && acts(visit) === 1).length,
        visits.size,
      );
    case "visit_duration":
      return ratio(sum(list.map((visit) => lastUs(visit) - visit.startUs)) / 1e6, visits.size);
    case "engaged_visits":
      return list.filter(isEngaged).length;
    case "scroll_depth": {
      const depths = views.flatMap((place) => depthOf(place) ?? []);
      return ratio(sum(depths), depths.length);
    }
    case "time_on_page": {
      const stays = views.flatMap((place) => stayUs(place) ?? []);
      return ratio(sum(stays) / 1e6, stays.length);
    }
    case "exit_rate":
      return ratio(views.filter(({ isExit }) => isExit).length, views.length);
    case "percentage":
      return ratio(visitorsOf(group), baseVisitors(brute, [], brute.query.filter, group));
    case "conversion_rate":
      return ratio(visitorsOf(group), baseVisitors(brute, [], goalless(brute.query.filter), group));
    case "group_conversion_rate": {
      const kept = brute.query.dimensions.filter((ref) =>
        ref !== "goal" && ref !== "name" && !ref.startsWith("props:")
      );
      return ratio(
        visitorsOf(group),
        baseVisitors(brute, kept, goalless(brute.query.filter), group),
      );
    }
    default:
      return money(name, events);
  }
}

function baseVisitors(
  brute: Brute,
  kept: readonly string[],
  filter: Filter | null,
  group: Group,
): number {
  const keys = kept.map((ref) => group.keys[brute.query.dimensions.indexOf(ref as never)]);
  const found = brute.groups(kept, filter).get(JSON.stringify(keys));
  return visitorsOf(found);
}

/** A filter without its conditions on goals. */
export function goalless(filter: Filter | null): Filter | null {
  const mentions = (part: Filter): boolean =>
    "dimension" in part ? part.dimension === "goal" : part.of.some(mentions);
  if (!filter) return null;
  if (!("dimension" in filter) && filter.op === "and") {
    return { op: "and", of: filter.of.filter((part) => !mentions(part)) };
  }
  return mentions(filter) ? null : filter;
}

function money(name: string, events: readonly Place[]): unknown {
  const sums = new Map<string, number[]>();
  for (const { event } of events) {
    if (event.revenue_amount === null) continue;
    const currency = currencyOf(event) ?? "";
    sums.set(currency, [...sums.get(currency) ?? [], event.revenue_amount]);
  }
  return [...sums].map(([currency, cents]) => ({
    currency,
    cents: sum(cents),
    count: cents.length,
  }))
    .sort((a, b) => b.cents - a.cents || byText(a.currency, b.currency))
    .map(({ currency, cents, count }) => ({
      currency,
      value: name === "total_revenue" ? cents / 100 : Math.round(cents / count) / 100,
    }));
}

/** Order of texts by code points, as the database has it. */
export function byText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function sortValue(value: unknown): number | null {
  if (Array.isArray(value)) return value[0]?.value ?? null;
  return value as number | null;
}

function order(query: Query, a: BruteRow, b: BruteRow): number {
  for (const { by, direction } of query.order) {
    const at = query.dimensions.indexOf(by as never);
    const sign = direction === "asc" ? 1 : -1;
    if (at >= 0) {
      const difference = byKey(a.keys[at], b.keys[at]);
      if (difference !== 0) return sign * difference;
      continue;
    }
    const [x, y] = [sortValue(a.values[by]), sortValue(b.values[by])];
    if (x === y) continue;
    if (x === null) return 1;
    if (y === null) return -1;
    return sign * (x - y);
  }
  for (const at of query.dimensions.keys()) {
    const difference = byKey(a.keys[at], b.keys[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function byKey(a: string | number | undefined, b: string | number | undefined): number {
  return typeof a === "number" && typeof b === "number" ? a - b : byText(String(a), String(b));
}

/** The keys of every bucket of a query's range, in order. */
export function bruteBuckets(query: Query, ref: string): (string | number)[] {
  const { fromUs, toUs } = query.range;
  const brute = new Brute(query, [], () => 0);
  const step = ref === "minute" ? 60_000_000 : ref === "hour" ? 900_000_000 : DAY_US / 2;
  const keys: (string | number)[] = [];
  for (let us = fromUs; us < toUs; us += step) keys.push(brute.timeKey(ref, us) ?? "");
  if (fromUs < toUs) keys.push(brute.timeKey(ref, toUs - 1) ?? "");
  return [...new Set(keys)];
}
