// Settings: every row of the table, both sources, every kind of fault, and that no
// secret is ever shown.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Config, loadConfig, settingsHelp } from "../../src/config/load.ts";
import {
  SETTING_GROUPS,
  SETTING_NAMES,
  type SettingName,
  settingRow,
} from "../../src/config/settings.ts";

interface Sources {
  readonly toml?: string;
  readonly env?: Record<string, string>;
}

function load({ toml, env = {} }: Sources) {
  return loadConfig({ file: toml === undefined ? null : { path: "m.toml", text: toml }, env });
}

function configOf(sources: Sources): Config {
  const loaded = load(sources);
  assert.ok("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

function faultsOf(sources: Sources): readonly string[] {
  const loaded = load(sources);
  assert.ok("faults" in loaded, JSON.stringify(loaded));
  return loaded.faults;
}

function warningsOf(sources: Sources): readonly string[] {
  const loaded = load(sources);
  assert.ok("config" in loaded, JSON.stringify(loaded));
  return loaded.warnings;
}

// Key, environment name, default, another value as TOML and as environment, that value.
// (The last is for the environment: in TOML it is what the text says.)
const CONTRACT: [SettingName, string, unknown, string | null, string, unknown][] = [
  ["host", "MALLARD_HOST", "0.0.0.0", '"::1"', "::1", "::1"],
  ["port", "MALLARD_PORT", 8000, "0", "0", 0],
  ["ingest_workers", "MALLARD_INGEST_WORKERS", 1, "4", "4", 4],
  ["data_dir", "MALLARD_DATA_DIR", "data", '"/var/m"', "/var/m", "/var/m"],
  ["secret", "MALLARD_SECRET", null, null, "s3, cret", "s3, cret"],
  ["admin_password", "MALLARD_ADMIN_PASSWORD", null, null, "long enough", "long enough"],
  ["flush_event_count", "MALLARD_FLUSH_COUNT", 1000, "5", "5", 5],
  ["flush_interval_secs", "MALLARD_FLUSH_INTERVAL", 60, "1", "1", 1],
  ["site_ids", "MALLARD_SITE_IDS", [], '["a.com", "b:1"]', " a.com, b:1,", ["a.com", "b:1"]],
  ["filter_bots", "MALLARD_FILTER_BOTS", true, "false", "False", false],
  ["geoip_db_path", "MALLARD_GEOIP_DB", null, '"g.mmdb"', "g.mmdb", "g.mmdb"],
  ["geoip_precision", "MALLARD_GEOIP_PRECISION", "city", '"none"', "none", "none"],
  [
    "dashboard_origin",
    "MALLARD_DASHBOARD_ORIGIN",
    null,
    '"https://s.example:8443"',
    "https://S.Example:8443/",
    "https://s.example:8443",
  ],
  ["secure_cookies", "MALLARD_SECURE_COOKIES", false, "true", "1", true],
  ["retention_days", "MALLARD_RETENTION_DAYS", 0, "90", "90", 90],
  ["session_ttl_secs", "MALLARD_SESSION_TTL", 86_400, "60", "60", 60],
  ["max_login_attempts", "MALLARD_MAX_LOGIN_ATTEMPTS", 5, "0", "0", 0],
  ["login_lockout_secs", "MALLARD_LOGIN_LOCKOUT", 300, "9", "9", 9],
  ["shutdown_timeout_secs", "MALLARD_SHUTDOWN_TIMEOUT", 30, "5", "5", 5],
  ["rate_limit_per_site", "MALLARD_RATE_LIMIT", 0, "100", "100", 100],
  ["cache_ttl_secs", "MALLARD_CACHE_TTL", 60, "0", "0", 0],
  ["cache_max_entries", "MALLARD_CACHE_MAX_ENTRIES", 10_000, "10", "10", 10],
  ["max_concurrent_queries", "MALLARD_MAX_CONCURRENT_QUERIES", 10, "2", "2", 2],
  ["metrics_token", "MALLARD_METRICS_TOKEN", null, '"t0k"', "t0k", "t0k"],
  ["data_readable_by", "MALLARD_DATA_READABLE_BY", "group", '"everyone"', "everyone", "everyone"],
  ["security_contact", "MALLARD_SECURITY_CONTACT", null, '"tel:1"', "tel:1", "tel:1"],
  ["log_format", "MALLARD_LOG_FORMAT", "text", '"json"', "json", "json"],
  ["gdpr_mode", "MALLARD_GDPR_MODE", false, "true", "TRUE", true],
  ["strip_referrer_query", "MALLARD_STRIP_REFERRER_QUERY", false, "true", "true", true],
  ["round_timestamps", "MALLARD_ROUND_TIMESTAMPS", false, "true", "1", true],
  ["suppress_browser_version", "MALLARD_SUPPRESS_BROWSER_VERSION", false, "true", "1", true],
  ["suppress_os_version", "MALLARD_SUPPRESS_OS_VERSION", false, "true", "1", true],
  ["suppress_screen_size", "MALLARD_SUPPRESS_SCREEN_SIZE", false, "true", "1", true],
  ["suppress_visitor_id", "MALLARD_SUPPRESS_VISITOR_ID", false, "true", "1", true],
  ["behavioral", "MALLARD_BEHAVIORAL", "sql", '"off"', "off", "off"],
  ["behavioral_extension_path", "MALLARD_BEHAVIORAL_EXTENSION", null, '"b.x"', "b.x", "b.x"],
  ["backup_dir", "MALLARD_BACKUP_DIR", null, '"/var/b"', "/b", "/b"],
  ["backup_keep", "MALLARD_BACKUP_KEEP", 7, "3", "3", 3],
  ["backup_keep_days", "MALLARD_BACKUP_KEEP_DAYS", null, "30", "30", 30],
  ["spill_limit", "MALLARD_SPILL_LIMIT", "4GiB", '"1GB"', "10GiB", "10GiB"],
  ["memory_limit", "MALLARD_MEMORY_LIMIT", null, '"512MB"', "2GiB", "2GiB"],
  ["threads", "MALLARD_THREADS", null, "2", "2", 2],
  [
    "trusted_proxies",
    "MALLARD_TRUSTED_PROXIES",
    ["loopback", "private"],
    '["203.0.113.7", "2001:db8::/32"]',
    "203.0.113.7,2001:db8::/32",
    ["203.0.113.7", "2001:db8::/32"],
  ],
  ["native_dir", "MALLARD_NATIVE_DIR", "data/.native", '"/tmp/n"', "/tmp/n", "/tmp/n"],
  ["query_timeout_secs", "MALLARD_QUERY_TIMEOUT", 30, "5", "5", 5],
  ["sql_enabled", "MALLARD_SQL_ENABLED", true, "false", "0", false],
  ["sql_timeout_secs", "MALLARD_SQL_TIMEOUT", 30, "5", "5", 5],
  ["sql_max_rows", "MALLARD_SQL_MAX_ROWS", 100_000, "5", "5", 5],
  ["base_path", "MALLARD_BASE_PATH", "", '"/stats"', "/a/b", "/a/b"],
  ["respect_gpc", "MALLARD_RESPECT_GPC", false, "true", "1", true],
  ["visitor_salt", "MALLARD_VISITOR_SALT", "derived", '"random"', "random", "random"],
  ["new_sites", "MALLARD_NEW_SITES", "accept", '"propose"', "refuse", "refuse"],
  ["undeclared_sites_max", "MALLARD_UNDECLARED_SITES_MAX", 1000, "0", "0", 0],
  ["rate_limit_per_address", "MALLARD_RATE_LIMIT_PER_ADDRESS", 1000, "0", "0", 0],
  ["node_name", "MALLARD_NODE_NAME", "mallard", '"a"', "a", "a"],
  ["node_url", "MALLARD_NODE_URL", null, '"http://a:1"', "http://a:1", "http://a:1"],
  ["node_secret", "MALLARD_NODE_SECRET", null, null, "a secret for all", "a secret for all"],
  ["hot_peers_secs", "MALLARD_HOT_PEERS", 5, "1", "1", 1],
  ["lake_flush_interval_secs", "MALLARD_LAKE_FLUSH_INTERVAL", 300, "5", "5", 5],
  ["lake_catalog", "MALLARD_LAKE_CATALOG", null, '"dbname=a"', "dbname=a", "dbname=a"],
  ["lake_password", "MALLARD_LAKE_PASSWORD", null, null, "a'b", "a'b"],
  ["lake_password_path", "MALLARD_LAKE_PASSWORD_PATH", null, '"/p"', "/p", "/p"],
  ["lake_data_path", "MALLARD_LAKE_DATA_PATH", null, '"s3://a/b/"', "s3://a/b", "s3://a/b/"],
  ["s3_endpoint", "MALLARD_S3_ENDPOINT", null, '"http://a:1"', "http://a:1/", "http://a:1"],
  ["s3_region", "MALLARD_S3_REGION", null, '"r"', "r", "r"],
  ["s3_key_id", "MALLARD_S3_KEY_ID", null, null, "k", "k"],
  ["s3_secret", "MALLARD_S3_SECRET", null, null, "s", "s"],
  ["s3_session_token", "MALLARD_S3_SESSION_TOKEN", null, null, "t", "t"],
  ["extension_dir", "MALLARD_EXTENSION_DIR", null, '"/e"', "/e", "/e"],
];

const PRIVACY_FLAGS = [
  "strip_referrer_query",
  "round_timestamps",
  "suppress_browser_version",
  "suppress_os_version",
  "suppress_screen_size",
] as const;

Deno.test("every setting is in one group", () => {
  assert.deepEqual(SETTING_GROUPS.flatMap(({ names }) => names), SETTING_NAMES);
});

Deno.test("loadConfig() returns the documented defaults when nothing is set", () => {
  const config = configOf({});
  for (const [key, , value] of CONTRACT) assert.deepEqual(config[key], value, key);
});

Deno.test("loadConfig() reads every key from a file and from the environment", () => {
  for (const [key, env, , toml, text, value] of CONTRACT) {
    assert.equal(settingRow(key).env, env);
    assert.deepEqual(configOf({ env: { [env]: text } })[key], value, env);
    if (toml === null) continue;
    const expected = JSON.parse(toml);
    assert.deepEqual(configOf({ toml: `${key} = ${toml}` })[key], expected, key);
  }
});

Deno.test("loadConfig() lets the environment win over the file", () => {
  const config = configOf({ toml: "port = 1\nthreads = 3", env: { MALLARD_PORT: "2" } });
  assert.equal(config.port, 2);
  assert.equal(config.threads, 3);
});

Deno.test("loadConfig() takes an empty environment value as unset", () => {
  const env = Object.fromEntries(SETTING_NAMES.map((name) => [settingRow(name).env, ""]));
  assert.deepEqual(configOf({ env }), configOf({}));
  assert.equal(configOf({ toml: "port = 81", env: { MALLARD_PORT: " " } }).port, 81);
});

Deno.test("loadConfig() reads booleans of the environment in any case and nothing else", () => {
  for (const text of ["true", "TRUE", "True", "1", " true "]) {
    assert.equal(configOf({ env: { MALLARD_SECURE_COOKIES: text } }).secure_cookies, true, text);
  }
  for (const text of ["false", "FALSE", "0"]) {
    assert.equal(configOf({ env: { MALLARD_FILTER_BOTS: text } }).filter_bots, false, text);
  }
  for (const text of ["yes", "on", "2", "01", "tru"]) {
    const faults = faultsOf({ env: { MALLARD_FILTER_BOTS: text } });
    assert.deepEqual(faults, [
      `Cannot use filter_bots = "${text}" from MALLARD_FILTER_BOTS: ` +
      "it must be true or false (in the environment also 1 or 0)",
    ]);
  }
});

Deno.test("loadConfig() reports an unknown key and suggests a known one", () => {
  assert.deepEqual(faultsOf({ toml: "prot = 8000" }), [
    "Cannot use prot = 8000 from m.toml: there is no such key; did you mean port?",
  ]);
  assert.deepEqual(faultsOf({ toml: 'nonsense = "x"' }), [
    'Cannot use nonsense = "x" from m.toml: there is no such key',
  ]);
  assert.deepEqual(faultsOf({ toml: "[server]\nport = 1" }), [
    'Cannot use server = {"port":1} from m.toml: there is no such key',
  ]);
});

Deno.test("loadConfig() accepts only keys of the table, not inherited properties", () => {
  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assert.equal(faultsOf({ toml: `${key} = 1` }).length, 1, key);
    assert.equal(faultsOf({ toml: `[privacy]\n${key} = 1` }).length, 1, key);
  }
});

Deno.test("loadConfig() refuses a wrong type and names key, value and file", () => {
  const wrong: [string, string][] = [
    ['port = "8000"', 'port = "8000"'],
    ["port = 8000.0", "port = 8000"],
    ["port = true", "port = true"],
    ['filter_bots = "true"', 'filter_bots = "true"'],
    ["filter_bots = 1", "filter_bots = 1"],
    ["host = 1", "host = 1"],
    ['site_ids = "a.com"', 'site_ids = "a.com"'],
    ['site_ids = ["a.com", 5]', "site_ids = 5"],
    ["data_dir = 2024-01-01", 'data_dir = "2024-01-01"'],
    ["threads = []", "threads = []"],
    ["log_format = { a = 1 }", 'log_format = {"a":1}'],
    ["privacy = 1", "privacy = 1"],
  ];
  for (const [toml, shown] of wrong) {
    const faults = faultsOf({ toml });
    assert.equal(faults.length, 1, toml);
    assert.ok(faults[0]?.startsWith(`Cannot use ${shown} from m.toml: it must be `), faults[0]);
  }
});

Deno.test("loadConfig() refuses what is out of range, on both ends", () => {
  const wrong: Record<string, string[]> = {
    MALLARD_PORT: ["-1", "65536", "8e3", "0x10", "99999999999999999999999", "8000 1"],
    MALLARD_FLUSH_COUNT: ["0", "1000000001"],
    MALLARD_FLUSH_INTERVAL: ["0", "2000001"],
    MALLARD_RETENTION_DAYS: ["-1", "36501"],
    MALLARD_CACHE_MAX_ENTRIES: ["0"],
    MALLARD_MAX_CONCURRENT_QUERIES: ["0"],
    MALLARD_QUERY_TIMEOUT: ["0", "3601"],
    MALLARD_SQL_TIMEOUT: ["0", "601"],
    MALLARD_SQL_MAX_ROWS: ["0", "10000001"],
    MALLARD_THREADS: ["0", "1.5"],
    MALLARD_HOST: ["a b", "host/", "-x", "http://x"],
    MALLARD_GEOIP_PRECISION: ["street"],
    MALLARD_LOG_FORMAT: ["xml"],
    MALLARD_BEHAVIORAL: ["duckdb"],
    MALLARD_MEMORY_LIMIT: ["512", "1KB", "63MB", "-1GB", "0GB", "1 GB GB", "80%", "1e9GB"],
    MALLARD_SITE_IDS: ["a..b", "a b", "ü", "a/b", "x".repeat(257)],
    MALLARD_TRUSTED_PROXIES: [
      "10.0.0.0/33",
      "::/129",
      "10.0.0/8",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "localhost",
      "public",
    ],
    MALLARD_BASE_PATH: ["stats", "/stats/", "/", "/a//b", "/a/../b", "/.", "/a b", "/a?b"],
    MALLARD_VISITOR_SALT: ["none"],
    MALLARD_DASHBOARD_ORIGIN: [
      "stats.example.com",
      "https://a.example/x",
      "https://a.example?x",
      "https://u:p@a.example",
      "ftp://a.example",
      "https://",
      "https://a.example:99999",
      "null",
      "*",
    ],
  };
  for (const [name, texts] of Object.entries(wrong)) {
    for (const text of texts) {
      const faults = faultsOf({ env: { [name]: text } });
      assert.equal(faults.length, 1, `${name}=${text}`);
      assert.match(
        faults[0] ?? "",
        new RegExp(`^Cannot use \\w+ = "?.*"? from ${name}: it must be`),
      );
    }
  }
});

Deno.test("loadConfig() reports all faults of both sources at once, one line each", () => {
  const faults = faultsOf({
    toml: 'prot = 1\nport = "a\\nb"\n[privacy]\nport = 3',
    env: { MALLARD_THREADS: "many", MALLARD_SITE_IDS: "ok.com,a\nb" },
  });
  assert.equal(faults.length, 5);
  for (const fault of faults) assert.ok(!fault.includes("\n"), fault);
  assert.ok(faults.some((fault) => fault.includes('site_ids = "a\\nb"')));
});

Deno.test("loadConfig() shortens a long value", () => {
  const [fault] = faultsOf({ env: { MALLARD_LOG_FORMAT: "x".repeat(5000) } });
  assert.ok(fault && fault.length < 250 && fault.includes("…"));
});

Deno.test("loadConfig() gives the position of a syntax error", () => {
  const [fault, ...more] = faultsOf({ toml: "port = 8000\nhost = \n" });
  assert.match(fault ?? "", /^Cannot read m\.toml, line 2, column \d+: \S/);
  assert.ok(!fault?.includes("\n"));
  assert.deepEqual(more, []);
});

Deno.test("loadConfig() refuses a key that is given twice", () => {
  assert.equal(faultsOf({ toml: "port = 1\nport = 2" }).length, 1);
  assert.deepEqual(faultsOf({ toml: "gdpr_mode = true\n[privacy]\ngdpr_mode = false" }), [
    "Cannot use privacy.gdpr_mode = false from m.toml: gdpr_mode is set above [privacy], too",
  ]);
});

Deno.test("loadConfig() takes the privacy keys, and only those, under [privacy]", () => {
  const toml = [
    "port = 1",
    "[privacy]",
    "suppress_visitor_id = true",
    'geoip_precision = "region"',
    ...PRIVACY_FLAGS.map((name) => `${name} = true`),
  ].join("\n");
  const config = configOf({ toml });
  assert.equal(config.suppress_visitor_id, true);
  assert.equal(config.geoip_precision, "region");
  for (const name of PRIVACY_FLAGS) assert.equal(config[name], true, name);
  assert.deepEqual(faultsOf({ toml: "[privacy]\nfilter_bots = true" }), [
    "Cannot use privacy.filter_bots = true from m.toml: there is no such key",
  ]);
});

Deno.test("loadConfig() applies gdpr_mode to the five flags and to the precision", () => {
  const config = configOf({ env: { MALLARD_GDPR_MODE: "1", MALLARD_ROUND_TIMESTAMPS: "0" } });
  for (const name of PRIVACY_FLAGS) assert.equal(config[name], true, name);
  assert.equal(config.geoip_precision, "country");
  assert.equal(config.suppress_visitor_id, false);
  const precision = (geoip_precision: string) =>
    configOf({ toml: `gdpr_mode = true\ngeoip_precision = "${geoip_precision}"` }).geoip_precision;
  assert.deepEqual(["city", "region", "country", "none"].map(precision), [
    "country",
    "country",
    "country",
    "none",
  ]);
});

Deno.test("loadConfig() puts native_dir into data_dir unless it is set", () => {
  assert.equal(configOf({ toml: 'data_dir = "/srv/m/"' }).native_dir, "/srv/m/.native");
  assert.equal(configOf({ toml: 'data_dir = "/"' }).native_dir, "/.native");
  assert.equal(configOf({ env: { MALLARD_NATIVE_DIR: "n" } }).native_dir, "n");
});

Deno.test("loadConfig() wants certificate and key together", () => {
  const cert = { MALLARD_TLS_CERT_PATH: "/c.pem" };
  assert.deepEqual(faultsOf({ env: cert }), [
    'Cannot use tls_cert_path = "/c.pem": tls_key_path is not set',
  ]);
  assert.deepEqual(faultsOf({ toml: 'tls_key_path = "/k.pem"' }), [
    'Cannot use tls_key_path = "/k.pem": tls_cert_path is not set',
  ]);
  const config = configOf({ env: cert, toml: 'tls_key_path = "/k.pem"' });
  assert.equal(config.tls_cert_path, "/c.pem");
  assert.equal(config.tls_key_path, "/k.pem");
});

Deno.test("loadConfig() wants a folder for backups that are made by themselves", () => {
  assert.deepEqual(faultsOf({ toml: "backup_interval_hours = 24" }), [
    "Cannot use backup_interval_hours = 24: backup_dir is not set",
  ]);
  const config = configOf({ toml: 'backup_interval_hours = 24\nbackup_dir = "/b"' });
  assert.equal(config.backup_interval_hours, 24);
  assert.equal(configOf({ env: { MALLARD_BACKUP_DIR: "/b" } }).backup_interval_hours, null);
});

Deno.test("CONTRACT tries every setting but those that need each other", () => {
  const tried = new Set(CONTRACT.map(([name]) => name));
  assert.deepEqual(SETTING_NAMES.filter((name) => !tried.has(name)), [
    "tls_cert_path",
    "tls_key_path",
    "backup_interval_hours",
    "storage",
    "roles",
  ]);
});

Deno.test("loadConfig() wants a lake for a server that does not do everything", () => {
  assert.deepEqual(faultsOf({ toml: 'roles = ["collect"]' }), [
    'Cannot use roles = ["collect"]: storage is not "lake"',
  ]);
  const lake = 'storage = "lake"\nlake_catalog = "dbname=a"\nlake_data_path = "/a/"\n';
  assert.deepEqual(configOf({ toml: `${lake}roles = ["query", "work"]` }).roles, ["query", "work"]);
  assert.match(faultsOf({ toml: `${lake}roles = []` }).join(), /a list of collect, query and work/);
});

Deno.test("loadConfig() refuses secrets in the file and shows none of them anywhere", () => {
  const hidden = "hunter2hunter2";
  for (const key of ["secret", "admin_password"]) {
    const faults = faultsOf({ toml: `${key} = "${hidden}"` });
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /it may only come from the environment, as MALLARD_/);
    assert.ok(!faults[0]?.includes(hidden), faults[0]);
  }
  const leaky = [
    `metrics_token = ["${hidden}"]`,
    `metrics_tokn = "${hidden}"`,
    `admin_pasword = "${hidden}"`,
    `[privacy]\nsecret = "${hidden}"`,
    `secret = { deep = "${hidden}" }`,
  ];
  for (const toml of leaky) {
    const faults = faultsOf({ toml });
    assert.equal(faults.length, 1, toml);
    assert.ok(!JSON.stringify(faults).includes(hidden), JSON.stringify(faults));
  }
});

