// What arrives of a site while its owner looks: pageviews, what is excluded, and other sites whose
// events arrive instead. The server fetches nothing: the owner's own browser opens the page.
import { ApiError, ask, withParams } from "./ask/api.js";

/** @typedef {{ reason: string, name: string, count: number }} Drop */

/**
 * What is known of a site at one time.
 * @typedef {object} Seen
 * @property {ReadonlyMap<string, number>} pages pageviews of today by page
 * @property {readonly Drop[]} drops of today
 * @property {readonly string[]} sites whose events count
 * @property {readonly string[]} proposed whose events wait for a decision
 * @property {readonly string[]} refused
 */

/**
 * @typedef {object} Finding
 * @property {"arrived" | "dropped" | "other" | "waits" | "refused"} kind
 * @property {string} about
 */

/** @typedef {import("./ask/answers.js").BotsAnswer} BotsAnswer */
/** @typedef {{ dimensions: string[], metrics: { pageviews: number } }} PageRow */
/** @typedef {{ proposed: { site_id: string }[], refused: string[] }} NewSites */

/**
 * Asks what is known now. Rejects with ApiError.
 * @param {string} site
 * @returns {Promise<Seen>}
 */
export async function lookAt(site) {
  const of = { site_id: site, period: "day" };
  const pages = withParams("api/stats/query", {
    ...of,
    metrics: "pageviews",
    dimensions: "page",
    limit: 100,
  });
  const [counts, bots, sites, fresh] = await Promise.all([
    /** @type {Promise<{ results: PageRow[] }>} */ (
      ofKnown(ask(pages), { results: [] })
    ),
    /** @type {Promise<Pick<BotsAnswer, "dropped" | "robots">>} */ (
      ofKnown(ask(withParams("api/stats/bots", of)), { dropped: [], robots: [] })
    ),
    /** @type {Promise<{ site_id: string }[]>} */ (ask("api/sites")),
    /** @type {Promise<NewSites>} */ (ask("api/new-sites")),
  ]);
  const proposed = fresh.proposed.map(({ site_id }) => site_id);
  return {
    pages: new Map(
      counts.results.map(({ dimensions, metrics }) => [dimensions[0] ?? "", metrics.pageviews]),
    ),
    drops: [
      ...bots.robots.map(({ name, count }) => ({ reason: "robot", name, count })),
      ...bots.dropped.filter(({ reason }) => reason !== "robot")
        .map(({ reason, count }) => ({ reason, name: "", count })),
    ],
    sites: sites.map(({ site_id }) => site_id).filter((one) => !proposed.includes(one)),
    proposed,
    refused: fresh.refused,
  };
}

/**
 * A site without any event may not be known to the server yet.
 * @param {Promise<unknown>} asked
 * @param {unknown} none
 */
async function ofKnown(asked, none) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return none;
    throw error;
  }
}

/**
 * What has happened between two looks, the best first. A pageview that arrived says that all is
 * well.
 * @param {string} site
 * @param {Seen} before
 * @param {Seen} now
 * @returns {Finding[]}
 */
export function findingsOf(site, before, now) {
  /** @type {(kind: Finding["kind"]) => (about: string) => Finding} */
  const found = (kind) => (about) => ({ kind, about });
  const more = [...now.pages].find(([page, count]) => count > (before.pages.get(page) ?? 0));
  if (more) return [found("arrived")(more[0])];
  const isNew = (/** @type {readonly string[]} */ list) => (/** @type {string} */ one) =>
    !list.includes(one);
  const others = [...now.sites, ...now.proposed]
    .filter(isNew([...before.sites, ...before.proposed, site]));
  return [
    ...(now.proposed.includes(site) ? [found("waits")(site)] : []),
    ...(now.refused.includes(site) ? [found("refused")(site)] : []),
    ...now.drops.filter((drop) => drop.count > countOf(before.drops, drop))
      .map(({ reason, name }) => found("dropped")(name || reason)),
    ...others.map(found("other")),
  ];
}

/**
 * @param {readonly Drop[]} drops
 * @param {Drop} like
 */
function countOf(drops, { reason, name }) {
  return drops.find((one) => one.reason === reason && one.name === name)?.count ?? 0;
}

/**
 * What keeps pages from sending to this dashboard's address, whatever is in them.
 * @param {{ protocol: string, hostname: string }} server
 * @param {string} page an address
 * @returns {("check_insecure" | "check_private")[]}
 */
export function hindrancesOf({ protocol, hostname }, page) {
  const isLocal = /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname);
  const isPrivate = isLocal || /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\.|\.(local|lan|internal)$/
    .test(hostname);
  return [
    ...(protocol === "http:" && !isLocal && /^https:/i.test(page)
      ? [/** @type {const} */ ("check_insecure")]
      : []),
    ...(isPrivate ? [/** @type {const} */ ("check_private")] : []),
  ];
}
