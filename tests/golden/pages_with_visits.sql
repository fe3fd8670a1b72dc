-- $1 = 1800000000
-- $2 = 1800000000
-- $3 = 1800000000
-- $4 = 1800000000
-- $5 = 1800000000
-- $6 = 1800000000
-- $7 = "(not set)"
-- $8 = 1709856000000000
-- $9 = 1710288000000000
-- $10 = "(not set)"
-- $11 = 1709856000000000
-- $12 = 1710288000000000
-- $13 = 10000
-- $14 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"tagged" as (
  select e.*, v.duration_us, v.pageviews as visit_views, v.is_bounce
  from (
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
  ) e
  join (
    with buckets as (select
        visitor_id,
        epoch_us(timestamp) // $4 as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events
      from all_events r
      group by visitor_id, bucket),
    neighbours as (
      select *, lag(high_us) over near as previous_us, lead(low_us) over near as next_us
      from buckets
      window near as (partition by visitor_id order by bucket)
    ),
    edges as materialized (
      select
        * exclude (previous_us, next_us),
        coalesce(low_us - previous_us > $5, true) as starts,
        coalesce(next_us - high_us > $6, true) as ends
      from neighbours
    ),
    numbered as (
      select *, max(case when starts then low_us end) over (
        partition by visitor_id order by bucket rows unbounded preceding
      ) as start_us
      from edges
      where not (starts and ends)
    ),
    whole as (
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events,
      pageviews = 1 and events = 1 as is_bounce
    from whole
  ) v
    on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us
),
"by_event" as (
  select "k0", count(distinct r.visitor_id) as "visitors"
  from (select r.*, coalesce(r."pathname", $7) as "k0" from tagged r where r.us >= $8 and r.us < $9 and true) r
  group by "k0"
),
"by_visit" as (
  select "k0", count(*) filter (where r.counted) as "visits"
  from (select distinct visitor_id, start_us, duration_us, visit_views as pageviews,
      is_bounce, true as counted, "k0" from (
      select r.visitor_id, r.visit_start_us as start_us, r.duration_us, r.visit_views,
        r.is_bounce, coalesce(r."pathname", $10) as "k0"
      from tagged r
      where r.visit_start_us >= $11 and r.visit_start_us < $12
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
limit $13 offset $14