Deno.test("loadConfig() warns of unknown environment names and ignores those of tests", () => {
  const others = { MALLARD_TEST_EXTENSION: "x", MALLARD_DEV: "1", MALLARDS: "1", HOME: "/" };
  const env = { MALLARD_PROT: "1", ...others };
  assert.deepEqual(warningsOf({ env }), [
    "Ignored MALLARD_PROT: no setting has this name; did you mean MALLARD_PORT?",
  ]);
});

Deno.test("loadConfig() warns of a short password without showing it", () => {
  const [warning, ...more] = warningsOf({ env: { MALLARD_ADMIN_PASSWORD: "qwerty" } });
  assert.match(warning ?? "", /^MALLARD_ADMIN_PASSWORD is short/);
  assert.ok(!warning?.includes("qwerty"));
  assert.deepEqual(more, []);
});

Deno.test("loadConfig() freezes what it returns, lists included", () => {
  const config = configOf({ toml: 'site_ids = ["a.com"]' });
  assert.ok(Object.isFrozen(config));
  for (const value of Object.values(config)) assert.ok(Object.isFrozen(value));
});

Deno.test("loadConfig() answers any text and environment by a config or one-line faults", () => {
  const value = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom("1", "true", "::"));
  const env = fc.dictionary(
    fc.constantFrom(...SETTING_NAMES.map((name) => settingRow(name).env), "MALLARD_X"),
    value,
  );
  const line = fc.tuple(fc.oneof(fc.constantFrom(...SETTING_NAMES), fc.string()), fc.jsonValue())
    .map(([key, json]) => `${key} = ${JSON.stringify(json)}`);
  const toml = fc.oneof(fc.string(), fc.array(line).map((lines) => lines.join("\n")));
  fc.assert(
    fc.property(toml, env, (toml, env) => {
      const loaded = load({ toml, env });
      if ("config" in loaded) return assert.deepEqual(Object.keys(loaded.config), SETTING_NAMES);
      assert.ok(loaded.faults.length > 0);
      for (const fault of loaded.faults) assert.match(fault, /^Cannot (use|read) [^\r\n]+$/);
    }),
    { numRuns: 500 },
  );
});

