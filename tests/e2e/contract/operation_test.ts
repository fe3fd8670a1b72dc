// docs/compatibility.md: health, metrics, every setting by file and by environment with its
// faults, privacy settings, caches and bounds.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import {
  checkRefusal,
  CHROME,
  clause,
  ContractServer,
  everyRow,
  makeFolder,
  readStored,
  ROBOT,
  runToEnd,
  type StartOptions,
  until,
  wait,
  writePartition,
} from "../../support/server/contract_server.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import { mmdb } from "../../support/mmdb.ts";

const server = await ContractServer.start({
  env: { MALLARD_CACHE_MAX_ENTRIES: "3", MALLARD_ADMIN_PASSWORD: "correct horse battery" },
});
Deno.test.afterAll(() => server.close());

/** A body that never comes; asked at the start, read at the end of this file. */
const stalled = (async () => {
  const from = Date.now();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" +
    "content-length: 100\r\n\r\n{";
  await connection.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer).catch(() => null);
  connection.close();
  return { ms: Date.now() - from, text: new TextDecoder().decode(buffer.slice(0, count ?? 0)) };
})();

async function withServer(
  options: StartOptions,
  work: (one: ContractServer) => Promise<void>,
): Promise<void> {
  const one = await ContractServer.start(options);
  try {
    await work(one);
  } finally {
    await one.close();
  }
}

clause("/health and /health/ready answer their words", async () => {
  for (const [path, word] of [["/health", "ok"], ["/health/ready", "ready"]] as const) {
    const reply = await server.get(path);
    equal(reply.status, 200);
    match(reply.header("content-type") ?? "", /^text\/plain/);
    equal(reply.text, word);
  }
});

clause("/health/ready is 503 until the database is ready", async () => {
  const dataDir = await makeFolder();
  const duckdb = await openDuckDb();
  const row = { visitor_id: "a", timestamp: "2024-01-01 00:00:00", event_name: "x", pathname: "/" };
  const path = await writePartition(duckdb, dataDir, { site: "s0", date: "2024-01-01" }, [row]);
  duckdb.close();
  for (let site = 1; site < 200; site++) {
    const folder = `${dataDir}/events/site_id=s${site}/date=2024-01-01`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.copyFile(path, `${folder}/0001.parquet`);
  }
  const one = await ContractServer.start({ dataDir });
  await one.end();
  await Deno.remove(dataDir, { recursive: true });
  ok(one.answersBeforeReady.length > 0, "nothing was asked in time");
  for (const { status, text } of one.answersBeforeReady) {
    deepEqual([status, text], [503, "database not ready"]);
  }
});

clause("/health/detailed has its fields with their types", async () => {
  const reply = await server.get("/health/detailed");
  equal(reply.status, 200);
  const detailed = reply.json();
  const types = {
    status: "string",
    version: "string",
    buffered_events: "number",
    auth_configured: "boolean",
    geoip_loaded: "boolean",
    behavioral_extension_loaded: "boolean",
    filter_bots: "boolean",
    cache_entries: "number",
    cache_empty: "boolean",
  };
  for (const [name, type] of Object.entries(types)) equal(typeof detailed[name], type, name);
  deepEqual(
    [
      detailed["auth_configured"],
      detailed["geoip_loaded"],
      detailed["behavioral_extension_loaded"],
    ],
    [true, false, false],
  );
  deepEqual([detailed["filter_bots"], detailed["cache_empty"]], [true, true]);
});

const GAUGES = [
  "buffered_events",
  "cache_entries",
  "auth_configured",
  "geoip_loaded",
  "filter_bots",
];
const COUNTERS = ["events_ingested", "flush_failures", "rate_limit_rejections", "login_failures"];

