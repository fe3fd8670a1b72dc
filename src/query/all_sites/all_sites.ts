// The visitors and pageviews of many sites: of a range, of the range before it, and of each of its
// buckets. Sites of few events are answered by one statement for all of them; large ones, and those
// with imported sums, by their own reports, which read rollups.
import { bucketsOf, type Range } from "../../core/period.ts";
import { type Sql, sql } from "../../core/sql.ts";
import type { Clock } from "../../core/types.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { Sums } from "../../storage/history/sums.ts";
import type { Reader } from "../../storage/reader.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import { Params } from "../params.ts";
import { parseReportRequest, STANDARD_SETTINGS } from "../parse.ts";
import type { ReportRequest } from "../query.ts";
import { judgeCounts } from "../reports/change/spread.ts";
import { OVERVIEW, type OverviewAnswer } from "../reports/overview.ts";
import { TIMESERIES, type TimeseriesAnswer } from "../reports/timeseries.ts";
import type { Asker, Runner } from "../run.ts";

/** The numbers of a range. */
export interface SiteSums {
  readonly visitors: number;
  readonly pageviews: number;
}

/** The numbers of one site. */
export interface SiteNumbers extends SiteSums {
  readonly site_id: string;
  /** Those of the range before, where they are asked for. */
  readonly comparison: SiteSums | null;
  /** Visitors of each bucket, in order. */
  readonly series: readonly number[];
  /** Whether the change of the visitors may be chance; absent without a range before. */
  readonly within_noise?: boolean;
  /** When data begins, where that is well within the range before; absent where it is earlier. */
  readonly data_from?: string;
  /** UTC dates of which events are missing; absent where none are. */
  readonly incomplete_dates?: readonly string[];
}

/** Stored events in files of its range up to which a site is asked for with others. */
const EVENTS_TOGETHER_MAX = 20_000;
/** Sites of one statement: it names all of their files. */
const SITES_TOGETHER_MAX = 250;
/** Sites that are asked for by themselves at the same time. */
const ALONE_AT_ONCE = 2;
/** How long an answer stays what it is while no event comes. */
const MOMENT_MS = 10_000;
/** The key of answers about several sites. */
const SEVERAL = "";

/**
 * Segments beside the buckets of a range, which are numbered from 0, and those of the range before,
 * which are numbered from EARLIER on down.
 */
const BEFORE = -1;
const BETWEEN = -2;
const WHOLE = -3;
const EARLIER = -10;

/** What is asked of every site: the parameters of its reports but `site_id`. */
export type AskedOfSites = URLSearchParams;

/** Answers for many sites. */
export class AllSites {
  readonly #runner: Runner;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #sums: Pick<Sums, "of">;
  readonly #eventsMax: number;

  /** Sites of up to `eventsMax` stored events in their range are asked for together. */
  constructor(
    runner: Runner,
    reader: Reader,
    clock: Clock,
    sums: Pick<Sums, "of">,
    eventsMax = EVENTS_TOGETHER_MAX,
  ) {
    this.#eventsMax = eventsMax;
    this.#runner = runner;
    this.#reader = reader;
    this.#clock = clock;
    this.#sums = sums;
  }

