// Mutated requests over all routes, the same for the same seed: whatever comes in, the server
// answers, in time, without a failure of its own, and puts nothing of it into a page.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { badFields, DIALECTS } from "../support/server/hostile_fields.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { Dice, kindsOf, type Known, shoot, type Shot } from "../support/server/hostile_requests.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import type { Files } from "../../src/core/types.ts";

const REQUESTS = Number(Deno.env.get("MALLARD_TEST_FUZZ") ?? 5_000);
const SEED = Number(Deno.env.get("MALLARD_TEST_FUZZ_SEED") ?? 20240115);
const EXTRA_REQUESTS = 2_000;
const WAIT_MS_MAX = 20_000;
const GROWTH_BYTES_MAX = 250 * 1024 * 1024;
const PASSWORD = "correct horse battery";

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

/** The first part of a stream, which is then left; any other body whole. */
async function readAnswer(response: Response, type: string): Promise<string> {
  if (!type.startsWith("text/event-stream")) return await response.text();
  const reader = response.body?.getReader();
  const { value } = await reader?.read() ?? {};
  await reader?.cancel();
  return new TextDecoder().decode(value);
}

/** Sends it and looks at the answer; tells whether it could be sent. `leaveMs`: goes away then. */
async function judge(app: RunningApp, shot: Shot, leaveMs: number | null): Promise<boolean> {
  const gone = new AbortController();
  let request: Request;
  try {
    request = new Request(`http://localhost:8000${shot.path}`, {
      method: shot.method,
      headers: shot.headers,
      signal: gone.signal,
      ...(shot.body === undefined ? {} : { body: shot.body }),
    });
  } catch {
    return false; // Nothing that could be sent.
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), WAIT_MS_MAX);
  });
  const answered = app.app.handle(request, { peer: shot.peer });
  const leaving = leaveMs === null ? undefined : setTimeout(() => gone.abort(), leaveMs);
  const response = await Promise.race([answered, late]);
  clearTimeout(leaving);
  ok(response, "it did not answer in time");
  const type = response.headers.get("content-type") ?? "";
  const text = await readAnswer(response, type);
  clearTimeout(timer);
  const isGone = gone.signal.aborted && response.status === 503;
  ok(response.status < 500 || isGone, `it answered ${response.status}: ${text.slice(0, 300)}`);
  check(request, response, text, type);
  return true;
}

function check(request: Request, response: Response, text: string, type: string): void {
  if (type.startsWith("text/html")) {
    ok(!text.includes("zq7mark"), "a page holds what was sent");
    ok(response.headers.has("content-security-policy"), "a page without a policy");
  }
  if (response.status >= 400 && request.method !== "HEAD") {
    equal(type, "application/json");
    const { error } = JSON.parse(text);
    // Umami's clients expect an object.
    equal(typeof (error?.message ?? error), "string");
  }
  equal(response.headers.get("x-content-type-options"), "nosniff");
  ok(/^[0-9a-f-]{36}$/.test(response.headers.get("x-request-id") ?? ""), "no request id");
  for (const [name, value] of response.headers) {
    ok(!value.includes("zq7mark"), `header ${name} holds what was sent`);
  }
}

interface Target {
  readonly app: RunningApp;
  /** Headers that let in: keys, and a login that has to be renewed. */
  readonly secrets: Record<string, string>[];
  readonly known: Known;
  logIn(): Promise<void>;
  /** Makes again what requests may have taken away. */
  refill(): Promise<void>;
}

