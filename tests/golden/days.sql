-- $1 = 0
-- $2 = 1709856000000000
-- $3 = 0
-- $4 = 1709856000000000
-- $5 = 1710288000000000
-- $6 = 0
-- $7 = 1709856000000000
-- $8 = 0
-- $9 = 1800000000
-- $10 = 1800000000
-- $11 = 1800000000
-- $12 = 86400000000
-- $13 = 86400000000
-- $14 = 86400000000
-- $15 = 84600000000
-- $16 = 86400000000
-- $17 = 1709856000000000
-- $18 = 1710288000000000
-- $19 = 10000
-- $20 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"by_event" as (
  select "k0", coalesce(sum("visitors"), 0)::bigint as "visitors"
  from (
    select "k0", 1 as "visitors"
    from (select r.*, epoch_us(greatest(date_trunc('day', make_timestamp(epoch_us(r.timestamp) + $1)), date_trunc('day', make_timestamp($2::bigint + $3)))) as "k0" from all_events r where r.timestamp >= make_timestamp($4) and r.timestamp < make_timestamp($5) and true) r
  group by "k0", r.visitor_id
  )
  group by "k0"
),
"by_visit" as (
  select "k0", count(*) filter (where r.counted) as "visits"
  from (select r.*, true as counted, epoch_us(greatest(date_trunc('day', make_timestamp(r.start_us + $6)), date_trunc('day', make_timestamp($7::bigint + $8)))) as "k0" from (
    with buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $9) as bucket,
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
        coalesce(low_us - previous_us > $10, true) as starts,
        coalesce(next_us - high_us > $11, true) as ends,
        coalesce(low_us // $12 > previous_us // $13, true) as opens_day
      from neighbours
    ),
    numbered as (
      select * exclude (chain_us, day_us), case
        when low_us // $14 > ((chain_us + $15) // $16) then day_us
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events
    from whole
  ) r where r.start_us >= $17 and r.start_us < $18) r
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
limit $19 offset $20
