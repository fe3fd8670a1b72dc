// Sends events.
/** @type {*} */
const page = self;
const { document, history, navigation, mallard: stub = {} } = page;
const tag = document.currentScript || document.querySelector("script[data-domain]") ||
  document.body;
const { src, dataset: { domain, api, hash, local, modules } } = tag;
let { user } = tag.dataset;
let { referrer } = document;
let seen = "";
const here = () => document.URL.replace(hash === undefined ? /#.*/ : "", "");

/** @type {*} */
const send = async (/** @type {*} */ ...[name, options]) => {
  const { props, revenue, currency, url, callback, interactive: i, en } = options || {};
  let result;
  try {
    const u = url || here();
    send.seen?.(name, u);
    const body = JSON.stringify({
      d: domain,
      n: name,
      u,
      r: referrer,
      w: screen.width,
      p: JSON.stringify(props),
      ra: revenue !== revenue || revenue,
      rc: currency,
      h: hash,
      l: local,
      i,
      en,
      id: user,
    });
    if (document.prerendering) {
      await new Promise((shown) => document.addEventListener("prerenderingchange", shown));
    }
    const { ok, status, headers } = await fetch(api || new URL("api/event", src), {
      method: "POST",
      body,
      keepalive: true,
      credentials: "omit",
    });
    result = { status };
    const lost = ok ? headers.get("x-mallard-notices") : status;
    if (lost && !stub.warned) console.warn("mallard", stub.warned = lost);
  } catch (error) {
    result = { error };
  }
  callback?.(result);
};

const view = (/** @type {*} */ { navigationType }) => {
  const last = seen;
  seen = here();
  // Part of the load.
  if (seen === last || /^rep/.test(navigationType) && !performance.timing.loadEventEnd) return;
  referrer = last || referrer;
  send("pageview");
};
function start() {
  for (const navigationType of ["pushState", "replaceState"]) {
    const change = history[navigationType];
    history[navigationType] = function () {
      change.apply(this, arguments);
      view({ navigationType });
    };
  }
  navigation?.addEventListener("currententrychange", view);
  addEventListener("popstate", view);
  addEventListener("pageshow", ({ persisted }) => persisted && send("pageview"));
  view({});
  for (const call of stub.q || []) send(...call);
  send.on = tag;
  send.identify = (/** @type {*} */ id) => user = id;
  page.mallard = send;
  if (modules) {
    const script = document.createElement("script");
    script.src = new URL("mallard_modules.js", src);
    document.head.append(script);
  }
}

if (!stub.on) start();

export {};