clause("/metrics is Prometheus text 0.0.4 with every gauge and counter", async () => {
  const { status, text, header } = await server.get("/metrics");
  equal(status, 200);
  match(header("content-type") ?? "", /^text\/plain; *version=0\.0\.4(;|$)/);
  const gauges = [...GAUGES, "behavioral_extension"].map((name) => `mallard_${name}`);
  const counters = [...COUNTERS, "cache_hits", "cache_misses"].map((name) =>
    `mallard_${name}_total`
  );
  for (const [names, type] of [[gauges, "gauge"], [counters, "counter"]] as const) {
    for (const name of names) {
      match(text, new RegExp(`^# TYPE ${name} ${type}$`, "m"));
      match(text, new RegExp(`^${name} \\d+(\\.\\d+)?$`, "m"));
    }
  }
  for (const line of text.trimEnd().split("\n")) {
    match(
      line,
      /^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+$/,
    );
  }
  ok(text.endsWith("\n"));
});

clause("Gauges and counters follow what happens", async () => {
  const value = (name: string) => server.metric(`mallard_${name}`);
  deepEqual([await value("auth_configured"), await value("filter_bots")], [1, 1]);
  const [ingested, buffered, failures] = [
    await value("events_ingested_total") ?? 0,
    await value("buffered_events") ?? 0,
    await value("login_failures_total") ?? 0,
  ];
  equal((await server.send({ d: "gauge.example", n: "x", u: "/" })).status, 202);
  const body = '{"password":"wrong horse"}';
  const headers = { "content-type": "application/json" };
  equal((await server.ask("POST", "/api/auth/login", { headers, body })).status, 401);
  equal(await value("events_ingested_total"), ingested + 1);
  equal(await value("buffered_events"), buffered + 1);
  equal(await value("login_failures_total"), failures + 1);
});

clause(
  "With metrics_token /metrics answers that Bearer alone",
  () =>
    withServer({ env: { MALLARD_METRICS_TOKEN: "a token" } }, async (one) => {
      equal((await one.get("/metrics", { authorization: "Bearer a token" })).status, 200);
      const wrong = [{}, { authorization: "Bearer a" }, { authorization: "a token" }];
      for (
        const headers of [...wrong, { authorization: "Bearer a token2" }, {
          "x-api-key": "a token",
        }]
      ) {
        const reply = await one.get("/metrics", headers);
        equal(reply.status, 401);
        checkRefusal(reply.json());
      }
      ok(!one.output.includes("a token"));
    }),
);

clause("robots.txt keeps everything out; security.txt is 404 without a contact", async () => {
  const robots = await server.get("/robots.txt");
  match(robots.header("content-type") ?? "", /^text\/plain/);
  match(robots.text, /^User-agent: \*\s+Disallow: \/\s*$/i);
  equal((await server.get("/.well-known/security.txt")).status, 404);
});

