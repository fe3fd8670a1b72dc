// docs/compatibility.md: setup, logins, keys, erasure, origins, headers and errors of a running
// server, by every kind of caller.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import {
  type Asked,
  checkRefusal,
  clause,
  ContractServer,
  everyRow,
  makeFolder,
  readStored,
  type Reply,
  until,
  wait,
  writePartition,
} from "../../support/server/contract_server.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const JSON_TYPE = { "content-type": "application/json" };
const PASSWORD = "correct horse battery";
const FAR = { "x-forwarded-for": "8.8.8.8" };
const DASHBOARD = "https://stats.example.com";

/** While no password is set: everything that docs/compatibility.md says of a new server. */
const dataDir = await makeFolder();
const fresh = await ContractServer.start({
  dataDir,
  env: {
    MALLARD_MAX_LOGIN_ATTEMPTS: "3",
    MALLARD_LOGIN_LOCKOUT: "2",
    MALLARD_SESSION_TTL: "3",
    MALLARD_LOG_FORMAT: "json",
  },
});
let again: ContractServer | null = null;
const owned = await ContractServer.start({
  env: { MALLARD_ADMIN_PASSWORD: PASSWORD, MALLARD_DASHBOARD_ORIGIN: DASHBOARD },
});
Deno.test.afterAll(async () => {
  await Promise.all([fresh.end(), owned.close(), again?.end()]);
  await Deno.remove(dataDir, { recursive: true });
});

function post(
  server: ContractServer,
  path: string,
  body: unknown,
  headers: Asked["headers"] = {},
): Promise<Reply> {
  return server.ask("POST", path, {
    headers: { ...JSON_TYPE, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function isRefusal(reply: Reply, ...statuses: readonly number[]): void {
  ok(statuses.includes(reply.status), `${reply.status} ${reply.text}`);
  equal(reply.header("content-type"), "application/json");
  checkRefusal(reply.json());
  equal(typeof reply.json().error, "string");
}

interface Login {
  readonly token: string;
  readonly cookie: string;
  readonly attributes: readonly string[];
}

function loginOf(reply: Reply): Login {
  equal(reply.status, 200, reply.text);
  const cookies = reply.headers.get("set-cookie") ?? [];
  const [pair = "", ...attributes] = (cookies.at(-1) ?? "").split(/; */);
  if (attributes.includes("Secure")) match(cookies[0] ?? "", /^__Host-mm_session=/);
  equal(cookies.length, attributes.includes("Secure") ? 2 : 1);
  match(pair, /^mm_session=[^;,\s]+$/);
  const token = reply.json().token;
  ok(typeof token === "string");
  return { token, cookie: pair, attributes: attributes.map((one) => one.toLowerCase()) };
}

const STATISTICS = [
  "main?",
  "timeseries?",
  ...["pages", "sources", "browsers", "os", "devices", "countries"].map((name) =>
    `breakdown/${name}?`
  ),
  "sessions?",
  "funnel?steps=page:/a,event:b&",
  "retention?",
  "sequences?steps=page:/a,event:b&",
  "flow?page=/a&",
  "export?",
].map((path) => `/api/stats/${path}site_id=example.com`);

const ERASE = "/api/gdpr/erase?site_id=example.com&start_date=2024-01-01&end_date=2024-01-02";
const ADMIN: readonly (readonly [method: string, path: string, body?: string])[] = [
  ["GET", "/api/keys"],
  ["POST", "/api/keys", '{"name":"x","scope":"ReadOnly"}'],
  ["DELETE", `/api/keys/${"0".repeat(64)}`],
  ["DELETE", ERASE],
];

clause("A fresh server wants a setup; statistics are open to everyone", async () => {
  const status = (await fresh.get("/api/auth/status", FAR)).json();
  equal(status.setup_required, true);
  equal(status.authenticated, false);
  await everyRow(STATISTICS, String, async (path) => {
    equal((await fresh.get(path, FAR)).status, 200);
  });
});

clause(
  "On a fresh server admin routes answer a client on loopback only",
  () =>
    everyRow(ADMIN, (row) => row.join(" "), async ([method, path, body]) => {
      const asked = body === undefined ? {} : { body };
      const near = await fresh.ask(method, path, { headers: JSON_TYPE, ...asked });
      ok([200, 201, 404].includes(near.status), `${near.status} ${near.text}`);
      isRefusal(
        await fresh.ask(method, path, { headers: { ...JSON_TYPE, ...FAR }, ...asked }),
        401,
        403,
      );
    }),
);

clause(
  "A login before the setup is 400, and so is a setup without a password of 8 characters",
  () =>
    everyRow(
      [
        ["/api/auth/login", { password: PASSWORD }],
        ["/api/auth/setup", { password: "1234567" }],
        ["/api/auth/setup", { password: "äöüßäöü" }],
        ["/api/auth/setup", { password: "" }],
        ["/api/auth/setup", {}],
        ["/api/auth/setup", { password: 12345678 }],
      ] as const,
      (row) => JSON.stringify(row),
      async ([path, body]) => isRefusal(await post(fresh, path, body), 400),
    ),
);

let first: Login | null = null;
clause("Setup answers a token and a cookie; a second one is 409", async () => {
  const race = [1, 2, 3].map(() => post(fresh, "/api/auth/setup", { password: PASSWORD }));
  const replies = (await Promise.all(race)).sort((left, right) => left.status - right.status);
  deepEqual(replies.map(({ status }) => status), [200, 409, 409]);
  first = loginOf(replies[0] as Reply);
  isRefusal(await post(fresh, "/api/auth/setup", { password: PASSWORD }), 409);
  const status = (await fresh.get("/api/auth/status")).json();
  equal(status.setup_required, false);
  equal(status.authenticated, false);
  const own = (await fresh.get("/api/auth/status", { cookie: first.cookie })).json();
  equal(own.authenticated, true);
});

clause("The cookie is HttpOnly, SameSite=Strict, for / and as old as a session gets", () => {
  const attributes = [...first?.attributes ?? []].sort();
  deepEqual(attributes, ["httponly", "max-age=3", "path=/", "samesite=strict"]);
  const value = first?.cookie.slice("mm_session=".length) ?? "";
  ok(/^[0-9a-f]{64,}$/.test(value) || /^[\w-]{43,}$/.test(value), "256 bits");
});

clause("A wrong password is 401, a right one 200, each login has its own token", async () => {
  isRefusal(await post(fresh, "/api/auth/login", { password: "wrong horse" }), 401);
  isRefusal(await post(fresh, "/api/auth/login", { password: `${PASSWORD} ` }), 401);
  const logins = [
    loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD })),
    loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD })),
  ];
  equal(new Set([first?.token, ...logins.map(({ token }) => token)]).size, 3);
});

