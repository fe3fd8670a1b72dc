// `deno task bench:attacks`: what a stranger's attack costs the owner. The owner's headline numbers
// are asked one after the other, first in peace and then during each attack, over a public site of
// its own server. It makes no assertion.
import { parseArgs } from "node:util";
import { dateAgo, pause, USER_AGENT } from "../crash/workloads.ts";
import { fromSource, ServerProcess } from "../server_process.ts";

const HELP = `deno task bench:attacks [options]: the owner's headline during attacks

  --secs N     seconds of each attack (10)
  --events N   events of the public site (200000)
  --only TEXT  only attacks whose name contains the text`;

const SITE = "public.example";
const PASSWORD = "a long enough password";
const DAYS = 30;
const IMPORT_EVENTS = 5_000;

interface Target {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly range: string;
}

/** An attack goes on until its signal aborts; it returns what it got done, in words. */
type Attack = (target: Target, signal: AbortSignal) => Promise<string>;

/** Attacks by name. Each stranger has the address that a named proxy reports. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  "none": async (_target, signal) => {
    await aborted(signal);
    return "";
  },
  "2,000 idle connections": idleConnections,
  "20 patterns a question": (target, signal) =>
    flood(signal, 6, (turn) => ask(target, address(turn), `matches(page,${patterns(turn)})`)),
  "other filter each time": (target, signal) =>
    flood(signal, 16, (turn) => ask(target, address(turn), `contains(page,${turn})`)),
  "the same large answer again": (target, signal) =>
    flood(signal, 16, (turn) => largeAnswer(target, address(turn))),
  "20 steps with patterns": (target, signal) =>
    flood(signal, 6, (turn) => funnel(target, address(turn), starredSteps(turn))),
  "1,000 live streams": liveStreams,
  "invented sites": (target, signal) =>
    flood(signal, 32, (turn) => invent(target, "203.0.113.9", turn)),
  "invented sites from rotated addresses": (target, signal) =>
    flood(signal, 32, (turn) => invent(target, address(turn), turn)),
  "password guesses from rotated addresses": (target, signal) =>
    flood(signal, 64, (turn) => guess(target, address(turn))),
};

function patterns(turn: number): string {
  return Array.from({ length: 20 }, (_, index) => `a${turn}x${index}.*c+`).join(",");
}

function address(turn: number): string {
  return `198.${18 + (turn >> 16) % 2}.${(turn >> 8) % 256}.${turn % 256}`;
}

/** Repeats a request in lanes; counts the answers by status. */
async function flood(
  signal: AbortSignal,
  lanes: number,
  request: (turn: number) => Promise<Response>,
): Promise<string> {
  const counts = new Map<number, number>();
  let turn = 0;
  const lane = async () => {
    while (!signal.aborted) {
      const response = await request(++turn).catch(() => null);
      await response?.arrayBuffer().catch(() => null);
      const status = response?.status ?? 0;
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (response === null) await pause(20);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return [...counts].map(([status, count]) => `${count} × ${status || "no answer"}`).join(", ");
}

function ask(target: Target, from: string, filter: string): Promise<Response> {
  const filters = encodeURIComponent(filter);
  return fetch(`${target.url}/api/stats/main?site_id=${SITE}&${target.range}&filters=${filters}`, {
    headers: { "x-forwarded-for": from },
  });
}

function send(target: Target, from: string, site: string, url: string): Promise<Response> {
  return fetch(`${target.url}/api/event`, {
    method: "POST",
    headers: { "x-forwarded-for": from, "user-agent": USER_AGENT, "content-type": "text/plain" },
    body: JSON.stringify({ d: site, n: "pageview", u: url }),
  });
}

function funnel(target: Target, from: string, steps: string): Promise<Response> {
  const asked = `site_id=${SITE}&${target.range}&steps=${encodeURIComponent(steps)}`;
  return fetch(`${target.url}/api/stats/funnel?${asked}`, { headers: { "x-forwarded-for": from } });
}

/** All pages of each day: it comes from the cache where there is one. */
function largeAnswer(target: Target, from: string): Promise<Response> {
  const asked = `site_id=${SITE}&${target.range}&metrics=visitors,visits,pageviews,events`;
  return fetch(`${target.url}/api/stats/query?${asked}&dimensions=time:day,page&limit=1000`, {
    headers: { "x-forwarded-for": from },
  });
}

/** Steps whose patterns are together just below the limit. */
function starredSteps(turn: number): string {
  return Array.from({ length: 20 }, (_, index) => `page:/${turn}x${index}${"*a".repeat(20)}`)
    .join();
}

function invent(target: Target, from: string, turn: number): Promise<Response> {
  const site = `invented-${from}-${turn}.example`.replaceAll(":", "-");
  return send(target, from, site, `https://${site}/`);
}

function guess(target: Target, from: string): Promise<Response> {
  return fetch(`${target.url}/api/auth/login`, {
    method: "POST",
    headers: {
      "x-forwarded-for": from,
      "content-type": "application/json",
      "origin": target.url,
    },
    body: JSON.stringify({ password: `wrong ${from}` }),
  });
}

async function idleConnections(target: Target, signal: AbortSignal): Promise<string> {
  const open: Deno.TcpConn[] = [];
  let refused = 0;
  for (let count = 0; count < 2_000 && !signal.aborted; count++) {
    const connection = await Deno.connect({ hostname: target.host, port: target.port })
      .catch(() => null);
    if (connection) open.push(connection);
    else refused++;
  }
  await aborted(signal);
  for (const connection of open) connection.close();
  return `${open.length} opened, ${refused} refused`;
}

async function liveStreams(target: Target, signal: AbortSignal): Promise<string> {
  let opened = 0;
  let refused = 0;
  const streams = Array.from({ length: 1_000 }, async (_, turn) => {
    const filters = encodeURIComponent(`contains(page,${turn})`);
    try {
      const url = `${target.url}/api/stats/live?site_id=${SITE}&filters=${filters}`;
      const headers = { "x-forwarded-for": address(turn) };
      const response = await fetch(url, { headers, signal });
      if (response.ok) opened++;
      else refused++;
      await response.arrayBuffer();
    } catch {
      // The end of the attack closes it.
    }
  });
  await Promise.all(streams);
  return `${opened} opened, ${refused} refused`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

/** A server with a password and a public site with so many events; the headers of its owner. */
async function startTarget(home: string, events: number) {
  const server = await ServerProcess.start(fromSource(), {
    dataDir: home,
    env: {
      MALLARD_ADMIN_PASSWORD: PASSWORD,
      MALLARD_CACHE_TTL: "0",
      MALLARD_TRUSTED_PROXIES: "127.0.0.1",
    },
  }).ready();
  const login = await fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ password: PASSWORD }),
  });
  await login.arrayBuffer();
  const cookie = login.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
  const owner = { cookie, "origin": server.url, "x-forwarded-for": "192.0.2.1" };
  for (let done = 0; done < events; done += IMPORT_EVENTS) {
    await expectOk(`${server.url}/api/import`, {
      method: "POST",
      headers: { ...owner, "content-type": "application/x-ndjson" },
      body: importBody(done),
    });
  }
  await expectOk(`${server.url}/api/sites/${SITE}`, {
    method: "PATCH",
    headers: { ...owner, "content-type": "application/json" },
    body: JSON.stringify({ public: true }),
  });
  return { server, owner };
}

