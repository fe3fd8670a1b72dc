// The page of an event: whether it is a page of a website, and its host one of the site's.
import { coversHost, hostOfSite, isLocalHost } from "../../net/host.ts";
import type { DropReason } from "../drop_reasons.ts";
import { hashRoutedPage } from "../enrich/hash_route.ts";
import { type Page, pageOf } from "../enrich/url.ts";
import type { Draft, Drop, StepContext } from "./draft.ts";

/** What a browser shows under these is no page of a website. Apps have schemes of their own. */
const NO_PAGE = /^(?:file|about|data|blob|javascript):/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
/** Apps name their screens so, most with the host `localhost`: it tells nothing of the device. */
const APP_SCHEME = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\//i;

/** The page of an event: what is stored of its URL. */
export function pageColumns({ payload, page }: Draft, { parts }: StepContext): Page {
  const rewrite = parts.policy.pathRewrite(payload.site_id);
  if (payload.isHashRouted) return hashRoutedPage(payload.url, rewrite);
  return rewrite === null ? page() : pageOf(payload.url, rewrite);
}

/** A measurement of a page or a visit is no event of its own. */
export function checkIsEvent({ payload }: Draft): Drop | null {
  if (payload.isEvent) return null;
  return { dropped: payload.notices.includes("user_id_dropped") ? "user_ids_off" : "no_event" };
}

/** Drops events of what is no page of a website: a visitor's file would become a page. */
export function checkPage(draft: Draft, context: StepContext): Drop | null {
  return NO_PAGE.test(draft.payload.url.trim()) ? drop("not_a_page", draft, context) : null;
}

/**
 * Drops events of pages on other hosts, where the owner lists the site's; else those of pages on
 * the visitor's own machine. A path without a host, as servers send it, counts. So do screens of
 * apps.
 */
export function checkHost(draft: Draft, context: StepContext): Drop | null {
  const { site_id, url, isLocal } = draft.payload;
  const allowed = context.parts.policy.hostnames(site_id);
  const { hostname } = draft.page();
  if (allowed.length > 0) {
    const isOwn = hostname === null ? !SCHEME.test(url.trim()) : coversHost(allowed, hostname);
    return isOwn ? null : drop("foreign_host", draft, context);
  }
  if (hostname === null || isLocal || !isLocalHost(hostname)) return null;
  if (APP_SCHEME.test(url.trim())) return null;
  const isLocalSite = isLocalHost(site_id) || isLocalHost(hostOfSite(site_id));
  return isLocalSite ? null : drop("local_page", draft, context);
}

function drop(reason: DropReason, { payload, past }: Draft, { parts }: StepContext): Drop {
  if (past === null) parts.drops.count({ site_id: payload.site_id, reason });
  return { dropped: reason };
}
