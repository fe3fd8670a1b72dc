// Funnels in plain SQL: how far each visitor came, and when. Exact at any size: visitors with few
// matching events are followed over lists, those with many over running maxima (n log n).
//
// in_order: step k is an event later than step k-1 (events of one microsecond in the order of
// lists.ts), each step an event of its own, other events between, all within the window from the
// first, inclusive; any event that meets step 1 may begin.
// any_order: an event counts for the first step it meets; as many different steps as fall within
// one window.
// consecutive: as in_order, with no other of the considered events between.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { exclusiveLists, listName, maskOf, overlappingLists, type StepLists } from "./lists.ts";

/** The orders a funnel can ask for. */
export const FUNNEL_ORDERS = ["in_order", "any_order", "consecutive"] as const;
export type FunnelOrder = (typeof FUNNEL_ORDERS)[number];

/** A funnel as the engine needs it. */
export interface FunnelQuestion {
  /** Conditions on the stored columns, never empty. */
  readonly steps: readonly Sql[];
  readonly windowUs: number;
  readonly order: FunnelOrder;
  /** Whether an event may meet two steps. */
  readonly overlap: boolean;
  /** For consecutive: only these events may not lie between. */
  readonly considered: Sql;
  /** Matching events of one visitor from which running maxima are used. */
  readonly heavyFrom?: number;
}

/** A list scan costs the square of its length: beyond this sorting is cheaper. */
const HEAVY_FROM = 256;

/**
 * One row per visitor of `events` who met step 1 (any step, for any_order): visitor_id, reached
 * (1…N), began_us, done_us and step_us (BIGINT[] of `reached` times). They tell of the attempt
 * that was the first to come as far as the visitor ever came; of those done at the same event,
 * the one that began last; its steps each at the first event that would do.
 */
export function funnelAttempts(events: Sql, question: FunnelQuestion): Sql {
  if (question.order === "consecutive") return consecutive(events, question);
  const lists = question.overlap && question.order === "in_order"
    ? overlappingLists(events, question.steps)
    : exclusiveLists(events, question.steps);
  return question.order === "any_order" ? anyOrder(lists, question) : inOrder(lists, question);
}

function inOrder(lists: StepLists, question: FunnelQuestion): Sql {
  const count = question.steps.length;
  const heavyFrom = question.heavyFrom ?? HEAVY_FROM;
  const within = (key: Sql, first: Sql) =>
    sql`${lists.us(key)} - ${lists.us(first)} <= ${question.windowUs}`;
  return sql`(
    with people as materialized (${lists.body}),
    chain_1 as (
      select *, list_transform(${listName(1)}, lambda key: {'first': key, 'last': key}) as found_1
      from people
      where length < ${heavyFrom}
    ),
    ${join(stepNumbers(count, 2).map((step) => lightStep(step, within)), "")}
    light as (
      select visitor_id, ${reachedOf(count)} as reached, ${bestOf(count)} as best
      from ${ident(`chain_${count}`)}
    ),
    matching as (${lists.rows(sql`(select * from people where length >= ${heavyFrom})`)}),
    run_1 as (
      select *, case when ${lists.meets(raw("mask"), 1)} then key end as first_1 from matching
    ),
    ${join(stepNumbers(count, 2).map((step) => heavyStep(step, lists, question.windowUs)), "")}
    heavy as (${heavyBest(count)}),
    attempts as (
      select visitor_id, reached, last_key, list_max(list_transform(best, lambda found:
        case when found.last = last_key then found.first end)) as first_key
      from (
        select *, list_min(list_transform(best, lambda found: found.last)) as last_key
        from light
        where reached > 0
      )
      union all
      select visitor_id, reached, last_key, first_key from heavy where reached > 0
    )
    ${withTimes(lists, count)}
  )`;
}

/** The chains that reach the step, each with the key of its first and its last event. */
function lightStep(step: number, within: (key: Sql, first: Sql) => Sql): Sql {
  return sql`${ident(`chain_${step}`)} as (
      select *, list_filter(
        list_transform(${ident(`found_${step - 1}`)}, lambda found: {
          'first': found.first,
          'last': list_min(list_filter(${listName(step)}, lambda key:
            key > found.last and ${within(raw("key"), raw("found.first"))}))
        }),
        lambda found: found.last is not null) as ${ident(`found_${step}`)}
      from ${ident(`chain_${step - 1}`)}
    ),
    `;
}

function reachedOf(count: number): Sql {
  const cases = stepNumbers(count, 1).reverse().map((step) =>
    sql`when len(${ident(`found_${step}`)}) > 0 then ${raw(String(step))}`
  );
  return sql`case ${join(cases, " ")} else 0 end`;
}

function bestOf(count: number): Sql {
  const cases = stepNumbers(count, 1).reverse().map((step) =>
    sql`when len(${ident(`found_${step}`)}) > 0 then ${ident(`found_${step}`)}`
  );
  return sql`case ${join(cases, " ")} end`;
}

/**
 * `first_k` of an event is the latest beginning of a chain whose step k this event is: a later
 * beginning always serves as well as an earlier one, so one running maximum per step is exact.
 * (Materialized: DuckDB plans nested windows in time that doubles with each.)
 */