function importBody(from: number): string {
  return Array.from({ length: IMPORT_EVENTS }, (_, index) => {
    const number = from + index;
    return JSON.stringify({
      d: SITE,
      n: "pageview",
      u: `https://${SITE}/${number % 97}`,
      at: `${dateAgo(1 + number % (DAYS - 1))}T12:00:00Z`,
      ua: USER_AGENT,
      ip: `198.51.${number % 199}.${number % 251}`,
    });
  }).join("\n");
}

async function expectOk(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${init.method} ${url} was answered ${response.status}: ${text}`);
  }
}

/** Milliseconds of each headline that the owner asks for until the time is over. */
async function headlines(target: Target, owner: HeadersInit, secs: number) {
  const times: number[] = [];
  let failed = 0;
  for (const from = performance.now(); performance.now() - from < secs * 1000;) {
    const start = performance.now();
    const response = await fetch(
      `${target.url}/api/stats/main?site_id=${SITE}&${target.range}`,
      { headers: owner },
    ).catch(() => null);
    await response?.arrayBuffer().catch(() => null);
    if (response?.ok) times.push(performance.now() - start);
    else failed++;
    await pause(100);
  }
  return { times: times.toSorted((a, b) => a - b), failed };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      secs: { type: "string", default: "10" },
      events: { type: "string", default: "200000" },
      only: { type: "string", default: "" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const home = await Deno.makeTempDir({ prefix: "mallard_attacks_" });
  const { server, owner } = await startTarget(home, Number(values.events));
  const { hostname: host, port } = new URL(server.url);
  const range = `start_date=${dateAgo(DAYS)}&end_date=${dateAgo(-1)}`;
  const target = { url: server.url, host, port: Number(port), range };
  console.log("Owner's headline:   p50 ms   max ms  failed | attack, and what it got");
  for (const [name, attack] of Object.entries(ATTACKS)) {
    if (!name.includes(values.only) && name !== "none") continue;
    const end = new AbortController();
    const attacking = attack(target, end.signal);
    await pause(1_000);
    const { times, failed } = await headlines(target, owner, Number(values.secs));
    end.abort();
    const done = await attacking;
    const middle = times[Math.floor(times.length / 2)] ?? NaN;
    const cells = [middle, times.at(-1) ?? NaN].map((ms) => ms.toFixed(0).padStart(8)).join(" ");
    console.log(`${" ".repeat(17)} ${cells} ${String(failed).padStart(7)} | ${name}: ${done}`);
    await pause(1_000);
  }
  await server.stop();
  await Deno.remove(home, { recursive: true });
}