clause("A session ends after its time", async () => {
  const { cookie } = loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD }));
  equal((await fresh.get(STATISTICS[0] ?? "", { cookie })).status, 200);
  await wait(3200);
  isRefusal(await fresh.get(STATISTICS[0] ?? "", { cookie }), 401);
  equal((await fresh.get("/api/auth/status", { cookie })).json().authenticated, false);
});

clause("Failures over the limit lock an address out for a while, and no other", async () => {
  const address = { "x-forwarded-for": "9.9.9.9" };
  const before = await fresh.metric("mallard_login_failures_total") ?? 0;
  const login = (password: string) => post(fresh, "/api/auth/login", { password }, address);
  for (let count = 0; count < 3; count++) isRefusal(await login("wrong horse"), 401);
  const locked = await login(PASSWORD);
  isRefusal(locked, 429);
  match(locked.header("retry-after") ?? "", /^[12]$/);
  isRefusal(await login("wrong horse"), 429);
  loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD }, FAR));
  ok((await fresh.metric("mallard_login_failures_total") ?? 0) >= before + 3);
  await wait(2200);
  loginOf(await login(PASSWORD));
});

clause("Logout ends the session and clears the cookie", async () => {
  const { cookie } = loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD }));
  const reply = await fresh.ask("POST", "/api/auth/logout", { headers: { cookie } });
  equal(reply.status, 200);
  deepEqual(reply.json(), { status: "logged_out" });
  match(reply.header("set-cookie") ?? "", /^mm_session=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i);
  equal((await fresh.get("/api/auth/status", { cookie })).json().authenticated, false);
  isRefusal(await fresh.get(STATISTICS[0] ?? "", { cookie }), 401);
});

