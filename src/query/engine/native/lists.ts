// The events that meet a step, as one list per visitor: the input of funnels and sequences. A hash
// aggregate builds the lists, so only each visitor's own list is sorted.
//
// A list holds keys: BIGINT or HUGEINT numbers that contain the time and sort by it. Two events of
// a visitor share a key only if both meet one step, the same one, at the same microsecond. Events
// of the same microsecond are ordered by mask: the sum of 2^(k-1) over the steps k that the event
// meets. If steps overlap, times before 1970 count as 1970.
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";

/** Lists of a relation of events. */
export interface StepLists {
  /** Relation body: visitor_id, us and what `bodyOf` and `has` read, of every matching event. */
  readonly source: Sql;
  /** Whether an event of `source` meets step k (from 1). */
  has(step: number): Sql;
  /**
   * Relation body, from a relation of rows of `source`: visitor_id, length (BIGINT, matching
   * events), all_keys (every matching event; in order, with all_masks beside it, where steps may
   * overlap), and what `met` and `list` read. Only visitors with a matching event.
   */
  bodyOf(source: Sql): Sql;
  /** Whether step k (from 1) was met, of a row of `bodyOf`; needs no scan of a list. */
  met(step: number): Sql;
  /** The keys of the events that meet step k, of a row of `bodyOf`; empty for none. */
  list(step: number): Sql;
  /** Relation body: visitor_id, key, us, mask of every matching event, from relation `people`. */
  rows(people: Sql): Sql;
  /** The time of a key in BIGINT microseconds. */
  us(key: Sql): Sql;
  /** Whether a mask holds step k (from 1). */
  meets(mask: Sql, step: number): Sql;
}

/** What overlapping lists hold beside the events that meet a step. */
export interface ListOptions {
  /** A row for every visitor, also those with no matching event (lists and length NULL). */
  readonly everyone?: boolean;
  /** Events that are in all_keys with mask 0. */
  readonly others?: Sql;
}

/** Name under which `withLists` gives the list of step k (from 1). */
export function listName(step: number): Sql {
  return ident(`key_${step}`);
}

/** The body of lists, of every matching event, with the list of every step as a column. */
export function withLists(lists: StepLists, steps: number): Sql {
  const columns = Array.from(
    { length: steps },
    (_, index) => sql`, ${lists.list(index + 1)} as ${listName(index + 1)}`,
  );
  return sql`select *${join(columns, "")} from (${lists.bodyOf(sql`(${lists.source})`)})`;
}

/**
 * Lists for steps that never overlap: each event meets one step. One list holds all steps: it costs
 * less to split it later than to aggregate a list per step.
 */
export function exclusiveLists(events: Sql, steps: readonly Sql[]): StepLists {
  const cases = steps.map((step, index) => sql`when ${step} then ${raw(String(index + 1))}`);
  const source = sql`select * from (
        select visitor_id, epoch_us(timestamp) as us, case ${join(cases, " ")} end as step
        from ${events}
      )
      where step is not null`;
  const bodyOf = (rows: Sql) =>
    sql`select visitor_id, count(*) as length, bit_or(1 << step) as steps,
      list(us * 32 + step) as all_keys
      from ${rows}
      group by visitor_id`;
  return {
    source,
    has: (step) => sql`step = ${raw(String(step))}`,
    bodyOf,
    met: (step) => sql`(steps & ${raw(String(2 ** step))}) <> 0`,
    list: (step) => sql`list_filter(all_keys, lambda key: key & 31 = ${raw(String(step))})`,
    rows: (people) =>
      sql`select visitor_id, key, key >> 5 as us, 1::bigint << ((key & 31) - 1)::integer as mask
      from (select visitor_id, unnest(all_keys) as key from ${people})`,
    us: (key) => sql`(${key} >> 5)`,
    meets,
  };
}

/** Lists for steps that may overlap. */
export function overlappingLists(
  events: Sql,
  steps: readonly Sql[],
  { everyone = false, others = sql`false` }: ListOptions = {},
): StepLists {
  const width = raw(String(2 ** steps.length));
  const wide = steps.length > 5 ? raw("::hugeint") : raw("");
  const source = sql`select * from (
            select visitor_id, greatest(epoch_us(timestamp), 0) as us, ${maskOf(steps)} as mask,
              ${others} as other
            from ${events}
          )
          ${everyone ? raw("") : raw("where mask <> 0 or other")}`;
  const bodyOf = (rows: Sql) =>
    sql`select
          visitor_id, length, steps,
          list_transform(packed, lambda pack, place:
            place::hugeint * 1152921504606846976
              + pack // ${width}) as all_keys,
          list_transform(packed, lambda pack: (pack % ${width})::bigint) as all_masks
        from (
          select visitor_id, count(*) filter (where mask <> 0 or other) as length,
            bit_or(mask) as steps, list_sort(list(us${wide} * ${width} + mask)
            filter (where mask <> 0 or other)) as packed
          from ${rows}
          group by visitor_id
        )`;
  return {
    source,
    has: (step) => meets(raw("mask"), step),
    bodyOf,
    met: (step) => meets(raw("steps"), step),
    list: (step) =>
      sql`list_filter(
        list_transform(all_keys, lambda key, place:
          case when ${meets(raw("all_masks[place]"), step)} then key end),
        lambda key: key is not null)`,
    rows: (people) =>
      sql`select visitor_id, key, (key & 1152921504606846975)::bigint as us, mask
      from (
        select visitor_id, unnest(all_keys) as key, unnest(all_masks) as mask from ${people}
      )`,
    us: (key) => sql`(${key} & 1152921504606846975)::bigint`,
    meets,
  };
}

/** Which steps an event meets, as BIGINT bits. */
export function maskOf(steps: readonly Sql[]): Sql {
  return sql`(${
    join(
      steps.map((step, index) => sql`case when ${step} then ${raw(String(2 ** index))} else 0 end`),
      " + ",
    )
  })::bigint`;
}

function meets(mask: Sql, step: number): Sql {
  return sql`(${mask} & ${raw(String(2 ** (step - 1)))}) <> 0`;
}
