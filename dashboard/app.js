// The start of the page: words, session and state; then the login, an error, or the shell.
import { useConnectionLost } from "./lib/ask/connection.js";
import { askEarly } from "./lib/ask/view.js";
import { loadWords, withPageWords } from "./lib/format/words.js";
import { headlineOf, headlineUrl } from "./lib/headline.js";
import { html, render, useEffect, useMemo, useState } from "./lib/html.js";
import { minuteOf } from "./lib/period.js";
import { AppContext, eventsOf } from "./lib/state/context.js";
import { useFirstEvent } from "./lib/state/first_event.js";
import { preference, setPreference, showTheme } from "./lib/state/preferences.js";
import { useUrlState } from "./lib/state/router.js";
import { makeNames } from "./lib/state/schema.js";
import { parseState } from "./lib/state/state.js";
import { isOwner, useSession } from "./lib/state/session.js";
import { shownState } from "./lib/state/shown_state.js";
import { useRefreshTick } from "./lib/state/use_refresh.js";
import { siteName } from "./lib/format/site_name.js";
import { Lazy } from "./components/layout/lazy.js";
import { Shell } from "./pages/shell.js";

/** @typedef {import("./lib/format/words.js").Words} Words */
/** @typedef {import("./lib/state/context.js").Site} Site */

const LOGIN = withPageWords(() => import("./pages/login.js"));
const FAULT = withPageWords(() => import("./pages/fault.js"));

/** The login is fetched ahead, but behind all that the first view asks for. */
const AHEAD_MS = 5000;

/**
 * The placeholder for no site.
 * @type {Site}
 */
const NO_SITE = { site_id: "" };

/**
 * The site with the most events; the first one where none has more.
 * @param {readonly Site[]} sites
 * @returns {Site}
 */
function busiestOf(sites) {
  return sites.reduce(
    (best, one) => best === NO_SITE || eventsOf(one) > eventsOf(best) ? one : best,
    NO_SITE,
  );
}

/**
 * The site of the URL, or else the last one in this browser, or else the busiest.
 * @param {string} named
 * @param {readonly Site[]} sites
 * @returns {Site}
 */
function siteOf(named, sites) {
  const wanted = named || preference("site") || "";
  return sites.find(({ site_id }) => site_id === wanted) ??
    sites.find(({ site_id }) => site_id.toLowerCase() === wanted.toLowerCase()) ??
    (named ? { site_id: named } : busiestOf(sites));
}

/**
 * The state of the page: that of the URL, or of what is known while the server can't be reached.
 * @param {import("./lib/state/state.js").State} chosen
 * @param {string} site
 */
function useShownState(chosen, site) {
  const lost = useConnectionLost();
  return useMemo(() => shownState(chosen, site, lost), [chosen, site, lost]);
}

/**
 * Fetches the login of an owner: an update of the server ends it, and has no module of before.
 * @param {import("./lib/state/session.js").Auth} auth
 */
function useLoginAhead({ authenticated }) {
  useEffect(() => {
    if (!authenticated) return;
    const timer = setTimeout(() => LOGIN().catch(() => {}), AHEAD_MS);
    return () => clearTimeout(timer);
  }, [authenticated]);
}

/**
 * Names the page after its site, and keeps the one that was chosen.
 * @param {Site} site
 * @param {string} chosen
 */
function useTitle(site, chosen) {
  useEffect(() => {
    const name = siteName(site);
    document.title = name === "" ? "Mallard Metrics" : `${name} · Mallard Metrics`;
    if (chosen) setPreference("site", chosen);
  }, [site.site_id, site.name]);
}

/** @param {{ words: Words }} props */
function App({ words }) {
  const session = useSession();
  const { state: chosen, navigate } = useUrlState(session.schema);
  const tick = useRefreshTick();
  const { t } = words;
  const { sites, phase, locked, reload, auth, schema } = session;
  const site = siteOf(chosen.site, sites);
  const state = useShownState(chosen, site.site_id);
  const [adding, setAdding] = useState(false);
  const { waiting, recheckFirstEvent } = useFirstEvent(site, adding, reload);
  const starting = phase === "open" && (waiting && state.view !== "settings" || adding);
  useTitle(site, state.site);
  // A copied address means the same site for everybody.
  useEffect(() => {
    if (phase !== "open" || state.site !== "" || site.site_id === "") return;
    navigate({
      site: site.site_id,
      view: state.view,
      filters: state.filters,
      own: state.own,
      tabs: state.tabs,
      details: state.details,
      unread: state.unread,
    }, { replace: true });
  }, [phase, state.site, site.site_id]);
  const zone = site.timezone ?? "UTC";
  const now = minuteOf(Date.now(), zone);
  const today = now.slice(0, 10);
  const app = useMemo(
    () => ({
      ...words,
      name: makeNames(schema, t),
      schema,
      state,
      navigate,
      sites,
      site,
      today,
      now,
      tick,
      // Until the rights are known, reserve the space of what an owner sees.
      owner: phase === "loading" || isOwner(auth),
      reload,
      recheckFirstEvent,
      expired: session.expired,
      locked,
    }),
    [words, schema, state, sites, site.site_id, zone, now, tick, auth, phase, locked],
  );
  useLoginAhead(auth);
  if (phase === "login") {
    return html`
      <${Lazy} load=${LOGIN} place="alone" t=${t} onDone=${reload} />
    `;
  }
  if (phase === "fault") {
    return html`
      <${Lazy} load=${FAULT} place="alone" t=${t} fault=${session.fault} onRetry=${reload} />
    `;
  }
  return html`
    <${AppContext.Provider} value=${app}>
      <${Shell} app=${app} session=${session} starting=${starting} adding=${adding}
        isKept=${state !== chosen} onAdding=${setAdding} />
      ${locked && html`<${Lazy} load=${LOGIN} place="page" t=${t} over=${true} onDone=${reload} />`}
      <//>
  `;
}

/**
 * Asks for the numbers at the top while words are loaded and the page is drawn. Where the address
 * has no more than site and period, index.html has asked for the same.
 */
function askHeadline() {
  const state = parseState(location.search);
  const site_id = state.site || preference("site") || "";
  const url = headlineUrl({ site: { site_id }, state }, headlineOf(state.filters));
  if (state.view === "" && url !== null) askEarly(url);
}

/**
 * Lets the browser do what waits: to evaluate the modules is work enough for one task.
 * @returns {Promise<void>}
 */
function pause() {
  /** @type {{ yield?: () => Promise<void> } | undefined} */
  const scheduler = Reflect.get(globalThis, "scheduler");
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

showTheme(preference("theme"));
askHeadline();
const root = document.getElementById("app");
const words = await loadWords();
await pause();
if (root) render(html`<${App} words=${words} />`, root);
