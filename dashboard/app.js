// The start of the page: words, session, state and URL; then whichever page they call for.
import { ask } from "./lib/ask/api.js";
import { AppContext } from "./lib/state/context.js";
import { useFirstEvent } from "./lib/state/first_event.js";
import { makeFormat } from "./lib/format/format.js";
import { html, render, useCallback, useEffect, useMemo, useState } from "./lib/html.js";
import { useKeys } from "./lib/state/shortcuts.js";
import { minuteOf, PERIODS } from "./lib/period.js";
import { preference, setPreference, showTheme } from "./lib/state/preferences.js";
import { makeNames } from "./lib/state/schema.js";
import { useSession } from "./lib/state/session.js";
import { parseState, printState } from "./lib/state/state.js";
import { chooseLanguage, makeTranslate } from "./lib/format/text.js";
import { useTick } from "./lib/state/use_refresh.js";
import { Frame, hasPeriod } from "./pages/frame/frame.js";
import { Lazy } from "./pages/lazy.js";
import { nextInterval, stepOf } from "./pages/frame/period_choice.js";
import { SitePage } from "./pages/site.js";
import { texts } from "./texts/en.js";

/** @typedef {Pick<import("./lib/state/context.js").App, "t" | "format">} Words */
/** @typedef {import("./lib/state/state.js").State} State */
/** @typedef {import("./lib/state/context.js").Site} Site */

/**
 * The site that stands for none.
 * @type {Site}
 */
const NO_SITE = { site_id: "" };

/** What is fetched when it is first shown. */
const LATER = {
  about: () => import("./pages/dialogs/about.js"),
  fault: () => import("./pages/fault.js"),
  filter: () => import("./pages/dialogs/filter.js"),
  keys: () => import("./pages/dialogs/keyboard.js"),
  login: () => import("./pages/login.js"),
  setup: () => import("./pages/dialogs/setup.js"),
  start: () => import("./pages/start.js"),
};

/** The views that are fetched when they are first shown. */
const VIEWS = {
  realtime: () => import("./pages/realtime.js"),
  behaviour: () => import("./pages/behaviour.js"),
  sites: () => import("./pages/sites.js"),
  settings: () => import("./pages/settings.js"),
};

/**
 * What a change leads to: another site is shown without what belonged to the one before.
 * @param {State} before
 * @param {Partial<State>} change
 * @returns {State}
 */
function changed(before, change) {
  const after = { ...before, ...change };
  if (change.site === undefined || change.site === before.site) return after;
  const view = change.view ?? (before.view === "sites" ? "" : before.view);
  return { ...after, view, filters: [], tabs: [], details: "", own: {}, ...change };
}

/** The state in the URL, and how to change both. */
function useUrlState() {
  const [state, setState] = useState(() => parseState(location.search));
  useEffect(() => {
    const onPop = () => setState(parseState(location.search));
    addEventListener("popstate", onPop);
    return () => removeEventListener("popstate", onPop);
  }, []);
  const go = useCallback(
    (/** @type {Partial<State>} */ change) =>
      setState((before) => {
        const after = changed(before, change);
        const search = printState(after);
        if (search !== printState(before)) {
          history.pushState(null, "", search || location.pathname);
          if (after.view !== before.view) scrollTo(0, 0);
        }
        return after;
      }),
    [],
  );
  return { state, go };
}

/** @param {{ words: Words }} props */
function App({ words }) {
  const session = useSession();
  const { state, go } = useUrlState();
  const tick = useTick();
  const { t } = words;
  const { sites, phase, reload, auth, schema } = session;
  const wanted = state.site || preference("site") || "";
  /** @type {Site} */
  const site = sites.find(({ site_id }) => site_id === wanted) ??
    (state.site ? { site_id: state.site } : sites[0] ?? NO_SITE);
  const [adding, setAdding] = useState(false);
  const { waiting, doubt } = useFirstEvent(site, adding, reload);
  const starting = phase === "open" && (waiting && state.view !== "settings" || adding);
  useEffect(() => {
    const name = site.name || site.site_id;
    document.title = name === "" ? "Mallard Metrics" : `${name} · Mallard Metrics`;
    if (state.site) setPreference("site", state.site);
  }, [site.site_id, site.name]);
  const zone = site.timezone ?? "UTC";
  const now = minuteOf(Date.now(), zone);
  const today = now.slice(0, 10);
  const app = useMemo(
    () => ({
      ...words,
      name: makeNames(schema, t),
      schema,
      state,
      go,
      sites,
      site,
      today,
      now,
      tick,
      // Until it is known, what an owner sees keeps its place.
      owner: phase === "loading" || auth.authenticated || auth.setup_required,
      reload,
      doubt,
      expired: session.expired,
    }),
    [words, schema, state, sites, site.site_id, zone, now, tick, auth, phase],
  );
  if (phase === "login") return html`<${Lazy} load=${LATER.login} t=${t} onDone=${reload} />`;
  if (phase === "fault") {
    return html`<${Lazy} load=${LATER.fault} t=${t} fault=${session.fault} onRetry=${reload} />`;
  }
  return html`
    <${AppContext.Provider} value=${app}>
      <${Shell} app=${app} session=${session} starting=${starting} adding=${adding}
        onAdding=${setAdding} />
      <//>
  `;
}

/**
 * @typedef {object} ShellProps
 * @property {import("./lib/state/context.js").App} app
 * @property {ReturnType<typeof useSession>} session
 * @property {boolean} starting before the first event of the site
 * @property {boolean} adding because one more site is wanted
 * @property {(adding: boolean) => void} onAdding
 */

/** @typedef {"about" | "keys" | "setup" | null} DialogName */

/**
 * The frame, its keys and dialogs, and the page in it.
 * @param {ShellProps} props
 */
