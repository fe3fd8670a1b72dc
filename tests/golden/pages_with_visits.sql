-- $1 = 1800000000
-- $2 = 1800000000
-- $3 = 1800000000
-- $4 = "(not set)"
-- $5 = 1709856000000000
-- $6 = 1710288000000000
-- $7 = "(not set)"
-- $8 = 1709856000000000
-- $9 = 1710288000000000
-- $10 = 10000
-- $11 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"tagged" as (
  select * from (
    with source as (select * from all_events),
    buckets as (select
        visitor_id,
        epoch_us(timestamp) // $1 as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events
      from source
      group by visitor_id, bucket),
    neighbours as (
      select visitor_id, bucket, low_us, lag(high_us) over (
        partition by visitor_id order by bucket
      ) as previous_us
      from buckets
    ),
    starts as (
      select visitor_id, bucket,
        max(case when coalesce(low_us - previous_us > $2, true) then low_us end) over (
          partition by visitor_id order by bucket rows unbounded preceding
        ) as visit_start_us
      from neighbours
    )
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", epoch_us(e.timestamp) as us, s.visit_start_us
    from source as e
    join starts as s on s.visitor_id = e.visitor_id
      and s.bucket = epoch_us(e.timestamp) // $3
  )
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, coalesce(r."pathname", $4) as "k0" from tagged r where r.us >= $5 and r.us < $6 and true) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"by_visit" as (
  select "k0", count(*) filter (where r.counted) as "visits"
  from (select distinct visitor_id, visit_start_us, true as counted, "k0" from (
      select r.*, coalesce(r."pathname", $7) as "k0"
      from tagged r
      where r.visit_start_us >= $8 and r.visit_start_us < $9
        and true
    )) r
  group by "k0"
),
"merged" as (
  select "k0", coalesce("visitors", 0) as "visitors", coalesce("visits", 0) as "visits"
  from "by_event"
    full join "by_visit" using ("k0")
)
select "k0",
  visitors as "visitors",
  visits as "visits",
  count(*) over () as total_rows
from merged
order by "k0" asc, total_rows
limit $10 offset $11
