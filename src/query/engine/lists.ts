// The events that meet a step, as one list per step and visitor: what funnels and sequences are
// counted from. A hash aggregate makes the lists, so nothing is sorted but a visitor's own list.
//
// A list holds keys: BIGINT or HUGEINT numbers in the order of time, with the time in them. Two
// events of a visitor never share a key unless they meet the same single step at the same
// microsecond and no step but this. Events of one microsecond come in the order of their masks,
// the mask being the sum of 2^(k-1) over the steps k that an event meets. (Where steps overlap,
// times before 1970 count as 1970.)
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";

/** Lists of a relation of events. */
export interface StepLists {
  /**
   * Relation body: visitor_id, length (BIGINT, matching events), begins (whether step 1 was met;
   * both from the aggregate, so a condition on them costs nothing), key_1 … key_N (the keys of the
   * events that meet the step; NULL or empty for none; may hold NULLs), all_keys and all_masks
   * (every matching event in order; only with `overlap`). Only visitors with a matching event.
   */
  readonly body: Sql;
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

/** Name of the list of step k (from 1). */
export function listName(step: number): Sql {
  return ident(`key_${step}`);
}

/** Lists where no event can meet two of the steps: the event's first step is its only one. */
export function exclusiveLists(events: Sql, steps: readonly Sql[]): StepLists {
  const cases = steps.map((step, index) => sql`when ${step} then ${raw(String(index + 1))}`);
  const lists = steps.map((_, index) =>
    sql`list(us * 32 + step) filter (where step = ${raw(String(index + 1))}) as ${
      listName(index + 1)
    }`
  );
  return {
    body: sql`select visitor_id, count(*) as length, bool_or(step = 1) as begins,
      ${join(lists, ",\n      ")}
      from (
        select visitor_id, epoch_us(timestamp) as us, case ${join(cases, " ")} end as step
        from ${events}
      )
      where step is not null
      group by visitor_id`,
    rows: (people) =>
      sql`select visitor_id, key, key >> 5 as us, 1::bigint << ((key & 31) - 1)::integer as mask
      from (
        select visitor_id, unnest(flatten([${
        join(steps.map((_, index) => listName(index + 1)))
      }])) as key
        from ${people}
      )`,
    us: (key) => sql`(${key} >> 5)`,
    meets,
  };
}

/** Lists where an event may meet several steps. */
export function overlappingLists(
  events: Sql,
  steps: readonly Sql[],
  { everyone = false, others = sql`false` }: ListOptions = {},
): StepLists {
  const width = raw(String(2 ** steps.length));
  const wide = steps.length > 5 ? raw("::hugeint") : raw("");
  const mask = maskOf(steps);
  const keys = steps.map((_, index) =>
    sql`list_filter(
        list_transform(all_keys, lambda key, place:
          case when ${meets(raw("all_masks[place]"), index + 1)} then key end),
        lambda key: key is not null) as ${listName(index + 1)}`
  );
  return {
    body: sql`select visitor_id, length, begins, all_keys, all_masks,
        ${join(keys, ",\n        ")}
      from (
        select
          visitor_id, length, begins,
          list_transform(packed, lambda pack, place:
            place::hugeint * 1152921504606846976
              + pack // ${width}) as all_keys,
          list_transform(packed, lambda pack: (pack % ${width})::bigint) as all_masks
        from (
          select visitor_id, count(*) filter (where mask <> 0 or other) as length,
            bool_or((mask & 1) <> 0) as begins, list_sort(list(us${wide} * ${width} + mask)
            filter (where mask <> 0 or other)) as packed
          from (
            select visitor_id, greatest(epoch_us(timestamp), 0) as us, ${mask} as mask,
              ${others} as other
            from ${events}
          )
          ${everyone ? raw("") : raw("where mask <> 0 or other")}
          group by visitor_id
        )
      )`,
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
