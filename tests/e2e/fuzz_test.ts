// Mutated requests over all routes, the same for the same seed: whatever comes in, the server
// answers, in time, without a failure of its own, and puts nothing of it into a page.
import { ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../support/running_app.ts";
import { fakeSystem } from "../support/fake_system.ts";
import type { Files } from "../../src/core/types.ts";

const REQUESTS = Number(Deno.env.get("MALLARD_TEST_FUZZ") ?? 10_000);
const SEED = Number(Deno.env.get("MALLARD_TEST_FUZZ_SEED") ?? 20240115);
const WAIT_MS_MAX = 20_000;
const GROWTH_BYTES_MAX = 300 * 1024 * 1024;
const PASSWORD = "correct horse battery";
const MARK = `<script>alert("mark")</script>`;

/** Seeded choices. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0, below `sides`. */
  below(sides: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(this.#state / 2 ** 32 * sides);
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Parameters that every statistic takes, and those of one alone. */
const COMMON = ["site_id", "period", "filters", "timezone"];
const OWN: Readonly<Record<string, readonly string[]>> = {
  main: ["start_date", "end_date", "metrics"],
  timeseries: ["start_date", "end_date", "interval"],
  export: ["format"],
  funnel: ["steps", "window"],
  retention: ["weeks", "detail"],
  sequences: ["steps"],
  flow: ["page"],
};

/** Kinds of requests: method, path, the parameters and the body that fit it. */
const KINDS: readonly (readonly [string, string, readonly string[], number?])[] = [
  ["GET", "/", []],
  ["GET", "/mallard.js", []],
  ["GET", "/health/detailed", []],
  ["GET", "/metrics", []],
  ["GET", "/privacy", []],
  ["GET", "/.well-known/security.txt", []],
  ["GET", "/assets/0/app.js", []],
  ["GET", "/nowhere", []],
  ["POST", "/api/event", [], 0],
  ["POST", "/api/event", [], 0],
  ["POST", "/api/event", [], 1],
  ["GET", "/api/event", ["d", "n", "u", "r", "w", "p"]],
  ["OPTIONS", "/api/event", []],
  ["POST", "/api/import", [], 6],
  ["GET", "/api/sites", []],
  ["GET", "/api/auth/status", []],
  ["POST", "/api/auth/setup", [], 2],
  ["POST", "/api/auth/login", [], 3],
  ["POST", "/api/auth/logout", []],
  ["GET", "/api/keys", []],
  ["POST", "/api/keys", [], 4],
  ["DELETE", "/api/keys/0000", []],
  ["DELETE", "/api/gdpr/erase", ["site_id", "start_date", "end_date", "dry_run"]],
  ["GET", "/api/gdpr/erasures", []],
  ...["main", "timeseries", "sessions", "export", "funnel", "retention", "sequences", "flow"].map(
    (
      name,
    ): [string, string, string[]] => ["GET", `/api/stats/${name}`, [...COMMON, ...OWN[name] ?? []]],
  ),
  ...["pages", "sources", "browsers", "os", "devices", "countries"].map(
    (
      name,
    ): [string, string, string[]] => ["GET", `/api/stats/breakdown/${name}`, [...COMMON, "limit"]],
  ),
  ["POST", "/api/v2/query", [], 5],
  ["GET", "/api/schema", []],
];

const METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "MOVE"];

const HOSTILE = [
  "",
  MARK,
  "' or 1=1 --",
  '"; drop table events; --',
  "${x}",
  "{{7*7}}",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "/dev/null",
  "file:///etc/passwd",
  "http://[::1",
  "javascript:alert(1)",
  "\u0000",
  "\u202e\ufeff\ud800",
  "é́́́",
  "%",
  "%zz",
  "%00",
  "%ff%fe",
  "*?[a]",
  "-1",
  "0",
  "1e309",
  "9".repeat(40),
  "NaN",
  "null",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(3000),
  "a,b|c;d:e&f=g",
  "\r\nset-cookie: mm_session=mark",
  "0000-00-00",
  "9999-12-31",
  "2024-02-30",
  "(".repeat(200),
  "[".repeat(200),
  "\\".repeat(50),
] as const;

const PARAMS: Readonly<Record<string, readonly string[]>> = {
  site_id: ["example.com", "example.com", "other.example", "none.example"],
  period: ["day", "today", "7d", "30d", "90d", "12mo", "all", "realtime"],
  start_date: ["2024-01-01", "2024-01-15", "2023-12-01"],
  end_date: ["2024-01-16", "2024-02-01", "2024-01-01"],
  limit: ["1", "10", "1000", "1001"],
  steps: ["page:/,event:signup", "page:/a,page:/b", "event:a", "page:,event:"],
  window: ["1 day", "1 second", "366 days", "367 days", "1 fortnight"],
  weeks: ["1", "4", "52", "53"],
  page: ["/", "/a"],
  format: ["csv", "json", "xml"],
  filters: [
    "",
    "is(page,/)",
    "or(is(browser,Chrome),contains~(page,%_));is_not(country,DE)",
    "not(has_done(is(name,signup)))",
    "matches(page,^/a+$)",
    "matches(page,(a+)+$)",
    "is(props:__proto__,x)",
    "and(".repeat(20),
  ],
  interval: ["hour", "day", "month"],
  timezone: ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Mars/Olympus"],
  metrics: ["visitors", "visitors,pageviews"],
  dry_run: ["true", "false", "1"],
  d: ["example.com", "other.example"],
  n: ["pageview", "signup"],
  u: ["https://example.com/a?utm_source=x", "/a", "https://example.com:99999/"],
  r: ["https://www.google.com/", "android-app://com.x"],
  w: ["320", "1920"],
  p: ['{"a":1}', "{", '{"__proto__":{"x":1}}'],
  detail: ["true"],
};

const BODIES: readonly Readonly<Record<string, unknown>>[] = [
  { d: "example.com", n: "pageview", u: "https://example.com/", r: "", w: 1280, p: '{"a":"b"}' },
  { d: "example.com", n: "buy", u: "/", ra: 12.34, rc: "EUR", p: { a: 1 } },
  { password: "correct horse" },
  { password: "wrong horse", token: "00" },
  { name: "key", scope: "ReadOnly" },
  {
    site_id: "example.com",
    metrics: ["visitors"],
    date_range: "7d",
    filters: [["is", "event:page", ["/"]]],
  },
  {
    d: "example.com",
    n: "pageview",
    u: "/",
    at: "2024-01-10T10:00:00Z",
    ip: "203.0.113.9",
    ua: "x",
  },
];

/** One request. */
interface Shot {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: BodyInit | undefined;
  readonly peer: string;
}

function shoot(dice: Dice, secrets: readonly Record<string, string>[]): Shot {
  const [usual, path, params, body] = dice.of(KINDS);
  const method = dice.chance(12) ? dice.of(METHODS) : usual;
  const hasBody = !["GET", "HEAD"].includes(method) && (body !== undefined || dice.chance(10));
  return {
    path: `${pathOf(dice, path)}${queryOf(dice, params)}`,
    method,
    headers: {
      "content-type": path === "/api/import" ? "application/x-ndjson" : "application/json",
      ...headersOf(dice, secrets),
    },
    body: hasBody ? bodyOf(dice, BODIES[body ?? 0] ?? {}) : undefined,
    peer: dice.of(["127.0.0.1", "198.51.100.7", "10.0.0.1", "::1", "2001:db8::1", "", "nonsense"]),
  };
}

function pathOf(dice: Dice, path: string): string {
  if (!dice.chance(12)) return path;
  const hostile = encoded(dice, dice.of(HOSTILE));
  return dice.of([
    () => `${path}/${hostile}`,
    () => `${path}${hostile}`,
    () => path.replace(/[^/]*$/, hostile),
    () => `//${path}`,
    () => `${path}/../../${hostile}`,
    () => path.toUpperCase(),
    () => path.split("").map((char) => dice.chance(5) ? `%${hexOf(char)}` : char).join(""),
  ])();
}

function queryOf(dice: Dice, params: readonly string[]): string {
  const names = dice.chance(8) ? [...params, dice.of(Object.keys(PARAMS))] : params;
  const parts: string[] = [];
  for (const name of names) {
    if (name !== "site_id" && dice.chance(3) || dice.chance(30)) continue;
    const value = dice.chance(8) ? dice.of(HOSTILE) : dice.of(PARAMS[name] ?? HOSTILE);
    const key = dice.chance(60) ? encoded(dice, dice.of(HOSTILE)) : name;
    parts.push(`${key}=${encoded(dice, value)}`);
    if (dice.chance(40)) parts.push(`${name}=${encoded(dice, dice.of(HOSTILE))}`);
  }
  return parts.length === 0 ? "" : `?${parts.join(dice.chance(40) ? ";" : "&")}`;
}

function headersOf(
  dice: Dice,
  secrets: readonly Record<string, string>[],
): Record<string, string> {
  const headers: Record<string, string> = { ...(dice.chance(6) ? {} : dice.of(secrets)) };
  const hostile = () => dice.of(HOSTILE).replace(/[^\x20-\x7e]/g, "").trim();
  const put = (name: string, ...values: string[]) => {
    if (dice.chance(8)) headers[name] = dice.chance(3) ? hostile() : dice.of(values);
  };
  put("content-type", "application/json", "text/plain", "application/x-ndjson", "a/b; c");
  put("origin", "http://localhost:8000", "https://evil.example", "null");
  put("referer", "http://localhost:8000/x", "https://evil.example/");
  put("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0", "Googlebot/2.1", "");
  put("x-forwarded-for", "203.0.113.9", "1.2.3.4, 10.0.0.1", "::1", ",,,", "127.0.0.1");
  put("x-real-ip", "203.0.113.9");
  put("host", "localhost:8000", "stats.example.com", "evil.example", "[::1]");
  put("accept-encoding", "gzip", "br", "*;q=0");
  put("if-none-match", "*", 'W/"x"');
  put("content-length", "0", "999999999", "-1");
  put("access-control-request-method", "DELETE");
  put("sec-gpc", "1");
  if (dice.chance(20)) headers["authorization"] = `Bearer ${hostile()}`;
  if (dice.chance(20)) headers["cookie"] = `mm_session=${hostile()}; mm_session`;
  return headers;
}

function bodyOf(dice: Dice, usual: Readonly<Record<string, unknown>>): BodyInit {
  if (dice.chance(2)) return JSON.stringify(usual);
  const value: Record<string, unknown> = { ...(dice.chance(10) ? dice.of(BODIES) : usual) };
  for (const name of Object.keys(value)) {
    if (dice.chance(5)) {
      value[name] = dice.of<unknown>([dice.of(HOSTILE), null, [], {}, 1e300, -0.5, true, [MARK]]);
    }
    if (dice.chance(20)) delete value[name];
  }
  const text = JSON.stringify(value);
  return dice.of<() => BodyInit>([
    () => text,
    () => text,
    () => text,
    () => text,
    () => text.slice(0, dice.below(text.length)),
    () => `${text}\n${text}`,
    () => dice.of(HOSTILE),
    () => "[".repeat(50_000),
    () => `{"a":`.repeat(5000),
    () => Uint8Array.from({ length: 200 }, () => dice.below(256)),
    () => " ".repeat(dice.of([1, 65_535, 65_537, 300_000])),
    () => `{"d":"${"x".repeat(70_000)}"}`,
  ])();
}

function encoded(dice: Dice, text: string): string {
  return dice.chance(8)
    ? text.replace(/[^\x21-\x7e]/g, "")
    : encodeURIComponent(text.toWellFormed());
}

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, "0");
}

