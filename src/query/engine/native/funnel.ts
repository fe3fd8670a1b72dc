// Funnels in plain SQL: the last step each visitor reached, and when. Exact at any size: visitors
// with few matching events are computed over lists, those with many by running maxima (n log n).
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { FunnelSpec } from "../engine.ts";
import { exclusiveLists, maskOf, overlappingLists, type StepLists } from "./lists.ts";

/** A list scan is quadratic: above this length, sorting is cheaper. */
const HEAVY_FROM = 256;

/**
 * One row per visitor of `events` with an event of step 1 (any_order: of any step): visitor_id,
 * reached (1…N), began_us, done_us and step_us (BIGINT[] with `reached` times). The times are those
 * of one attempt: the earliest to reach the visitor's last step. Of attempts that end at the same
 * event it is the one that began last. Each of its steps is at the earliest possible event.
 */
export function funnelAttempts(events: Sql, spec: FunnelSpec): Sql {
  return funnelRows(events, spec, true);
}

/** Only visitor_id and reached, of the same visitors; faster. */
export function funnelReached(events: Sql, spec: FunnelSpec): Sql {
  return funnelRows(events, spec, false);
}

function funnelRows(events: Sql, spec: FunnelSpec, timed: boolean): Sql {
  if (spec.order === "consecutive") return consecutive(events, spec);
  const lists = spec.overlap && spec.order === "in_order"
    ? overlappingLists(events, spec.steps)
    : exclusiveLists(events, spec.steps);
  return spec.order === "any_order" ? anyOrder(lists, spec, timed) : inOrder(lists, spec, timed);
}

/**
 * Only visitors with an event of step 2 not before one of step 1 need lists and a chain: of most it
 * is enough to know the first and the last time. `begun` are all who made step 1.
 */
function inOrder(lists: StepLists, spec: FunnelSpec, timed: boolean): Sql {
  const count = spec.steps.length;
  const heavyFrom = spec.heavyFrom ?? HEAVY_FROM;
  const later = stepNumbers(count, 2);
  const firstUs = sql`min(us) filter (where ${lists.has(1)})`;
  const goesOn = count > 1
    ? sql`coalesce(max(us) filter (where ${lists.has(2)}) >= ${firstUs}, false)`
    : raw("false");
  const best = (list: Sql) => timed ? sql`, ${list} as best` : raw("");
  return sql`(
    with recursive source as materialized (${lists.source}),
    begun as materialized (
      select visitor_id, ${firstUs} as first_us, ${goesOn} as goes_on
      from source
      group by visitor_id
      having first_us is not null
    ),
    people as materialized (${lists.bodyOf(WHO_GOES_ON)}),
    chain_1 as (
      select *, ${lists.list(1)} as key_1 from people where length < ${heavyFrom}
    ),
    ${join(later.map((step) => lightStep(step, lists, spec.windowUs)), "")}
    light as (
      select visitor_id, ${furthest(count, (step) => raw(String(step)), raw("1"))} as reached${
    best(furthest(count, (step) => ident(`found_${step}`), ownChains(raw("key_1"))))
  }
      from ${ident(`chain_${count}`)}
    ),
    ${heavyRuns(lists, spec.windowUs, count, heavyFrom)},
    heavy as (${timed ? HEAVY_BEST : HEAVY_REACHED})
    ${timed ? withTimes(lists, count) : REACHED_ALONE}
    union all
    select visitor_id, 1${timed ? AT_FIRST : raw("")} from begun where not goes_on
  )`;
}

const WHO_GOES_ON = raw(`(
      select * from source where visitor_id in (select visitor_id from begun where goes_on)
    )`);

/** The times of an attempt that ended where it began. */
const AT_FIRST = raw(", first_us, first_us, [first_us]");

const REACHED_ALONE = raw(`select visitor_id, reached from light
    union all
    select visitor_id, reached from heavy`);

/**
 * The candidate events of the step, each with the latest start of a chain that ends at it. The
 * latest start is enough: it leaves the most time within the window.
 */