clause("With a password, statistics and admin routes refuse anonymous callers", async () => {
  const shown: readonly Asked["headers"][] = [
    {},
    { authorization: "Bearer mm_00000000000000000000000000000000" },
    { authorization: "Bearer " },
    { authorization: `Basic ${btoa("admin:" + PASSWORD)}` },
    { "x-api-key": "mm_00000000000000000000000000000000" },
    { "x-api-key": "" },
    { cookie: "mm_session=" },
    { cookie: `mm_session=${"0".repeat(64)}` },
  ];
  for (const headers of shown) {
    await everyRow(
      [...STATISTICS.map((path) => ["GET", path, undefined] as const), ...ADMIN],
      (row) => `${row.join(" ")} with ${JSON.stringify(headers)}`,
      async ([method, path, body]) => {
        const asked = body === undefined ? {} : { body };
        const all = { ...JSON_TYPE, ...headers };
        isRefusal(await fresh.ask(method, path, { headers: all, ...asked }), 401);
      },
    );
  }
});

interface Key {
  readonly key: string;
  readonly key_hash: string;
  readonly name: string;
  readonly scope: string;
}

const keys: Record<string, Key> = {};
let session: Login | null = null;

clause("A key is shown once, made of 128 random bits, and known by its SHA-256", async () => {
  session = loginOf(
    await post(owned, "/api/auth/login", { password: PASSWORD }, { origin: DASHBOARD }),
  );
  const headers = { cookie: session.cookie, origin: DASHBOARD };
  for (const scope of ["ReadOnly", "Admin"]) {
    const reply = await post(owned, "/api/keys", { name: `a ${scope} key`, scope }, headers);
    equal(reply.status, 201, reply.text);
    const key = reply.json<Key>();
    deepEqual(Object.keys(key).sort(), ["key", "key_hash", "name", "scope"]);
    match(key.key, /^mm_[0-9a-f]{32}$/);
    equal(key.key_hash, createHash("sha256").update(key.key).digest("hex"));
    deepEqual([key.name, key.scope], [`a ${scope} key`, scope]);
    keys[scope] = key;
  }
});

clause("A key's name has 1 to 128 characters, its scope is one of two", async () => {
  const headers = { "authorization": `Bearer ${keys["Admin"]?.key}` };
  const long = await post(
    owned,
    "/api/keys",
    { name: "é".repeat(128), scope: "ReadOnly" },
    headers,
  );
  equal(long.status, 201, long.text);
  await everyRow(
    [
      { name: "", scope: "ReadOnly" },
      { name: "x".repeat(129), scope: "ReadOnly" },
      { name: "x", scope: "readonly" },
      { name: "x", scope: "Owner" },
    ],
    (body) => JSON.stringify(body).slice(0, 40),
    async (body) => isRefusal(await post(owned, "/api/keys", body, headers), 400),
  );
});

clause("The list of keys has hashes, names, scopes and times, and no clear key", async () => {
  const reply = await owned.get("/api/keys", { "x-api-key": keys["Admin"]?.key ?? "" });
  equal(reply.status, 200);
  const list = reply.json<readonly Record<string, unknown>[]>();
  equal(list.length, 3);
  for (const row of list) {
    for (const name of ["key_hash", "name", "scope", "created_at", "revoked"]) {
      ok(name in row, name);
    }
    ok(!("key" in row));
    equal(row["revoked"], false);
    ok(!Number.isNaN(Date.parse(String(row["created_at"]))));
  }
  ok(!reply.text.includes(keys["Admin"]?.key ?? "?"));
});

clause("A ReadOnly key reads statistics and changes nothing; an Admin key does all", async () => {
  const carriers = (key: string): readonly Asked["headers"][] => [
    { authorization: `Bearer ${key}` },
    { "x-api-key": key },
  ];
  for (const headers of carriers(keys["ReadOnly"]?.key ?? "")) {
    for (const path of STATISTICS) equal((await owned.get(path, headers)).status, 200, path);
    for (const [method, path, body] of ADMIN) {
      const asked = body === undefined ? {} : { body };
      isRefusal(
        await owned.ask(method, path, { headers: { ...JSON_TYPE, ...headers }, ...asked }),
        403,
      );
    }
  }
  for (const headers of carriers(keys["Admin"]?.key ?? "")) {
    for (const path of STATISTICS) equal((await owned.get(path, headers)).status, 200, path);
    for (const [method, path, body] of ADMIN) {
      const asked = body === undefined ? {} : { body };
      const reply = await owned.ask(method, path, {
        headers: { ...JSON_TYPE, ...headers },
        ...asked,
      });
      ok([200, 201, 404].includes(reply.status), `${method} ${path} ${reply.status}`);
    }
  }
});

