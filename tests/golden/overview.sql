-- $1 = 1709856000000000
-- $2 = 1710288000000000
-- $3 = 1800000000
-- $4 = 1709856000000000
-- $5 = 1710288000000000
-- $6 = 1709856000000000
-- $7 = 1710288000000000
-- $8 = 1800000000
-- $9 = 1800000000
-- $10 = 86400000000
-- $11 = 86400000000
-- $12 = 86400000000
-- $13 = 84600000000
-- $14 = 86400000000
-- $15 = 10000
-- $16 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "interactive" from events
),
"by_visit" as (
  select coalesce(sum("visitors"), 0)::bigint as "visitors", coalesce(sum("pageviews"), 0)::bigint as "pageviews", coalesce(sum("visits"), 0)::bigint as "visits", coalesce(sum("bounces"), 0)::bigint as "bounces"
  from (
    select max(r.range_events > 0)::integer as "visitors", coalesce(sum(r.range_pageviews), 0)::bigint as "pageviews", count(*) filter (where r.counted) as "visits", count(*) filter (where r.counted and r.is_bounce) as "bounces"
    from (select * from (
      select r.*, r.start_us >= $1 and r.start_us < $2 as counted from (select *, pageviews > 1 as is_engaged from (
    with buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $3) as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events, count(*) filter (where interactive is not false or event_name = 'pageview') as "acts", count(*) filter (where r.timestamp >= make_timestamp($4) and r.timestamp < make_timestamp($5)) as "range_events", count(*) filter (where r.timestamp >= make_timestamp($6) and r.timestamp < make_timestamp($7) and event_name = 'pageview') as "range_pageviews"
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
        coalesce(low_us - previous_us > $8, true) as starts,
        coalesce(next_us - high_us > $9, true) as ends,
        coalesce(low_us // $10 > previous_us // $11, true) as opens_day
      from neighbours
    ),
    numbered as (
      select * exclude (chain_us, day_us), case
        when low_us // $12 > ((chain_us + $13) // $14) then day_us
        else chain_us
      end as start_us
      from (
        select *,
          max(case when starts then low_us end) over so_far as chain_us,
          max(case when starts or opens_day then low_us end) over so_far as day_us
        from (select * from edges where not (starts and ends))
        window so_far as (partition by visitor_id order by bucket rows unbounded preceding)
      )
    ),
    whole as (
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "acts", "range_events", "range_pageviews"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, sum(acts)::bigint as "acts", sum("range_events")::bigint as "range_events", sum("range_pageviews")::bigint as "range_pageviews"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events, pageviews = 1 and acts = 1 as is_bounce, "range_events" as "range_events", "range_pageviews" as "range_pageviews"
    from whole
  )) r where true
    ) r where r.range_events > 0 or r.counted) r
  group by r.visitor_id
  )
),
"merged" as (
  select coalesce("visitors", 0) as "visitors", coalesce("pageviews", 0) as "pageviews", coalesce("visits", 0) as "visits", coalesce("bounces", 0) as "bounces"
  from "by_visit"
)
select visitors as "visitors",
  pageviews as "pageviews",
  visits as "visits",
  bounces / nullif(visits, 0) as "bounce_rate",
  1 as total_rows
from merged
order by total_rows
limit $15 offset $16
