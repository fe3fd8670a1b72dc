// The public page /privacy: what is stored, what is not, and for how long, by the settings
// in use. It names no site, visitor or owner.
import { createHash } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import { EVENT_COLUMNS, type EventColumnName, type PrivacyClass } from "../../core/event.ts";
import type { Route } from "../../http/route.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { SiteSettings } from "../../sites/settings.ts";
import type { Sites } from "../../sites/sites.ts";

/** The settings that the page describes, by their names. */
export interface PrivacySettings {
  readonly retention_days: number;
  /** What expires is deleted at once instead of being moved to the trash. */
  readonly gdpr_mode: boolean;
  readonly strip_referrer_query: boolean;
  readonly round_timestamps: boolean;
  readonly suppress_browser_version: boolean;
  readonly suppress_os_version: boolean;
  readonly suppress_screen_size: boolean;
  readonly suppress_visitor_id: boolean;
  readonly geoip_precision: "city" | "region" | "country" | "none";
  readonly respect_gpc: boolean;
  readonly filter_bots: boolean;
  readonly visitor_salt: "derived" | "random";
  readonly rate_limit_per_address: number;
  readonly site_ids: readonly string[];
}

/** The settings of a site that the page describes. */
export type SitePrivacy = Pick<
  SiteSettings,
  | "retention_days"
  | "visitor_id_days"
  | "user_ids"
  | "public"
  | "visit_list"
  | "mask_emails"
  | "mask_tokens"
>;

const CLASS_WORDS: Readonly<Record<PrivacyClass, string>> = {
  none: "says nothing about a person",
  content: "what the page or the link carried",
  coarse: "shared by many people",
  pseudonym: "stands for one browser for a limited time",
};

/** How a column is stored under these settings; null if it is not stored. */
export function keptAs(column: EventColumnName, settings: PrivacySettings): string | null {
  const places = ["country", "region", "city"];
  const finest = places.indexOf(settings.geoip_precision);
  switch (column) {
    case "visitor_id":
      return settings.suppress_visitor_id ? "as a random value, new for every event" : "yes";
    case "timestamp":
      return settings.round_timestamps ? "rounded down to the hour" : "yes";
    case "referrer":
      return settings.strip_referrer_query ? "without its query" : "yes";
    case "browser_version":
      return settings.suppress_browser_version ? null : "yes";
    case "os_version":
      return settings.suppress_os_version ? null : "yes";
    case "screen_size":
    case "device_type":
      return settings.suppress_screen_size ? null : "yes";
    case "country_code":
      return finest >= 0 ? "yes" : null;
    case "region":
      return finest >= 1 ? "yes" : null;
    case "city":
      return finest >= 2 ? "yes" : null;
    default:
      return "yes";
  }
}

/**
 * The route of the page: about all sites, or with `site_id` about one. Any id is answered, so that
 * the page does not reveal which sites exist.
 */
export function privacyRoutes(
  settings: PrivacySettings,
  sites: Pick<Sites, "settings" | "declaredIds">,
): Route[] {
  const style = createHash("sha256").update(STYLE).digest("base64");
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${style}'; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  };
  return [{
    method: "GET",
    path: "/privacy",
    right: "public",
    handle: ({ url }) => {
      const ids = siteIdsOf(url.searchParams.get("site_id"), settings, sites);
      return new Response(privacyPage(settings, ids.map((id) => sites.settings(id))), { headers });
    },
  }];
}

