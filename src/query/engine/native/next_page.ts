// The page that follows another one, in plain SQL. Trees of paths inside visits are in flow.ts.
import { type Sql, sql } from "../../../core/sql.ts";

/**
 * The pages that follow the visitors' first view of a page: next_page, visitors (BIGINT), most
 * visitors first, then by page. The next later view counts, whatever its page; visitors without one
 * are left out. Of views at the same microsecond, the first by page name counts.
 */
export function nextPages(events: Sql, page: string, limit: number, offset: number): Sql {
  return sql`(
    with views as materialized (
      select visitor_id, epoch_us(timestamp) as us, pathname from ${events}
      where event_name = 'pageview' and pathname is not null
    ),
    firsts as (
      select visitor_id, min(us) as first_us from views where pathname = ${page} group by visitor_id
    ),
    nexts as (
      select visitor_id, min(us) as us from views join firsts using (visitor_id)
      where us > first_us
      group by visitor_id
    )
    select next_page, count(*) as visitors
    from (
      select visitor_id, min(pathname) as next_page from views join nexts using (visitor_id, us)
      group by visitor_id
    )
    group by next_page
    order by visitors desc, next_page
    limit ${limit} offset ${offset}
  )`;
}
