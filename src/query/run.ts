// Runs reports: a cache, one computation for equal requests, turns of callers, a limit of heavy
// reports, and a time limit that interrupts the query. It knows no report.
import { AppError, messageOf } from "../core/errors.ts";
import type { EventColumnName } from "../core/event.ts";
import { conditionsOf } from "../../dashboard/grammar/filter.js";
import { CACHE_CHARS_MAX } from "../core/limits.ts";
import { type Sql, sql } from "../core/sql.ts";
import type { Clock } from "../core/types.ts";
import type { Row } from "../storage/duckdb.ts";
import { changesBetween, type IdLife, unchangedLife } from "../sites/id_life.ts";
import type { SpanUs } from "../storage/tiers/event_rows.ts";
import type { Reader, Sources } from "../storage/reader.ts";
import { type Answer, answerOf, emptyAnswer } from "./answer.ts";
import { type Explained, explained } from "./explain.ts";
import { Cache, type CacheCounts } from "./cache.ts";
import type { BehavioralEngine } from "./engine/engine.ts";
import { ENGINES } from "./engine/choose.ts";
import { InTurn } from "./budget/in_turn.ts";
import { type Caller, OWNER } from "./budget/turns.ts";
import { patternsOf } from "./budget/filter_size.ts";
import { KnownAnswers } from "./budget/known_answers.ts";
import { DataStart } from "./extent/data_start.ts";
import { answersOfLists, rowsOfRecentLists } from "./lists/build_lists.ts";
import { isList, togetherKey } from "./lists/lists.ts";
import type { AskTogether, Seat } from "./lists/together.ts";
import { type Meta, metaOf, NOTES, withImported, withNotes } from "./meta.ts";
import { type Params, quoted } from "./params.ts";
import { COMMON_PARAMS, parseReportRequest, type SiteRules } from "./parse.ts";
import { type Plan, planOf } from "./sql/plan.ts";
import type { Recent } from "./rollups/split.ts";
import { publicEvents, publicRules } from "./sql/public_view.ts";
import { type CheckedFilter, type Query, queryOf, type ReportRequest } from "./query.ts";
import {
  eventsOf,
  listsStatementOf,
  paidRowsOf,
  propKeysOf,
  type StatementContext,
  statementOf,
  visitorDaysOf,
  visitorRowsOf,
} from "./sql/statement.ts";
import { SEVERAL } from "./rollups/rolled.ts";
import type { DropCount, QueryContext, Report } from "./reports/report.ts";
import { Faults } from "../core/faults.ts";
import { type RecentSums, sumsNameOf } from "./rollups/recent_sums.ts";
import type { RecentLease, RecentVisits } from "./rollups/recent_visits.ts";
import type { FindSums, SumsInMemory } from "./rollups/sums_in_memory.ts";
import type { Sums } from "../storage/history/sums.ts";
import { addedTo, leaveOut } from "./sums/added.ts";
import { type ImportedMeta, Told } from "./sums/told.ts";
import { isOfVisits, readsReferrers } from "./sql/visit_rows.ts";

/** What is known of each site. */
export interface SettingsSource {
  settings(site: string): Promise<SiteRules>;
}

/** Parameters that are read into `ReportRequest`: the cache's key holds their parsed values. */
const COMMON_NAMES: ReadonlySet<string> = new Set(Object.keys(COMMON_PARAMS));

/** The caller that waits for an answer; by default an owner that does not leave. */
export interface Asker {
  readonly caller?: Caller;
  readonly signal?: AbortSignal | undefined;
  /** Whether the report is a heavy one. */
  readonly heavy?: boolean;
  /** Whether what other reports were told of the same data answers its queries; no when missing. */
  readonly knows?: boolean;
  /** Its place among parts of a view that may ask together; none when missing. */
  readonly seat?: Seat<Query, Answer> | undefined;
}

/** How long an answer about the current time stays valid. */
const LIVE_US = 2_000_000;
const SLOTS_BY_DEFAULT = 4;
/** Of the size of the cache, what is kept for other reports beside it. */
const KNOWN_SHARE = 0.25;

