// mallard-tracker: counts pageviews and events on a Mallard Metrics server from code that is bundled
// or imported. `run` below is the server's own script, put there by `deno task packages`; it is given
// a window and a document of its own, so that nothing global is set.

/** Calls before init(), at most. */
const QUEUE_MAX = 100;

/** @type {*[]} */
let waiting = [];
/** @type {*} */
let send = null;

/**
 * Starts counting: this pageview, later ones of a page that changes its address by itself, and what
 * was tracked before. Does nothing where there is no document, and the second time.
 * @param {import("./index.d.ts").Options} options
 */
export function init({ domain, endpoint, hash = false, local = false }) {
  if (send !== null || typeof document === "undefined") return;
  const base = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
  const dataset = { domain, ...hash && { hash: "" }, ...local && { local: "" } };
  const calls = waiting;
  waiting = [];
  const inner = { mallard: { q: calls } };
  const own = facade(document, { currentScript: { src: `${base}mallard.js`, dataset } });
  run(facade(globalThis, { document: own }, inner));
  send = inner.mallard;
}

/**
 * Counts an event. Resolves with what became of it; never rejects.
 * @param {string} name
 * @param {import("./index.d.ts").EventOptions} [options]
 * @returns {Promise<import("./index.d.ts").Result>}
 */
export function track(name, options = {}) {
  return new Promise((resolve) => {
    const callback = (/** @type {*} */ result) => {
      options.callback?.(result);
      resolve(result);
    };
    const call = [name, { ...options, callback }];
    if (send !== null) send(...call);
    else if (typeof document === "undefined") {
      callback({ error: new Error("there is no document") });
    } else if (waiting.length < QUEUE_MAX) waiting.push(call);
    else callback({ error: new Error("too many events before init()") });
  });
}

/**
 * Counts a pageview, beside those that are counted by themselves.
 * @param {import("./index.d.ts").EventOptions} [options]
 */
export function trackPageview(options) {
  return track("pageview", options);
}

/**
 * An object with values of its own; every other is that of `real`, and what is set stays inside.
 * @param {*} real
 * @param {Record<string, unknown>} own
 * @param {Record<string, unknown>} [written]
 */
function facade(real, own, written = {}) {
  return new Proxy(written, {
    get(_, name) {
      if (Object.hasOwn(written, name)) return written[/** @type {string} */ (name)];
      if (Object.hasOwn(own, name)) return own[/** @type {string} */ (name)];
      const value = Reflect.get(real, name);
      const isMethod = typeof value === "function" && !value.prototype;
      return isMethod ? value.bind(real) : value;
    },
  });
}

/** @param {*} self */
function run(self) {
  // The script goes here.
  void self;
}
