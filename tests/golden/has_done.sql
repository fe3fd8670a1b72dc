-- $1 = 1709856000000000
-- $2 = 1710288000000000
-- $3 = 1800000000
-- $4 = ["Signup"]
-- $5 = "Signup"
-- $6 = ""
-- $7 = ["signup"]
-- $8 = "(not set)"
-- $9 = 1709856000000000
-- $10 = 1710288000000000
-- $11 = 1709856000000000
-- $12 = 1710288000000000
-- $13 = 1800000000
-- $14 = 1800000000
-- $15 = 86400000000
-- $16 = 86400000000
-- $17 = 86400000000
-- $18 = 84600000000
-- $19 = 86400000000
-- $20 = 10000
-- $21 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "revenue_amount" from events
),
"by_visit" as (
  select coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select max(r.range_events > 0)::integer as "visitors"
    from (select * from (
      select r.*, r.start_us >= $1 and r.start_us < $2 as counted from (
    with buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $3) as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events, bool_or((((list_contains($4, coalesce($5::varchar, $6))) and (list_contains($7, coalesce(r."event_name", $8)))))) as "done_0", count(*) filter (where r.timestamp >= make_timestamp($9) and r.timestamp < make_timestamp($10)) as "range_events", count(*) filter (where r.timestamp >= make_timestamp($11) and r.timestamp < make_timestamp($12) and event_name = 'pageview') as "range_pageviews"
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
        coalesce(low_us - previous_us > $13, true) as starts,
        coalesce(next_us - high_us > $14, true) as ends,
        coalesce(low_us // $15 > previous_us // $16, true) as opens_day
      from neighbours
    ),
    numbered as (
      select * exclude (chain_us, day_us), case
        when low_us // $17 > ((chain_us + $18) // $19) then day_us
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "done_0", "range_events", "range_pageviews"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, bool_or("done_0") as "done_0", sum("range_events")::bigint as "range_events", sum("range_pageviews")::bigint as "range_pageviews"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events, coalesce("done_0", false) as "done_0", "range_events" as "range_events", "range_pageviews" as "range_pageviews"
    from whole
  ) r where true and r."done_0"
    ) r where r.range_events > 0) r
  group by r.visitor_id
  )
),
"merged" as (
  select coalesce("visitors", 0) as "visitors"
  from "by_visit"
)
select visitors as "visitors",
  1 as total_rows
from merged
order by total_rows
limit $20 offset $21
