-- $1 = 1800000000
-- $2 = 86400000000
-- $3 = 86400000000
-- $4 = 1800000000
-- $5 = 86400000000
-- $6 = 84600000000
-- $7 = 86400000000
-- $8 = 1800000000
-- $9 = "(not set)"
-- $10 = 1709856000000000
-- $11 = 1710288000000000
-- $12 = "(not set)"
-- $13 = 1709856000000000
-- $14 = 1710288000000000
-- $15 = 10000
-- $16 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"tagged" as (
  select * from (
    with source as (select * from all_events),
    buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $1) as bucket,
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
    edges as (
      select visitor_id, bucket, low_us, coalesce(low_us // $2 > previous_us // $3, true) as opens_day,
        coalesce(low_us - previous_us > $4, true) as starts
      from neighbours
    ),
    numbered as (select * exclude (chain_us, day_us), case
        when low_us // $5 > ((chain_us + $6) // $7) then day_us
        else chain_us
      end as start_us
      from (
        select *,
          max(case when starts then low_us end) over so_far as chain_us,
          max(case when starts or opens_day then low_us end) over so_far as day_us
        from edges
        window so_far as (partition by visitor_id order by bucket rows unbounded preceding)
      ))
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", epoch_us(e.timestamp) as us,
      s.start_us as visit_start_us
    from source as e
    join numbered as s on s.visitor_id = e.visitor_id
      and s.bucket = (epoch_us(e.timestamp) // $8)
  )
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, coalesce(r."pathname", $9) as "k0" from tagged r where r.us >= $10 and r.us < $11 and true) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"by_visit" as (
  select "k0", count(*) filter (where r.counted) as "visits"
  from (select distinct visitor_id, visit_start_us, true as counted, "k0" from (
      select r.*, coalesce(r."pathname", $12) as "k0"
      from tagged r
      where r.visit_start_us >= $13 and r.visit_start_us < $14
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
  (select count(*) from merged) as total_rows
from merged
order by "k0" asc, total_rows
limit $15 offset $16
