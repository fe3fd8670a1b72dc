// The parts of addresses that are stored: of a page its path, host, campaign and source values and
// the name of a click id; of a referrer all but user, password and fragment. Nothing here throws.
import { asciiHost } from "../../../dashboard/grammar/host_name.js";
import { CLICK_IDS, type ClickId } from "../../reference/channels.ts";
import type { Event } from "../../core/event.ts";
import { comparableHost } from "../../net/host.ts";
import { CAMPAIGN_CHARS_MAX, URL_CHARS_MAX } from "../../core/limits.ts";
import { normalPath } from "../../core/paths/normal_form.ts";
import type { PathRewrite } from "../../core/paths/rules.ts";
import { withoutControls } from "../../core/text.ts";

/** What is stored of a page's address. The keys are columns of the event. */
export type Page = Pick<
  Event,
  | "pathname"
  | "hostname"
  | "utm_source"
  | "utm_medium"
  | "utm_campaign"
  | "utm_content"
  | "utm_term"
  | "click_id"
  | "source_tag"
>;

const UTM_NAMES = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const;
/** Parameters that name a source where utm_source does not; the first goes before the second. */
const TAG_NAMES = ["source", "ref"] as const;
type TextName = (typeof UTM_NAMES)[number] | (typeof TAG_NAMES)[number];

const TEXT_NAMES: ReadonlySet<string> = new Set([...UTM_NAMES, ...TAG_NAMES]);
const CLICK_IDS_IN_ORDER = Object.keys(CLICK_IDS) as ClickId[];

/** A base for parsing a path as a URL. */
const BASE = "http://path.invalid";

function parsed(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** The path of a page by the rules of its site, which decide what of the query belongs to it. */
function pathOf(url: URL | null, rewrite: PathRewrite | null): string {
  const { pathname = "/", search = "" } = url ?? {};
  return rewrite === null ? pathname : rewrite(normalPath(pathname) + search);
}

/** The normal form of a path, cut to the longest that filters take. */
export function boundedPath(pathname: string): string {
  const normal = normalPath(pathname);
  if (normal.length <= URL_CHARS_MAX) return normal || "/";
  // The cut may fall inside a character or an escaped one: its part is removed.
  return normal.slice(0, URL_CHARS_MAX).replace(/[\ud800-\udbff]$/, "").replace(/%[0-9A-F]?$/i, "")
    .replace(/%[C-F][0-9A-F](?:%[89AB][0-9A-F]){0,3}$/i, "");
}

/** The value of a query's `key=value`, decoded as forms are; null when it is empty. */
function decoded(value: string): string | null {
  const text = new URLSearchParams(`v=${value}`).get("v") ?? "";
  const clean = withoutControls(text).trim();
  if (clean.length <= CAMPAIGN_CHARS_MAX) return clean || null;
  return clean.slice(0, CAMPAIGN_CHARS_MAX).replace(/[\ud800-\udbff]$/, "").trimEnd();
}

/** What of a query is stored. */
interface Query {
  readonly texts: ReadonlyMap<TextName, string>;
  readonly clicks: ReadonlySet<string>;
}

const NO_QUERY: Query = { texts: new Map(), clicks: new Set() };

/** Reads the first value of each parameter that is stored, and which click ids are there. */
function readQuery(search: string): Query {
  if (search === "") return NO_QUERY;
  const texts = new Map<TextName, string>();
  const clicks = new Set<string>();
  for (let from = 1; from < search.length;) {
    const ampersand = search.indexOf("&", from);
    const end = ampersand < 0 ? search.length : ampersand;
    const equals = search.indexOf("=", from);
    if (equals > from && equals < end - 1) {
      const name = search.slice(from, equals).toLowerCase();
      if (TEXT_NAMES.has(name)) {
        const value = texts.has(name as TextName) ? null : decoded(search.slice(equals + 1, end));
        if (value !== null) texts.set(name as TextName, value);
      } else if (Object.hasOwn(CLICK_IDS, name)) clicks.add(name);
    }
    from = end + 1;
  }
  return { texts, clicks };
}

/**
 * Reads a full URL or a path. Never fails: text that is no URL (`blog/post`, `not a url`) is a
 * path, with a slash put before it, and has no host.
 */
export function pageOf(address: string, rewrite: PathRewrite | null = null): Page {
  const text = address.trim();
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? parsed(text) : null;
  const url = full ?? parsed(BASE + (text.startsWith("/") ? text : `/${text}`));
  const { texts, clicks } = readQuery(url?.search ?? "");
  return {
    pathname: boundedPath(pathOf(url, rewrite)),
    hostname: full ? comparableHost(full.hostname) : null,
    utm_source: texts.get("utm_source") ?? null,
    utm_medium: texts.get("utm_medium") ?? null,
    utm_campaign: texts.get("utm_campaign") ?? null,
    utm_content: texts.get("utm_content") ?? null,
    utm_term: texts.get("utm_term") ?? null,
    click_id: clicks.size === 0
      ? null
      : CLICK_IDS_IN_ORDER.find((name) => clicks.has(name)) ?? null,
    source_tag: tagOf(texts.get("source") ?? texts.get("ref") ?? null),
  };
}

/** What a tag names: a host, or that of an address, as hosts are stored; anything else as it is. */
function tagOf(text: string | null): string | null {
  if (text === null || !text.includes(".")) return text;
  const host = /^https?:\/\//i.test(text) ? parsed(text)?.hostname : asciiHost(text);
  return host || text;
}

const REFERRER_SCHEMES: ReadonlySet<string> = new Set([
  "http:",
  "https:",
  "android-app:",
  "ios-app:",
]);
const BARE_HOST =
  /^(?:\/\/)?(?:[\p{L}\p{M}\p{N}_-]+\.)+\p{L}[\p{L}\p{M}\p{N}_-]*(?::\d+)?(?:[/?#]|$)/iu;

/**
 * The address of a page or an app that led here; a host without a scheme is taken for a page. Null
 * for what is no such address.
 */
export function referrerUrl(referrer: string): URL | null {
  const text = referrer.trim();
  const url = parsed(BARE_HOST.test(text) ? `https://${text.replace(/^\/\//, "")}` : text);
  return url && REFERRER_SCHEMES.has(url.protocol) && url.hostname !== "" ? url : null;
}

/**
 * A referrer as it is stored: without user, password and fragment, and without its query where
 * `stripQuery` says so. Null for what is no address of a page or an app.
 */
export function referrerOf(
  referrer: string,
  { stripQuery }: { readonly stripQuery: boolean },
): string | null {
  const url = referrerUrl(referrer);
  if (!url) return null;
  if (url.username !== "" || url.password !== "") {
    url.username = "";
    url.password = "";
  }
  const { href } = url;
  const end = href.search(stripQuery ? /[?#]/ : /#/);
  return href.slice(0, Math.min(end < 0 ? href.length : end, URL_CHARS_MAX));
}