function lightStep(step: number, lists: StepLists, windowUs: number): Sql {
  const before = ident(`found_${step - 1}`);
  const first = step === 2
    ? sql`list_max(list_filter(key_1, lambda first: first < key))`
    : sql`list_max(list_transform(
            list_filter(${before}, lambda found: found.last < key),
            lambda found: found.first))`;
  const within = sql`${lists.us(raw("found.last"))} - ${lists.us(raw("found.first"))}`;
  const found = sql`list_filter(
        list_transform(${lists.list(step)}, lambda key: {'first': ${first}, 'last': key}),
        lambda found: ${within} <= ${windowUs})`;
  const needed = step === 2
    ? found
    : sql`case when len(${before}) > 0 and ${lists.met(step)} then ${found} end`;
  return sql`${ident(`chain_${step}`)} as (
      select *, ${needed} as ${ident(`found_${step}`)} from ${ident(`chain_${step - 1}`)}
    ),
    `;
}

function furthest(count: number, pick: (step: number) => Sql, otherwise: Sql): Sql {
  const cases = stepNumbers(count, 2).reverse().map((step) =>
    sql`when len(${ident(`found_${step}`)}) > 0 then ${pick(step)}`
  );
  return cases.length === 0 ? otherwise : sql`case ${join(cases, " ")} else ${otherwise} end`;
}

/** The chains of step 1: each of its events is start and end. */
function ownChains(keys: Sql): Sql {
  return sql`list_transform(${keys}, lambda key: {'first': key, 'last': key})`;
}

/**
 * The same for visitors with many matching events, one step per round: `run` holds the candidate
 * events of the step, each with the latest chain start before it: a running maximum over the
 * candidates of the previous step. An event that meets both is taken as the later step first.
 */
function heavyRuns(lists: StepLists, windowUs: number, count: number, heavyFrom: number): Sql {
  return sql`matching as materialized (
      ${lists.rows(sql`(select * from people where length >= ${heavyFrom})`)}
    ),
    run as (
      select visitor_id, 1 as step, key, key as first from matching
      where ${lists.meets(raw("mask"), 1)}
      union all
      select visitor_id, step, key, first
      from (
        select visitor_id, step, key, is_next, max(first) over (
          partition by visitor_id order by key, is_next desc
          rows between unbounded preceding and 1 preceding
        ) as first
        from (
          select visitor_id, step + 1 as step, key, first, false as is_next from run
          union all
          select visitor_id, round.step + 1, key, null, true
          from matching join (select distinct visitor_id, step from run) as round using (visitor_id)
          where round.step < ${raw(String(count))} and (mask >> round.step) & 1 = 1
        )
      )
      where is_next and ${lists.us(raw("key"))} - ${lists.us(raw("first"))} <= ${windowUs}
    )`;
}

const HEAVY_REACHED = raw("select visitor_id, max(step) as reached from run group by visitor_id");

const HEAVY_BEST = raw(`select visitor_id, max(step) as reached,
        arg_max(last_key, step) as last_key, arg_max(first_key, step) as first_key
      from (
        select visitor_id, step, min(key) as last_key, arg_min(first, key) as first_key
        from run
        group by visitor_id, step
      )
      group by visitor_id`);

/** The attempt of each visitor: each step at the earliest event after the step before it. */
function withTimes(lists: StepLists, count: number): Sql {
  const later = stepNumbers(count, 2).map((step) =>
    sql`select *, case when reached >= ${raw(String(step))} then list_min(
        list_filter(${lists.list(step)}, lambda key: key > ${ident(`at_${step - 1}`)})
      ) end as ${ident(`at_${step}`)}`
  );
  const nested = later.reduce(
    (inner, select) => sql`${select} from (${inner})`,
    sql`select *, first_key as at_1 from attempts join people using (visitor_id)`,
  );
  const times = stepNumbers(count, 1).map((step) => lists.us(ident(`at_${step}`)));
  return sql`, attempts as (
      select visitor_id, reached, last_key, list_max(list_transform(best, lambda found:
        case when found.last = last_key then found.first end)) as first_key
      from (
        select *, list_min(list_transform(best, lambda found: found.last)) as last_key
        from light
      )
      union all
      select visitor_id, reached, last_key, first_key from heavy
    )
    select visitor_id, reached, ${lists.us(raw("first_key"))} as began_us,
      ${lists.us(raw("last_key"))} as done_us, ([${join(times)}])[1:reached] as step_us
    from (${nested})`;
}