/** `folder` is all that the server may touch. */
async function openTarget(folder: string, paths: Set<string>): Promise<Target> {
  const plain = fakeSystem();
  const system = { ...plain, files: watched(plain.files, paths) };
  const env = {
    MALLARD_ADMIN_PASSWORD: PASSWORD,
    MALLARD_BACKUP_DIR: `${folder}/backup`,
    MALLARD_SECURITY_CONTACT: "mailto:security@example.com",
  };
  const app = await openApp(env, { folder: `${folder}/data`, system });
  const login = { cookie: "" };
  const logIn = async () => {
    const sent = { method: "POST", body: JSON.stringify({ password: PASSWORD }) };
    const response = await app.send("/api/auth/login", { ...sent, peer: "192.0.2.77" });
    login.cookie = `mm_session=${(await response.json()).token}`;
  };
  await logIn();
  const post = async (path: string, body: object, headers: Record<string, string> = login) =>
    (await app.send(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  const [adminKey, readerKey, spare] = await Promise.all(
    ["Admin", "ReadOnly", "ReadOnly"].map((scope) => post("/api/keys", { name: "n", scope })),
  );
  const admin = { "x-api-key": String(adminKey.key) };
  const reader = { authorization: `Bearer ${readerKey.key}` };
  const known: Known = { ids: {}, keyHashes: [String(spare.key_hash)] };
  const refill = async () => {
    for (let n = 0; n < 20; n++) {
      const body = JSON.stringify({ d: "example.com", n: "pageview", u: `/${n % 7}` });
      await (await app.send("/api/event", { method: "POST", body })).body?.cancel();
    }
    await post("/api/sites", { site_id: "example.com", visit_list: true }, admin);
    await post("/api/sites", { site_id: "other.example", public: true }, admin);
    const kept = "/api/sites/example.com";
    const rules = JSON.stringify({ path_rules: { lowercase: true } });
    await (await app.send(kept, { method: "PATCH", headers: admin, body: rules })).body?.cancel();
    await post(`${kept}/goals`, { name: "a goal", event: "signup" }, admin);
    await post(`${kept}/segments`, { name: "a segment", filters: "is(page,/)" }, admin);
    await post(`${kept}/funnels`, { name: "a funnel", steps: "page:/,event:signup" }, admin);
    await post(`${kept}/annotations`, { date: "2024-01-10", text: "a text" }, admin);
    await post(`${kept}/queries`, { name: "a query", query: "select 1" }, admin);
    for (const kind of ["goals", "segments", "funnels", "annotations", "queries"]) {
      const items: { id: number }[] = await (await app.send(`${kept}/${kind}`, { headers: admin }))
        .json();
      known.ids[kind] = items.slice(-3).map(({ id }) => String(id));
    }
  };
  await refill();
  const secrets = [admin, admin, login, reader];
  return { app, secrets, known, logIn, refill };
}

/** What the log tells of a run: per route the statuses it answered. */
function noteAnswers(app: RunningApp, statuses: Map<string, Set<number>>): void {
  for (const { message, fields } of app.system.lines.splice(0)) {
    if (message !== "Request completed") continue;
    const line = `${fields["method"]} ${fields["route"]}`;
    statuses.set(line, (statuses.get(line) ?? new Set()).add(Number(fields["status"])));
  }
}

Deno.test("the server answers mutated requests without failing, hanging or growing", async () => {
  const paths = new Set<string>();
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const { app, secrets, known, logIn, refill } = await openTarget(folder, paths);
  const kinds = kindsOf(app.app.routes());
  const statuses = new Map<string, Set<number>>();
  const dice = new Dice(SEED);
  // What is held for good shows in the least that is held at any moment, not in the most.
  const lows: number[] = [];
  let sent = 0;
  const tryOne = async (count: number, some: typeof kinds) => {
    const shot = shoot(dice, some, secrets, known);
    const leaveMs = dice.chance(20) ? dice.below(8) : null;
    try {
      if (await judge(app, shot, leaveMs)) sent++;
    } catch (error) {
      const logged = app.system.lines.filter(({ level }) => level === "error").at(-1);
      throw new Error(
        `request ${count} of seed ${SEED}: ${JSON.stringify({ ...shot, body: undefined })} ` +
          `${String(shot.body).slice(0, 300)}: ${error} ${JSON.stringify(logged) ?? ""}`,
        { cause: error },
      );
    }
  };
  for (let count = 0; count < REQUESTS; count++) {
    await tryOne(count, kinds);
    if (count % 100 === 0) {
      noteAnswers(app, statuses);
      await logIn();
      await refill();
      app.system.clock.advance(1000);
    }
    const quarter = Math.floor(4 * count / REQUESTS);
    lows[quarter] = Math.min(lows[quarter] ?? Infinity, Deno.memoryUsage().rss);
  }
  noteAnswers(app, statuses);
  // Chance leaves a few routes out: those get more requests.
  for (let count = 0; count < EXTRA_REQUESTS && unreachedOf(app, statuses).length > 0; count++) {
    const missing = new Set(unreachedOf(app, statuses));
    const some = kinds.filter(({ method, path }) => missing.has(`${method} ${path}`));
    // An API key may send so many requests a second.
    app.system.clock.advance(1000);
    await refill();
    await tryOne(REQUESTS + count, some);
    noteAnswers(app, statuses);
  }
  ok(sent > REQUESTS * 0.9, `only ${sent} could be sent`);
  const growth = (lows[3] ?? NaN) - (lows[1] ?? NaN);
  ok(growth < GROWTH_BYTES_MAX, `memory grew by ${growth} bytes`);
  const health = await app.send("/health/ready");
  equal(health.status, 200);
  await health.body?.cancel();
  deepEqual(unreachedOf(app, statuses), []);
  assertInside(folder, paths);
  await app.close();
  await Deno.remove(folder, { recursive: true });
});

/** What needs a file, a lake, or an id of what only such a request makes. */
const OUT_OF_REACH: ReadonlySet<string> = new Set([
  "POST /api/imports",
  "GET /api/imports/:id",
  "GET /api/imports/:id/rejects",
  "DELETE /api/imports/:id",
  "GET /api/gdpr/erasures/:id",
  "GET /api/websites/:website_id/sessions/:session_id",
  "GET /api/websites/:website_id/sessions/:session_id/activity",
]);

/** Every route but setup, whose time is over, must answer well, not refuse alone. */
function unreachedOf(
  app: RunningApp,
  statuses: ReadonlyMap<string, ReadonlySet<number>>,
): string[] {
  const unreached = app.app.routes().filter(({ method, path, refuses }) => {
    if (path.startsWith("/assets/") || path === "/api/auth/setup") return false;
    if (refuses || OUT_OF_REACH.has(`${method} ${path}`)) return false;
    return ![...statuses.get(`${method} ${path}`) ?? []].some((status) => status < 300);
  });
  return unreached.map(({ method, path }) => `${method} ${path}`);
}

function assertInside(folder: string, paths: ReadonlySet<string>): void {
  const dashboard = new URL("../../dashboard/", import.meta.url).pathname;
  for (const path of paths) {
    const inside = path.startsWith(folder) || path.startsWith(dashboard) ||
      path.endsWith(".mmdb");
    ok(inside && !path.includes(".."), `a path outside was touched: ${path}`);
  }
  ok(paths.size > 0, "files were watched");
}

const HOST = "Host: localhost\r\n";
const EVENT_HEAD = `POST /api/event HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;

/** What comes over a connection that is no proper request, or one at its bounds. */
const CONVERSATIONS: readonly string[] = [
  "GET /health HTTP/1.1\r\n\r\n",
  `GET http://evil.example/health HTTP/1.1\r\n${HOST}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  `CONNECT evil.example:80 HTTP/1.1\r\n${HOST}\r\n`,
  `GET /${"a".repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET /?${"a=b&".repeat(15_000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(1_000_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(5000)}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Cookie: ${"mm_session=a; ".repeat(2000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}X-Forwarded-For: ${"1.2.3.4, ".repeat(3000)}\r\n\r\n`,
  `${EVENT_HEAD}Content-Length: -1\r\n\r\n{}`,
  `${EVENT_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  `${EVENT_HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x`,
  `${EVENT_HEAD}Content-Length: 1000\r\n\r\n{}`,
  `${EVENT_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  `${EVENT_HEAD}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n`,
  `${EVENT_HEAD}Transfer-Encoding: gzip\r\n\r\n{}`,
  `${EVENT_HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`,
  `GET / HTTP/1.1\r\n${HOST}A\0B: c\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}A: b\r\n folded\r\n\r\n`,
  `GET / HTTP/1.1\n${HOST}\n`,
  "GET /\r\n",
  `GET / HTTP/3.0\r\n${HOST}\r\n`,
  `GET /health HTTP/1.0\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(100)}`,
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  `GET /health HTTP/1.1\r\n${HOST}\r\n`.repeat(500),
];

/** So long nothing comes any more before a connection is closed: the server waits for the rest. */
const QUIET_MS = 3000;

/** Sends bytes and tells the statuses that came back until the other side ended or nothing came. */
async function converse(port: number, bytes: Uint8Array): Promise<number[]> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let text = "";
  const closeLater = () => setTimeout(() => connection.close(), QUIET_MS);
  let timer = closeLater();
  try {
    const writing = (async () => {
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    })().catch(() => {});
    for await (const part of connection.readable) {
      text += new TextDecoder("latin1").decode(part);
      clearTimeout(timer);
      timer = closeLater();
    }
    await writing;
  } catch {
    // Closed on either side.
  } finally {
    clearTimeout(timer);
    try {
      connection.close();
    } catch {
      // It is.
    }
  }
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
}

Deno.test("the server outlives whatever comes over a connection", async () => {
  const dice = new Dice(SEED);
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const port = Number(new URL(server.url).port);
    const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
    const shots = CONVERSATIONS.flatMap((text) => {
      const whole = latin1(text);
      const flipped = whole.slice();
      for (let flip = 0; flip < 3; flip++) flipped[dice.below(flipped.length)] = dice.below(256);
      return [whole, whole.slice(0, dice.below(whole.length)), flipped];
    });
    const statuses: number[] = [];
    for (let from = 0; from < shots.length; from += 42) {
      const together = shots.slice(from, from + 42).map((bytes) => converse(port, bytes));
      statuses.push(...(await Promise.all(together)).flat());
    }
    ok(statuses.length > 500, "it answered what could be answered");
    deepEqual(statuses.filter((status) => status >= 500 && ![501, 505].includes(status)), []);
    deepEqual(await converse(port, latin1(`GET /health HTTP/1.0\r\n\r\n`)), [200]);
    equal(await server.stop(), 0, server.output());
    ok(!/panicked|ERROR|\bat file:/.test(server.output()), server.output());
  });
});

const EVENTS = 150;

Deno.test("a bad field never costs an event, in any dialect", async () => {
  const app = await openApp();
  const dice = new Dice(SEED);
  const json = { "content-type": "application/json" };
  for (const { site: site_id } of DIALECTS) {
    const body = JSON.stringify({ site_id, aliases: [`goat.${site_id}`] });
    const made = await app.send("/api/sites", { method: "POST", headers: json, body });
    equal(made.status, 201, await made.text());
  }
  for (const dialect of DIALECTS) {
    for (let count = 0; count < EVENTS; count++) {
      const fields = badFields(dice, dialect);
      const [path, sent] = dialect.request(fields);
      const response = await app.send(path, sent);
      const text = await response.text();
      try {
        dialect.answered(response, text);
      } catch (cause) {
        const what = JSON.stringify(fields).slice(0, 400);
        throw new Error(`${dialect.site} ${count}: ${what}: ${response.status} ${text}`, { cause });
      }
    }
    const asked = `/api/stats/query?site_id=${dialect.site}&period=day&metrics=events`;
    const { results } = await (await app.send(asked)).json();
    equal(results[0].metrics.events, EVENTS, dialect.site);
  }
  await app.close();
});