function heavyStep(step: number, lists: StepLists, windowUs: number): Sql {
  const before = ident(`before_${step}`);
  return sql`${ident(`run_${step}`)} as materialized (
      select *, case when ${lists.meets(raw("mask"), step)}
        and us - ${lists.us(before)} <= ${windowUs} then ${before} end as ${ident(`first_${step}`)}
      from (
        select *, max(${ident(`first_${step - 1}`)}) over (
          partition by visitor_id order by key rows between unbounded preceding and 1 preceding
        ) as ${before}
        from ${ident(`run_${step - 1}`)}
      )
    ),
    `;
}

function heavyBest(count: number): Sql {
  const steps = stepNumbers(count, 1).reverse();
  const pick = (build: (step: number) => Sql) =>
    sql`case ${
      join(
        steps.map((step) => sql`when count(${ident(`first_${step}`)}) > 0 then ${build(step)}`),
        " ",
      )
    } end`;
  return sql`select
        visitor_id,
        ${pick((step) => raw(String(step)))} as reached,
        ${
    pick((step) => sql`min(key) filter (where ${ident(`first_${step}`)} is not null)`)
  } as last_key,
        ${pick((step) => sql`arg_min(${ident(`first_${step}`)}, key)`)} as first_key
      from ${ident(`run_${count}`)}
      group by visitor_id`;
}

/** From the first event on, each step at the first event that would do. */
function withTimes(lists: StepLists, count: number): Sql {
  const later = stepNumbers(count, 2).map((step) =>
    sql`select *, case when reached >= ${raw(String(step))} then list_min(
        list_filter(${listName(step)}, lambda key: key > ${ident(`at_${step - 1}`)})
      ) end as ${ident(`at_${step}`)}`
  );
  const nested = later.reduce(
    (inner, select) => sql`${select} from (${inner})`,
    sql`select *, first_key as at_1 from attempts join people using (visitor_id)`,
  );
  const times = stepNumbers(count, 1).map((step) => lists.us(ident(`at_${step}`)));
  return sql`select visitor_id, reached, ${lists.us(raw("first_key"))} as began_us,
      ${lists.us(raw("last_key"))} as done_us, ([${join(times)}])[1:reached] as step_us
    from (${nested})`;
}

function anyOrder(lists: StepLists, question: FunnelQuestion): Sql {
  const times = question.steps.map((_, index) =>
    sql`list_min(list_filter(${listName(index + 1)}, lambda key:
        ${lists.us(raw("key"))} >= began_us
        and ${lists.us(raw("key"))} - began_us <= ${question.windowUs}))`
  );
  return sql`(
    with people as materialized (${lists.body}),
    matching as (${lists.rows(raw("people"))}),
    spans as (
      select visitor_id, us, bit_count(bit_or(mask) over (
        partition by visitor_id order by us
        range between current row and ${question.windowUs} following
      )) as reached
      from matching
    ),
    attempts as (
      select visitor_id, max(reached)::integer as reached,
        arg_max(us, {'far': reached, 'early': -us}) as began_us
      from spans
      group by visitor_id
    ),
    timed as (
      select visitor_id, reached, began_us, list_sort(list_filter(
        list_transform([${join(times, ",\n        ")}], lambda key: ${lists.us(raw("key"))}),
        lambda us: us is not null)) as step_us
      from attempts join people using (visitor_id)
    )
    select visitor_id, reached, began_us, step_us[reached] as done_us, step_us from timed
  )`;
}

function consecutive(events: Sql, question: FunnelQuestion): Sql {
  const later = stepNumbers(question.steps.length, 2);
  const leads = later.map((step) => {
    const by = raw(String(step - 1));
    return sql`, lead(mask, ${by}) over near as ${ident(`mask_${step}`)},
        lead(us, ${by}) over near as ${ident(`us_${step}`)}`;
  });
  const met = (step: number) =>
    sql`(${ident(`mask_${step}`)} & ${raw(String(2 ** (step - 1)))}) <> 0
        and ${ident(`us_${step}`)} - us <= ${question.windowUs}`;
  const cases = later.map((step) =>
    sql`when not coalesce(${met(step)}, false) then ${raw(String(step - 1))}`
  );
  const times = join([raw("us"), ...later.map((step) => ident(`us_${step}`))]);
  const reached = later.length === 0
    ? raw("1")
    : sql`case ${join(cases, " ")} else ${raw(String(question.steps.length))} end`;
  return sql`(
    with source as (select * from ${events}),
    begun as (select distinct visitor_id from source where ${question.steps[0] as Sql}),
    considered as (
      select visitor_id, epoch_us(timestamp) as us, ${maskOf(question.steps)} as mask
      from source semi join begun using (visitor_id)
      where ${question.considered}
    ),
    neighbours as (
      select visitor_id, us, mask, row_number() over near as place${join(leads, "")}
      from considered
      window near as (partition by visitor_id order by us, mask)
    ),
    runs as (
      select visitor_id, us, place, ${reached} as reached, [${times}] as all_us
      from neighbours
      where (mask & 1) <> 0
    ),
    best as (
      select visitor_id, max(reached) as reached, arg_max(all_us, {'far': reached, 'early': -place})
        as all_us
      from runs
      group by visitor_id
    )
    select visitor_id, reached, all_us[1] as began_us, all_us[reached] as done_us,
      all_us[1:reached] as step_us
    from best
  )`;
}

function stepNumbers(count: number, from: number): number[] {
  return Array.from({ length: count + 1 - from }, (_, index) => from + index);
}