/** Only visitors with two different steps need lists and windows; others take a first event. */
function anyOrder(lists: StepLists, spec: FunnelSpec, timed: boolean): Sql {
  const begin = timed ? sql`, arg_max(us, {'far': reached, 'early': -us}) as began_us` : raw("");
  return sql`(
    with source as materialized (${lists.source}),
    begun as materialized (
      select visitor_id, min(us) as first_us, bit_count(bit_or(1 << step)) > 1 as goes_on
      from source
      group by visitor_id
    ),
    spans as (
      select visitor_id, us, bit_count(bit_or(mask) over (
        partition by visitor_id order by us
        range between current row and ${spec.windowUs} following
      )) as reached
      from (
        select visitor_id, us, 1::bigint << (step - 1)::integer as mask from ${WHO_GOES_ON}
      )
    ),
    attempts as (
      select visitor_id, max(reached)::integer as reached${begin}
      from spans
      group by visitor_id
    )
    ${timed ? anyOrderTimes(lists, spec) : raw("select * from attempts")}
    union all
    select visitor_id, 1${timed ? AT_FIRST : raw("")} from begun where not goes_on
  )`;
}

function anyOrderTimes(lists: StepLists, spec: FunnelSpec): Sql {
  const us = lists.us(raw("key"));
  const times = spec.steps.map((_, index) =>
    sql`list_min(list_filter(${lists.list(index + 1)}, lambda key:
        ${us} >= began_us and ${us} - began_us <= ${spec.windowUs}))`
  );
  return sql`, people as (${lists.bodyOf(WHO_GOES_ON)}),
    timed as (
      select visitor_id, reached, began_us, list_sort(list_filter(
        list_transform([${join(times, ",\n        ")}], lambda key: ${us}),
        lambda us: us is not null)) as step_us
      from attempts join people using (visitor_id)
    )
    select visitor_id, reached, began_us, step_us[reached] as done_us, step_us from timed`;
}

function consecutive(events: Sql, spec: FunnelSpec): Sql {
  const later = stepNumbers(spec.steps.length, 2);
  const leads = later.map((step) => {
    const by = raw(String(step - 1));
    return sql`, lead(mask, ${by}) over near as ${ident(`mask_${step}`)},
        lead(us, ${by}) over near as ${ident(`us_${step}`)}`;
  });
  const met = (step: number) =>
    sql`(${ident(`mask_${step}`)} & ${raw(String(2 ** (step - 1)))}) <> 0
        and ${ident(`us_${step}`)} - us <= ${spec.windowUs}`;
  const cases = later.map((step) =>
    sql`when not coalesce(${met(step)}, false) then ${raw(String(step - 1))}`
  );
  const times = join([raw("us"), ...later.map((step) => ident(`us_${step}`))]);
  const reached = later.length === 0
    ? raw("1")
    : sql`case ${join(cases, " ")} else ${raw(String(spec.steps.length))} end`;
  return sql`(
    with source as (
      select visitor_id, epoch_us(timestamp) as us, ${maskOf(spec.steps)} as mask
      from ${events}
      where ${spec.considered}
    ),
    begun as (
      select visitor_id, min(us) filter (where (mask & 1) <> 0) as first_us,
        ${later.length === 0 ? raw("false") : raw("bool_or((mask & 2) <> 0)")} as goes_on
      from source
      where mask <> 0
      group by visitor_id
    ),
    considered as (
      select * from source semi join begun
        on begun.visitor_id = source.visitor_id and first_us is not null and goes_on
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
    union all
    select visitor_id, 1, first_us, first_us, [first_us]
    from begun
    where first_us is not null and not goes_on
  )`;
}

function stepNumbers(count: number, from: number): number[] {
  return Array.from({ length: count + 1 - from }, (_, index) => from + index);
}