  /** The numbers of each site, in the same order. Throws `bad_request` with every fault. */
  async numbersOf(
    sites: readonly string[],
    asked: AskedOfSites,
    asker: Asker = {},
  ): Promise<readonly SiteNumbers[]> {
    this.#check(asked);
    const together: ReportRequest[] = [];
    const alone: string[] = [];
    for (const site of sites) {
      const request = await this.#requestOf(site, asked, asker);
      if (await this.#isSmall(request)) together.push(request);
      else alone.push(site);
    }
    const found = new Map<string, SiteNumbers>();
    for (let at = 0; at < together.length; at += SITES_TOGETHER_MAX) {
      const batch = together.slice(at, at + SITES_TOGETHER_MAX);
      for (const one of await this.#together(batch, asked, asker)) found.set(one.site_id, one);
    }
    const left = [...alone];
    const work = async () => {
      for (let site = left.shift(); site !== undefined; site = left.shift()) {
        found.set(site, await this.#alone(site, asked, asker));
      }
    };
    await Promise.all(Array.from({ length: ALONE_AT_ONCE }, work));
    return sites.flatMap((site) => found.get(site) ?? []);
  }

  /** What is wrong with a request is so for any site, and where there is none. */
  #check(asked: AskedOfSites): void {
    const params = new Params(asked);
    parseReportRequest(params, SEVERAL, this.#clock.nowMs() * 1000, STANDARD_SETTINGS);
    params.check();
  }

  async #requestOf(site: string, asked: AskedOfSites, asker: Asker): Promise<ReportRequest> {
    const { rules, nowUs } = await this.#runner.rules(site, asker);
    const params = new Params(asked);
    const request = parseReportRequest(params, site, nowUs, rules);
    params.check();
    return request;
  }

  async #isSmall(request: ReportRequest): Promise<boolean> {
    if (this.#reader.isOverLake || (await this.#sums.of(request.site)).length > 0) return false;
    return this.#reader.rowsBetween(request.site, spanOf(request)) <= this.#eventsMax;
  }

  async #together(
    requests: readonly ReportRequest[],
    asked: AskedOfSites,
    asker: Asker,
  ): Promise<readonly SiteNumbers[]> {
    const moment = Math.floor(this.#clock.nowMs() / MOMENT_MS);
    const about = requests.map(({ site, range, comparison, interval, zone }) => [
      site,
      this.#reader.version(site),
      [range.dates ?? moment, comparison?.dates ?? moment, interval, zone],
    ]);
    const key = ["all_sites", asked.toString(), about];
    return await this.#runner.cached(SEVERAL, key, async () => {
      const spans = new Map(requests.map((request) => [request.site, spanOf(request)]));
      const build = (events: Sql) => statementOf(requests, events);
      const rows = await this.#runner.rowsOfSites(spans, build, asker);
      const bySite = Map.groupBy(rows, (row) => String(row["site"]));
      const all: SiteNumbers[] = [];
      // One after the other: a caller may have few statements waiting.
      for (const request of requests) {
        const dates = this.#reader.incompleteDates(request.site, spanOf(request));
        const numbers = numbersOf(request, bySite.get(request.site) ?? []);
        all.push({
          ...numbers,
          ...await this.#beginOf(request, numbers.comparison, asker),
          ...(dates.length > 0 ? { incomplete_dates: dates } : {}),
        });
      }
      return all;
    }, asker);
  }

  async #alone(site: string, asked: AskedOfSites, asker: Asker): Promise<SiteNumbers> {
    const params = new URLSearchParams(asked);
    const request = await this.#requestOf(site, asked, asker);
    const main = await this.#runner
      .answer("main", OVERVIEW, site, new Params(params), asker) as OverviewAnswer;
    const series = await this.#runner
      .answer("timeseries", TIMESERIES, site, new Params(params), asker) as TimeseriesAnswer;
    const dates = this.#runner.incompleteDates(main);
    const sumsOf = ({ unique_visitors, total_pageviews }: typeof main.comparison & object) => ({
      visitors: unique_visitors,
      pageviews: total_pageviews,
    });
    const comparison = main.comparison ? sumsOf(main.comparison) : null;
    const visitors = {
      now: series.map((bucket) => bucket.visitors),
      before: series.flatMap((bucket) => bucket.comparison?.visitors ?? []),
    };
    return {
      site_id: site,
      ...sumsOf(main),
      comparison,
      series: visitors.now,
      ...judgedOf(request, [main.unique_visitors, comparison?.visitors], visitors),
      ...await this.#beginOf(request, comparison, asker),
      ...(dates.length > 0 ? { incomplete_dates: dates } : {}),
    };
  }

  /** When data begins, where the range before has some, but not from its start. */
  async #beginOf(
    { site, comparison }: ReportRequest,
    before: SiteSums | null,
    asker: Asker,
  ): Promise<Pick<SiteNumbers, "data_from">> {
    // Without visitors before there is no change to be wrong about.
    if (!comparison || !before?.visitors) return {};
    const beginUs = await this.#runner.dataFrom(site, comparison, asker);
    return beginUs === null ? {} : { data_from: new Date(beginUs / 1000).toISOString() };
  }
}