clause("A revoked key is refused, and listed as revoked; an unknown one is 404", async () => {
  const headers = { authorization: `Bearer ${keys["Admin"]?.key}` };
  const made = (await post(owned, "/api/keys", { name: "short", scope: "ReadOnly" }, headers)).json<
    Key
  >();
  equal((await owned.get(STATISTICS[0] ?? "", { "x-api-key": made.key })).status, 200);
  const reply = await owned.ask("DELETE", `/api/keys/${made.key_hash}`, { headers });
  equal(reply.status, 200);
  deepEqual(reply.json(), { status: "revoked" });
  isRefusal(await owned.get(STATISTICS[0] ?? "", { "x-api-key": made.key }), 401);
  const list = (await owned.get("/api/keys", headers)).json<readonly Record<string, unknown>[]>();
  equal(list.find((row) => row["key_hash"] === made.key_hash)?.["revoked"], true);
  for (const hash of ["0".repeat(64), "x", made.key]) {
    isRefusal(await owned.ask("DELETE", `/api/keys/${hash}`, { headers }), 404);
  }
});

type Origins = readonly [what: string, headers: Asked["headers"], passes: boolean];
const WITH_DASHBOARD: readonly Origins[] = [
  ["its origin", { origin: DASHBOARD }, true],
  ["a page of it as Referer", { referer: `${DASHBOARD}/sites?x=1` }, true],
  ["neither", {}, false],
  ["another origin", { origin: "https://evil.example" }, false],
  ["its host over http", { origin: "http://stats.example.com" }, false],
  ["another port", { origin: `${DASHBOARD}:8443` }, false],
  ["a longer host", { origin: `${DASHBOARD}.evil.example` }, false],
  ["null", { origin: "null" }, false],
  [
    "another origin with its Referer",
    { origin: "https://evil.example", referer: `${DASHBOARD}/` },
    false,
  ],
  ["another Referer", { referer: "https://evil.example/" }, false],
  ["a Referer with the same beginning", { referer: `${DASHBOARD}.evil.example/` }, false],
];

async function crossesOrigin(
  server: ContractServer,
  rows: readonly Origins[],
  ownHeaders: Asked["headers"],
): Promise<void> {
  await everyRow(rows, ([what]) => what, async ([, headers, passes]) => {
    // One login a row: on the fresh server they are short.
    const own = await post(server, "/api/auth/login", { password: PASSWORD }, ownHeaders);
    const { cookie } = loginOf(own);
    const held = { ...JSON_TYPE, ...headers, cookie };
    for (const [method, path, body] of ADMIN.filter(([method]) => method !== "GET")) {
      const asked = body === undefined ? {} : { body };
      const reply = await server.ask(method, path, { headers: held, ...asked });
      if (passes) ok([200, 201, 404].includes(reply.status), `${method} ${path} ${reply.status}`);
      else isRefusal(reply, 403);
    }
    const login = await post(server, "/api/auth/login", { password: PASSWORD }, headers);
    if (passes) loginOf(login);
    else isRefusal(login, 403);
    const logout = await server.ask("POST", "/api/auth/logout", { headers });
    if (passes) equal(logout.status, 200);
    else isRefusal(logout, 403);
  });
}

clause(
  "With dashboard_origin, changes under a cookie, logins and logouts come from there",
  () => crossesOrigin(owned, WITH_DASHBOARD, { origin: DASHBOARD }),
);

clause("Without dashboard_origin, an origin that is present must match Host", async () => {
  const host = `127.0.0.1:${fresh.port}`;
  await crossesOrigin(fresh, [
    ["none", {}, true],
    ["its own", { origin: `http://${host}` }, true],
    ["its own as Referer", { referer: `http://${host}/` }, true],
    [
      "the name under which it was asked",
      { host: "my.example", origin: "http://my.example" },
      true,
    ],
    ["another host", { origin: "http://evil.example" }, false],
    ["another port", { origin: "http://127.0.0.1:1" }, false],
    ["null", { origin: "null" }, false],
    ["another host as Referer", { referer: "http://evil.example/" }, false],
  ], {});
});

