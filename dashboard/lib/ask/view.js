// Reports that are asked for at the same moment travel as one request, whose answers arrive one by
// one. A page so asks once, and the server knows the order in which it is read.
import { addressOf, ApiError, ask, errorOf } from "./api.js";
import { Semaphore } from "./semaphore.js";

/** Most concurrent requests for reports of this page. More would delay all of them. */
const requests = new Semaphore(2);

const STATS = "api/stats/";
/** Reports of one request, as many as the server takes. */
const PARTS_MAX = 16;
/** Proxies refuse longer addresses. */
const ADDRESS_CHARS_MAX = 6000;

/**
 * A report that was asked for.
 * @typedef {object} Asked
 * @property {string} path
 * @property {AbortSignal} signal
 * @property {boolean} first
 * @property {boolean} last
 * @property {(answer: unknown) => void} resolve
 * @property {(error: unknown) => void} reject
 */

/**
 * What arrives of a report: what its own address would have answered.
 * @typedef {object} Line
 * @property {number} part
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {unknown} body
 */

/** @type {Asked[]} */
let waiting = [];

/** So long what is asked for last waits for others, that both travel together. */
const LAST_MS_MAX = 100;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let held;

/**
 * What was asked for before the page was drawn, by its path.
 * @type {Map<string, Promise<unknown>>}
 */
const early = new Map();
/** So long an early answer is given to a panel that is drawn later. */
const EARLY_MS = 10_000;
/** So long at most the others wait until an early answer is drawn. */
const DRAWN_MS_MAX = 1000;
/** @type {Promise<unknown>} */
let drawn = Promise.resolve();

/**
 * Asks for a report that a panel will ask for as soon as it is drawn: that one gets the answer,
 * unless it was refused or is old by then.
 * @param {string} path
 */
export function askEarly(path) {
  const answer = requests.run(() => ask(path));
  const forget = () => early.get(path) === answer && early.delete(path);
  early.set(path, answer);
  answer.then(() => setTimeout(forget, EARLY_MS), forget);
}

/**
 * When an answer has been drawn: what is asked for beside that delays it, where browser and server
 * share processors.
 * @param {Promise<unknown>} answer
 */
function drawing(answer) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DRAWN_MS_MAX);
    const end = () => {
      clearTimeout(timer);
      setTimeout(resolve);
    };
    answer.then(() => requestAnimationFrame(end), end);
  });
}

/**
 * Resolves when what was asked for early is drawn; at once where nothing was. What is drawn at this
 * moment has asked by then.
 */
export async function whenDrawn() {
  await undefined;
  await drawn;
}

/**
 * Asks for a report. Resolves and rejects as `ask` does; `first` puts it before the
 * others, `last` behind them.
 * @param {string} path
 * @param {{ signal: AbortSignal, first?: boolean, last?: boolean }} options
 * @returns {Promise<unknown>}
 */
export function askReport(path, { signal, first = false, last = false }) {
  const asked = early.get(path);
  early.delete(path);
  return new Promise((resolve, reject) => {
    if (asked) {
      asked.then(resolve, reject);
      drawn = drawing(asked);
    } else {
      if (waiting.length === 0 || held !== undefined) void whenDrawn().then(sendAll);
      waiting.push({ path, signal, first, last, resolve, reject });
    }
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Sends what waits; what is asked for last waits a moment for others. */
function sendAll() {
  clearTimeout(held);
  if (waiting.every(({ last }) => last)) held = setTimeout(send, LAST_MS_MAX);
  else send();
}

function send() {
  held = undefined;
  const asked = waiting.filter(({ signal }) => !signal.aborted);
  waiting = [];
  for (const group of groupsOf(asked)) {
    const path = group.length > 1 ? viewPath(group.map((one) => one.path)) : "";
    if (path !== "" && path.length <= ADDRESS_CHARS_MAX) void askTogether(path, group);
    else for (const one of group) void askAlone(one);
  }
}

/**
 * Reports of one site each, in their order.
 * @param {readonly Asked[]} asked
 * @returns {Asked[][]}
 */
function groupsOf(asked) {
  /** @type {Map<string, Asked[]>} */
  const groups = new Map();
  const placeOf = (/** @type {Asked} */ { first, last }) => first ? -1 : last ? 1 : 0;
  for (const one of asked.toSorted((a, b) => placeOf(a) - placeOf(b))) {
    const site = paramsOf(one.path).get("site_id") ?? "";
    groups.set(site, [...groups.get(site) ?? [], one]);
  }
  return [...groups.values()].flatMap((all) =>
    Array.from(
      { length: Math.ceil(all.length / PARTS_MAX) },
      (_, index) => all.slice(index * PARTS_MAX, (index + 1) * PARTS_MAX),
    )
  );
}

/** @param {string} path */
const paramsOf = (path) => new URLSearchParams(path.split("?")[1] ?? "");

/**
 * The address of some reports together: parameters that all have stand there once.
 * @param {readonly string[]} paths
 * @returns {string}
 */
export function viewPath(paths) {
  const all = paths.map(paramsOf);
  const [first = new URLSearchParams()] = all;
  const shared = new URLSearchParams(
    [...first].filter(([name, value]) => all.every((params) => params.get(name) === value)),
  );
  const parts = paths.map((path, index) => {
    const own = [...all[index] ?? []].filter(([name]) => !shared.has(name));
    return [path.slice(STATS.length).split("?")[0], Object.fromEntries(own)];
  });
  shared.set("parts", JSON.stringify(parts));
  return `${STATS}view?${shared}`;
}

/** @param {Asked} asked */
async function askAlone({ path, signal, last, resolve, reject }) {
  await requests.run(() => ask(path, { signal }), { signal, last }).then(resolve, reject);
}

/**
 * @param {string} path
 * @param {readonly Asked[]} asked
 */
async function askTogether(path, asked) {
  const abort = new AbortController();
  for (const { signal } of asked) {
    signal.addEventListener("abort", () => {
      if (asked.every((one) => one.signal.aborted)) abort.abort(signal.reason);
    });
  }
  const { signal } = abort;
  try {
    await requests.run(() => readLines(path, signal, (line) => give(asked, line)), { signal });
    throw new ApiError(0, "The answer is incomplete");
  } catch (error) {
    // Of no effect where an answer has arrived.
    for (const { reject } of asked) reject(error);
  }
}

/**
 * @param {readonly Asked[]} asked
 * @param {Line} line
 */
function give(asked, { part, status, headers, body }) {
  const one = asked[part];
  if (status < 400) one?.resolve(body);
  else one?.reject(errorOf(status, body, headers["retry-after"] ?? null));
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {(line: Line) => void} take
 */
async function readLines(path, signal, take) {
  const response = await fetch(addressOf(path), { signal, credentials: "same-origin" })
    .catch(unreached);
  if (!response.ok || !response.body) {
    const body = await response.json().catch(() => null);
    throw errorOf(response.status, body, response.headers.get("retry-after"));
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch(unreached);
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line));
    if (done) return;
  }
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function unreached(error) {
  if (error instanceof DOMException && error.name === "AbortError") throw error;
  throw new ApiError(0, String(error instanceof Error ? error.message : error));
}
