-- $1 = 1709856000000000
-- $2 = 1710288000000000
-- $3 = 1800000000
-- $4 = ["/a"]
-- $5 = "(not set)"
-- $6 = 1800000000
-- $7 = 1800000000
-- $8 = ["Google"]
-- $9 = "Direct / None"
-- $10 = 10000
-- $11 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "referrer_source" from events
),
"by_visit" as (
  select count(*) filter (where r.counted) as "visits"
  from (select * from (
      select r.*, r.start_us >= $1 and r.start_us < $2 and r.matched as counted from (
    with buckets as (select
        visitor_id,
        epoch_us(timestamp) // $3 as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events, arg_min_null("referrer_source", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "referrer_source", bool_or(((list_contains($4, coalesce(r."pathname", $5))))) as "matched"
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
        coalesce(low_us - previous_us > $6, true) as starts,
        coalesce(next_us - high_us > $7, true) as ends
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "referrer_source", "matched"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("referrer_source", low_us) as "referrer_source", bool_or("matched") as "matched"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events,
      pageviews = 1 and events = 1 as is_bounce, "referrer_source" as "referrer_source", coalesce("matched", false) as "matched"
    from whole
  ) r where true and (list_contains($8, coalesce(r."referrer_source", $9)))
    ) r where r.counted) r
),
"merged" as (
  select coalesce("visits", 0) as "visits"
  from "by_visit"
)
select visits as "visits",
  count(*) over () as total_rows
from merged
order by total_rows
limit $10 offset $11
