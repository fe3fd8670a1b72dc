// Makes up lifelike traffic: sites with regulars and passers-by, nights and weekends, searches and
// campaigns. The same seed gives the same traffic. It must not touch clock, network or files.
import { DAY_MS, HOUR_MS } from "../../core/durations.ts";
import {
  AGENTS,
  type Deed,
  HOMES,
  HOURS,
  type Lead,
  ROBOTS,
  type SiteProfile,
  SITES,
  type Weighted,
} from "./data.ts";

/** What is wanted. `untilMs` is now: nothing happens later; its UTC day is the last one. */
export interface TrafficOptions {
  readonly seed: number;
  readonly untilMs: number;
  readonly days: number;
  readonly sites: number;
  /** Visitors of the busiest site on a common working day. */
  readonly visitorsPerDay: number;
}

/** An event of the past as the import route takes it: the tracker's own fields and these three. */
export interface PastEvent {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** Address and browser of the visitor. */
  readonly ip: string;
  readonly ua: string;
  readonly d: string;
  readonly n: string;
  readonly u: string;
  readonly r: string;
  readonly w: number;
  readonly p?: string;
  readonly ra?: number;
  readonly rc?: string;
}

/** A source of numbers in [0, 1). */
type Chance = () => number;

interface Person {
  readonly ip: string;
  readonly ua: string;
  readonly width: number;
  readonly hoursAhead: number;
}

const VIEWS_MAX = 25;
const DWELL_MS_MAX = 25 * 60_000;
const ROBOT_SHARE = 0.02;
const SECOND_VISIT_SHARE = 0.12;
/** First-timers of a day are numbered from here on; regulars are below. */
const STRANGERS_FROM = 1_000_000;

/** The profiles of the first `count` sites; further ones repeat the first under other names. */
export function siteProfiles(count: number): SiteProfile[] {
  return Array.from({ length: count }, (_, index) => {
    const profile = SITES[index % SITES.length] ?? SITES[0];
    const round = Math.floor(index / SITES.length);
    if (round === 0) return profile;
    return {
      ...profile,
      domain: `site${round + 1}.${profile.domain}`,
      size: profile.size / (round + 1),
    };
  });
}

/** The traffic day by day, each day's events of all sites in order of time. */
export function* traffic(options: TrafficOptions): Generator<PastEvent[]> {
  const profiles = siteProfiles(options.sites);
  const today = Math.floor(options.untilMs / DAY_MS);
  for (let day = today - options.days + 1; day <= today; day++) {
    const events = profiles.flatMap((profile) => dayOf(profile, day, today, options));
    yield events
      .filter((event) => event.at <= options.untilMs)
      .sort((a, b) => a.at - b.at);
  }
}

function dayOf(
  profile: SiteProfile,
  day: number,
  today: number,
  options: TrafficOptions,
): PastEvent[] {
  const chance = chanceOf(options.seed, profile.domain, day);
  const common = options.visitorsPerDay * profile.size;
  const visitors = Math.round(common * busyness(profile, day, today, chance));
  const regulars = Math.max(1, Math.round(common * 1.5));
  const events: PastEvent[] = [];
  for (let count = 0; count < visitors; count++) {
    const isRegular = chance() < profile.loyal;
    const number = isRegular
      ? Math.floor(chance() ** 1.6 * regulars)
      : STRANGERS_FROM + (day % 100_000) * 100_000 + count;
    const person = personOf(options.seed, profile.domain, number);
    const startMs = day * DAY_MS + utcTimeOfDay(person, chance);
    const lead = isRegular && chance() < 0.7 ? {} : pick(profile.leads, chance);
    events.push(...visit(profile, person, lead, startMs, chance));
    if (chance() < SECOND_VISIT_SHARE) {
      const laterMs = startMs + (1.5 + 5 * chance()) * HOUR_MS;
      if (laterMs < (day + 1) * DAY_MS) {
        events.push(...visit(profile, person, {}, laterMs, chance));
      }
    }
  }
  for (let count = 0; count < visitors * ROBOT_SHARE; count++) {
    events.push(robotView(profile, day, chance));
  }
  return events;
}

/** A day's visitors relative to a common working day. */
function busyness(profile: SiteProfile, day: number, today: number, chance: Chance): number {
  const weekday = (day + 4) % 7;
  const rhythm = weekday === 0 || weekday === 6 ? profile.weekend : 1;
  const trend = Math.max(0.3, 1 + profile.growth * (day - today) / 30);
  const mood = 0.92 + 0.16 * chance();
  const luck = chance() < 0.06 ? 1.4 + 0.6 * chance() : 1;
  return rhythm * trend * mood * luck;
}

