// Serves pages that carry Umami's script tag: the same attributes, elements and global object, sent
// to this server.
/** @type {*} */
const page = self;
const { document, location, history, screen, navigator } = page;
/** @type {*} */
const tag = document.currentScript || document.querySelector("script[data-website-id]") || {};
const { dataset = {}, src = location.href } = tag;
const website = dataset.websiteId;
const base = dataset.hostUrl ? dataset.hostUrl.replace(/\/$/, "") + "/" : src;
const endpoint = String(new URL("api/send", base));
const domains = (dataset.domains || "").split(",").map((/** @type {string} */ one) => one.trim())
  .filter(Boolean);

let cache = "";
let referrer = document.referrer;
let url = here();
/** @type {*} */
let identity;

function here() {
  const now = new URL(location.href);
  if (dataset.excludeSearch === "true") now.search = "";
  if (dataset.excludeHash === "true") now.hash = "";
  return String(now);
}

function isSilent() {
  try {
    if (page.localStorage.getItem("umami.disabled")) return true;
  } catch {
    // Storage is closed to this page.
  }
  if (domains.length > 0 && !domains.includes(location.hostname)) return true;
  const wish = navigator.doNotTrack || page.doNotTrack;
  return dataset.doNotTrack === "true" && (wish === "1" || wish === 1 || wish === "yes");
}

function pagePayload() {
  /** @type {*} */
  const payload = { website, url, referrer, tag: dataset.tag, id: identity };
  payload.hostname = location.hostname;
  payload.screen = `${screen.width}x${screen.height}`;
  payload.language = navigator.language;
  payload.title = document.title;
  return payload;
}

/** @param {*} payload @param {string} [type] */
async function send(payload, type = "event") {
  if (isSilent()) return;
  const before = dataset.beforeSend && page[dataset.beforeSend];
  const sent = typeof before === "function" ? await before(type, payload) : payload;
  if (!sent) return;
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      keepalive: true,
      body: JSON.stringify({ type, payload: sent }),
      headers: { "Content-Type": "application/json", ...(cache && { "x-umami-cache": cache }) },
      credentials: dataset.fetchCredentials || "omit",
    });
    const answer = await response.json();
    if (answer && answer.cache) cache = answer.cache;
    return answer;
  } catch {
    // A page goes on where it cannot be counted.
  }
}

/** @param {*} [what] @param {*} [data] */
function track(what, data) {
  if (typeof what === "string") return send({ ...pagePayload(), name: what, data });
  if (typeof what === "function") return send(what(pagePayload()));
  if (typeof what === "object" && what) return send({ ...what });
  return send(pagePayload());
}

/** @param {*} id @param {*} [data] */
function identify(id, data) {
  if (typeof id === "string") identity = id;
  cache = "";
  return send({ ...pagePayload(), data: typeof id === "object" ? id : data }, "identify");
}

function onClick(/** @type {*} */ event) {
  const element = event.target?.closest?.("[data-umami-event]");
  if (!element) return;
  /** @type {*} */
  const data = {};
  for (const { name, value } of element.attributes) {
    const [, key] = /^data-umami-event-(.+)$/.exec(name) || [];
    if (key) data[key] = value;
  }
  const isEmpty = Object.keys(data).length === 0;
  track(element.getAttribute("data-umami-event"), isEmpty ? undefined : data);
}

/** The title of a new page often comes a moment after its address. */
const TITLE_MS = 300;

function view() {
  const last = url;
  url = here();
  if (url === last) return;
  referrer = last;
  const now = { url, referrer };
  setTimeout(() => send({ ...pagePayload(), ...now }), TITLE_MS);
}

/** Web vitals, sent when the page is hidden. */
function measure() {
  /** @type {*} */
  const found = {};
  /** @param {string} type @param {(entry: *) => void} take @param {*} [options] */
  const watch = (type, take, options) => {
    try {
      const observer = new PerformanceObserver((entries) => entries.getEntries().forEach(take));
      observer.observe({ type, buffered: true, ...options });
    } catch {
      // The browser does not measure it.
    }
  };
  watch("navigation", ({ responseStart }) => found.ttfb = responseStart);
  watch("paint", ({ name, startTime }) => {
    if (name === "first-contentful-paint") found.fcp = startTime;
  });
  watch("largest-contentful-paint", ({ startTime }) => found.lcp = startTime);
  watch("layout-shift", ({ hadRecentInput, value }) => {
    if (!hadRecentInput) found.cls = (found.cls || 0) + value;
  });
  watch("event", ({ interactionId, duration }) => {
    if (interactionId) found.inp = Math.max(found.inp || 0, duration);
  }, { durationThreshold: 40 });
  let isSent = false;
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || isSent) return;
    isSent = true;
    send({ ...pagePayload(), ...found }, "performance");
  });
}

function start() {
  page.umami = { track, identify };
  if (dataset.autoTrack === "false") return;
  for (const change of ["pushState", "replaceState"]) {
    const original = history[change];
    history[change] = function () {
      original.apply(this, arguments);
      view();
    };
  }
  document.addEventListener("click", onClick, true);
  if (dataset.performance === "true") measure();
  if (document.readyState === "complete") track();
  else page.addEventListener("load", () => track(), { once: true });
}

if (website && !page.umami) start();

export {};
