// Statements to begin with. docs/sql.md has the same, with what they answer.

/**
 * @typedef {object} Example
 * @property {import("../../lib/format/sql_words.js").SqlKey} key its title
 * @property {string} query
 */

/** @type {readonly Example[]} */
export const EXAMPLES = [
  {
    key: "example_days",
    query: `select local_time::date as day, count(distinct visitor_id) as visitors,
  count(*) filter (event_name = 'pageview') as pageviews
from events
group by day
order by day desc`,
  },
  {
    key: "example_channels",
    query: `select channel, count(*) as visits,
  round(count(*) filter (is_bounce) / count(*), 4) as bounce_rate,
  round(avg(duration_secs), 1) as visit_duration
from visits
group by channel
order by visits desc, channel`,
  },
  {
    key: "example_pages",
    query: `select pathname, count(distinct visitor_id) as visitors,
  round(visitors / (select count(distinct visitor_id) from events), 4) as share
from events
where event_name = 'pageview'
group by pathname
order by visitors desc, pathname
limit 20`,
  },
  {
    key: "example_events",
    query: `select event_name, count(*) as events, count(distinct visitor_id) as visitors
from events
where event_name <> 'pageview'
group by event_name
order by events desc, event_name`,
  },
  {
    key: "example_revenue",
    query: `select v.utm_campaign, e.revenue_currency, sum(e.revenue_amount) as revenue,
  count(*) as sales
from events e
asof join visits v on e.visitor_id = v.visitor_id and e.timestamp >= v.started_at
where e.revenue_amount is not null
group by all
order by revenue desc, v.utm_campaign`,
  },
  {
    key: "example_hours",
    query: `select dayname(local_time) as day, hour(local_time) as hour,
  count(distinct visitor_id) as visitors
from events
group by all
order by visitors desc, day, hour
limit 10`,
  },
];