clause("/ is the dashboard, an HTML page that loads nothing from elsewhere", async () => {
  const reply = await server.get("/");
  equal(reply.status, 200);
  match(reply.text, /^<!doctype html>/i);
  ok(!/(src|href)="(https?:)?\/\//.test(reply.text));
  ok(!(reply.header("content-security-policy") ?? "").includes("unsafe-inline"));
});

// ---- Settings ----

type Setting = readonly [key: string, toml: string, name: string, value: string];

/** A value other than the default for each documented key. */
const SETTINGS: readonly Setting[] = [
  ["flush_event_count", "3", "MALLARD_FLUSH_COUNT", "3"],
  ["flush_interval_secs", "3600", "MALLARD_FLUSH_INTERVAL", "3600"],
  ["site_ids", '["a.example", "b.example"]', "MALLARD_SITE_IDS", "a.example,b.example"],
  ["filter_bots", "false", "MALLARD_FILTER_BOTS", "false"],
  ["dashboard_origin", '"https://s.example"', "MALLARD_DASHBOARD_ORIGIN", "https://s.example"],
  ["secure_cookies", "true", "MALLARD_SECURE_COOKIES", "1"],
  ["retention_days", "3650", "MALLARD_RETENTION_DAYS", "3650"],
  ["session_ttl_secs", "77", "MALLARD_SESSION_TTL", "77"],
  ["max_login_attempts", "1", "MALLARD_MAX_LOGIN_ATTEMPTS", "1"],
  ["login_lockout_secs", "9", "MALLARD_LOGIN_LOCKOUT", "9"],
  ["shutdown_timeout_secs", "7", "MALLARD_SHUTDOWN_TIMEOUT", "7"],
  ["rate_limit_per_site", "2", "MALLARD_RATE_LIMIT", "2"],
  ["cache_ttl_secs", "0", "MALLARD_CACHE_TTL", "0"],
  ["cache_max_entries", "5", "MALLARD_CACHE_MAX_ENTRIES", "5"],
  ["max_concurrent_queries", "3", "MALLARD_MAX_CONCURRENT_QUERIES", "3"],
  ["metrics_token", '"t0ken"', "MALLARD_METRICS_TOKEN", "t0ken"],
  ["log_format", '"json"', "MALLARD_LOG_FORMAT", "json"],
  ["behavioral", '"sql"', "MALLARD_BEHAVIORAL", "sql"],
  ["behavioral_extension_path", '"/none"', "MALLARD_BEHAVIORAL_EXTENSION", "/none"],
  ["memory_limit", '"256MB"', "MALLARD_MEMORY_LIMIT", "256MB"],
  ["spill_limit", '"1GiB"', "MALLARD_SPILL_LIMIT", "1GiB"],
  ["threads", "1", "MALLARD_THREADS", "1"],
  ["trusted_proxies", '["127.0.0.0/8"]', "MALLARD_TRUSTED_PROXIES", "127.0.0.0/8"],
  ["native_dir", '"/tmp/none"', "MALLARD_NATIVE_DIR", "/tmp/none"],
  ["query_timeout_secs", "5", "MALLARD_QUERY_TIMEOUT", "5"],
];

const PRIVACY: readonly Setting[] = [
  ["geoip_precision", '"country"', "MALLARD_GEOIP_PRECISION", "country"],
  ["gdpr_mode", "false", "MALLARD_GDPR_MODE", "0"],
  ["strip_referrer_query", "true", "MALLARD_STRIP_REFERRER_QUERY", "true"],
  ["round_timestamps", "true", "MALLARD_ROUND_TIMESTAMPS", "True"],
  ["suppress_browser_version", "true", "MALLARD_SUPPRESS_BROWSER_VERSION", "TRUE"],
  ["suppress_os_version", "true", "MALLARD_SUPPRESS_OS_VERSION", "1"],
  ["suppress_screen_size", "false", "MALLARD_SUPPRESS_SCREEN_SIZE", "False"],
  ["suppress_visitor_id", "true", "MALLARD_SUPPRESS_VISITOR_ID", "1"],
];

const lines = (settings: readonly Setting[]) =>
  settings.map(([key, toml]) => `${key} = ${toml}\n`).join("");
const environment = (settings: readonly Setting[]) =>
  Object.fromEntries(settings.map(([, , name, value]) => [name, value]));
const place = (port: number, dataDir: string) =>
  `host = "127.0.0.1"\nport = ${port}\ndata_dir = "${dataDir}"\n`;
const OWNER = { MALLARD_ADMIN_PASSWORD: "correct horse battery" };

/** The same settings by each way in which they can be given. */
const WAYS: readonly (readonly [what: string, options: StartOptions])[] = [
  ["a file as first argument", {
    env: OWNER,
    file: (port, dir) => place(port, dir) + lines([...SETTINGS, ...PRIVACY]),
  }],
  ["a file by --config, privacy apart", {
    env: OWNER,
    args: ["--config", "{}"],
    file: (port, dir) => `${place(port, dir)}${lines(SETTINGS)}[privacy]\n${lines(PRIVACY)}`,
  }],
  ["the environment", { env: { ...OWNER, ...environment([...SETTINGS, ...PRIVACY]) } }],
];

async function showEffects(one: ContractServer): Promise<void> {
  const login = (password: string) =>
    one.ask("POST", "/api/auth/login", {
      headers: { "content-type": "application/json", "origin": "https://s.example" },
      body: JSON.stringify({ password }),
    });
  const reply = await login("correct horse battery");
  for (const cookie of reply.headers.get("set-cookie") ?? []) match(cookie, /Max-Age=77\b.*Secure/);
  equal(reply.headers.get("set-cookie")?.length, 2);
  equal((await login("wrong horse")).status, 401);
  match((await login("wrong horse")).header("retry-after") ?? "", /^[789]$/);
  equal((await one.get("/metrics")).status, 401);
  const token = { authorization: "Bearer t0ken" };
  equal(await one.metric("mallard_filter_bots", token), 0);
  const send = (d: string, agent: string) =>
    one.send({ d, n: "x", u: "/", r: "https://o.example/?q", w: 100 }, {
      "user-agent": agent,
      "x-forwarded-for": "8.8.8.8",
    });
  equal((await send("c.example", CHROME)).status, 403);
  const statuses: number[] = [];
  for (const agent of [CHROME, ROBOT]) statuses.push((await send("a.example", agent)).status);
  for (let count = 0; count < 10; count++) statuses.push((await send("a.example", CHROME)).status);
  ok(statuses.includes(429) && statuses.filter((status) => status === 202).length < 6);
  equal((await send("b.example", CHROME)).status, 202);
  await until("a flush of three events", async () => {
    const rows = await readStored(one.dataDir).catch(() => []);
    return rows.length >= 3 ? true : null;
  });
  for (const row of await readStored(one.dataDir)) {
    match(row["timestamp"] ?? "", /^\d{4}-\d\d-\d\d \d\d:00:00(\.\d+)?$/);
    equal(row["referrer"], "https://o.example/");
    deepEqual([row["browser_version"], row["os_version"], row["screen_size"]], [null, null, "100"]);
    equal(row["country_code"], "US");
  }
  match(one.output, /^\{"/m);
}

clause(
  "Every setting has its effect, by file and by environment",
  () => everyRow(WAYS, ([what]) => what, ([, options]) => withServer(options, showEffects), 3),
);

clause(
  "The environment wins over the file, and an empty value there counts as unset",
  () =>
    withServer({
      file: (port, dir) => `${place(port, dir)}metrics_token = "file"\nfilter_bots = false\n`,
      env: { MALLARD_METRICS_TOKEN: "", MALLARD_FILTER_BOTS: "TRUE", MALLARD_LOG_FORMAT: "" },
    }, async (one) => {
      equal((await one.get("/metrics", { authorization: "Bearer file" })).status, 200);
      equal((await one.get("/health/detailed")).json().filter_bots, true);
    }),
);

/** Per key: faulty values in TOML and in the environment. */
type Faulty = readonly [
  key: string,
  name: string,
  toml: readonly string[],
  env: readonly string[],
];

const whole = (key: string, name: string): Faulty => [
  key,
  name,
  ["-1", '"12"', "1.5", "true", "99999999999999"],
  ["-1", "1.5", "twelve", "99999999999999"],
];
const flag = (key: string, name: string): Faulty => [key, name, ['"yes"', "7"], ["yes", "2", "on"]];

const FAULTY: readonly Faulty[] = [
  ["host", "MALLARD_HOST", ["5", "true"], []],
  ["port", "MALLARD_PORT", ["65536", '"8000"', "-1", "80.5"], ["65536", "-1", "http"]],
  ["data_dir", "MALLARD_DATA_DIR", ["5"], []],
  whole("flush_event_count", "MALLARD_FLUSH_COUNT"),
  whole("flush_interval_secs", "MALLARD_FLUSH_INTERVAL"),
  ["site_ids", "MALLARD_SITE_IDS", ['"a"', '["a b"]', "[1]", '["a..b"]'], ["a b", "b/c"]],
  flag("filter_bots", "MALLARD_FILTER_BOTS"),
  ["geoip_db_path", "MALLARD_GEOIP_DB", ["5"], []],
  ["geoip_precision", "MALLARD_GEOIP_PRECISION", ['"street"', "1"], ["street"]],
  ["dashboard_origin", "MALLARD_DASHBOARD_ORIGIN", ['"nowhere"', "5"], ["nowhere"]],
  flag("secure_cookies", "MALLARD_SECURE_COOKIES"),
  whole("retention_days", "MALLARD_RETENTION_DAYS"),
  whole("session_ttl_secs", "MALLARD_SESSION_TTL"),
  whole("max_login_attempts", "MALLARD_MAX_LOGIN_ATTEMPTS"),
  whole("login_lockout_secs", "MALLARD_LOGIN_LOCKOUT"),
  whole("shutdown_timeout_secs", "MALLARD_SHUTDOWN_TIMEOUT"),
  whole("rate_limit_per_site", "MALLARD_RATE_LIMIT"),
  whole("cache_ttl_secs", "MALLARD_CACHE_TTL"),
  whole("cache_max_entries", "MALLARD_CACHE_MAX_ENTRIES"),
  whole("max_concurrent_queries", "MALLARD_MAX_CONCURRENT_QUERIES"),
  ["metrics_token", "MALLARD_METRICS_TOKEN", ["5"], []],
  ["log_format", "MALLARD_LOG_FORMAT", ['"xml"', "5"], ["xml"]],
  flag("gdpr_mode", "MALLARD_GDPR_MODE"),
  flag("strip_referrer_query", "MALLARD_STRIP_REFERRER_QUERY"),
  flag("round_timestamps", "MALLARD_ROUND_TIMESTAMPS"),
  flag("suppress_browser_version", "MALLARD_SUPPRESS_BROWSER_VERSION"),
  flag("suppress_os_version", "MALLARD_SUPPRESS_OS_VERSION"),
  flag("suppress_screen_size", "MALLARD_SUPPRESS_SCREEN_SIZE"),
  flag("suppress_visitor_id", "MALLARD_SUPPRESS_VISITOR_ID"),
  ["behavioral", "MALLARD_BEHAVIORAL", ['"maybe"', "true"], ["maybe"]],
  ["behavioral_extension_path", "MALLARD_BEHAVIORAL_EXTENSION", ["5"], []],
  ["memory_limit", "MALLARD_MEMORY_LIMIT", ['"lots"', "5"], ["lots"]],
  ["spill_limit", "MALLARD_SPILL_LIMIT", ['"lots"', "5"], ["lots"]],
  whole("threads", "MALLARD_THREADS"),
  ["trusted_proxies", "MALLARD_TRUSTED_PROXIES", ['["300.0.0.1"]', "5"], ["10.0.0.0/33"]],
  ["native_dir", "MALLARD_NATIVE_DIR", ["5"], []],
  whole("query_timeout_secs", "MALLARD_QUERY_TIMEOUT"),
];

/** Runs with these faults, each as what its line must hold, and compares line by line. */
async function isRefused(
  toml: string | null,
  env: Readonly<Record<string, string>>,
  faults: readonly (readonly string[])[],
): Promise<void> {
  const dataDir = await makeFolder();
  const path = `${dataDir}/faulty.toml`;
  if (toml !== null) await Deno.writeTextFile(path, toml);
  const run = await runToEnd({ dataDir, env, args: toml === null ? [] : [path] });
  await Deno.remove(dataDir, { recursive: true });
  equal(run.code, 2, `${run.stdout}${run.stderr}`);
  const told = run.stderr.trimEnd().split("\n");
  const missing = faults.filter((words) =>
    !told.some((line) => words.every((word) => line.includes(word.replace("{}", path))))
  );
  deepEqual(missing, [], run.stderr);
  equal(told.length, faults.length, `one line per fault:\n${run.stderr}`);
}

clause(
  "Each invalid value of a file is reported in one line with key, value and file",
  async () => {
    for (let round = 0; round < 5; round++) {
      const rows = FAULTY.filter(([, , toml]) => toml.length > round);
      const text = rows.map(([key, , toml]) => `${key} = ${toml[round]}\n`).join("");
      await isRefused(
        text,
        {},
        rows.map(([key, , toml]) => [
          key,
          // What may be a token is shown nowhere.
          key === "metrics_token" ? "(hidden)" : (toml[round] ?? "").replaceAll(/[[\]"]/g, ""),
          "{}",
        ]),
      );
    }
  },
);

clause(
  "Each invalid value of the environment is reported in one line with name and value",
  async () => {
    for (let round = 0; round < 4; round++) {
      const rows = FAULTY.filter(([, , , env]) => env.length > round);
      await isRefused(
        null,
        Object.fromEntries(rows.map(([, name, , env]) => [name, env[round] ?? ""])),
        rows.map(([, name, , env]) => [name, env[round] ?? ""]),
      );
    }
  },
);

clause("A key that does not exist, or is not allowed in the file, stops the start", async () => {
  await isRefused(
    'prot = 8000\nsecret = "x"\nadmin_password = "y"\n' +
      "[privacy]\nport = 8000\nhide = true\n[web]\na = 1\n",
    {},
    [["prot", "{}"], ["secret", "{}"], ["admin_password", "{}"], ["port", "{}"], ["hide"], ["web"]],
  );
});

clause(
  "Faults of the file and of the environment are reported together",
  () =>
    isRefused("port = -1\n", { MALLARD_CACHE_TTL: "x", MALLARD_PORT: "y" }, [
      ["port", "-1", "{}"],
      ["MALLARD_CACHE_TTL", "x"],
      ["MALLARD_PORT", "y"],
    ]),
);

clause("What is not TOML stops the start", async () => {
  const dataDir = await makeFolder();
  await Deno.writeTextFile(`${dataDir}/x.toml`, "port = = 1\n");
  const run = await runToEnd({ dataDir, args: ["--config", `${dataDir}/x.toml`] });
  await Deno.remove(dataDir, { recursive: true });
  equal(run.code, 2);
  match(run.stderr, /x\.toml/);
});

clause(
  "A missing GeoIP file is a warning only",
  () =>
    withServer({ env: { MALLARD_GEOIP_DB: "/nowhere/city.mmdb" } }, async (one) => {
      match(one.output, /WARN.*\/nowhere\/city\.mmdb/);
      equal((await one.get("/health/detailed")).json().geoip_loaded, false);
      equal(
        (await one.send({ d: "a", n: "x", u: "/" }, { "x-forwarded-for": "8.8.8.8" })).status,
        202,
      );
    }),
);

// ---- Privacy, over a city database of the test's own ----

const PLACE = {
  country: { iso_code: "US" },
  subdivisions: [{ names: { en: "California" } }],
  city: { names: { en: "Mountain View" } },
};
const SPECIAL = [
  "10.1.2.3",
  "172.16.0.1",
  "192.168.0.1",
  "127.0.0.9",
  "169.254.1.1",
  "100.64.0.1",
  "192.0.2.1",
  "198.51.100.1",
  "203.0.113.1",
  "fe80::1",
  "fd00::1",
  "2001:db8::1",
];
const databasePath = await Deno.makeTempFile({ prefix: "mallard-contract-", suffix: ".mmdb" });
const single = (address: string) => `${address}/${address.includes(":") ? 128 : 32}`;
await Deno.writeFile(
  databasePath,
  mmdb([...SPECIAL, "8.8.8.8", "2001:4860::8"].map((address) => [single(address), PLACE])),
);
Deno.test.afterAll(() => Deno.remove(databasePath));

const EVENT = {
  d: "example.com",
  n: "pageview",
  u: "https://example.com/page",
  r: "https://other.example/path?q=secret",
  w: 1280,
};

/** Two events of one visitor as Parquet holds them after a stop. */
async function stored(
  env: Readonly<Record<string, string>>,
  addresses: readonly string[] = ["8.8.8.8", "8.8.8.8"],
): Promise<Record<string, string | null>[]> {
  const dataDir = await makeFolder();
  const one = await ContractServer.start({
    dataDir,
    env: { MALLARD_GEOIP_DB: databasePath, ...env },
  });
  equal((await one.get("/health/detailed")).json().geoip_loaded, true);
  for (const address of addresses) {
    equal((await one.send(EVENT, { "x-forwarded-for": address })).status, 202);
  }
  await one.end();
  const rows = await readStored(dataDir);
  await Deno.remove(dataDir, { recursive: true });
  equal(rows.length, addresses.length);
  return rows;
}

const SENSITIVE = {
  referrer: "https://other.example/path?q=secret",
  browser_version: "120.0.0.0",
  os_version: "10",
  screen_size: "1280",
  device_type: "desktop",
  country_code: "US",
  region: "California",
  city: "Mountain View",
};
const GDPR = {
  referrer: "https://other.example/path",
  browser_version: null,
  os_version: null,
  screen_size: null,
  device_type: null,
  region: null,
  city: null,
};

type Effect = readonly [
  setting: string,
  value: string,
  changed: Partial<Record<string, string | null>>,
];
const EFFECTS: readonly Effect[] = [
  ["GDPR_MODE", "false", {}],
  ["GDPR_MODE", "true", GDPR],
  ["STRIP_REFERRER_QUERY", "true", { referrer: "https://other.example/path" }],
  ["SUPPRESS_BROWSER_VERSION", "true", { browser_version: null }],
  ["SUPPRESS_OS_VERSION", "true", { os_version: null }],
  ["SUPPRESS_SCREEN_SIZE", "true", { screen_size: null, device_type: null }],
  ["GEOIP_PRECISION", "region", { city: null }],
  ["GEOIP_PRECISION", "country", { region: null, city: null }],
  ["GEOIP_PRECISION", "none", { country_code: null, region: null, city: null }],
  ["ROUND_TIMESTAMPS", "true", {}],
  ["SUPPRESS_VISITOR_ID", "true", {}],
];

clause(
  "Each privacy setting changes its own columns and no other",
  () =>
    everyRow(EFFECTS, (row) => row.slice(0, 2).join("="), async ([setting, value, changed]) => {
      const [first = {}, second = {}] = await stored({ [`MALLARD_${setting}`]: value });
      for (const row of [first, second]) {
        const found = Object.fromEntries(Object.keys(SENSITIVE).map((name) => [name, row[name]]));
        deepEqual(found, { ...SENSITIVE, ...changed });
        const rounds = /^(GDPR_MODE|ROUND_TIMESTAMPS)=true$/.test(`${setting}=${value}`);
        if (rounds) match(row["timestamp"] ?? "", / \d\d:00:00(\.\d+)?$/);
        match(row["visitor_id"] ?? "", /^[0-9a-f]{64}$/);
      }
      equal(first["visitor_id"] !== second["visitor_id"], setting === "SUPPRESS_VISITOR_ID");
    }, 3),
);

clause("gdpr_mode keeps a precision that is coarser than the country", async () => {
  const [row = {}] = await stored({ MALLARD_GDPR_MODE: "true", MALLARD_GEOIP_PRECISION: "none" });
  deepEqual([row["country_code"], row["region"], row["city"]], [null, null, null]);
});

clause("Special-purpose addresses have no country, whatever the database says", async () => {
  const rows = await stored({}, [...SPECIAL, "2001:4860::8"]);
  const places = rows.map((row) => row["country_code"]);
  equal(places.filter((place) => place === "US").length, 1, JSON.stringify(places));
  equal(places.filter((place) => place === null).length, SPECIAL.length);
});

// ---- Bounds ----

const day = (offset: number) =>
  new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

clause("retention_days removes what is older, files included, and keeps the rest", async () => {
  const dataDir = await makeFolder();
  const duckdb = await openDuckDb();
  for (const offset of [-400, -40, -20, -1]) {
    await writePartition(duckdb, dataDir, { site: "example.com", date: day(offset) }, [{
      visitor_id: "a".repeat(64),
      timestamp: `${day(offset)} 12:00:00`,
      event_name: "pageview",
      pathname: "/",
    }]);
  }
  duckdb.close();
  const one = await ContractServer.start({ dataDir, env: { MALLARD_RETENTION_DAYS: "30" } });
  const dates = await until("two partitions left", async () => {
    // What is being removed cannot be read.
    const rows = await readStored(dataDir).catch(() => null);
    return rows && rows.length <= 2 ? rows.map((row) => row["timestamp"]?.slice(0, 10)) : null;
  });
  deepEqual(dates, [day(-20), day(-1)]);
  const range = `start_date=${day(-100)}&end_date=${day(1)}`;
  const main = await one.get(`/api/stats/main?site_id=example.com&${range}`);
  equal(main.json().total_pageviews, 2);
  await one.end();
  await Deno.remove(dataDir, { recursive: true });
});

clause("An answer is served again from the cache, which holds no more than it may", async () => {
  const headers = { "content-type": "application/json" };
  const body = '{"password":"correct horse battery"}';
  const login = await server.ask("POST", "/api/auth/login", { headers, body });
  const cookie = (login.headers.get("set-cookie")?.[0] ?? "").split(";")[0] ?? "";
  const value = async (name: string) => await server.metric(`mallard_cache_${name}`) ?? NaN;
  const ask = async (path: string) => {
    const [hits, misses] = [await value("hits_total"), await value("misses_total")];
    equal((await server.get(`/api/stats/${path}`, { cookie })).status, 200);
    return [await value("hits_total") - hits, await value("misses_total") - misses];
  };
  const past = "start_date=2024-01-01&end_date=2024-01-31";
  deepEqual(await ask(`main?site_id=cache.example&${past}`), [0, 1]);
  deepEqual(await ask(`main?site_id=cache.example&${past}`), [1, 0]);
  for (const site of ["b", "c", "d", "e", "f"]) {
    deepEqual(await ask(`main?site_id=${site}&${past}`), [0, 1]);
  }
  ok(await value("entries") <= 3);
  const detailed = (await server.get("/health/detailed")).json();
  equal(detailed["cache_empty"], false);
  equal(detailed["cache_entries"], await value("entries"));
});

clause(
  "An answer of the cache ends with cache_ttl_secs, and 0 switches the cache off",
  async () => {
    const path = "/api/stats/main?site_id=a&period=7d";
    await withServer({ env: { MALLARD_CACHE_TTL: "3" } }, async (one) => {
      for (const pause of [0, 0, 3200]) {
        await wait(pause);
        await one.get(path);
      }
      equal(await one.metric("mallard_cache_hits_total"), 1);
      equal(await one.metric("mallard_cache_misses_total"), 2);
    });
    await withServer({ env: { MALLARD_CACHE_TTL: "0" } }, async (one) => {
      for (let count = 0; count < 3; count++) await one.get(path);
      equal(await one.metric("mallard_cache_hits_total"), 0);
      equal(await one.metric("mallard_cache_entries"), 0);
    });
  },
);

clause("A request whose body does not come is ended after 30 seconds", async () => {
  const { ms, text } = await stalled;
  ok(ms > 5_000, `${ms} ms: ${text}`);
  match(text, /^HTTP\/1\.1 (408|503|504) /);
});
