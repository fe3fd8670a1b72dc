-- $1 = "/a~1b~0c"
-- $2 = "(none)"
-- $3 = 1709856000000000
-- $4 = 1710288000000000
-- $5 = 10000
-- $6 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "props" from events
),
"by_event" as (
  select "k0", count(*) as "events"
  from (select r.*, coalesce(case when json_valid(r."props") then json_extract_string(r."props", $1) end, $2) as "k0" from all_events r where r.timestamp >= make_timestamp($3) and r.timestamp < make_timestamp($4) and true) r
  group by "k0"
),
"merged" as (
  select "k0", coalesce("events", 0) as "events"
  from "by_event"
)
select "k0",
  events as "events",
  (select count(*) from merged) as total_rows
from merged
order by "k0" asc, total_rows
limit $5 offset $6
