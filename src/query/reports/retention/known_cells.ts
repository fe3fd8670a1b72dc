// Which cells of retention can be known: those over which one id can have stood for a visitor all
// the while, by what was recorded of the ids, or as ids in the data show that lasted longer.
import { DAY_US } from "../../../core/durations.ts";
import { type Sql, sql } from "../../../core/sql.ts";
import { endOfIdUs, type IdLife } from "../../../sites/id_life.ts";

/** How far one id was seen: UTC days since 1970. */
export interface SeenSpan {
  readonly firstDay: number;
  readonly lastDay: number;
}

/** What is known of the ids in the data. */
export interface SeenIds {
  /** The farthest of each first day, of ids that outlast a visit carried over one midnight. */
  readonly spans: readonly SeenSpan[];
  /** No event is older. */
  readonly firstUs: number;
}

/** A cell: the interval in which a cohort came first, and a later one. */
export interface CellSpan {
  readonly cohortFromUs: number;
  readonly cohortToUs: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Rows of first_day and last_day: the farthest that an id of each first day was seen. */
export function seenSpansSql(events: Sql): Sql {
  const day = (time: Sql) => sql`epoch_us(${time}) // ${DAY_US}`;
  return sql`select first_day, max(last_day) as last_day from (
      select ${day(sql`min(timestamp)`)} as first_day, ${day(sql`max(timestamp)`)} as last_day
      from ${events} group by visitor_id
    )
    group by first_day`;
}

/** Ids that lasted longer than is recorded, as those of imported events may. */
export function lastingSpans({ spans }: SeenIds, life: IdLife): readonly SeenSpan[] {
  return spans.filter(({ firstDay, lastDay }) => {
    const endUs = endOfIdUs(life, (firstDay + 1) * DAY_US - 1);
    // A visit may carry an id over its last midnight.
    return lastDay > dayOf(endUs - 1) + 1;
  });
}

/** Whether returns between the two intervals of a cell were seen, had there been any. */
export function isKnownCell(cell: CellSpan, life: IdLife, seen: SeenIds): boolean {
  const fromUs = Math.max(cell.cohortFromUs, seen.firstUs);
  const isOneId = endOfIdUs(life, fromUs) >= cell.toUs;
  if (isOneId && (fromUs >= life.knownFromUs || isBridged(cell, seen.spans))) return true;
  return isBridged(cell, lastingSpans(seen, life));
}

/** Whether some id was in use in both intervals, or around them. */
function isBridged({ cohortToUs, fromUs }: CellSpan, spans: readonly SeenSpan[]): boolean {
  const [lastDay, day] = [dayOf(cohortToUs - 1), dayOf(fromUs)];
  return spans.some((span) => span.firstDay <= lastDay && span.lastDay > day);
}

function dayOf(us: number): number {
  return Math.floor(us / DAY_US);
}