/** Limits of the runner, and what it reads beside events. */
export interface RunnerOptions {
  readonly queryTimeoutMs: number;
  readonly cacheTtlMs: number;
  readonly cacheEntriesMax: number;
  /** Heavy reports at once. */
  readonly heavyMax: number;
  /** Statements at once. */
  readonly slots?: number;
  /** Statements of owners at once; all slots when missing. */
  readonly ownerSlots?: number;
  /** Size of the cache, in characters of JSON. */
  readonly cacheCharsMax?: number;
  /** Whether `explain=1` is answered, for development. */
  readonly explain?: boolean;
  /** The engine of behavioral reports; plain SQL when missing. */
  readonly engine?: BehavioralEngine;
  /** How long visitor ids of the site last, and lasted; a day when missing. */
  readonly idLife?: (site: string) => IdLife;
  /** Whether single visits of the site may be listed; no when missing. */
  readonly listsVisits?: (site: string) => boolean;
  /** Whether rollups are used, where a site has them; yes when missing. */
  readonly rollups?: boolean;
  /** The visits that no file holds yet; not used when missing. */
  readonly recent?: RecentVisits;
  /** Sums of closed days in memory; all are read from files when missing. */
  readonly closed?: SumsInMemory;
  /** The sums of imported days; none when missing. */
  readonly sums?: Pick<Sums, "of" | "ask">;
  /** Runs each report that was not in the cache, and notes how long it took. */
  readonly timed?: <T>(report: string, work: () => Promise<T>) => Promise<T>;
  /** Counts of dropped requests between two UTC dates; none when missing. */
  readonly drops?: (
    range: { readonly site_id: string; readonly firstDate: string; readonly lastDate: string },
  ) => Promise<readonly DropCount[]>;
}

/** Answers reports. */
export class Runner {
  readonly #reader: Reader;
  readonly #sites: SettingsSource;
  readonly #clock: Clock;
  readonly #options: RunnerOptions;
  readonly #cache: Cache;
  readonly #known: KnownAnswers;
  /** Answers that lack what files in quarantine hold: the dates of those. */
  readonly #incomplete = new WeakMap<object, readonly string[]>();
  /** What answers say of imported days. */
  readonly #imported = new WeakMap<object, ImportedMeta>();
  readonly #inTurn: InTurn;
  readonly #dataStart: DataStart<Asker>;