/** Files that remember every path they were asked for. */
function watched(files: Files, paths: Set<string>): Files {
  return new Proxy(files, {
    get: (target, name) => {
      const method = target[name as keyof Files] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        paths.add(String(args[0]));
        if (name === "rename") paths.add(String(args[1]));
        return method.apply(target, args);
      };
    },
  });
}

/** Sends it and looks at the answer; tells whether it could be sent. */
async function judge(app: RunningApp, shot: Shot): Promise<boolean> {
  let request: Request;
  try {
    request = new Request(`http://localhost:8000${shot.path}`, {
      method: shot.method,
      headers: shot.headers,
      ...(shot.body === undefined ? {} : { body: shot.body }),
    });
  } catch {
    return false; // Nothing that could be sent.
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), WAIT_MS_MAX);
  });
  const response = await Promise.race([app.app.handle(request, { peer: shot.peer }), late]);
  ok(response, "it did not answer in time");
  const text = await response.text();
  clearTimeout(timer);
  ok(response.status < 500, `it answered ${response.status}: ${text.slice(0, 300)}`);
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/html")) {
    ok(!text.includes("mark"), "a page holds what was sent");
    ok(response.headers.has("content-security-policy"), "a page without a policy");
  }
  if (response.status >= 400 && request.method !== "HEAD") {
    equal(type, "application/json");
    equal(typeof JSON.parse(text).error, "string");
  }
  equal(response.headers.get("x-content-type-options"), "nosniff");
  ok(/^[0-9a-f-]{36}$/.test(response.headers.get("x-request-id") ?? ""), "no request id");
  for (const [name, value] of response.headers) {
    ok(!value.includes("mark"), `header ${name} holds what was sent`);
  }
  return true;
}

