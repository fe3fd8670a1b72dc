// The frame with shortcuts and dialogs, and the page inside it.
import { withPageWords } from "../lib/format/words.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { useConnectionLost } from "../lib/ask/connection.js";
import { useRefusal } from "../lib/state/refused_filters.js";
import { printFilters } from "../grammar/filter.js";
import { useOnline } from "../lib/state/online.js";
import { useShortcuts } from "../lib/state/shortcuts.js";
import { Frame, hasFilters, hasPeriod } from "./frame/frame.js";
import { menuOf } from "./frame/menu.js";
import { shortcutsOf } from "./frame/shortcuts.js";
import { Lazy } from "../components/layout/lazy.js";
import { SitePage } from "./site.js";

/** Modules loaded when first shown. */
const LATER = {
  about: withPageWords(() => import("./dialogs/about.js")),
  filter: withPageWords(() => import("./dialogs/filter.js")),
  keys: withPageWords(() => import("./dialogs/keyboard.js")),
  refused: withPageWords(() => import("./frame/refused.js")),
  setup: withPageWords(() => import("./dialogs/setup.js")),
  start: withPageWords(() => import("./start.js")),
  started: withPageWords(() => import("./started.js")),
  unread: withPageWords(() => import("./frame/unread.js")),
};

/** Views whose modules are loaded when first shown. */
const VIEWS = {
  realtime: withPageWords(() => import("./realtime.js")),
  behaviour: withPageWords(() => import("./behaviour.js")),
  sites: withPageWords(() => import("./sites.js")),
  settings: withPageWords(() => import("./settings.js")),
  sql: withPageWords(() => import("./sql.js")),
};

/**
 * @typedef {object} ShellProps
 * @property {import("../lib/state/context.js").App} app
 * @property {ReturnType<typeof import("../lib/state/session.js").useSession>} session
 * @property {boolean} starting before the first event of the site
 * @property {boolean} adding because one more site is wanted
 * @property {boolean} isKept whether other numbers are shown than were chosen
 * @property {(adding: boolean) => void} onAdding
 */

/**
 * The frame with shortcuts and dialogs, and the page inside it.
 * @param {ShellProps} props
 */
export function Shell({ app, session, starting, adding, isKept, onAdding }) {
  const { t } = app;
  const [opened, setOpened] = useState(
    /** @type {import("./frame/frame.js").Opened} */ (null),
  );
  const [dialog, setDialog] = useState(/** @type {import("./frame/menu.js").DialogName} */ (null));
  const [filter, setFilter] = useState(/** @type {number | null} */ (null));
  const online = useOnline();
  const lost = useConnectionLost();
  const refusal = useRefusal(printFilters(app.state.filters));
  const offline = !online || lost || session.fault?.status === 0;
  // A dialog whose module is still loading is not in the page yet.
  useShortcuts(
    filter !== null || dialog !== null ? {} : {
      ...shortcutsOf(app),
      ...(hasPeriod(app.state.view) ? { c: () => setOpened("period") } : {}),
      0: () => setOpened("site"),
      "/": () => setFilter(app.state.filters.length),
      "?": () => setDialog("keys"),
    },
  );
  const close = () => setDialog(null);
  const [started, setStarted] = useStarted(app, starting, adding);
  const steps = {
    locked: !session.auth.setup_required,
    onPassword: () => setDialog("setup"),
  };
  const onAdd = () => {
    setOpened(null);
    onAdding(true);
  };
  const { unread } = app.state;
  const isUnread = (/** @type {string} */ part) => unread.some((one) => one.part === part);
  const page = starting
    ? html`
      <${Lazy} load=${LATER.start} place="page" key=${adding} offline=${offline} adding=${adding}
        ...${steps} onCancel=${() => onAdding(false)} />
    `
    : refusal || hasFilters(app.state.view) && isUnread("filters")
    ? html`<${Lazy} load=${LATER.refused} place="page" fault=${refusal} />`
    : html`
      <${View} key=${`${app.state.view} ${app.site.site_id}`} view=${app.state.view}
        known=${session.phase !== "loading"} onAdd=${onAdd} />
    `;
  return html`
    <${Frame} opened=${opened} onOpen=${setOpened} menu=${menuOf(app, session, setDialog)}
      offline=${offline && !starting} isKept=${isKept} warnings=${session.auth
        .warnings} bare=${starting} onFilter=${setFilter}
      onAdd=${onAdd}>
      ${started && html`
        <${Lazy} load=${LATER.started} place="nothing" ...${steps} onClose=${() =>
          setStarted("")} />
      `}
      ${unread.length > 0 && !starting && html`<${Lazy} load=${LATER.unread} />`}
      ${page}
    <//>
    ${dialog === "about" && html`<${Lazy} load=${LATER.about} place="dialog" onClose=${close} />`}
    ${dialog === "keys" && html`<${Lazy} load=${LATER.keys} place="dialog" onClose=${close} />`}
    ${filter !== null &&
      html`<${Lazy} load=${LATER.filter} place="dialog" index=${filter} onClose=${() =>
        setFilter(null)} />`}
    ${dialog === "setup" &&
      html`<${Lazy} load=${LATER.setup} place="dialog" t=${t} onClose=${close} onDone=${() => {
        close();
        session.reload();
      }} />`}
  `;
}

/**
 * Whether the first event of this site has come while the page waited for it, until that is set
 * to none.
 * @param {import("../lib/state/context.js").App} app
 * @param {boolean} starting
 * @param {boolean} adding
 * @returns {[boolean, (site: string) => void]}
 */
function useStarted({ owner, site: { site_id: site }, state }, starting, adding) {
  const [started, setStarted] = useState("");
  const before = useRef({ starting, adding, site });
  useEffect(() => {
    const was = before.current;
    before.current = { starting, adding, site };
    const isSame = was.site === site;
    const isNew = was.adding ? !isSame : isSame || was.site === "";
    if (was.starting && !starting && isNew && state.view !== "settings") setStarted(site);
  }, [starting, adding, site]);
  return [owner && started === site && site !== "" && !starting, setStarted];
}

/**
 * The overview is drawn at once; other views wait for the site and the session.
 * @param {{ view: string, known: boolean, onAdd: () => void }} props
 */
function View({ view, known, onAdd }) {
  const load = Object.hasOwn(VIEWS, view)
    ? VIEWS[/** @type {keyof typeof VIEWS} */ (view)]
    : undefined;
  if (!load) return html`<${SitePage} />`;
  return html`<${Lazy} load=${known ? load : null} place="page" onAdd=${onAdd} />`;
}
