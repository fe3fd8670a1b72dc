// What strangers see of a public site, as one rule below every report: of a referrer only its host,
// of the owner's segments nothing. Reports, filters and lists of values all read through this view,
// so no report needs a rule of its own.
import { sql } from "../../core/sql.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import type { SiteRules } from "../parse.ts";

/** Scheme, user and password, then the host: the group. */
const REFERRER_HOST = "^[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?(\\[[0-9a-f:.]*\\]|[a-z0-9._-]+)";

/** The events of a site as strangers may ask about them. */
export function publicEvents(events: EventsOf): EventsOf {
  return (span, columns) => {
    if (columns && !columns.includes("referrer")) return events(span, columns);
    return sql`(
    select * replace (
      nullif(regexp_extract(lower(referrer), ${REFERRER_HOST}, 1), '') as referrer
    ) from ${events(span, columns)}
  )`;
  };
}

/** The rules of a site as strangers may use them: without its segments. */
export function publicRules(rules: SiteRules): SiteRules {
  return { ...rules, segments: new Map() };
}