interface Target {
  readonly app: RunningApp;
  /** Headers that let in: keys, and a login that has to be renewed. */
  readonly secrets: Record<string, string>[];
  logIn(): Promise<void>;
}

async function openTarget(paths: Set<string>): Promise<Target> {
  const plain = fakeSystem();
  const system = { ...plain, files: watched(plain.files, paths) };
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD }, { system });
  const login = { cookie: "" };
  const logIn = async () => {
    const sent = { method: "POST", body: JSON.stringify({ password: PASSWORD }) };
    const response = await app.send("/api/auth/login", { ...sent, peer: "192.0.2.77" });
    login.cookie = `mm_session=${(await response.json()).token}`;
  };
  await logIn();
  const key = async (scope: string) => {
    const body = JSON.stringify({ name: "n", scope });
    const made = await app.send("/api/keys", { method: "POST", headers: login, body });
    return String((await made.json()).key);
  };
  const admin = { "x-api-key": await key("Admin") };
  const reader = { authorization: `Bearer ${await key("ReadOnly")}` };
  for (let n = 0; n < 50; n++) {
    const body = JSON.stringify({ d: "example.com", n: "pageview", u: `/${n % 7}` });
    await (await app.send("/api/event", { method: "POST", body })).body?.cancel();
  }
  return { app, secrets: [admin, admin, login, reader], logIn };
}

