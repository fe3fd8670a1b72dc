// Serves pages that carry Plausible's script tag, old or new: the same attributes, options, events
// and global function, sent to this server.
/** @type {*} */
const page = self;
const { document, location, history } = page;
/** @type {*} */
const tag = document.currentScript || document.querySelector('script[src*="/js/"]') || {};
const dataset = tag.dataset || {};
const src = tag.src || location.href;
const file = src.replace(/[?#].*/, "").split("/").pop() || "";
const extensions = new Set(file.split(".").slice(1, -1));
/** The new tag has no extensions: it always sends tagged elements. */
const isNew = /^pa-/.test(file);
const tagsElements = isNew || extensions.has("tagged-events");
/** @param {string} name */
const attribute = (name) => tag.getAttribute ? tag.getAttribute(name) : null;
/** @type {*} */
const stub = page.plausible || {};

const FILES = "pdf,xlsx,docx,txt,rtf,csv,exe,key,pps,ppt,pptx,7z,pkg,rar,gz,zip,avi,mov,mp4," +
  "mpeg,wmv,midi,mp3,wav,wma,dmg";
const GROWN_MS = 3000;
const fileTypes = dataset.fileTypes || attribute("file-types");
const addedTypes = dataset.addFileTypes || attribute("add-file-types") || "";

/** @type {*} */
const options = {
  domain: dataset.domain || location.hostname.replace(/^www\./, ""),
  endpoint: dataset.api || String(new URL("../api/event", src)),
  hashBasedRouting: extensions.has("hash"),
  fileDownloads: extensions.has("file-downloads") &&
    { fileExtensions: list(fileTypes || FILES + "," + addedTypes) },
  outboundLinks: extensions.has("outbound-links"),
  formSubmissions: false,
  customProperties: extensions.has("pageview-props") ? pageProps : undefined,
  captureOnLocalhost: extensions.has("local"),
  autoCapturePageviews: !extensions.has("manual"),
  logging: true,
  include: dataset.include,
  exclude: dataset.exclude,
};

/** @param {string} text */
function list(text) {
  return text.split(",").map((one) => one.trim()).filter(Boolean);
}

/** Properties in attributes of the tag: `event-author="…"`. */
function pageProps() {
  const props = [...tag.attributes].filter(({ name }) => name.startsWith("event-"))
    .map(({ name, value }) => [name.slice("event-".length), value]);
  return Object.fromEntries(props);
}

/** Why nothing is sent; empty where it is. */
function ignored() {
  const { hostname, protocol, pathname, hash } = location;
  const isLocal = /^localhost$|^127(\.\d+){0,2}\.\d+$|^\[::1?\]$/.test(hostname) ||
    protocol === "file:";
  if (isLocal && !options.captureOnLocalhost) return "localhost";
  const isDriven = page._phantom || page.__nightmare || navigator.webdriver || page.Cypress;
  if (isDriven && !page.__plausible) return "automated browser";
  try {
    if (page.localStorage.plausible_ignore === "true") return "localStorage flag";
  } catch {
    // Storage is closed to this page.
  }
  const path = options.hashBasedRouting ? pathname + hash : pathname;
  const listed = (/** @type {string} */ text) =>
    list(text).some((mask) => new RegExp("^" + pattern(mask) + "/?$").test(path));
  if (options.include && !listed(options.include)) return "not included";
  return options.exclude && listed(options.exclude) ? "excluded" : "";
}

/** @param {string} mask */
function pattern(mask) {
  return mask.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*\*/g, "\0")
    .replace(/\*/g, "[^/]*").replace(/\0/g, ".*");
}

/** @param {*} body @param {*} [callback] */
function post(body, callback) {
  const request = options.transformRequest ? options.transformRequest(body) : body;
  if (!request) return;
  fetch(options.endpoint, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body: JSON.stringify(request),
    keepalive: true,
    credentials: "omit",
  }).then(
    ({ status }) => callback && callback({ status }),
    (error) => callback && callback({ error }),
  );
}

/** @param {string} name @param {*} [given] */
function send(name, given = {}) {
  const { props, meta, revenue, callback, url, u, interactive } = given;
  const reason = ignored();
  if (reason) {
    if (options.logging) console.warn("plausible: ignored, " + reason);
    if (callback) callback();
    return;
  }
  const { customProperties: custom } = options;
  const own = typeof custom === "function" ? custom(name) : custom;
  const all = { ...own, ...meta, ...props };
  /** @type {*} */
  const body = {
    n: name,
    v: 1,
    u: url || u || location.href,
    d: options.domain,
    r: document.referrer || null,
  };
  if (Object.keys(all).length > 0) body.p = all;
  if (revenue) body.$ = revenue;
  if (interactive === false) body.i = false;
  if (options.hashBasedRouting) body.h = 1;
  if (name === "pageview") measure(body);
  post(body, callback);
}

// How long the page is seen, and how far.
let shownMs = 0;
let sinceMs = 0;
let depth = 0;
let sentMs = 0;
let sentDepth = 0;
/** @type {*} */
let viewed = null;