  constructor(reader: Reader, sites: SettingsSource, clock: Clock, options: RunnerOptions) {
    this.#reader = reader;
    this.#sites = sites;
    this.#clock = clock;
    this.#options = options;
    const { slots = SLOTS_BY_DEFAULT, ownerSlots = slots, heavyMax } = options;
    this.#inTurn = new InTurn(clock, { slots, ownerSlots, heavyMax });
    this.#dataStart = new DataStart(reader, clock, {
      ...(options.sums ? { sums: options.sums } : {}),
      rows: (site, span, build, asker) => this.#rows(site, span, build, asker),
      zoneOf: async (site, asker) => (await this.#rulesFor(site, asker)).zone,
    });
    const { cacheTtlMs: ttlMs, cacheCharsMax: charsMax = CACHE_CHARS_MAX } = options;
    this.#known = new KnownAnswers(clock, { ttlMs, charsMax: charsMax * KNOWN_SHARE });
    this.#cache = new Cache(clock, { ttlMs, entriesMax: options.cacheEntriesMax, charsMax });
  }

  /** The counts of the cache. */
  counts(): CacheCounts {
    return this.#cache.counts();
  }

  /** Forgets every answer, as after an erasure. */
  forget(): void {
    this.#cache.clear();
    this.#known.clear();
  }

  /**
   * The answer of a report. Throws `bad_request` with every fault, `too_many_requests` when too
   * many heavy reports run, `unavailable` past the time limit.
   */
  async answer(
    name: string,
    report: Report,
    site: string,
    params: Params,
    asker: Asker = {},
  ): Promise<unknown> {
    return (await this.answerWithMeta(name, report, site, params, asker)).answer;
  }

  /** The same, with what is to be said of the request. */
  async answerWithMeta(
    name: string,
    report: Report,
    site: string,
    params: Params,
    asker: Asker = {},
  ): Promise<{ answer: unknown; meta: Meta; behindSince: string | null }> {
    const behindSince = this.behindSince();
    const { request, run: compute } = await this.#read(report, site, params, asker);
    const { timed } = this.#options;
    const run: typeof compute = timed
      ? (of, context) => timed(name, () => compute(of, context))
      : compute;
    const meta = metaOf(request, report.interval);
    const { nowUs, ...rest } = request;
    const { sums } = this.#options;
    const work = async (context: QueryContext) => {
      const answer = await run(request, context);
      const { told } = context;
      const isPast = report.freshness === undefined;
      if (sums && isPast && told.readsEvents) leaveOut(request, await sums.of(site), told);
      return withImported(answer, meta, told.meta);
    };
    const told = (answer: unknown) => ({
      answer,
      meta: withNotes(meta, this.importedMeta(answer)),
      behindSince,
    });
    if (report.freshness === "never_cached") return told(await this.#noting(site, asker, work));
    const moment = report.freshness === "live" ? Math.floor(nowUs / LIVE_US) : 0;
    const key = [name, moment, rest, params.canonical(COMMON_NAMES)];
    const { heavy } = report;
    const knows = report.freshness === undefined;
    return told(await this.cached(site, key, work, { ...asker, heavy, knows }));
  }

  /**
   * Of before this time nothing is missing that other servers accepted, in an answer that is asked
   * for from now on; null where there are none.
   */
  behindSince(): string | null {
    const ms = this.#reader.behindSinceMs();
    return ms === null ? null : new Date(ms).toISOString();
  }

  /** What is to be said of imported days beside an answer. */
  importedMeta(answer: unknown): ImportedMeta {
    return typeof answer === "object" && answer !== null ? this.#imported.get(answer) ?? {} : {};
  }

  /** UTC dates of which an answer lacks events, for their file is in quarantine. */
  incompleteDates(answer: unknown): readonly string[] {
    return typeof answer === "object" && answer !== null ? this.#incomplete.get(answer) ?? [] : [];
  }

  async #noting<T>(
    site: string,
    asker: Asker,
    work: (context: QueryContext) => Promise<T>,
  ): Promise<T> {
    const dates = new Set<string>();
    const context = this.context(site, asker, undefined, dates);
    const answer = await work(context);
    if (typeof answer !== "object" || answer === null) return answer;
    if (dates.size > 0) this.#incomplete.set(answer, [...dates].sort());
    const { meta } = context.told;
    if (meta.imported || meta.left_out) this.#imported.set(answer, meta);
    return answer;
  }

  /** Whether reports may be explained. */
  get explains(): boolean {
    return this.#options.explain ?? false;
  }

  /** The answer of a report with every statement it ran. Nothing of it is kept. */
  async explain(
    report: Report,
    site: string,
    params: Params,
    asker: Asker = {},
  ): Promise<{ answer: unknown; statements: readonly Explained[] }> {
    const { request, run } = await this.#read(report, site, params, asker);
    const statements: Explained[] = [];
    return { answer: await run(request, this.context(site, asker, statements)), statements };
  }

  /**
   * The result of `work`, cached under a key until the site's events change. Heavy work is refused
   * with `too_many_requests` when too much of it runs.
   */
  async cached<T>(
    site: string,
    key: readonly unknown[],
    work: (context: QueryContext) => Promise<T>,
    { heavy = false, knows = false, caller = OWNER, signal, seat }: Asker = {},
  ): Promise<T> {
    const view = caller.isPublicOnly ? "public" : "full";
    const settings = this.#settingsOf(site);
    const text = JSON.stringify([this.#reader.version(site), view, settings, ...key, site]);
    const lane = caller.kind === "owner" ? "fast" : "slow";
    let isComputed = false;
    const answer = this.#cache.get(
      text,
      async (stopped) => {
        isComputed = true;
        const asker = { caller, signal: stopped, heavy, knows, seat };
        const noting = () => this.#noting(site, asker, work);
        return heavy ? await this.#inTurn.limited(caller.kind, noting) : await noting();
      },
      signal,
      lane,
    );
    // Who waits for what others compute, or has it already, asks nothing.
    if (!isComputed) seat?.leave();
    return await answer;
  }

  /** What is known of a site, and now in microseconds. */
  async rules(site: string, asker: Asker = {}): Promise<{ rules: SiteRules; nowUs: number }> {
    const rules = await this.#rulesFor(site, asker);
    return { rules, nowUs: Math.floor(this.#clock.nowMs() * 1000) };
  }

  /** Reads a request. Throws `bad_request` with every fault. */
  async #read(report: Report, site: string, params: Params, asker: Asker) {
    const nowUs = Math.floor(this.#clock.nowMs() * 1000);
    const settings = await this.#settings(site, params, asker);
    const parsed = parseReportRequest(params, site, nowUs, settings);
    const { comparison } = parsed;
    const dataFromUs = comparison ? await this.dataFrom(site, comparison, asker) : null;
    const notes = [
      ...parsed.notes,
      ...(dataFromUs === null ? [] : [NOTES.comparison_incomplete]),
      ...(idsChange(this.#settingsOf(site).idLife, parsed) ? [NOTES.ids_changed] : []),
    ];
    const request = { ...parsed, dataFromUs, notes };
    const run = report.read(params, request);
    await this.#checkPatterns(request, params, asker);
    params.check();
    return { request, run };
  }

  /** Notes every pattern that DuckDB's RE2 cannot read; it would fail only where rows exist. */
  async #checkPatterns(
    request: ReportRequest,
    params: Params,
    asker: Asker,
  ): Promise<void> {
    const { list } = await this.patternFaults(request.site, request.filter, asker);
    for (const fault of list) params.fault(fault);
  }

  /** A sentence for each pattern of a filter that DuckDB's RE2 cannot read. */
  async patternFaults(
    site: string,
    filter: CheckedFilter | null,
    asker: Asker = {},
  ): Promise<Faults> {
    const faults = new Faults();
    for (const pattern of conditionsOf(filter).flatMap(patternsOf)) {
      const fault = await this.#patternFault(site, pattern, asker);
      if (fault !== null) faults.add(`Cannot read filters: "${quoted(pattern)}": ${fault}`);
    }
    return faults;
  }

  /** What is wrong with a regular expression, or null. */
  async #patternFault(
    site: string,
    pattern: string,
    asker: Asker,
  ): Promise<string | null> {
    try {
      const check = sql`select regexp_matches('', ${pattern})`;
      await this.#rows(site, { fromUs: 0, toUs: 0 }, () => check, asker);
      return null;
    } catch (error) {
      if (error instanceof AppError || asker.signal?.aborted) throw error;
      const [reason = ""] = messageOf(error).split(" in: select");
      return reason.replace(/^Invalid Input Error: /, "");
    }
  }

  /** The context through which reports run their queries. */
  context(
    site: string,
    asker: Asker = {},
    notes?: Explained[],
    incomplete?: Set<string>,
  ): QueryContext {
    const hidden = this.#options.rollups === false ? { rollups: null } : {};
    const noteIncomplete = (span: SpanUs) => {
      for (const date of this.#reader.incompleteDates(site, span)) incomplete?.add(date);
    };
    const fromFor = (asker: Asker): RowsOf => async (span, build) => {
      const found = await this.#rows(site, span, (of) => build({ ...of, ...hidden }), asker);
      noteIncomplete(span);
      return found;
    };
    const from = notes ? explaining(fromFor(asker), notes) : fromFor(asker);
    const told = new Told();
    const rows: QueryContext["rows"] = (span, build) =>
      from(span, ({ events, engagements }) => build(events(span), engagements ?? undefined));
    const settings = this.#settingsOf(site);
    const { isPublicOnly = false } = asker.caller ?? {};
    const asked = { idDays: settings.idLife.days, isPublicOnly };
    const asking = { asker, asked, from, fromFor, noteIncomplete };
    return {
      told,
      query: (query) => this.#query(query, asking, told),
      lists: (queries) => this.#lists(queries, asking, told),
      rows: (span, build) => {
        told.readsEvents = true;
        return rows(span, build);
      },
      matching: (request: ReportRequest, columns: readonly EventColumnName[], build, needed) => {
        told.readsEvents = true;
        const query = queryOf(request, { metrics: ["events"] });
        const of = (sources: Sources) => {
          const { events, visitors } = eventsOf(query, columns, sources, asked, needed);
          return build(events, visitors);
        };
        return from(planOf(query).span, of);
      },
      propKeys: (request, build) => {
        told.readsEvents = true;
        return rowsOfPropKeys(request, { asked, from }, build);
      },
      visitorDays: (request, cutUs, build) => {
        told.readsEvents = true;
        const query = queryOf(request, { metrics: ["visitors"] });
        const of = (sources: Sources) =>
          build(visitorDaysOf(query, cutUs, sources, sources.events, asked));
        return from(planOf(query).span, of);
      },
      visitorRows: (queries, aggregates, build) => {
        told.readsEvents = true;
        const [query] = queries;
        return this.#withRecent(query, planOf(query), isPublicOnly, (recent) => {
          const rowsOf = (own: Query, sources: Sources) =>
            visitorRowsOf(own, aggregates, sources, asked, own === query ? recent() : null);
          return inBoth(from, queries, rowsOf, build);
        });
      },
      paidRows: (queries, build) => {
        told.readsEvents = true;
        return inBoth(from, queries, (query, { events }) => paidRowsOf(query, events), build);
      },
      drops: async (firstDate, lastDate) =>
        await this.#options.drops?.({ site_id: site, firstDate, lastDate }) ?? [],
      engine: this.#options.engine ?? ENGINES.sql,
      ...settings,
    };
  }

  /** The answer of a query, with how many rows there are where none of them is asked for. */
  async #query(plain: Query, asking: QueryAsking, told: Told): Promise<Answer> {
    if (plain.range.fromUs >= plain.range.toUs) return emptyAnswer(plain);
    const query = await this.#withSums(plain, asking.asker, told);
    const { span } = planOf(query);
    if (!query.sums && await this.#reader.hasNothing(query.site, span)) {
      asking.noteIncomplete(span);
      return emptyAnswer(query);
    }
    const found = await this.#knownOr(query, asking);
    if (found.rows.length > 0 || query.offset === 0) return found;
    const { total } = await this.#knownOr({ ...query, offset: 0, limit: 1 }, asking);
    return { rows: [], total };
  }

  /** Lists of one short range, by one statement where that can be. */
  async #lists(
    [first, ...others]: readonly [Query, ...Query[]],
    asking: QueryAsking,
    told: Told,
  ): Promise<readonly Answer[]> {
    const { asker, asked, from } = asking;
    const withSums = (query: Query) => this.#withSums(query, asker, told);
    const queries = [await withSums(first), ...await Promise.all(others.map(withSums))] as const;
    // What files hold of so short a range is few, whatever else is in them.
    const rowsBetween = () => 0;
    const found = queries.every(isList)
      ? await this.#answerLists(queries, from, asked, rowsBetween)
      : null;
    return found ??
      await Promise.all([first, ...others].map((one) => this.#query(one, asking, told)));
  }

  /** An answer that another report was told of the same data, or that of a statement. */
  async #knownOr(query: Query, asking: QueryAsking): Promise<Answer> {
    const { asker, asked, from, fromFor, noteIncomplete } = asking;
    const { knows = false, caller = OWNER } = asker;
    const { site } = query;
    const about = [this.#reader.version(site), caller.isPublicOnly, this.#settingsOf(site)];
    const known = knows ? this.#known.find(about, query) : null;
    const found = known ?? await inView(query, asker, {
      alone: () => this.#answer(query, from, asked),
      lists: (queries, signal) =>
        this.#answerLists(
          queries,
          fromFor({ ...asker, signal }),
          asked,
          (range) => this.#reader.rowsBetween(site, range),
        ),
    });
    noteIncomplete(planOf(query).span);
    if (knows && !known) this.#known.keep(about, query, found);
    return found;
  }

  /** A query with the sums of imported days that it can have. */
  async #withSums(query: Query, asker: Asker, told: Told): Promise<Query> {
    const { sums } = this.#options;
    if (!sums) return query;
    const { isPublicOnly = false } = asker.caller ?? {};
    const nothing = { fromUs: 0, toUs: 0 };
    const run = (statement: Sql) => this.#rows(query.site, nothing, () => statement, asker);
    const added = await addedTo(query, { sums, run, isPublicOnly }, told);
    return added ? { ...query, sums: added } : query;
  }

  /** The answer of one statement, of which `from` gives the rows. */
  async #answer(
    query: Query,
    from: (span: SpanUs, build: (sources: Sources) => Sql) => Promise<Row[]>,
    asked: StatementContext,
  ): Promise<Answer> {
    const plan = planOf(query);
    const ask = (asked: StatementContext) => (recent: () => Recent | null) =>
      from(
        plan.span,
        (sources) => statementOf(query, plan, sources, asked, recent()),
      );
    const rowsOf = (asked: StatementContext) =>
      this.#withRecent(query, plan, asked.isPublicOnly, ask(asked));
    const rows = await rowsOf(asked);
    const isRight = rows[0]?.[SEVERAL] !== true;
    return answerOf(query, isRight ? rows : await rowsOf({ ...asked, avoidsSums: true }));
  }

  /** The answers of lists by one statement, or null where each is to be asked by itself. */
  async #answerLists(
    queries: readonly [Query, ...Query[]],
    from: RowsOf,
    asked: StatementContext,
    rowsBetween: (range: SpanUs) => number,
  ): Promise<Answer[] | null> {
    const [first] = queries;
    const whole: Query = { ...first, dimensions: queries.flatMap(({ dimensions }) => dimensions) };
    const plan = planOf(whole);
    let isTogether = false;
    const rows = await this.#withRecent(whole, plan, asked.isPublicOnly, async (recent, lease) => {
      const missing: Parameters<RecentSums["find"]>[] = [];
      const recentSums: RecentSums["find"] = (...wanted) => {
        const found = lease?.sums.find(...wanted) ?? null;
        if (found === null) missing.push(wanted);
        return found;
      };
      const ask = () =>
        from(plan.span, (sources) => {
          const known = { recent: recent(), recentSums, rowsBetween };
          const statement = listsStatementOf(queries, sources, asked, known);
          isTogether = statement !== null;
          return statement ?? sql`select 1 where false`;
        });
      const rows = await ask();
      const [wanted] = missing;
      if (!lease || !wanted) return rows;
      await lease.sums.make(...wanted, rowsOfRecentLists(queries));
      return await ask();
    });
    return isTogether ? answersOfLists(queries, rows) : null;
  }

  /** Rows of a statement that may read the visits that no file holds yet. */
  async #withRecent(
    query: Query,
    plan: Plan,
    isPublicOnly: boolean,
    ask: (recent: () => Recent | null, lease: RecentLease | null) => Promise<Row[]>,
  ): Promise<Row[]> {
    const { recent, rollups } = this.#options;
    // What needs no visits is read from events as fast.
    const mayRead = rollups !== false && plan.form !== "events" && isOfVisits(query, plan) &&
      !(isPublicOnly && readsReferrers(query));
    const lease = mayRead ? await recent?.lease(query) : null;
    if (!lease) return await ask(() => null, null);
    try {
      return await ask(lease.now, lease);
    } catch (error) {
      const gone = [lease.table, sumsNameOf(lease.table)];
      const reason = messageOf(error);
      if (!gone.some((name) => reason.includes(`name ${name} does not exist`))) throw error;
      // DuckDB was opened again, without it.
      lease.forget();
      return await ask(() => null, null);
    } finally {
      lease.release();
    }
  }

  /** The settings of a site that reports read through the context: they are part of each key. */
  #settingsOf(site: string): Pick<QueryContext, "idLife" | "listsVisits"> {
    return {
      idLife: this.#options.idLife?.(site) ?? unchangedLife(1),
      listsVisits: this.#options.listsVisits?.(site) ?? false,
    };
  }

  /** Rows of one statement over several sites, each with its span: see `queryOfSites`. */
  async rowsOfSites(
    spans: ReadonlyMap<string, SpanUs>,
    build: (events: Sql) => Sql,
    { caller = OWNER, signal }: Asker,
  ): Promise<Row[]> {
    const limits = { timeoutMs: this.#options.queryTimeoutMs, signal };
    const ask = () => this.#reader.queryOfSites(spans, build, limits);
    return await this.#inTurn.rows(ask, { caller, signal });
  }

  /** Rows of one statement, when the turn of its caller has come. */
  async #rows(
    site: string,
    span: SpanUs,
    build: (sources: Sources) => Sql,
    { caller = OWNER, signal, heavy = false }: Asker,
  ): Promise<Row[]> {
    const limits = { timeoutMs: this.#options.queryTimeoutMs, signal };
    const { closed } = this.#options;
    const rowsOf = (find: FindSums) => {
      const seen = (sources: Sources) =>
        build({
          ...sources,
          ...(caller.isPublicOnly && { events: publicEvents(sources.events) }),
          sums: (shapes, paths) => find(shapes, paths) ?? sources.sums(shapes, paths),
        });
      const ask = () => this.#reader.queryOf(site, span, seen, limits);
      return this.#inTurn.rows(ask, { caller, signal, heavy });
    };
    const fromFiles = () => null;
    try {
      // Making tables takes time that is not the stranger's.
      return await rowsOf(closed?.of(site, caller.kind === "owner") ?? fromFiles);
    } catch (error) {
      if (!closed?.isLost(error)) throw error;
      return await rowsOf(fromFiles);
    }
  }

  async #rulesFor(site: string, { caller = OWNER }: Asker): Promise<SiteRules> {
    const rules = await this.#sites.settings(site);
    return caller.isPublicOnly ? publicRules(rules) : rules;
  }

  async #settings(site: string, params: Params, asker: Asker): Promise<SiteRules> {
    const settings = await this.#rulesFor(site, asker);
    if (params.text("period") !== "all") return settings;
    return { ...settings, firstUs: await this.firstUs(site, asker) };
  }

  /** Time of the site's first event or imported day, null when it has none. */
  firstUs(site: string, asker: Asker = {}): Promise<number | null> {
    return this.#dataStart.firstUs(site, asker);
  }

  /** When data begins, where a range begins well before it; else null. */
  dataFrom(site: string, range: SpanUs, asker: Asker = {}): Promise<number | null> {
    return this.#dataStart.within(site, range, asker);
  }
}