/** Ids of the sites that the page is about. An unknown id stands for undeclared sites. */
function siteIdsOf(
  asked: string | null,
  { site_ids }: PrivacySettings,
  sites: Pick<Sites, "declaredIds">,
): readonly string[] {
  if (asked === null) return [...(site_ids.length > 0 ? site_ids : [""]), ...sites.declaredIds()];
  const site = asciiSiteId(asked);
  const fault = faultOfSiteId(site);
  if (fault !== null) throw new AppError("bad_request", `Cannot read site_id: ${fault}`);
  return [site];
}

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; }
tr { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.wide { overflow-x: auto; }
`;

/** The page as HTML, about all of these sites. */
export function privacyPage(settings: PrivacySettings, sites: readonly SitePrivacy[]): string {
  const columns = Object.keys(EVENT_COLUMNS) as EventColumnName[];
  const rows = columns.map((column) => {
    const { doc, privacy } = EVENT_COLUMNS[column];
    const shown = column === "visitor_id" ? "stands for one browser; see below" : doc;
    const kept = keptAs(column, settings) ?? "no";
    const cells = [column, shown, CLASS_WORDS[privacy], kept].map(escapeHtml);
    return `<tr><th scope="row"><code>${cells[0]}</code></th>` +
      `<td>${cells[1]}</td><td>${cells[2]}</td><td>${cells[3]}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Privacy: what this server counts</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What this server counts</h1>
<p>This server counts visits to web pages for their owner. This page is written by the server
itself from the settings it runs with.</p>
<h2>Not stored</h2>
<ul>
<li>No cookie and nothing else is put on a visitor's device or read from it.</li>
<li>The address (IP) is used while a visit is received, to make the visitor value below${
    placeText(settings)
  }.${abuseText(settings)} It is in memory only, never in a file or a log.</li>
<li>Nothing is passed on to anyone, and no other server is asked about a visitor.</li>
</ul>
<h2>The visitor value</h2>
<p>${visitorText(settings, sites)}</p>
<h2>Who sees it</h2>
<p>${audienceText(sites)}</p>
<h2>A browser that asks not to be counted</h2>
<p>${
    settings.respect_gpc
      ? "A browser that sends Global Privacy Control (Sec-GPC: 1) is not recorded; only the " +
        "number of such requests is counted."
      : "The signal Global Privacy Control (Sec-GPC) is not evaluated: nothing is sold or passed " +
        "on, whether it is sent or not."
  }</p>
<p>${
    settings.filter_bots
      ? "Known robots are not recorded; only their number is counted, by the robot's name."
      : "Robots are recorded like anybody else."
  }</p>
<h2>How long</h2>
<p>${retentionText(settings, sites)}
The owner can remove all events of a site between two dates at any time.</p>
<h2>What is stored of each event</h2>
<div class="wide" tabindex="0" role="region" aria-label="Stored fields">
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Meaning</th><th scope="col">Kind</th>
<th scope="col">Stored</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</div>
<p>${maskingText(sites)}</p>
</main>
</body>
</html>
`;
}

function placeText({ geoip_precision }: PrivacySettings): string {
  return geoip_precision === "none" ? "" : ` and to find the ${geoip_precision}`;
}

function abuseText({ rate_limit_per_address }: PrivacySettings): string {
  return rate_limit_per_address === 0
    ? ""
    : " For about a minute it is remembered how much came from an address, to limit abuse.";
}

function visitorText(settings: PrivacySettings, sites: readonly SitePrivacy[]): string {
  if (settings.suppress_visitor_id) {
    return "Every event gets a random value of its own: no two events can be joined to a person.";
  }
  const days = distinct(sites.map((site) => site.visitor_id_days));
  const longest = Math.max(...days);
  const each = orList(days.map((count) => count === 1 ? "every day" : `every ${count} days`));
  const life = longest === 1
    ? "It changes every day (UTC), so that a visitor of today cannot be recognised tomorrow."
    : `${days.length > 1 ? "Depending on the site, it" : "It"} changes ${each}: a visitor can be ` +
      `recognised for at most ${longest} days.`;
  const salt = settings.visitor_salt === "random"
    ? "The key is random and is destroyed at most a day after the value has changed: from " +
      "then on nobody, the owner included, can compute which address and browser a value came from."
    : "The key is made from a secret of the owner and the date, and is never part of the data.";
  const users = {
    none: "",
    some: ` On some sites ${USER_TEXT}`,
    all: ` Where ${USER_TEXT.replace(/^where /, "")}`,
  }[howMany(sites, "user_ids")];
  return "Events of one visitor are joined by a value computed from the address and the " +
    `browser's name with a secret key (HMAC-SHA-256). ${life} ${salt}${users}`;
}

const USER_TEXT = "where a page says who is signed in, the value is computed from that user id " +
  "instead: it is the same on every device of the person for as long. The id itself is not stored.";

function retentionText(settings: PrivacySettings, sites: readonly SitePrivacy[]): string {
  const days = distinct(sites.map((site) => site.retention_days ?? settings.retention_days));
  const limits = days.filter((count) => count > 0).map((count) => `${count} days`);
  const kept = days.includes(0);
  if (limits.length === 0) return "Events are kept until the owner removes them.";
  const trash = settings.gdpr_mode
    ? ""
    : " For three more days the owner can bring them back; no statistic counts them.";
  if (days.length === 1) return `Every event is removed ${limits[0]} after it happened.${trash}`;
  return `Depending on the site, events are removed after ${orList(limits)}` +
    `${kept ? ", or kept until the owner removes them" : ""}.${trash}`;
}

function audienceText(sites: readonly SitePrivacy[]): string {
  const [open, listed] = [howMany(sites, "public"), howMany(sites, "visit_list")];
  const sums = {
    none: "Statistics are for the owner and for whom the owner lets in.",
    some: "Statistics of some sites are open to everyone.",
    all: "Statistics are open to everyone.",
  }[open];
  const visits = {
    none: "They are sums: single visits are not shown.",
    some: "For some sites the owner can see single visits, too: pages and times, by no name.",
    all: "The owner can see single visits, too: their pages and times, by no name.",
  }[listed];
  return `${sums} ${visits}`;
}

/** What is replaced in the texts of pages and links before they are stored. */
function maskingText(sites: readonly SitePrivacy[]): string {
  const where = "in paths, referrers, campaign values, event names and properties";
  const emails = {
    none: `E-mail addresses ${where} are stored as they came.`,
    some: `On some sites, e-mail addresses ${where} are masked before they are stored.`,
    all: `E-mail addresses ${where} are masked before they are stored.`,
  }[howMany(sites, "mask_emails")];
  const tokens = {
    none: "",
    some: " On some sites, long tokens and ids there are masked, too.",
    all: " Long tokens and ids there are masked, too.",
  }[howMany(sites, "mask_tokens")];
  return emails + tokens;
}

type SiteFlag = "user_ids" | "public" | "visit_list" | "mask_emails" | "mask_tokens";

function howMany(sites: readonly SitePrivacy[], is: SiteFlag) {
  const count = sites.filter((site) => site[is]).length;
  return count === 0 ? "none" : count === sites.length ? "all" : "some";
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function orList(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), words.at(-1)].filter((part) => part).join(" or ");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