clause("A key needs no origin, and a read under a cookie neither", async () => {
  const admin = { "x-api-key": keys["Admin"]?.key ?? "" };
  for (const headers of [admin, { ...admin, origin: "https://evil.example" }]) {
    const reply = await owned.ask("DELETE", ERASE, { headers });
    equal(reply.status, 200, reply.text);
  }
  const headers = { cookie: session?.cookie ?? "" };
  equal((await owned.get(STATISTICS[0] ?? "", headers)).status, 200);
  equal((await owned.get("/api/keys", headers)).status, 200);
});

clause(
  "An https dashboard_origin makes cookies Secure and sends HSTS; CORS is for it alone",
  async () => {
    ok(session?.attributes.includes("secure"));
    const path = STATISTICS[0] ?? "";
    const admin = { "x-api-key": keys["Admin"]?.key ?? "" };
    const own = await owned.get(path, { ...admin, origin: DASHBOARD });
    equal(own.header("access-control-allow-origin"), DASHBOARD);
    equal(own.header("access-control-allow-credentials"), "true");
    match((own.headers.get("vary") ?? []).join(), /origin/i);
    const other = await owned.get(path, { ...admin, origin: "https://evil.example" });
    equal(other.header("access-control-allow-origin"), null);
    equal(other.header("access-control-allow-credentials"), null);
    const hsts = "max-age=31536000; includeSubDomains";
    for (const reply of [own, other, await owned.get("/health"), await owned.get("/nope")]) {
      equal(reply.header("strict-transport-security"), hsts);
    }
    equal((await fresh.get("/health")).header("strict-transport-security"), null);
  },
);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ANSWERS:
  readonly (readonly [method: string, path: string, status: number, type: RegExp | null])[] = [
    ["GET", "/", 200, /^text\/html/],
    ["GET", "/health", 200, /^text\/plain/],
    ["GET", "/health/ready", 200, /^text\/plain/],
    ["GET", "/health/detailed", 200, /^application\/json$/],
    ["GET", "/metrics", 200, /^text\/plain/],
    ["GET", "/robots.txt", 200, /^text\/plain/],
    ["GET", "/.well-known/security.txt", 404, /^application\/json$/],
    ["GET", "/mallard.js", 200, /javascript/],
    ["GET", "/api/auth/status", 200, /^application\/json$/],
    ["OPTIONS", "/api/event", 204, null],
    ["POST", "/api/event", 422, /^application\/json$/],
    ["GET", "/api/event?d=a&u=/", 200, /^image\/gif$/],
    ["GET", "/api/keys", 401, /^application\/json$/],
    ["GET", "/api/stats/main?site_id=a", 401, /^application\/json$/],
    ["GET", "/nope", 404, /^application\/json$/],
    ["GET", "/index.php", 404, /^application\/json$/],
    ["GET", "/api/nope", 404, /^application\/json$/],
    ["POST", "/api/nope", 404, /^application\/json$/],
    ["DELETE", "/health", 405, /^application\/json$/],
    ["PUT", "/api/event", 405, /^application\/json$/],
    ["POST", "/api/stats/main", 405, /^application\/json$/],
    ["GET", "/api/gdpr/erase", 405, /^application\/json$/],
    ["GET", "/api/auth/login", 405, /^application\/json$/],
  ];

clause(
  "Every answer has the documented headers, and errors are JSON",
  () =>
    everyRow(ANSWERS, (row) => row.join(" "), async ([method, path, status, type]) => {
      const reply = await fresh.ask(method, path, method === "POST" ? { body: "" } : {});
      equal(reply.status, status, reply.text);
      equal(reply.header("x-content-type-options"), "nosniff");
      equal(reply.header("x-frame-options"), "DENY");
      equal(reply.header("referrer-policy"), "strict-origin-when-cross-origin");
      equal(reply.header("permissions-policy"), "geolocation=(), microphone=(), camera=()");
      match(reply.header("x-request-id") ?? "", UUID);
      if (type) match(reply.header("content-type") ?? "", type);
      if (type?.source.includes("json")) equal(reply.header("cache-control"), "no-store");
      if (type?.source.includes("html")) ok(reply.header("content-security-policy"));
      if (status >= 400) isRefusal(reply, status);
      if (status === 405) match(reply.header("allow") ?? "", /^[A-Z]+(, ?[A-Z]+)*$/);
      if (status === 405) ok(!(reply.header("allow") ?? "").split(/, ?/).includes(method));
    }),
);

