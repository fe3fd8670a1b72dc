// The start of the page: words, session, state and URL; then whichever page they call for.
import { AppContext } from "./lib/context.js";
import { useFirstEvent } from "./lib/first_event.js";
import { makeFormat } from "./lib/format.js";
import { html, render, useCallback, useEffect, useMemo, useState } from "./lib/html.js";
import { useKeys } from "./lib/keys.js";
import { minuteOf, periodOf, PERIODS, stepRange } from "./lib/period.js";
import { preference, setPreference, showTheme } from "./lib/preferences.js";
import { useSession } from "./lib/session.js";
import { parseState, printState } from "./lib/state.js";
import { chooseLanguage, makeTranslate } from "./lib/text.js";
import { useTick } from "./lib/tick.js";
import { AboutDialog } from "./pages/about.js";
import { FaultPage } from "./pages/fault.js";
import { Frame } from "./pages/frame.js";
import { KeyboardDialog } from "./pages/keyboard.js";
import { LoginPage } from "./pages/login.js";
import { SetupDialog } from "./pages/setup.js";
import { SitePage } from "./pages/site.js";
import { StartPage } from "./pages/start.js";
import { ask } from "./lib/api.js";
import { daysOf } from "./panels/question.js";
import { texts } from "./texts/en.js";

/** @typedef {Pick<import("./lib/context.js").App, "t" | "format">} Words */

/**
 * The site that stands for none.
 * @type {import("./lib/context.js").Site}
 */
const NO_SITE = { site_id: "" };

/** The state in the URL, and how to change both. */
function useUrlState() {
  const [state, setState] = useState(() => parseState(location.search));
  useEffect(() => {
    const onPop = () => setState(parseState(location.search));
    addEventListener("popstate", onPop);
    return () => removeEventListener("popstate", onPop);
  }, []);
  const go = useCallback(
    (/** @type {Partial<import("./lib/state.js").State>} */ change) =>
      setState((before) => {
        const after = { ...before, ...change };
        const search = printState(after);
        if (search !== printState(before)) history.pushState(null, "", search || location.pathname);
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
  const { sites, phase, reload } = session;
  const wanted = state.site || preference("site") || "";
  /** @type {import("./lib/context.js").Site} */
  const site = sites.find(({ site_id }) => site_id === wanted) ??
    (state.site ? { site_id: state.site } : sites[0] ?? NO_SITE);
  const [adding, setAdding] = useState(false);
  const { waiting, doubt } = useFirstEvent(site, adding, reload);
  const starting = phase === "open" && (waiting || adding);
  useEffect(() => {
    document.title = site.site_id ? `${site.site_id} · Mallard Metrics` : "Mallard Metrics";
    if (state.site) setPreference("site", state.site);
  }, [site.site_id]);
  const zone = site.timezone ?? "UTC";
  const now = minuteOf(Date.now(), zone);
  const today = now.slice(0, 10);
  const app = useMemo(
    () => ({ ...words, state, go, sites, site, today, now, tick, doubt, expired: session.expired }),
    [words, state, sites, site.site_id, zone, now, tick],
  );
  if (phase === "login") return html`<${LoginPage} t=${t} onDone=${reload} />`;
  if (phase === "fault") {
    return html`<${FaultPage} t=${t} fault=${session.fault} onRetry=${reload} />`;
  }
  return html`
    <${AppContext.Provider} value=${app}>
      <${Shell} app=${app} session=${session} starting=${starting} adding=${adding}
        onAdding=${setAdding} />
      <//>
  `;
}

/**
 * The frame, its keys and dialogs, and the page in it.
 * @typedef {object} ShellProps
 * @property {import("./lib/context.js").App} app
 * @property {ReturnType<typeof useSession>} session
 * @property {boolean} starting before the first event of the site
 * @property {boolean} adding because one more site is wanted
 * @property {(adding: boolean) => void} onAdding
 */

/** @param {ShellProps} props */
function Shell({ app, session, starting, adding, onAdding }) {
  const { t, go, sites, today } = app;
  const [opened, setOpened] = useState(/** @type {import("./pages/frame.js").Opened} */ (null));
  const [dialog, setDialog] = useState(/** @type {"about" | "keys" | "setup" | null} */ (null));
  const online = useOnline();
  const offline = !online || session.fault?.status === 0;
  const next = stepRange(daysOf(app), 1, today);
  const step = (/** @type {-1 | 1} */ direction) => {
    const range = stepRange(daysOf(app), direction, today);
    if (!range) return false;
    const period = periodOf(range, today);
    go(period ? { period, range: null } : { range });
    return true;
  };
  useKeys({
    ...Object.fromEntries(
      PERIODS.map(({ key, name }) => [key, () => go({ period: name, range: null })]),
    ),
    ...Object.fromEntries(
      sites.slice(0, 9).map(({ site_id }, index) => [`${index + 1}`, () => go({ site: site_id })]),
    ),
    c: () => setOpened("period"),
    s: () => setOpened("site"),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    "?": () => setDialog("keys"),
  });
  const close = () => setDialog(null);
  const { auth, reload } = session;
  const menu = [
    { label: t("keyboard"), onChoose: () => setDialog("keys") },
    ...(auth.setup_required
      ? [{ label: t("password_set"), onChoose: () => setDialog("setup") }]
      : []),
    { label: t("about"), onChoose: () => setDialog("about") },
    ...(auth.authenticated && !auth.setup_required
      ? [{ label: t("logout"), onChoose: () => logOut().then(reload) }]
      : []),
  ];
  const page = starting
    ? html`
      <${StartPage} key=${adding} offline=${offline} adding=${adding}
        onCancel=${() => onAdding(false)} />
    `
    : html`<${SitePage} key=${app.site.site_id} />`;
  return html`
    <${Frame} opened=${opened} onOpen=${setOpened} onStep=${step} canStep=${next !== null}
      menu=${menu} offline=${offline && !starting} bare=${starting} onAdd=${() => {
        setOpened(null);
        onAdding(true);
      }}>${page}<//>
    ${dialog === "about" && html`<${AboutDialog} onClose=${close} />`}
    ${dialog === "keys" && html`<${KeyboardDialog} t=${t} onClose=${close} />`}
    ${dialog === "setup" && html`<${SetupDialog} t=${t} onClose=${close} onDone=${() => {
      close();
      reload();
    }} />`}
  `;
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
  const wanted = chosen ? [chosen] : navigator.languages;
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