/** Milliseconds after midnight UTC at a likely hour of the person's own day. */
function utcTimeOfDay(person: Person, chance: Chance): number {
  const hour = pick(HOURS.map((weight, index) => [index, weight] as const), chance) + chance();
  return Math.floor(((hour - person.hoursAhead + 48) % 24) * HOUR_MS);
}

function visit(
  profile: SiteProfile,
  person: Person,
  lead: Lead,
  startMs: number,
  chance: Chance,
): PastEvent[] {
  const origin = `https://${profile.domain}`;
  const events: PastEvent[] = [];
  let path = lead.landing ?? pick(profile.entries, chance);
  let url = origin + path + (lead.query ? `?${lead.query}` : "");
  let referrer = lead.referrer ?? "";
  let atMs = startMs;
  const add = (name: string, rest: Partial<PastEvent> = {}) => {
    const { ip, ua, width } = person;
    const at = Math.floor(atMs);
    events.push({ at, ip, ua, d: profile.domain, n: name, u: url, r: referrer, w: width, ...rest });
  };
  for (let views = 1; views <= VIEWS_MAX; views++) {
    add("pageview");
    const dwell = dwellMs(chance);
    const deed = profile.deeds.find(({ page, share }) => page === path && chance() < share);
    if (deed) {
      atMs += dwell * 0.6;
      add(deed.name, deedDetails(deed, chance));
    }
    if (!deed?.then && chance() >= profile.stay) break;
    atMs += deed ? dwell * 0.4 : dwell;
    referrer = origin + path;
    path = deed?.then ?? pick(profile.links[path] ?? profile.links["*"] ?? [], chance);
    url = origin + path;
  }
  return events;
}

function deedDetails(deed: Deed, chance: Chance): Partial<PastEvent> {
  const props = Object.entries(deed.props ?? {}).map((
    [key, values],
  ) => [key, pick(values, chance)]);
  return {
    ...(props.length > 0 ? { p: JSON.stringify(Object.fromEntries(props)) } : {}),
    ...(deed.amounts ? { ra: pick(deed.amounts, chance) } : {}),
    ...(deed.currency ? { rc: deed.currency } : {}),
  };
}

function robotView(profile: SiteProfile, day: number, chance: Chance): PastEvent {
  return {
    at: Math.floor((day + chance()) * DAY_MS),
    ip: `66.249.${64 + Math.floor(chance() * 16)}.${Math.floor(chance() * 256)}`,
    ua: pick(ROBOTS, chance),
    d: profile.domain,
    n: "pageview",
    u: `https://${profile.domain}${pick(profile.entries, chance)}`,
    r: "",
    w: 1024,
  };
}

/** How long a page is read: mostly under a minute, now and then very long. */
function dwellMs(chance: Chance): number {
  const bell = chance() + chance() + chance() + chance() - 2;
  return Math.min(DWELL_MS_MAX, 4000 + 1000 * Math.exp(3.2 + 1.6 * bell));
}

/** The same person for the same number, whatever else was asked before. */
function personOf(seed: number, domain: string, number: number): Person {
  const chance = chanceOf(seed, `person of ${domain}`, number);
  const { prefixes, hoursAhead } = pick(HOMES, chance);
  const agent = pick(AGENTS, chance);
  const octet = () => 1 + Math.floor(chance() * 254);
  return {
    ip: `${oneOf(prefixes, chance)}.${octet()}.${octet()}`,
    ua: agent.userAgent,
    width: oneOf(agent.widths, chance),
    hoursAhead,
  };
}

function oneOf<T>(list: readonly T[], chance: Chance): T {
  return list[Math.floor(chance() * list.length)] as T;
}

function pick<T>(choices: Weighted<T>, chance: Chance): T {
  let left = chance() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  throw new RangeError("Cannot pick: there is no choice");
}

/** Numbers that look random and depend on nothing but these three. */
function chanceOf(seed: number, name: string, number: number): Chance {
  let state = 0x9e3779b9 ^ seed;
  const mix = (value: number) => {
    state = Math.imul(state ^ value, 0x85ebca6b);
    state ^= state >>> 13;
  };
  for (const char of name) mix(char.codePointAt(0) ?? 0);
  mix(number);
  mix(Math.floor(number / 2 ** 32));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
