// What Matomo's Live.getLastVisitsDetails answers as JSON: a list of visits, each with the list of
// its actions. Every action is a row, with what is known of its visit.
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import { literal, literalPath } from "../../../storage/parquet/schema.ts";
import { type InputFile, type Sample, unionOnce } from "../../importer.ts";

/** Twice as much is read at once, of the little memory that an import has. */
const VISIT_BYTES_MAX = 8 * 1024 * 1024;

/** The fields of a visit that are read. */
const FIELDS = [
  ...[
    "idVisit",
    "idSite",
    "visitorId",
    "serverTimestamp",
    "actionDetails",
    "referrerType",
    "referrerName",
  ],
  ...["referrerUrl", "referrerKeyword", "browserName", "browserVersion", "operatingSystemName"],
  ...["operatingSystemVersion", "deviceType", "resolution", "countryCode", "regionCode", "region"],
  ...["city", "languageCode", "siteCurrency"],
] as const;

/** Whether a file is such an answer, or some of them as lines. */
export function isLiveJson({ text, header }: Sample): boolean {
  return /^[[{]/.test(header) && /"actionDetails"\s*:/.test(text) && /"idVisit"\s*:/.test(text);
}

/** The visits of a file. */
function visitsOf({ path, sample }: InputFile): Sql {
  const format = sample.text.trimStart().startsWith("[") ? "array" : "newline_delimited";
  const columns = join(
    FIELDS.map((name) => raw(`'${name}': '${name === "actionDetails" ? "JSON[]" : "VARCHAR"}'`)),
  );
  return sql`select * from read_json(${literal(literalPath(path))}, columns = {${columns}},
    format = ${literal(format)}, maximum_object_size = ${raw(String(VISIT_BYTES_MAX))})`;
}

/** The actions of some files. A visit in several, as pages of a list may overlap, comes once. */
export function liveRows(files: readonly InputFile[]): Sql {
  const visits = unionOnce(files.map(visitsOf), "idvisit");
  const field = (name: string) => sql`json_extract_string(action, ${literal(`$.${name}`)})`;
  const device = sql`case when devicetype in ('Desktop', 'desktop') then 'desktop'
    when lower(devicetype) in ('smartphone', 'phablet', 'feature phone') then 'mobile'
    when lower(devicetype) = 'tablet' then 'tablet' end`;
  const first = (name: string) => sql`case when place = 1 then ${raw(name)} end`;
  const type = field("type");
  return sql`(select idsite, visitorid as visitor,
      coalesce(${field("timestamp")}, servertimestamp) as at, ${field("url")} as url,
      coalesce(${field("siteSearchKeyword")}, ${field("pageTitle")}) as title,
      ${field("eventAction")} as event_action, ${field("eventCategory")} as event_category,
      ${field("eventValue")} as value,
      case when ${type} = 'ecommerceOrder' then ${field("revenue")} end as revenue,
      case when ${type} = 'ecommerceOrder' then sitecurrency end as currency,
      case when ${type} = 'ecommerceOrder' then 'order'
        when ${type} in ('action', 'event', 'outlink', 'download', 'search') then ${type}
        else 'other' end as kind,
      ${first("referrertype")} as referrer_type, ${first("referrername")} as referrer_name,
      ${first("referrerurl")} as referrer_url, ${first("referrerkeyword")} as keyword,
      browsername as browser, browserversion as browser_version, operatingsystemname as os,
      operatingsystemversion as os_version, ${device} as device, resolution as screen,
      countrycode as country, coalesce(regioncode, region) as region, city,
      languagecode as language
    from (select * exclude (actionDetails), unnest(actionDetails) as action,
        generate_subscripts(actionDetails, 1) as place
      from ${visits}))`;
}
