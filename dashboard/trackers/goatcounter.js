// Serves pages that carry GoatCounter's script tag: the same settings, elements and global object,
// sent to this server.
/** @type {*} */
const page = self;
const { document, location } = page;
/** @type {*} */
const tag = document.currentScript || document.querySelector("script[data-goatcounter]") || {};
const { dataset = {}, src = location.href } = tag;
/** @type {*} */
const goatcounter = page.goatcounter && !page.goatcounter.vars ? page.goatcounter : {};
if (dataset.goatcounterSettings) {
  try {
    Object.assign(goatcounter, JSON.parse(dataset.goatcounterSettings));
  } catch (error) {
    console.error("goatcounter: cannot read data-goatcounter-settings", error);
  }
}
page.goatcounter = goatcounter;

const endpoint = () => goatcounter.endpoint || dataset.goatcounter || String(new URL("count", src));

/** A value that may be a function of the default. */
function valueOf(/** @type {*} */ given, /** @type {*} */ byDefault) {
  return typeof given === "function" ? given(byDefault) : given ?? byDefault;
}

function pagePath() {
  const canonical = document.querySelector('link[rel="canonical"][href]');
  const link = canonical && new URL(canonical.href, location.href);
  const isOwn = link && link.hostname.replace(/^www\./, "") ===
      location.hostname.replace(/^www\./, "");
  const { pathname, search } = isOwn ? link : location;
  return pathname + search || "/";
}

/** Why this view is not counted; false where it is. */
function filter() {
  const { hostname, protocol } = location;
  if (document.visibilityState === "prerender" || document.prerendering) return "prerender";
  if (!goatcounter.allow_frame && location !== page.parent.location) return "frame";
  const isLocal = /^(localhost|127\.|10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|0\.0\.0\.0)/;
  if (!goatcounter.allow_local && isLocal.test(hostname)) return "localhost";
  if (!goatcounter.allow_local && protocol === "file:") return "localfile";
  try {
    if (page.localStorage.getItem("skipgc") === "t") return "disabled with #toggle-goatcounter";
  } catch {
    // Storage is closed to this page.
  }
  return false;
}

function botHint() {
  if (page.callPhantom || page._phantom || page.phantom) return 150;
  if (page.__nightmare) return 151;
  if (document.__selenium_unwrapped || document.__webdriver_evaluate) return 152;
  return page.navigator.webdriver ? 153 : 0;
}

function get_data(/** @type {*} */ vars = {}) {
  const of = (/** @type {string} */ name) => vars[name] ?? goatcounter[name];
  const { width, height } = page.screen;
  /** @type {*} */
  const data = {
    p: valueOf(of("path"), pagePath()),
    r: valueOf(of("referrer"), document.referrer),
    t: valueOf(of("title"), document.title),
    e: Boolean(of("event")),
    s: [width, height, page.devicePixelRatio || 1],
    b: botHint(),
    q: location.search,
  };
  if (of("no_session")) data.ns = 1;
  return data;
}

function url(/** @type {*} */ vars) {
  const data = get_data(vars);
  if (data.p === null) return undefined;
  const rnd = Math.random().toString(36).slice(2, 7);
  const pairs = Object.entries({ ...data, rnd })
    .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return `${endpoint()}?${pairs.join("&")}`;
}

function count(/** @type {*} */ vars) {
  const reason = filter();
  if (reason) return console.log(`goatcounter: not counted: ${reason}`);
  const address = url(vars);
  if (!address) return;
  if (page.navigator.sendBeacon?.(address)) return;
  const image = new Image();
  image.src = address;
}

function get_query(/** @type {string} */ name) {
  return new URLSearchParams(location.search).get(name) ?? undefined;
}

function bind_events() {
  for (const element of document.querySelectorAll("*[data-goatcounter-click]")) {
    if (element.dataset.goatcounterBound) continue;
    element.dataset.goatcounterBound = "true";
    const { goatcounterClick, goatcounterTitle, goatcounterReferrer, goatcounterNoSession } =
      element.dataset;
    const send = () =>
      count({
        event: true,
        path: goatcounterClick || element.name || element.id || "",
        title: goatcounterTitle || element.title || (element.innerHTML || "").slice(0, 200),
        referrer: goatcounterReferrer || undefined,
        no_session: goatcounterNoSession !== undefined,
      });
    element.addEventListener("click", send);
    element.addEventListener("auxclick", send);
  }
}

/** Shows a counter in the page. */
function visit_count(/** @type {*} */ given = {}) {
  const { append = "body", type = "html", path = pagePath(), no_branding, style, ...rest } = given;
  const query = new URLSearchParams();
  if (no_branding) query.set("no_branding", "1");
  if (style) query.set("style", style);
  for (const name of ["start", "end"]) if (rest[name]) query.set(name, rest[name]);
  const root = endpoint().replace(/\/count$/, "");
  const address = `${root}/counter/${encodeURIComponent(path)}.${type}?${query}`;
  const element = document.createElement(type === "html" ? "iframe" : "img");
  element.src = address;
  Object.assign(element.style, { border: "0", width: "200px", height: "80px" });
  document.querySelector(append)?.append(element);
}

function toggle() {
  if (location.hash !== "#toggle-goatcounter") return;
  const isOff = page.localStorage.getItem("skipgc") === "t";
  if (isOff) page.localStorage.removeItem("skipgc");
  else page.localStorage.setItem("skipgc", "t");
  alert(`GoatCounter tracking is now ${isOff ? "ENABLED" : "DISABLED"} in this browser.`);
}

Object.assign(goatcounter, {
  vars: true,
  get_data,
  filter,
  url,
  count,
  get_query,
  bind_events,
  visit_count,
});

function start() {
  toggle();
  if (!goatcounter.no_events) bind_events();
  if (goatcounter.no_onload) return;
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", () => count(undefined), { once: true });
  } else count(undefined);
}
if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", start, { once: true });
} else start();

export {};