/** Whether ids changed between the first and the last event that a request may be about. */
function idsChange(life: IdLife, { range, comparison, nowUs }: ReportRequest): boolean {
  const { fromUs, toUs } = comparison ? spanOfBoth(range, comparison) : range;
  return changesBetween(life, fromUs, Math.min(toUs, nowUs)).length > 0;
}

function spanOfBoth(one: SpanUs, other: SpanUs): SpanUs {
  return {
    fromUs: Math.min(one.fromUs, other.fromUs),
    toUs: Math.max(one.toUs, other.toUs),
  };
}

/** How a query of a context is asked. */
interface QueryAsking {
  readonly asker: Asker;
  readonly asked: StatementContext;
  readonly from: RowsOf;
  /** The rows that another asker gets. */
  readonly fromFor: (asker: Asker) => RowsOf;
  readonly noteIncomplete: (span: SpanUs) => void;
}

type RowsOf = (span: SpanUs, build: (sources: Sources) => Sql) => Promise<Row[]>;

/** The answer of a query: with those of other parts of its view where it is a list, else alone. */
function inView(
  query: Query,
  { seat, signal, caller }: Asker,
  { alone, lists }: {
    readonly alone: () => Promise<Answer>;
    readonly lists: AskTogether<Query, Answer>;
  },
): Promise<Answer> {
  if (!seat) return alone();
  const key = isList(query) ? `${caller?.isPublicOnly ?? false} ${togetherKey(query)}` : null;
  return seat.ask({ question: query, key, signal, ask: lists, alone });
}

