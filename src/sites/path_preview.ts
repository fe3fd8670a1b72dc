// What path rules would do to the pages of the last days: which of them would become one, with
// their pageviews. Nothing is changed.
import { DAY_US } from "../core/durations.ts";
import { PAGEVIEW } from "../core/event.ts";
import { pathRewrite, type PathRules } from "../core/paths/rules.ts";
import { sql } from "../core/sql.ts";
import type { Clock } from "../core/types.ts";
import type { Reader } from "../storage/reader.ts";

/** Days that a preview looks at. */
export const PREVIEW_DAYS = 30;
/** Pages that are read, those of most pageviews first, and what is shown of them. */
export const PREVIEW_PAGES_MAX = 20_000;
const GROUPS_MAX = 100;
const MEMBERS_MAX = 20;
/** Pages that are changed between two turns of the event loop. */
const PAGES_AT_ONCE = 200;

/** A page and its pageviews. */
export interface PageCount {
  readonly page: string;
  readonly pageviews: number;
}

/** A page that others would become: `from` are those of most pageviews, itself included. */
export interface FoldedPage extends PageCount {
  readonly pages: number;
  readonly from: readonly PageCount[];
}

/** The answer of a preview. */
export interface PathPreview {
  readonly days: number;
  readonly pages_before: number;
  readonly pages_after: number;
  /** Pages that would change or take others in, and whether all of them are in `folded`. */
  readonly pages_changed: number;
  readonly folded: readonly FoldedPage[];
  /** Whether the site has more pages than were read. */
  readonly is_partial: boolean;
}

/** Reads the pages of a site and applies rules to them. Rejects as `Reader.query` does. */
export async function previewPaths(
  reader: Pick<Reader, "query">,
  clock: Clock,
  site: string,
  rules: PathRules,
  signal: AbortSignal,
): Promise<PathPreview> {
  const toUs = Math.floor(clock.nowMs()) * 1000 + DAY_US;
  const span = { fromUs: toUs - (PREVIEW_DAYS + 1) * DAY_US, toUs };
  const rows = await reader.query(site, span, (events) =>
    sql`
    select pathname as page, count(*) as pageviews
    from ${events}
    where event_name = ${PAGEVIEW}
    group by page
    order by pageviews desc, page
    limit ${PREVIEW_PAGES_MAX + 1}`, { signal });
  const pages = rows.slice(0, PREVIEW_PAGES_MAX).map((row) => ({
    page: String(row["page"]),
    pageviews: Number(row["pageviews"]),
  }));
  const groups = await grouped(pages, rules, clock);
  const changed = [...groups].filter(([page, from]) =>
    from.length > 1 || from.some((one) => one.page !== page)
  );
  return {
    days: PREVIEW_DAYS,
    pages_before: pages.length,
    pages_after: groups.size,
    pages_changed: changed.length,
    folded: changed.map(foldedPage).toSorted((a, b) => b.pageviews - a.pageviews)
      .slice(0, GROUPS_MAX),
    is_partial: rows.length > PREVIEW_PAGES_MAX,
  };
}

/** Pages by what they become. Others have their turn in between. */
async function grouped(
  pages: readonly PageCount[],
  rules: PathRules,
  clock: Clock,
): Promise<Map<string, PageCount[]>> {
  const rewrite = pathRewrite(rules);
  const groups = new Map<string, PageCount[]>();
  for (const [index, one] of pages.entries()) {
    if (index % PAGES_AT_ONCE === PAGES_AT_ONCE - 1) await clock.sleep(0);
    const page = rewrite(one.page);
    const group = groups.get(page);
    if (group) group.push(one);
    else groups.set(page, [one]);
  }
  return groups;
}

function foldedPage([page, from]: [string, PageCount[]]): FoldedPage {
  return {
    page,
    pageviews: from.reduce((sum, { pageviews }) => sum + pageviews, 0),
    pages: from.length,
    from: from.slice(0, MEMBERS_MAX),
  };
}
