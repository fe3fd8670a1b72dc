-- $1 = ["signup"]
-- $2 = "(not set)"
-- $3 = "Signup"
-- $4 = ["pageview"]
-- $5 = "(not set)"
-- $6 = "/b/"
-- $7 = "Visit /b"
-- $8 = "^\\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?\\s*$"
-- $9 = 500
-- $10 = "Big"
-- $11 = ["no such event"]
-- $12 = "(not set)"
-- $13 = "Never"
-- $14 = 1709856000000000
-- $15 = 1710288000000000
-- $16 = 1709856000000000
-- $17 = 1710288000000000
-- $18 = 10000
-- $19 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "revenue_amount" from events
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, unnest(list_filter([case when (list_contains($1, coalesce(r."event_name", $2))) then $3 end, case when ((list_contains($4, coalesce(r."event_name", $5))) and (coalesce(starts_with(lower(r."pathname"), lower($6)), false))) then $7 end, case when (coalesce(try_cast(regexp_extract(r."revenue_amount"::varchar, $8) as double) >= $9::double, false)) then $10 end, case when (list_contains($11, coalesce(r."event_name", $12))) then $13 end], lambda g: g is not null)) as "k0" from all_events r where r.timestamp >= make_timestamp($14) and r.timestamp < make_timestamp($15) and true) r
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
    from (select r.* from all_events r where r.timestamp >= make_timestamp($16) and r.timestamp < make_timestamp($17) and true) r
  group by r.visitor_id
  ))
)
select "k0",
  visitors as "visitors",
  visitors / nullif(base_goalless, 0) as "conversion_rate",
  (select count(*) from merged) as total_rows
from merged
cross join "base_goalless"
order by "k0" asc, total_rows
limit $18 offset $19
