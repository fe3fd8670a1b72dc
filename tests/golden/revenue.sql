-- $1 = 1800000000
-- $2 = 1800000000
-- $3 = 1800000000
-- $4 = 1800000000
-- $5 = 1800000000
-- $6 = 1800000000
-- $7 = "(not set)"
-- $8 = 1709856000000000
-- $9 = 1710288000000000
-- $10 = 10000
-- $11 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "country_code", "revenue_amount", "revenue_currency" from events
),
"tagged" as (
  select e.*, v."country_code" as "visit_country_code"
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
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", e."country_code", e."revenue_amount", e."revenue_currency", epoch_us(e.timestamp) as us, s.visit_start_us
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
        count(*) as events, arg_min_null("country_code", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "country_code"
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "country_code"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("country_code", low_us) as "country_code"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events,
      pageviews = 1 and events = 1 as is_bounce, "country_code" as "country_code"
    from whole
  ) v on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us
),
"by_currency" as (
  select "k0", to_json(amounts) as money, amounts[1].cents as money_sum,
    floor(amounts[1].cents / amounts[1].count + 0.5) as money_mean
  from (
    select "k0", list(
      {currency: currency, cents: cents, count: count} order by cents desc, currency
    ) as amounts
    from (
      select "k0", coalesce(revenue_currency, 'XXX') as currency,
        sum((revenue_amount * 100)::bigint)::bigint as cents, count(*) as count
      from (select r.*, coalesce(r."visit_country_code", $7) as "k0" from tagged r where r.us >= $8 and r.us < $9 and true and r.revenue_amount is not null)
      group by all
    )
  group by "k0"
  )
),
"merged" as (
  select "k0", "money", "money_sum", "money_mean"
  from "by_currency"
)
select "k0",
  money,
  count(*) over () as total_rows
from merged
order by "k0" asc, total_rows
limit $10 offset $11