const STRANGE = [
  "/%",
  "/%00",
  "/%ff%fe",
  "//",
  "/..%2f..%2fetc/passwd",
  "/../../etc/passwd",
  "/api/stats/main?site_id=%ff",
  "/api/stats/main?site_id=a&period=%00",
  "/api/stats/main?%",
  "/api/stats/breakdown/%2e%2e?site_id=a",
  "/api/stats/breakdown/__proto__?site_id=a",
  "/api/stats/breakdown/constructor?site_id=a",
  `/api/stats/main?site_id=${"a".repeat(9000)}`,
  "/api/stats/main?site_id=a';drop%20table%20events;--",
  "/assets/../../deno.json",
  "/api/keys/%2e%2e%2f",
];

clause(
  "Strange paths are refused with a sentence, never with a 5xx or a stack",
  () =>
    everyRow(STRANGE, String, async (path) => {
      const reply = await owned.get(path, { "x-api-key": keys["Admin"]?.key ?? "" });
      ok(reply.status >= 400 && reply.status < 500, `${reply.status} ${reply.text.slice(0, 200)}`);
      isRefusal(reply, reply.status);
      ok(!/\bat (file|async)|\.ts:\d+/.test(reply.text));
    }),
);

clause("Log lines in JSON have their keys, and tell a request by its id", async () => {
  const { cookie } = loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD }));
  const reply = await post(fresh, "/api/auth/login", { password: "wrong horse" }, FAR);
  const id = reply.header("x-request-id") ?? "?";
  await until("a log line", () => Promise.resolve(fresh.output.includes(id) ? true : null));
  const lines = fresh.output.trim().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) {
    for (const name of ["timestamp", "level", "message"]) equal(typeof line[name], "string");
    ok(!Number.isNaN(Date.parse(String(line["timestamp"]))));
  }
  ok(lines.some((line) => line["request_id"] === id));
  const secrets = [PASSWORD, "wrong horse", cookie.slice(11), "8.8.8.8", "9.9.9.9"];
  const told = secrets.filter((secret) => fresh.output.includes(secret));
  deepEqual(told, []);
});

clause(
  "All that is written under log_format = json is JSON, but the first words to the owner",
  () => {
    const lines = fresh.output.trim().split("\n");
    const from = lines.findIndex((line) => line.startsWith("{"));
    deepEqual(
      lines.slice(from).filter((line) => !line.startsWith("{")).filter((line) =>
        !/ready: http|No password is set|^\s+[0-9a-f]{32}$/.test(line)
      ),
      [],
    );
  },
);

async function filesWith(folder: string, needles: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesWith(path, needles));
    else {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
      found.push(...needles.filter((needle) => text.includes(needle)).map(() => entry.name));
    }
  }
  return found;
}

clause("A password of setup is kept hashed across restarts, sessions are not", async () => {
  const { cookie } = loginOf(await post(fresh, "/api/auth/login", { password: PASSWORD }));
  const key = (await post(fresh, "/api/keys", { name: "kept", scope: "Admin" }, { cookie })).json<
    Key
  >();
  equal(await fresh.end(), 0);
  deepEqual(await filesWith(dataDir, [PASSWORD, key.key, key.key.slice(3)]), []);
  ok((await filesWith(dataDir, ["$argon2id$"])).length > 0);
  again = await ContractServer.start({ dataDir });
  equal((await again.get("/api/auth/status", { cookie })).json().authenticated, false);
  equal((await again.get("/api/auth/status")).json().setup_required, false);
  loginOf(await post(again, "/api/auth/login", { password: PASSWORD }));
  equal((await again.get("/api/keys", { "x-api-key": key.key })).status, 200);
});

clause(
  "A password of the environment is in memory only, and is not asked for by setup",
  async () => {
    equal((await owned.get("/api/auth/status")).json().setup_required, false);
    isRefusal(
      await post(owned, "/api/auth/setup", { password: "another one" }, { origin: DASHBOARD }),
      409,
    );
    deepEqual(await filesWith(owned.dataDir, [PASSWORD, "$argon2id$"]), []);
  },
);

