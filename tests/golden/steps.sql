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
-- $12 = 10000
-- $13 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname" from events
),
"tagged" as (
  select *, next_us - us as stay_us, null::integer as page_depth from (select *,
    lead(us) over (partition by visitor_id, visit_start_us order by us, hash(event_name, pathname) & 2047) as next_us,
    event_name = 'pageview' and lead(us) over (
      partition by visitor_id, visit_start_us, event_name = 'pageview' order by us, hash(event_name, pathname) & 2047
    ) is null as is_exit
  from (select * from (
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
  )))
),
"by_event" as (
  select "k0", coalesce(sum(r.stay_us) filter (where r.event_name = 'pageview'), 0)::bigint as "page_us", count(r.stay_us) filter (where r.event_name = 'pageview') as "page_times", count(*) filter (where r.is_exit) as "exits", count(*) filter (where r.event_name = 'pageview') as "pageviews"
  from (select r.*, coalesce(r."pathname", $9) as "k0" from tagged r where r.us >= $10 and r.us < $11 and true) r
  group by "k0"
),
"merged" as (
  select "k0", coalesce("page_us", 0) as "page_us", coalesce("page_times", 0) as "page_times", coalesce("exits", 0) as "exits", coalesce("pageviews", 0) as "pageviews"
  from "by_event"
)
select "k0",
  page_us / 1000000 / nullif(page_times, 0) as "time_on_page",
  exits / nullif(pageviews, 0) as "exit_rate",
  (select count(*) from merged) as total_rows
from merged
order by "k0" asc, total_rows
limit $12 offset $13
