-- $1 = 1800000000
-- $2 = 86400000000
-- $3 = 86400000000
-- $4 = 1800000000
-- $5 = 86400000000
-- $6 = 84600000000
-- $7 = 86400000000
-- $8 = 1800000000
-- $9 = 1800000000
-- $10 = 1800000000
-- $11 = 1800000000
-- $12 = 86400000000
-- $13 = 86400000000
-- $14 = 86400000000
-- $15 = 84600000000
-- $16 = 86400000000
-- $17 = "(not set)"
-- $18 = 1709856000000000
-- $19 = 1710288000000000
-- $20 = 10000
-- $21 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "country_code", "revenue_amount", "revenue_currency" from events
),
"tagged" as (
  select e.*, v."country_code" as "visit_country_code"
  from (
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
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", e."country_code", e."revenue_amount", e."revenue_currency", epoch_us(e.timestamp) as us,
      s.start_us as visit_start_us
    from source as e
    join numbered as s on s.visitor_id = e.visitor_id
      and s.bucket = (epoch_us(e.timestamp) // $8)
  ) e
  join (
    with buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $9) as bucket,
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
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "country_code"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("country_code", low_us) as "country_code"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events, "country_code" as "country_code"
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
      select "k0", case when revenue_amount is not null then coalesce(revenue_currency, 'XXX') end as currency, sum((revenue_amount * 100)::bigint)::bigint as cents, count(*) as count
      from (select r.*, coalesce(r."visit_country_code", $17) as "k0" from tagged r where r.us >= $18 and r.us < $19 and true and r.revenue_amount is not null)
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
  (select count(*) from merged) as total_rows
from merged
order by "k0" asc, total_rows
limit $20 offset $21
