// What the tracker loads where its tag asks for more than pageviews: data-modules="outbound
// downloads forms 404 tagged engagement vitals". Sends by the tracker's own function.
/** @type {*} */
const page = self;
const { document, location, mallard, performance } = page;
const { dataset } = mallard.on;
const words = (/** @type {string} */ text) => text.toLowerCase().split(/[\s,]+/);
const asked = words(dataset.modules);
const has = (/** @type {string} */ name) => asked.includes(name);

const files = words(
  dataset.files ||
    "7z avi csv dmg docx epub exe gz ics key midi mov mp3 mp4 mpeg msi ods odt pdf pkg pps " +
      "ppt pptx rar rtf txt wav wma wmv xls xlsx zip",
);
const GROWN_MS = 1000;

/** Name, properties and revenue in attributes or classes of an element; null where it has none. */
function eventOf(/** @type {*} */ { classList, attributes }) {
  /** @type {*} */
  const found = {};
  for (const one of classList) {
    const [, key, value] = /^mallard-event-(.+?)(?:=|--)(.+)$/.exec(one) || [];
    if (key && value) found[key] = value.replace(/\+/g, " ");
  }
  for (const { name, value } of attributes) {
    const [, key] = /^data-mallard-event(|-.+)$/.exec(name) || [];
    if (key !== undefined) found[key.slice(1) || "name"] = value;
  }
  const { name, revenue, currency, ...props } = found;
  return name && [name, { props, revenue, currency }];
}

function onClick(/** @type {*} */ { type, button, target }) {
  if (type === "auxclick" && button !== 1) return;
  for (let one = target; has("tagged") && one; one = one.parentElement) {
    const event = one.tagName !== "FORM" && eventOf(one);
    if (event) return mallard(...event);
  }
  const { protocol, host, pathname, href = "" } = target.closest("a[href], area[href]") || {};
  if (!/^http/.test(protocol)) return;
  if (has("downloads") && files.includes(pathname.split(".").pop().toLowerCase())) {
    mallard("File Download", { props: { url: href.replace(/[?#].*/, "") } });
  } else if (has("outbound") && host !== location.host) {
    mallard("Outbound Link: Click", { props: { url: href } });
  }
}

function onSubmit(/** @type {*} */ { target }) {
  const event = has("tagged") && eventOf(target);
  if (event) return mallard(...event);
  if (!has("forms")) return;
  const form = target.getAttribute("id") || target.getAttribute("name") || undefined;
  mallard("Form: Submission", { props: { path: location.pathname, form } });
}

// How long the page view is visible, and how far it is seen.
let url = dataset.hash === undefined ? document.URL.replace(/#.*/, "") : document.URL;
let shownMs = 0;
let sinceMs = NaN;
let depth = 0;
let sentDepth = 0;
/** @type {*} */
let vitals = {};

const isShown = () => document.visibilityState === "visible";

function look() {
  const seen = (page.scrollY + page.innerHeight) * 100 / document.documentElement.scrollHeight;
  if (isShown()) depth = Math.max(depth, Math.min(100, Math.round(seen)));
}

/** Sends what was measured where the page is left, for another or for good. */
function tell(isLeft = false) {
  const now = performance.now();
  look();
  if (sinceMs >= 0) shownMs += now - sinceMs;
  sinceMs = isShown() ? now : NaN;
  if (isShown() && !isLeft) return;
  for (const flush of flushes) flush();
  const en = vitals;
  if (has("engagement") && (shownMs >= GROWN_MS || depth > sentDepth)) {
    en.ms = Math.round(shownMs);
    en.depth = sentDepth = depth;
    shownMs = 0;
  }
  vitals = {};
  flushes.length = 0;
  for (const _ in en) return mallard("engagement", { url, en });
}

/** A pageview ends the one before. */
mallard.seen = (/** @type {string} */ name, /** @type {string} */ next) => {
  if (name !== "pageview") return;
  tell(true);
  url = next;
  shownMs = depth = sentDepth = 0;
  look();
};

/** @type {(() => void)[]} */
const flushes = [];

/**
 * Does nothing where the browser does not measure it.
 * @param {string} type @param {(entry: *) => void} take @param {*} [options]
 */
function watch(type, take, options) {
  if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
  observer.observe({ type, buffered: true, ...options });
  flushes.push(() => observer.takeRecords().forEach(take));
  return 0;
}

const [navigation = {}] = performance.getEntriesByType("navigation");

/** Web vitals of the load, told with the end of its page view. */
function measure() {
  const found = vitals;
  const since = (/** @type {number} */ time) =>
    Math.max(0, time - (navigation.activationStart || 0));
  found.ttfb = since(navigation.responseStart);
  // In a tab that is opened behind others nothing is painted until it is shown.
  if (isShown()) {
    watch("paint", ({ name, startTime }) => {
      if (/^first-c/.test(name)) found.fcp = since(startTime);
    });
    watch("largest-contentful-paint", ({ startTime }) => found.lcp = since(startTime));
  }
  let first = 0;
  let last = -1e9;
  let sum = 0;
  found.cls = watch("layout-shift", ({ hadRecentInput, startTime, value }) => {
    if (hadRecentInput) return;
    if (startTime - last > 1000 || startTime - first > 5000) {
      first = startTime;
      sum = 0;
    }
    last = startTime;
    sum += value;
    found.cls = Math.max(found.cls, sum);
  });
  /** @type {Record<string, number>} */
  const longest = {};
  const press = (/** @type {*} */ { interactionId, duration }) => {
    if (!interactionId) return;
    longest[interactionId] = Math.max(longest[interactionId] || 0, duration);
    // One in 50 may be slower.
    const all = Object.values(longest).sort((a, b) => b - a);
    found.inp = all[Math.floor(all.length / 50)];
  };
  watch("event", press, { durationThreshold: 16 });
  watch("first-input", press);
}

if (isShown()) sinceMs = performance.now();
look();
for (const kind of ["click", "auxclick"]) document.addEventListener(kind, onClick, true);
document.addEventListener("submit", onSubmit, true);
document.addEventListener("scroll", look, { passive: true, capture: true });
document.addEventListener("visibilitychange", () => tell());
page.addEventListener("pagehide", () => tell(true));
if (has("vitals")) measure();
if (has("404") && navigation.responseStatus === 404) {
  mallard("404", { props: { path: location.pathname }, interactive: false });
}

export {};