Deno.test("the server answers mutated requests without failing, hanging or growing", async () => {
  const paths = new Set<string>();
  const { app, secrets, logIn } = await openTarget(paths);
  const dashboard = new URL("../../dashboard/", import.meta.url).pathname;
  const dice = new Dice(SEED);
  let before = 0;
  let sent = 0;
  for (let count = 0; count < REQUESTS; count++) {
    const shot = shoot(dice, secrets);
    try {
      if (await judge(app, shot)) sent++;
    } catch (error) {
      const logged = app.system.lines.filter(({ level }) => level === "error").at(-1);
      throw new Error(
        `request ${count} of seed ${SEED}: ${JSON.stringify({ ...shot, body: undefined })} ` +
          `${String(shot.body).slice(0, 300)}: ${error} ${JSON.stringify(logged) ?? ""}`,
        { cause: error },
      );
    }
    if (count % 100 === 0) {
      await logIn();
      app.system.clock.advance(1000);
      app.system.lines.splice(0);
    }
    if (count === Math.floor(REQUESTS / 4)) before = Deno.memoryUsage().rss;
  }
  ok(sent > REQUESTS * 0.9, `only ${sent} could be sent`);
  const growth = Deno.memoryUsage().rss - before;
  ok(growth < GROWTH_BYTES_MAX, `memory grew by ${growth} bytes`);
  const health = await app.send("/health/ready");
  equal(health.status, 200);
  await health.body?.cancel();
  for (const path of paths) {
    const inside = path.startsWith(app.folder) || path.startsWith(dashboard) ||
      path.endsWith(".mmdb");
    ok(inside && !path.includes(".."), `a path outside was touched: ${path}`);
  }
  ok(paths.size > 0, "files were watched");
  await app.close();
});
