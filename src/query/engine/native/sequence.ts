// Sequences in plain SQL: which visitors did events in a given order, with conditions on the events
// between them, and how often. Exact at any size: visitors with few matching events are computed
// over lists, those with many by window functions (n log n).
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Elapsed, SequenceElement, SequenceSpec } from "../engine.ts";
import { listName, overlappingLists, type StepLists, withLists } from "./lists.ts";

/** A list scan is quadratic: above this length, sorting is cheaper. */
const HEAVY_FROM = 192;

/**
 * One row per visitor of `events`: visitor_id, converted (BOOLEAN): whether events in the order of
 * time (same microsecond: in the order of lists.ts) meet the steps one after the other. Without
 * `everyone`, visitors without a matching event are left out.
 */
export function plainSequence(
  events: Sql,
  steps: readonly Sql[],
  overlap: boolean,
  everyone = true,
): Sql {
  const last = steps.length;
  if (!overlap) return exclusiveSequence(events, steps, everyone);
  const lists = overlappingLists(events, steps, { everyone });
  const begun = sql`select *, list_min(${listName(1)}) as at_1 from (${withLists(lists, last)})`;
  return converted(sql`list_max(${listName(last)})`, begun, last);
}

/**
 * The earliest possible event of each step after the first, starting from `begun` with its at_1.
 * Each step is a SELECT of its own: in one expression, DuckDB would compute a step again for every
 * event of the next.
 */
function converted(lastKey: Sql, begun: Sql, last: number): Sql {
  let inner = begun;
  for (let step = 2; step < last; step++) {
    inner = sql`select *, list_min(list_filter(${listName(step)}, lambda key:
        key > ${ident(`at_${step - 1}`)})) as ${ident(`at_${step}`)} from (${inner})`;
  }
  return sql`(
    select visitor_id, coalesce(${lastKey} > ${ident(`at_${last - 1}`)}, false) as converted
    from (${inner})
  )`;
}

/** If steps never overlap, only those between the first and the last need lists. */
function exclusiveSequence(events: Sql, steps: readonly Sql[], everyone: boolean): Sql {
  const cases = steps.map((step, index) => sql`when ${step} then ${raw(String(index + 1))}`);
  const lists = steps.slice(1, -1).map((_, index) =>
    sql`, list(us * 32 + step) filter (where step = ${raw(String(index + 2))}) as ${
      listName(index + 2)
    }`
  );
  const begun = sql`select visitor_id, min(us * 32 + step) filter (where step = 1) as at_1,
        max(us * 32 + step) filter (where step = ${raw(String(steps.length))}) as last_key${
    join(lists, "")
  }
      from (
        select visitor_id, epoch_us(timestamp) as us, case ${join(cases, " ")} end as step
        from ${events}
      )
      ${everyone ? raw("") : raw("where step is not null")}
      group by visitor_id`;
  return converted(raw("last_key"), begun, steps.length);
}

/**
 * One row per visitor of `events` with an event that meets a condition or is considered:
 * visitor_id, began (BOOLEAN, an event meets the first element), matches (BIGINT, the largest
 * number of matches that do not overlap).
 */
export function sequenceMatches(events: Sql, spec: SequenceSpec): Sql {
  const { elements, conditions } = spec;
  const heavyFrom = spec.heavyFrom ?? HEAVY_FROM;
  const lists = overlappingLists(events, conditions, { others: spec.considered });
  const light = elements.slice(1).reduce(
    (inner, element, index) => lightElement(inner, element, index + 2, lists),
    sql`select *, list_transform(${candidates(elements[0] as SequenceElement)}, lambda key:
        {'first': key, 'last': key}) as found_1
      from people where length < ${heavyFrom}`,
  );
  const last = ident(`found_${elements.length}`);
  return sql`(
    with people as materialized (${withLists(lists, conditions.length)}),
    matching as materialized (
      select *, us::hugeint * 16777216 + (key // 1152921504606846976) % 16777216 as spot
      from (${lists.rows(sql`(select * from people where length >= ${heavyFrom})`)})
    ),
    run_1 as (
      select *, ${firstOfRun(elements[0] as SequenceElement, lists)} as first_1 from matching
    ),
    ${join(elements.slice(1).map((element, index) => heavyElement(element, index + 2, lists)), "")}
    found as (
      select visitor_id, coalesce(len(found_1) > 0, false) as began, ${last} as ends
      from (${light})
      union all
      select visitor_id, count(first_1) > 0,
        list({'first': ${ident(`first_${elements.length}`)}, 'last': key} order by key)
          filter (where ${ident(`first_${elements.length}`)} is not null)
      from ${ident(`run_${elements.length}`)}
      group by visitor_id
    )
    select visitor_id, began, coalesce(list_reduce(
        list_transform(ends, lambda found: {'last': found.last, 'first': found.first, 'count': 0}),
        lambda so_far, found: {
          'last': case when found.first > so_far.last then found.last else so_far.last end,
          'first': found.first,
          'count': so_far.count + case when found.first > so_far.last then 1 else 0 end
        },
        {'last': -1::hugeint, 'first': 0::hugeint, 'count': 0}
      ).count, 0)::bigint as matches
    from found
  )`;
}