/** Runs a statement over the keys of properties of a request. */
function rowsOfPropKeys(
  request: ReportRequest,
  { asked, from }: Pick<QueryAsking, "asked" | "from">,
  build: (keys: Sql) => Sql,
): Promise<Row[]> {
  const query = queryOf(request, { metrics: ["visitors"] });
  return from(planOf(query).span, (sources) => build(propKeysOf(query, sources, asked)));
}

/** Runs a statement over what two queries read, each by itself. */
function inBoth<T>(
  from: RowsOf,
  [one, other]: readonly [Query, Query],
  rowsOf: (query: Query, sources: Sources) => T,
  build: (rows: readonly [T, T]) => Sql,
): Promise<Row[]> {
  const span = spanOfBoth(planOf(one).span, planOf(other).span);
  return from(span, (sources) => build([rowsOf(one, sources), rowsOf(other, sources)]));
}

/** Runs statements by `plain`, and notes each with its plan. */
function explaining(plain: RowsOf, notes: Explained[]): RowsOf {
  return async (span, build) => {
    let statement: Sql | undefined;
    const run = (wrap: (statement: Sql) => Sql) =>
      plain(span, (sources) => wrap(statement = build(sources)));
    const plan = await run((own) => sql`explain ${own}`);
    const found = await run((own) => own);
    if (statement) notes.push(explained(statement, plan, found.length));
    return found;
  };
}