/** From the first to the last moment of both ranges. */
function spanOf({ range, comparison }: ReportRequest): SpanUs {
  return {
    fromUs: Math.min(range.fromUs, comparison?.fromUs ?? range.fromUs),
    toUs: Math.max(range.toUs, comparison?.toUs ?? range.toUs),
  };
}

/**
 * When each segment of a site's time begins: the range before, what is between both, the buckets,
 * and what is after them.
 */
function segmentsOf({ range, comparison, interval, zone, weekStart }: ReportRequest) {
  const buckets = bucketsOf(range, interval, zone, weekStart);
  return [
    ...(comparison
      ? [
        ...bucketsOf(comparison, interval, zone, weekStart).map(({ fromUs }, index) => ({
          number: EARLIER - index,
          fromUs,
        })),
        // Of two segments that begin at once, either would be found.
        ...(comparison.toUs < range.fromUs ? [{ number: BETWEEN, fromUs: comparison.toUs }] : []),
      ]
      : []),
    ...buckets.map(({ fromUs }, number) => ({ number, fromUs })),
    { number: BETWEEN, fromUs: range.toUs },
  ];
}

/** One row per site and segment that has events, and one of each whole range. */
function statementOf(requests: readonly ReportRequest[], events: Sql): Sql {
  const segments = requests.flatMap((request) =>
    segmentsOf(request).map((segment) => ({ ...segment, site: request.site }))
  );
  return sql`
  with segments as (
    select unnest(${segments.map(({ site }) => site)}) as site,
      unnest(${segments.map(({ fromUs }) => String(fromUs))})::bigint as from_us,
      unnest(${segments.map(({ number }) => String(number))})::integer as segment
  ), seen as (
    select e.site, s.segment, hash(e.visitor_id) as visitor,
      count(*) filter (e.event_name = 'pageview') as pageviews
    from ${events} e asof join segments s
      on e.site = s.site and epoch_us(e.timestamp) >= s.from_us
    where s.segment <> ${BETWEEN}
    group by e.site, s.segment, visitor
  )
  select site, segment, count(*)::bigint as visitors, sum(pageviews)::bigint as pageviews
  from seen group by site, segment
  union all
  select site, case when segment >= 0 then ${WHOLE} else ${BEFORE} end as range_of,
    count(distinct visitor)::bigint, sum(pageviews)::bigint
  from seen group by site, range_of
  order by site, segment`;
}

function numbersOf(request: ReportRequest, rows: readonly Row[]): SiteNumbers {
  const bySegment = new Map(rows.map((row) => [Number(row["segment"]), row]));
  const sumsOf = (segment: number) => ({
    visitors: Number(bySegment.get(segment)?.["visitors"] ?? 0),
    pageviews: Number(bySegment.get(segment)?.["pageviews"] ?? 0),
  });
  const { range, comparison, interval, zone, weekStart } = request;
  const visitorsOf = (range: Range, numberAt: (index: number) => number) =>
    bucketsOf(range, interval, zone, weekStart).map((_, index) => sumsOf(numberAt(index)).visitors);
  const now = visitorsOf(range, (index) => index);
  const before = comparison ? visitorsOf(comparison, (index) => EARLIER - index) : [];
  const [whole, earlier] = [sumsOf(WHOLE), comparison ? sumsOf(BEFORE) : null];
  return {
    site_id: request.site,
    ...whole,
    comparison: earlier,
    series: now,
    ...judgedOf(request, [whole.visitors, earlier?.visitors], { now, before }),
  };
}

/** Whether visitors changed by more than chance, by the buckets of both ranges that have begun. */
function judgedOf(
  { range, interval, zone, weekStart, nowUs }: ReportRequest,
  [now, before]: readonly [number, number | undefined],
  series: { readonly now: readonly number[]; readonly before: readonly number[] },
): Pick<SiteNumbers, "within_noise"> {
  if (before === undefined) return {};
  const begun = bucketsOf(range, interval, zone, weekStart).filter(({ fromUs }) => fromUs < nowUs);
  const passed = series.now.slice(0, begun.length);
  const { within_noise } = judgeCounts([now, before], [passed, series.before]);
  return { within_noise };
}
