-- $1 = 1709856000000000
-- $2 = 1710288000000000
-- $3 = "Direct / None"
-- $4 = 1800000000
-- $5 = 1709856000000000
-- $6 = 1710288000000000
-- $7 = 1709856000000000
-- $8 = 1710288000000000
-- $9 = 1800000000
-- $10 = 1800000000
-- $11 = 10
-- $12 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "referrer_source" from events
),
"by_visit" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors", coalesce(sum("visits"), 0)::bigint as "visits"
  from (
    select "k0", max(r.range_events > 0)::integer as "visitors", count(*) filter (where r.counted) as "visits"
    from (select * from (
      select r.*, r.start_us >= $1 and r.start_us < $2 as counted, coalesce(r."referrer_source", $3) as "k0" from (
    with buckets as (select
        visitor_id,
        epoch_us(timestamp) // $4 as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events, arg_min_null("referrer_source", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "referrer_source", count(*) filter (where r.timestamp >= make_timestamp($5) and r.timestamp < make_timestamp($6)) as "range_events", count(*) filter (where r.timestamp >= make_timestamp($7) and r.timestamp < make_timestamp($8) and event_name = 'pageview') as "range_pageviews"
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
        coalesce(low_us - previous_us > $9, true) as starts,
        coalesce(next_us - high_us > $10, true) as ends
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "referrer_source", "range_events", "range_pageviews"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("referrer_source", low_us) as "referrer_source", sum("range_events")::bigint as "range_events", sum("range_pageviews")::bigint as "range_pageviews"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events,
      pageviews = 1 and events = 1 as is_bounce, "referrer_source" as "referrer_source", "range_events" as "range_events", "range_pageviews" as "range_pageviews"
    from whole
  ) r where true
    ) r where r.range_events > 0 or r.counted) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"merged" as (
  select "k0", coalesce("visitors", 0) as "visitors", coalesce("visits", 0) as "visits"
  from "by_visit"
)
select "k0",
  visitors as "visitors",
  visits as "visits",
  count(*) over () as total_rows
from merged
order by "k0" asc, total_rows
limit $11 offset $12
