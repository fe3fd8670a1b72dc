-- $1 = ["signup"]
-- $2 = "(not set)"
-- $3 = "Signup"
-- $4 = ["pageview"]
-- $5 = "(not set)"
-- $6 = "/b/"
-- $7 = "Visit /b"
-- $8 = 500
-- $9 = "Big"
-- $10 = ["no such event"]
-- $11 = "(not set)"
-- $12 = "Never"
-- $13 = 1709856000000000
-- $14 = 1710288000000000
-- $15 = 1709856000000000
-- $16 = 1710288000000000
-- $17 = 10000
-- $18 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "revenue_amount" from events
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, unnest(list_filter([case when (list_contains($1, coalesce(r."event_name", $2))) then $3 end, case when ((list_contains($4, coalesce(r."event_name", $5))) and (coalesce(starts_with(lower(r."pathname"), lower($6)), false))) then $7 end, case when (coalesce(try_cast(r."revenue_amount"::varchar as double) >= $8::double, false)) then $9 end, case when (list_contains($10, coalesce(r."event_name", $11))) then $12 end], lambda g: g is not null)) as "k0" from all_events r where r.timestamp >= make_timestamp($13) and r.timestamp < make_timestamp($14) and true) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"merged" as (
  select "k0", coalesce("visitors", 0) as "visitors"
  from "by_event"
),
"base_goalless" as (
  select visitors as "base_goalless" from (select coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select 1 as "visitors"
    from (select r.* from all_events r where r.timestamp >= make_timestamp($15) and r.timestamp < make_timestamp($16) and true) r
  group by r.visitor_id
  ))
)
select "k0",
  visitors as "visitors",
  visitors / nullif(base_goalless, 0) as "conversion_rate",
  count(*) over () as total_rows
from merged
cross join "base_goalless"
order by "k0" asc, total_rows
limit $17 offset $18