function Shell({ app, session, starting, adding, onAdding }) {
  const { t } = app;
  const [opened, setOpened] = useState(
    /** @type {import("./pages/frame/frame.js").Opened} */ (null),
  );
  const [dialog, setDialog] = useState(/** @type {DialogName} */ (null));
  const [filter, setFilter] = useState(/** @type {number | null} */ (null));
  const online = useOnline();
  const offline = !online || session.fault?.status === 0;
  useKeys({
    ...keysOf(app),
    ...(hasPeriod(app.state.view) ? { c: () => setOpened("period") } : {}),
    0: () => setOpened("site"),
    "/": () => setFilter(app.state.filters.length),
    "?": () => setDialog("keys"),
  });
  const close = () => setDialog(null);
  const onAdd = () => {
    setOpened(null);
    onAdding(true);
  };
  const page = starting
    ? html`
      <${Lazy} load=${LATER.start} key=${adding} offline=${offline} adding=${adding}
        onCancel=${() => onAdding(false)} />
    `
    : html`
      <${View} key=${`${app.state.view} ${app.site.site_id}`} view=${app.state.view}
        known=${session.phase !== "loading"} onAdd=${onAdd} />
    `;
  return html`
    <${Frame} opened=${opened} onOpen=${setOpened} menu=${menuOf(app, session, setDialog)}
      offline=${offline && !starting} bare=${starting} onFilter=${setFilter} onAdd=${onAdd}>
      ${page}
    <//>
    ${dialog === "about" && html`<${Lazy} load=${LATER.about} onClose=${close} />`}
    ${dialog === "keys" && html`<${Lazy} load=${LATER.keys} onClose=${close} />`}
    ${filter !== null &&
      html`<${Lazy} load=${LATER.filter} index=${filter} onClose=${() => setFilter(null)} />`}
    ${dialog === "setup" &&
      html`<${Lazy} load=${LATER.setup} t=${t} onClose=${close} onDone=${() => {
        close();
        session.reload();
      }} />`}
  `;
}

/**
 * The overview is drawn at once; the others when it is known of which site, and by whom.
 * @param {{ view: string, known: boolean, onAdd: () => void }} props
 */
function View({ view, known, onAdd }) {
  const load = Object.hasOwn(VIEWS, view)
    ? VIEWS[/** @type {keyof typeof VIEWS} */ (view)]
    : undefined;
  if (!load) return html`<${SitePage} />`;
  return known ? html`<${Lazy} load=${load} onAdd=${onAdd} />` : null;
}

/**
 * The keys that change the state.
 * @param {import("./lib/state/context.js").App} app
 * @returns {Record<string, () => void>}
 */
function keysOf(app) {
  const { go, sites, state, schema } = app;
  const step = (/** @type {-1 | 1} */ direction) => () => {
    const change = stepOf(app, direction);
    if (change) go(change);
  };
  const first = schema.comparisons[0]?.name ?? "";
  return {
    ...Object.fromEntries(PERIODS.map(({ key, name }) => [
      key,
      () => go({ period: name, range: null, interval: "" }),
    ])),
    ...Object.fromEntries(
      sites.slice(0, 9).map(({ site_id }, index) => [
        `${index + 1}`,
        () => go({ site: site_id }),
      ]),
    ),
    r: () => go({ view: state.view === "realtime" ? "" : "realtime" }),
    b: () => go({ view: state.view === "behaviour" ? "" : "behaviour" }),
    i: () => go(nextInterval(app)),
    x: () => go({ compare: state.compare === "" ? first : "", before: null }),
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    Escape: () => go({ filters: [], details: "" }),
  };
}

/**
 * @param {import("./lib/state/context.js").App} app
 * @param {ReturnType<typeof useSession>} session
 * @param {(dialog: DialogName) => void} open
 */
function menuOf({ t, go, owner }, { auth, reload, expired }, open) {
  const locked = !auth.setup_required;
  return [
    { label: t("all_sites"), onChoose: () => go({ view: "sites" }) },
    ...(owner ? [{ label: t("settings"), onChoose: () => go({ view: "settings" }) }] : []),
    { label: t("keyboard"), onChoose: () => open("keys") },
    ...(locked ? [] : [{ label: t("password_set"), onChoose: () => open("setup") }]),
    { label: t("about"), onChoose: () => open("about") },
    ...(locked && auth.authenticated
      ? [{ label: t("logout"), onChoose: () => logOut().then(reload) }]
      : []),
    // Sites may be open to everyone: their owner comes in here.
    ...(locked && !auth.authenticated ? [{ label: t("login"), onChoose: expired }] : []),
  ];
}

async function logOut() {
  await ask("api/auth/logout", { method: "POST" }).catch(() => {});
}

/** Whether the browser has a network at all. */
function useOnline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const changed = () => setOnline(navigator.onLine);
    addEventListener("online", changed);
    addEventListener("offline", changed);
    return () => {
      removeEventListener("online", changed);
      removeEventListener("offline", changed);
    };
  }, []);
  return online;
}

/** @returns {Promise<Words>} */
async function loadWords() {
  const chosen = preference("language");
  // Of a language chosen here the browser may know the region: en-GB rather than en.
  const flavours = navigator.languages.filter((tag) => tag.split("-")[0] === chosen);
  const wanted = chosen ? [...flavours, chosen] : navigator.languages;
  const language = chooseLanguage(wanted);
  const catalogue = language === "en" ? texts : (await import(`./texts/${language}.js`)).texts;
  document.documentElement.lang = language;
  return {
    t: makeTranslate(language, catalogue, texts),
    format: makeFormat(wanted[0] ?? language),
  };
}

showTheme(preference("theme"));
const root = document.getElementById("app");
if (root) render(html`<${App} words=${await loadWords()} />`, root);