clause("secure_cookies makes the cookie Secure and sends HSTS", async () => {
  const env = { MALLARD_SECURE_COOKIES: "true", MALLARD_ADMIN_PASSWORD: PASSWORD };
  const one = await ContractServer.start({ env });
  try {
    const reply = await post(one, "/api/auth/login", { password: PASSWORD });
    const { attributes } = loginOf(reply);
    ok(attributes.includes("secure"));
    ok(attributes.includes("max-age=86400"));
    equal(reply.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
  } finally {
    await one.close();
  }
});

clause(
  "A browser may ask first, from dashboard_origin alone",
  () =>
    everyRow(ADMIN, (row) => row.join(" "), async ([method, path]) => {
      const ask = (origin: string) =>
        owned.ask("OPTIONS", path, {
          headers: {
            origin,
            "access-control-request-method": method,
            "access-control-request-headers": "content-type, x-api-key",
          },
        });
      const own = await ask(DASHBOARD);
      ok([200, 204].includes(own.status), String(own.status));
      equal(own.header("access-control-allow-origin"), DASHBOARD);
      equal(own.header("access-control-allow-credentials"), "true");
      ok((own.header("access-control-allow-methods") ?? "").split(/, ?/).includes(method));
      const other = await ask("https://evil.example");
      equal(other.header("access-control-allow-origin"), null);
      equal(other.header("access-control-allow-credentials"), null);
    }),
);

clause("By default five failures lock an address out for 300 seconds", async () => {
  const one = await ContractServer.start({ env: { MALLARD_ADMIN_PASSWORD: PASSWORD } });
  try {
    for (let count = 0; count < 5; count++) {
      isRefusal(await post(one, "/api/auth/login", { password: "wrong horse" }), 401);
    }
    const reply = await post(one, "/api/auth/login", { password: PASSWORD });
    isRefusal(reply, 429);
    const seconds = Number(reply.header("retry-after"));
    ok(seconds > 280 && seconds <= 300, String(seconds));
  } finally {
    await one.close();
  }
});

clause("max_login_attempts = 0 never locks out", async () => {
  const env = { MALLARD_MAX_LOGIN_ATTEMPTS: "0", MALLARD_ADMIN_PASSWORD: PASSWORD };
  const one = await ContractServer.start({ env });
  try {
    for (let count = 0; count < 12; count++) {
      isRefusal(await post(one, "/api/auth/login", { password: "wrong horse" }), 401);
    }
    loginOf(await post(one, "/api/auth/login", { password: PASSWORD }));
  } finally {
    await one.close();
  }
});

clause("Keys of the original's api_keys.json go on working", async () => {
  const folder = await makeFolder();
  const clear = {
    read: `mm_${"1".repeat(32)}`,
    all: `mm_${"2".repeat(64)}`,
    gone: `mm_${"3".repeat(32)}`,
  };
  const row = (key: string, name: string, scope: string, revoked: boolean) => ({
    key_hash: createHash("sha256").update(key).digest("hex"),
    name,
    scope,
    created_at: "2024-01-15T10:00:00Z",
    revoked,
  });
  const list = [
    row(clear.read, "reader", "ReadOnly", false),
    row(clear.all, "all", "Admin", false),
    row(clear.gone, "gone", "Admin", true),
  ];
  await Deno.writeTextFile(`${folder}/api_keys.json`, JSON.stringify(list));
  const env = { MALLARD_ADMIN_PASSWORD: PASSWORD };
  for (let start = 0; start < 2; start++) {
    const one = await ContractServer.start({ dataDir: folder, env });
    try {
      const statuses = async (key: string) => [
        (await one.get(STATISTICS[0] ?? "", { "x-api-key": key })).status,
        (await one.get("/api/keys", { authorization: `Bearer ${key}` })).status,
      ];
      deepEqual(await statuses(clear.read), [200, 403]);
      deepEqual(await statuses(clear.all), [200, 200]);
      deepEqual(await statuses(clear.gone), [401, 401]);
      const found = (await one.get("/api/keys", { "x-api-key": clear.all })).json<typeof list>();
      deepEqual(found.map(({ name }) => name).sort(), ["all", "gone", "reader"]);
    } finally {
      await one.end();
    }
  }
  await Deno.remove(folder, { recursive: true });
});

clause(
  "A damaged api_keys.json is reported and ignored",
  () =>
    everyRow(["{", "[{}]", '{"a":1}', "\0\0\0"], JSON.stringify, async (text) => {
      const folder = await makeFolder();
      await Deno.writeTextFile(`${folder}/api_keys.json`, text);
      const one = await ContractServer.start({ dataDir: folder });
      try {
        match(one.output, /api_keys\.json/);
        deepEqual((await one.get("/api/keys")).json(), []);
      } finally {
        await one.end();
        await Deno.remove(folder, { recursive: true });
      }
    }),
);

const DAYS = ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"];

clause(
  "Erasure takes both days of its ends, from files, memory and caches, and no other",
  async () => {
    const folder = await makeFolder();
    const duckdb = await openDuckDb();
    for (const site of ["erased.example", "kept.example"]) {
      for (const date of DAYS) {
        const rows = ["00:00:00", "23:59:59.999999"].map((time) => ({
          visitor_id: "e".repeat(64),
          timestamp: `${date} ${time}`,
          event_name: "pageview",
          pathname: "/",
        }));
        await writePartition(duckdb, folder, { site, date }, rows.slice(0, 1));
        // Two files are one partition.
        await writePartition(duckdb, folder, { site, date, name: "0002.parquet" }, rows.slice(1));
      }
    }
    duckdb.close();
    const one = await ContractServer.start({ dataDir: folder });
    try {
      const days = async (site: string) => {
        const range = "start_date=2024-03-01&end_date=2024-03-05";
        const reply = await one.get(`/api/stats/timeseries?site_id=${site}&${range}`);
        return reply.json<readonly { pageviews: number }[]>().map(({ pageviews }) => pageviews);
      };
      deepEqual(await days("erased.example"), [2, 2, 2, 2]);
      for (let count = 0; count < 3; count++) {
        equal((await one.send({ d: "erased.example", n: "pageview", u: "/" })).status, 202);
      }
      const erase = (query: string) => one.ask("DELETE", `/api/gdpr/erase?${query}`);
      const range = "start_date=2024-03-02&end_date=2024-03-03";
      const reply = await erase(`site_id=erased.example&${range}`);
      deepEqual(reply.json(), {
        status: "erased",
        site_id: "erased.example",
        start_date: "2024-03-02",
        end_date: "2024-03-03",
        db_records_deleted: 0,
        parquet_partitions_deleted: 2,
        events_deleted: 4,
      });
      deepEqual(await days("erased.example"), [2, 0, 0, 2]);
      deepEqual(await days("kept.example"), [2, 2, 2, 2]);
      const today = new Date().toISOString().slice(0, 10);
      const hot = await erase(`site_id=erased.example&start_date=${today}&end_date=${today}`);
      equal(hot.json().db_records_deleted, 3);
      const main = await one.get("/api/stats/main?site_id=erased.example&period=day");
      equal(main.json().total_pageviews, 0);
      equal(await one.end(), 0);
      const left = await readStored(folder);
      const dates = (site: string) =>
        left.filter((row) => row["site_id"] === site).map((row) => row["timestamp"]?.slice(0, 10));
      const twice = (list: readonly string[]) => list.flatMap((date) => [date, date]);
      deepEqual(dates("erased.example"), twice(["2024-03-01", "2024-03-04"]));
      deepEqual(dates("kept.example"), twice(DAYS));
    } finally {
      await one.end();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

clause("An erasure without a site and two days in order is 400", () =>
  everyRow(
    [
      "",
      "site_id=a",
      "site_id=a&start_date=2024-01-01",
      "site_id=a&end_date=2024-01-01",
      "start_date=2024-01-01&end_date=2024-01-02",
      "site_id=a..b&start_date=2024-01-01&end_date=2024-01-02",
      "site_id=a&start_date=2024-01-02&end_date=2024-01-01",
      "site_id=a&start_date=2024-02-30&end_date=2024-03-01",
      "site_id=a&start_date=2024-1-1&end_date=2024-03-01",
      "site_id=a&start_date=x&end_date=2024-03-01",
    ],
    String,
    async (query) => {
      const headers = { "x-api-key": keys["Admin"]?.key ?? "" };
      isRefusal(await owned.ask("DELETE", `/api/gdpr/erase?${query}`, { headers }), 400);
    },
  ));
