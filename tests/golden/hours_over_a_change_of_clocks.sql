-- $1 = 1710054000000000
-- $2 = 1709874000000000
-- $3 = -18000000000
-- $4 = -18000000000
-- $5 = 1710054000000000
-- $6 = -14400000000
-- $7 = -14400000000
-- $8 = 1709874000000000
-- $9 = 1710302400000000
-- $10 = 10000
-- $11 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, case when epoch_us(r.timestamp) < $1 then greatest($2,
        epoch_us(date_trunc('hour', make_timestamp(epoch_us(r.timestamp) + $3)))
          - $4) else greatest($5,
        epoch_us(date_trunc('hour', make_timestamp(epoch_us(r.timestamp) + $6)))
          - $7) end as "k0" from all_events r where r.timestamp >= make_timestamp($8) and r.timestamp < make_timestamp($9) and true) r
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
  (select count(*) from merged) as total_rows
from merged
order by "k0" asc, total_rows
limit $10 offset $11
