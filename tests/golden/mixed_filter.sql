-- $1 = 1800000000
-- $2 = 1800000000
-- $3 = 1800000000
-- $4 = 1800000000
-- $5 = 1800000000
-- $6 = 1800000000
-- $7 = 1709856000000000
-- $8 = 1710288000000000
-- $9 = ["/a"]
-- $10 = "(not set)"
-- $11 = ["Google"]
-- $12 = "Direct / None"
-- $13 = 10000
-- $14 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "referrer_source" from events
),
"tagged" as (
  select e.*, v."referrer_source" as "visit_referrer_source"
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
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", e."referrer_source", epoch_us(e.timestamp) as us, s.visit_start_us
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
        count(*) as events, arg_min_null("referrer_source", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "referrer_source"
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "referrer_source"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("referrer_source", low_us) as "referrer_source"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events,
      pageviews = 1 and events = 1 as is_bounce, "referrer_source" as "referrer_source"
    from whole
  ) v on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us
),
"by_visit" as (
  select count(*) filter (where r.counted) as "visits"
  from (select distinct visitor_id, visit_start_us, true as counted from (
      select r.*
      from tagged r
      where r.visit_start_us >= $7 and r.visit_start_us < $8
        and ((list_contains($9, coalesce(r."pathname", $10))) or (list_contains($11, coalesce(r."visit_referrer_source", $12))))
    )) r
),
"merged" as (
  select coalesce("visits", 0) as "visits"
  from "by_visit"
)
select visits as "visits",
  count(*) over () as total_rows
from merged
order by total_rows
limit $13 offset $14