Deno.test("settingsHelp() lists every environment name and no line over 100 characters", () => {
  const help = settingsHelp();
  for (const name of SETTING_NAMES) {
    assert.ok(help.includes(settingRow(name).env));
    assert.ok(help.includes(settingRow(name).doc));
  }
  for (const line of help.split("\n")) assert.ok(line.length <= 100, line);
});

Deno.test("loadConfig() lets an owner put flushes and the end of answers off for days", () => {
  const env = {
    MALLARD_FLUSH_COUNT: "100000000",
    MALLARD_FLUSH_INTERVAL: "999999",
    MALLARD_CACHE_TTL: "999999",
  };
  const loaded = loadConfig({ file: null, env });
  assert.ok("config" in loaded, JSON.stringify(loaded));
  const { flush_event_count, flush_interval_secs, cache_ttl_secs } = loaded.config;
  assert.deepEqual([flush_event_count, flush_interval_secs, cache_ttl_secs], [1e8, 999999, 999999]);
});

Deno.test("loadConfig() refuses addresses with a password, and never shows it", () => {
  for (
    const address of [
      "postgresql://me:hunter2@db/lake",
      "postgres://db/lake?password=hunter2",
      "dbname=lake password = hunter2",
      "dbname=lake password='hunter2'",
      "hunter2",
    ]
  ) {
    const loaded = load({ env: { MALLARD_LAKE_CATALOG: address } });
    assert.ok("faults" in loaded, address);
    assert.match(loaded.faults.join(), /^Cannot use lake_catalog = .*without a password/);
    assert.ok(!loaded.faults.join().includes("hunter2"));
  }
  for (const path of ["bucket", "http://a/b", "s3://", "s3://a/*.parquet", "s3://a/[x]/"]) {
    assert.ok("faults" in load({ env: { MALLARD_LAKE_DATA_PATH: path } }), path);
  }
});