/** The keys of the candidate events of this element. */
function candidates(element: SequenceElement): Sql {
  return element.condition === null ? raw("all_keys") : listName(element.condition);
}

/** The candidate events of this element, each with the latest start of a match so far. */
function lightElement(inner: Sql, element: SequenceElement, step: number, lists: StepLists): Sql {
  const floor = barsOf(element).map((condition) =>
    sql`list_max(list_filter(${listName(condition)}, lambda bar: bar < key))`
  );
  const place = (key: string) => raw(`(${key} // 1152921504606846976)`);
  const conditions = [
    element.next
      ? sql`${place("found.last")} = ${place("step.key")} - 1`
      : sql`found.last < step.key`,
    elapsedSql(
      sql`${lists.us(raw("step.key"))} - ${lists.us(raw("found.last"))}`,
      element.elapsed,
    ),
    ...(floor.length > 0 ? [sql`found.last >= step.floor`] : []),
  ];
  const steps = sql`list_transform(${candidates(element)}, lambda key: {'key': key, 'floor': ${
    floor.length > 0 ? sql`coalesce(greatest(${join(floor)}), 0)` : raw("0::hugeint")
  }})`;
  return sql`select *, list_filter(
        list_transform(${steps}, lambda step: {
          'first': list_max(list_transform(
            list_filter(${ident(`found_${step - 1}`)}, lambda found: ${join(conditions, " and ")}),
            lambda found: found.first)),
          'last': step.key
        }),
        lambda found: found.first is not null) as ${ident(`found_${step}`)}
      from (${inner})`;
}

/** The conditions that no event between may meet; with `next` there is no event between. */
function barsOf(element: SequenceElement): readonly number[] {
  return element.next ? [] : element.without;
}

function elapsedSql(difference: Sql, elapsed: readonly Elapsed[]): Sql {
  const parts = elapsed.map(({ minUs, maxUs }) =>
    maxUs === null
      ? sql`${difference} >= ${minUs}`
      : sql`(${difference} between ${minUs} and ${maxUs})`
  );
  return sql`(${join(parts, " or ")})`;
}

function firstOfRun(element: SequenceElement, lists: StepLists): Sql {
  return element.condition === null
    ? raw("key")
    : sql`case when ${lists.meets(raw("mask"), element.condition)} then key end`;
}

/**
 * `first_k` of an event is the latest start of a match so far that ends at this event: a window
 * function over the events that may come before it. `spot` orders a visitor's events and contains
 * their time, so that a window frame can end between two events of the same microsecond.
 */
function heavyElement(element: SequenceElement, step: number, lists: StepLists): Sql {
  const met = element.condition === null ? sql`true` : lists.meets(raw("mask"), element.condition);
  const bars = barsOf(element).map((condition) =>
    sql`coalesce(max(case when ${lists.meets(raw("mask"), condition)} then spot end) over (
          partition by visitor_id order by spot rows between unbounded preceding and 1 preceding
        ), 0)`
  );
  const before = ident(`first_${step - 1}`);
  const found = element.next
    ? sql`case when ${
      elapsedSql(sql`us - lag(us) over (partition by visitor_id order by spot)`, element.elapsed)
    } then lag(${before}) over (partition by visitor_id order by spot) end`
    : sql`greatest(${join(element.elapsed.map((part) => windowMax(before, part)))})`;
  return sql`${ident(`bars_${step}`)} as materialized (
      select *, ${bars.length > 0 ? sql`greatest(${join(bars)})` : raw("0::hugeint")} as bar
      from ${ident(`run_${step - 1}`)}
    ),
    ${ident(`run_${step}`)} as materialized (
      select * exclude (bar), case when ${met} then ${found} end as ${ident(`first_${step}`)}
      from ${ident(`bars_${step}`)}
    ),
    `;
}

/** The latest start among the earlier events, not before `bar`. */
function windowMax(before: Sql, { minUs, maxUs }: Elapsed): Sql {
  const spotOf = (us: number) => sql`(us::hugeint - ${us}) * 16777216`;
  const lowest = maxUs === null ? raw("bar") : sql`greatest(bar, ${spotOf(maxUs)})`;
  const highest = minUs === 0 ? raw("spot - 1") : sql`${spotOf(minUs)} + 16777215`;
  return sql`max(${before}) over (
          partition by visitor_id order by spot
          range between (spot - ${lowest}) preceding and (spot - (${highest})) preceding
        )`;
}
