-- $1 = "(unknown)"
-- $2 = 1709856000000000
-- $3 = 1710288000000000
-- $4 = 10000
-- $5 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "referrer_source" from events
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, coalesce(r."referrer_source", $1) as "k0" from all_events r where r.timestamp >= make_timestamp($2) and r.timestamp < make_timestamp($3) and true) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"merged" as (
  select "k0", coalesce("visitors", 0) as "visitors"
  from "by_event"
)
select "k0",
  visitors as "visitors",
  count(*) over () as total_rows
from merged
order by "k0" asc, total_rows
limit $4 offset $5