const isSeen = () => document.visibilityState === "visible" && document.hasFocus();

function measure(/** @type {*} */ body) {
  tell();
  viewed = body;
  shownMs = sentMs = 0;
  sinceMs = isSeen() ? Date.now() : 0;
  sentDepth = depth = 0;
  look();
}

function look() {
  const { scrollHeight } = document.documentElement;
  const bottom = page.scrollY + page.innerHeight;
  if (scrollHeight > 0) depth = Math.max(depth, Math.min(100, bottom * 100 / scrollHeight));
}

function tell() {
  if (sinceMs) shownMs += Date.now() - sinceMs;
  sinceMs = isSeen() ? Date.now() : 0;
  const percent = Math.round(depth);
  if (!viewed || (shownMs - sentMs < GROWN_MS && percent <= sentDepth)) return;
  const { u, d, p, h } = viewed;
  post({ n: "engagement", v: 1, u, d, p, h, sd: percent, e: Math.round(shownMs - sentMs) });
  sentMs = shownMs;
  sentDepth = percent;
}

/** @param {*} from @param {(element: *) => *} test */
function closest(from, test) {
  for (let element = from; element && element !== document; element = element.parentNode) {
    if (test(element)) return element;
  }
  return null;
}

/**
 * Name, properties and revenue in classes: `plausible-event-name=Sign+Up`,
 * `plausible-revenue-amount=9.90`.
 */
function tagged(/** @type {*} */ element) {
  /** @type {*} */
  const found = { event: {}, revenue: {} };
  for (const one of element.classList || []) {
    const [, kind, key, value] = /^plausible-(event|revenue)-(.+?)(?:=|--)(.+)$/.exec(one) || [];
    if (kind && key && value) found[kind][key] = value.replace(/\+/g, " ");
  }
  const { event: { name, ...props }, revenue } = found;
  if (!name) return null;
  return { name, props, revenue: revenue.amount && revenue.currency ? revenue : undefined };
}

function onClick(/** @type {*} */ event) {
  if (event.type === "auxclick" && event.button !== 1) return;
  const element = closest(event.target, tagged);
  const link = closest(event.target, (one) => /^a$/i.test(one.tagName || "") && one.href);
  if (element && tagsElements && !/^form$/i.test(element.tagName)) {
    const { name, props, revenue } = tagged(element) || {};
    const url = link?.href;
    return send(name, { props: url ? { url, ...props } : props, revenue });
  }
  if (!link) return;
  const { host, pathname } = new URL(link.href, location.href);
  const kind = pathname.split(".").pop() || "";
  const { fileDownloads } = options;
  const kinds = fileDownloads && (fileDownloads.fileExtensions || list(FILES));
  if (kinds && kinds.includes(kind)) {
    return send("File Download", { props: { url: link.href.replace(/[?#].*/, "") } });
  }
  if (options.outboundLinks && host && host !== location.host) {
    send("Outbound Link: Click", { props: { url: link.href } });
  }
}

function onSubmit(/** @type {*} */ { target }) {
  const found = tagsElements ? tagged(target) : null;
  if (found) return send(found.name, { props: found.props, revenue: found.revenue });
  if (options.formSubmissions) send("Form: Submission", { props: { path: location.pathname } });
}

let seen = "";
function view() {
  // Another search is the same page.
  const here = options.hashBasedRouting ? location.href : location.pathname;
  if (here === seen) return;
  seen = here;
  send("pageview");
}

function capture() {
  for (const change of ["pushState", "replaceState"]) {
    const original = history[change];
    history[change] = function () {
      original.apply(this, arguments);
      if (change === "pushState") view();
    };
  }
  page.addEventListener("popstate", view);
  page.addEventListener("hashchange", view);
  page.addEventListener("pageshow", (/** @type {*} */ { persisted }) => {
    if (persisted) send("pageview");
  });
  if (document.visibilityState !== "prerender" && !document.prerendering) return view();
  document.addEventListener("visibilitychange", view, { once: true });
}

let hasStarted = false;
function start(/** @type {*} */ given = {}) {
  if (hasStarted) return;
  hasStarted = true;
  Object.assign(options, given);
  if (extensions.size === 0 && given.fileDownloads === true) options.fileDownloads = {};
  for (const kind of ["click", "auxclick"]) document.addEventListener(kind, onClick, true);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("scroll", look, { passive: true, capture: true });
  document.addEventListener("visibilitychange", tell);
  for (const kind of ["blur", "focus", "pagehide"]) page.addEventListener(kind, tell);
  for (const [name, given] of stub.q || []) send(name, given);
  if (options.autoCapturePageviews) capture();
}

/** Takes the place of the page's stub; the new tag starts by init(), before this or after. */
function install() {
  /** @type {*} */
  const plausible = send;
  plausible.init = start;
  plausible.isLoaded = true;
  page.plausible = plausible;
  if (!isNew) start();
  else if (stub.o) start(stub.o);
}

if (!stub.isLoaded) install();

export {};
