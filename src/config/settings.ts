// Every setting in one table: its TOML key, environment name, kind, default and one-line doc. The
// reading, --help, the example file and docs/settings.md are made from it. It holds no logic.
import { TRUSTED_PROXIES_DEFAULT } from "../net/proxies.ts";
import {
  anyText,
  basePath,
  choice,
  contact,
  flag,
  host,
  type Kind,
  lakePath,
  listOf,
  memory,
  network,
  NETWORKS,
  origin,
  path,
  postgresAddress,
  siteId,
  wholeNumber,
} from "./kinds.ts";

/** Headings under which the settings are listed. */
export const SETTING_GROUPS = {
  server: "Server",
  storage: "Storage",
  collecting: "Collecting",
  privacy: "Privacy",
  access: "Access",
  statistics: "Statistics",
  lake: "Lake",
} as const satisfies Record<string, string>;

/** One setting. */
export interface Row<T> {
  readonly group: keyof typeof SETTING_GROUPS;
  readonly env: string;
  readonly kind: Kind<T>;
  readonly default: NoInfer<T>;
  readonly doc: string;
  /** The default as the documents show it, if the value is not clear. */
  readonly shown?: string;
  /** A value for the example file where there is no default. */
  readonly example?: T;
  /** Its value is never shown. */
  readonly secret?: true;
  /** Refused in a file: it may only come from the environment. */
  readonly envOnly?: true;
  /** Also accepted under `[privacy]`. */
  readonly privacy?: true;
}

function row<T>(values: Row<T>): Row<T> {
  return values;
}

const YEAR_SECS = 31_536_000;

/** Every setting, in the order of the documents. A new one is a row here and nothing else. */
export const SETTINGS = {
  host: row({
    group: "server",
    env: "MALLARD_HOST",
    kind: host,
    default: "0.0.0.0",
    doc: "Address to listen on; 127.0.0.1 for this machine only, :: for IPv6 too.",
  }),
  port: row({
    group: "server",
    env: "MALLARD_PORT",
    kind: wholeNumber(0, 65_535),
    default: 8000,
    doc: "Port to listen on; 0 takes any free one.",
  }),
  base_path: row({
    group: "server",
    env: "MALLARD_BASE_PATH",
    kind: basePath,
    default: "",
    shown: "none",
    doc: "Path under which everything is served, such as /stats.",
  }),
  tls_cert_path: row<string | null>({
    group: "server",
    env: "MALLARD_TLS_CERT_PATH",
    kind: path,
    default: null,
    example: "/etc/mallard/fullchain.pem",
    doc: "Certificate chain (PEM); with tls_key_path the server speaks TLS. SIGHUP reads it again.",
  }),
  tls_key_path: row<string | null>({
    group: "server",
    env: "MALLARD_TLS_KEY_PATH",
    kind: path,
    default: null,
    example: "/etc/mallard/privkey.pem",
    doc: "Private key (PEM) of the certificate.",
  }),
  trusted_proxies: row({
    group: "server",
    env: "MALLARD_TRUSTED_PROXIES",
    kind: listOf(NETWORKS, network),
    default: Object.freeze([...TRUSTED_PROXIES_DEFAULT]),
    shown: "loopback, private",
    doc: "Proxies whose X-Forwarded-For and X-Real-IP are trusted, or names of CDNs: SECURITY.md.",
  }),
  shutdown_timeout_secs: row({
    group: "server",
    env: "MALLARD_SHUTDOWN_TIMEOUT",
    kind: wholeNumber(1, 3600),
    default: 30,
    doc: "Time limit for finishing requests and writing events at shutdown.",
  }),
  log_format: row({
    group: "server",
    env: "MALLARD_LOG_FORMAT",
    kind: choice("text", "json"),
    default: "text",
    doc: "Format of log lines: text or json.",
  }),
  data_dir: row({
    group: "storage",
    env: "MALLARD_DATA_DIR",
    kind: path,
    default: "data",
    doc: "Folder of all data: events, settings made in the dashboard, secrets.",
  }),
  data_readable_by: row({
    group: "storage",
    env: "MALLARD_DATA_READABLE_BY",
    kind: choice("group", "everyone"),
    default: "group",
    doc: "Who may read the event files: group (0640 and 0750) or everyone (0644 and 0755).",
  }),
  flush_event_count: row({
    group: "storage",
    env: "MALLARD_FLUSH_COUNT",
    kind: wholeNumber(1, 1_000_000_000),
    default: 1000,
    doc: "Number of new events after which they are written to Parquet, at most once a second.",
  }),
  flush_interval_secs: row({
    group: "storage",
    env: "MALLARD_FLUSH_INTERVAL",
    // A timer of the runtime counts 24 days at most.
    kind: wholeNumber(1, 2_000_000),
    default: 60,
    doc: "Interval at which new events are written to Parquet.",
  }),
  retention_days: row({
    group: "storage",
    env: "MALLARD_RETENTION_DAYS",
    kind: wholeNumber(0, 36_500),
    default: 0,
    shown: "0 (for ever)",
    doc: "Days after which events are removed; 0 keeps them for ever.",
  }),
  backup_dir: row<string | null>({
    group: "storage",
    env: "MALLARD_BACKUP_DIR",
    kind: path,
    default: null,
    example: "/mnt/other-disk/mallard",
    doc: "Folder for backups from the dashboard; best on another disk, outside data_dir.",
  }),
  backup_interval_hours: row<number | null>({
    group: "storage",
    env: "MALLARD_BACKUP_INTERVAL_HOURS",
    kind: wholeNumber(1, 8760),
    default: null,
    shown: "only when asked",
    example: 24,
    doc: "Interval of automatic backups into backup_dir, in hours.",
  }),
  backup_keep: row<number>({
    group: "storage",
    env: "MALLARD_BACKUP_KEEP",
    kind: wholeNumber(1, 1000),
    default: 7,
    doc: "Backups kept in a folder; what did not change is stored once.",
  }),
  backup_keep_days: row<number | null>({
    group: "storage",
    env: "MALLARD_BACKUP_KEEP_DAYS",
    kind: wholeNumber(1, 36500),
    default: null,
    shown: "no limit",
    example: 30,
    doc: "Age at which a backup is removed, in days; the newest two stay.",
  }),
  memory_limit: row<string | null>({
    group: "storage",
    env: "MALLARD_MEMORY_LIMIT",
    kind: memory,
    default: null,
    shown: "half of the memory at most",
    example: "512MB",
    doc: "Memory limit of DuckDB, such as 512MB or 2GiB. Control groups count.",
  }),
  spill_limit: row({
    group: "storage",
    env: "MALLARD_SPILL_LIMIT",
    kind: memory,
    default: "4GiB",
    doc: "Disk space for reports larger than the memory; at most half of what is free at start.",
  }),
  threads: row<number | null>({
    group: "storage",
    env: "MALLARD_THREADS",
    kind: wholeNumber(1, 1024),
    default: null,
    shown: "all cores",
    example: 2,
    doc: "Threads of DuckDB; fewer than cores where its memory is below 125 MiB for each.",
  }),
  native_dir: row({
    group: "storage",
    env: "MALLARD_NATIVE_DIR",
    kind: path,
    default: "DATA_DIR/.native",
    doc: "Folder to which the single executable unpacks DuckDB's library.",
  }),
  site_ids: row({
    group: "collecting",
    env: "MALLARD_SITE_IDS",
    kind: listOf(
      "a list of site ids (1 to 256 of A-Z a-z 0-9 . - _ : without ..)",
      siteId,
    ),
    default: Object.freeze([]),
    shown: "[] (any)",
    doc: "Allowed sites, and hosts that may send events for them; empty allows any.",
  }),
  filter_bots: row({
    group: "collecting",
    env: "MALLARD_FILTER_BOTS",
    kind: flag,
    default: true,
    doc: "Drop events of known robots.",
  }),
  new_sites: row<"accept" | "propose" | "refuse">({
    group: "collecting",
    env: "MALLARD_NEW_SITES",
    kind: choice("accept", "propose", "refuse"),
    default: "accept",
    doc: "New sites that nobody declared: accept, propose (kept until accepted) or refuse (403).",
  }),
  undeclared_sites_max: row({
    group: "collecting",
    env: "MALLARD_UNDECLARED_SITES_MAX",
    kind: wholeNumber(0, 1_000_000),
    default: 1000,
    doc: "Undeclared sites accepted since the start; further ones are proposed.",
  }),
  rate_limit_per_site: row({
    group: "collecting",
    env: "MALLARD_RATE_LIMIT",
    kind: wholeNumber(0, 1_000_000),
    default: 0,
    shown: "0 (none)",
    doc: "Rate limit of a site, in events per second; 0 for none.",
  }),
  rate_limit_per_address: row({
    group: "collecting",
    env: "MALLARD_RATE_LIMIT_PER_ADDRESS",
    kind: wholeNumber(0, 1_000_000),
    default: 1000,
    doc: "Rate limit of a public address, in events per second; 0 for none.",
  }),
  geoip_db_path: row<string | null>({
    group: "collecting",
    env: "MALLARD_GEOIP_DB",
    kind: path,
    default: null,
    shown: "built in",
    example: "GeoLite2-City.mmdb",
    doc: "A MaxMind City or Country file (.mmdb) to use instead of the built-in one.",
  }),
  secret: row<string | null>({
    group: "privacy",
    env: "MALLARD_SECRET",
    kind: anyText,
    default: null,
    shown: "made once, kept in DATA_DIR/.secret",
    secret: true,
    envOnly: true,
    doc: "Secret from which the daily salt of visitor ids is made.",
  }),
  gdpr_mode: row({
    group: "privacy",
    env: "MALLARD_GDPR_MODE",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Turn on the next five settings, and store no location finer than the country.",
  }),
  strip_referrer_query: row({
    group: "privacy",
    env: "MALLARD_STRIP_REFERRER_QUERY",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store referrers without query and fragment.",
  }),
  round_timestamps: row({
    group: "privacy",
    env: "MALLARD_ROUND_TIMESTAMPS",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store times rounded down to the hour.",
  }),
  suppress_browser_version: row({
    group: "privacy",
    env: "MALLARD_SUPPRESS_BROWSER_VERSION",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store no browser version.",
  }),
  suppress_os_version: row({
    group: "privacy",
    env: "MALLARD_SUPPRESS_OS_VERSION",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store no version of the operating system.",
  }),
  suppress_screen_size: row({
    group: "privacy",
    env: "MALLARD_SUPPRESS_SCREEN_SIZE",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Store neither screen size nor device type.",
  }),
  suppress_visitor_id: row({
    group: "privacy",
    env: "MALLARD_SUPPRESS_VISITOR_ID",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Give every event a random visitor id: unique visitors and visits cannot be counted.",
  }),
  respect_gpc: row({
    group: "privacy",
    env: "MALLARD_RESPECT_GPC",
    kind: flag,
    default: false,
    privacy: true,
    doc: "Do not record browsers that send Sec-GPC: 1 (Global Privacy Control).",
  }),
  visitor_salt: row({
    group: "privacy",
    env: "MALLARD_VISITOR_SALT",
    kind: choice("derived", "random"),
    default: "derived",
    privacy: true,
    doc: "derived: visitor ids from the secret; random: from salts that are destroyed after use.",
  }),
  geoip_precision: row({
    group: "privacy",
    env: "MALLARD_GEOIP_PRECISION",
    kind: choice("city", "region", "country", "none"),
    default: "city",
    privacy: true,
    doc: "Finest location that is stored: city, region, country or none.",
  }),
  admin_password: row<string | null>({
    group: "access",
    env: "MALLARD_ADMIN_PASSWORD",
    kind: anyText,
    default: null,
    shown: "set in the dashboard",
    secret: true,
    envOnly: true,
    doc: "Password of the dashboard; kept in memory only, takes precedence over a stored one.",
  }),
  dashboard_origin: row<string | null>({
    group: "access",
    env: "MALLARD_DASHBOARD_ORIGIN",
    kind: origin,
    default: null,
    example: "https://stats.example.com",
    doc: "Origin of the dashboard; requests from other origins cannot change anything.",
  }),
  secure_cookies: row({
    group: "access",
    env: "MALLARD_SECURE_COOKIES",
    kind: flag,
    default: false,
    doc: "Send the login cookie over https only.",
  }),
  session_ttl_secs: row({
    group: "access",
    env: "MALLARD_SESSION_TTL",
    kind: wholeNumber(1, 10 * YEAR_SECS),
    default: 86_400,
    doc: "How long a login lasts.",
  }),
  max_login_attempts: row({
    group: "access",
    env: "MALLARD_MAX_LOGIN_ATTEMPTS",
    kind: wholeNumber(0, 1_000_000),
    default: 5,
    doc: "Failed logins of one address before it is locked out; 0 never locks out.",
  }),
  login_lockout_secs: row({
    group: "access",
    env: "MALLARD_LOGIN_LOCKOUT",
    kind: wholeNumber(1, YEAR_SECS),
    default: 300,
    doc: "How long an address stays locked out.",
  }),
  metrics_token: row<string | null>({
    group: "access",
    env: "MALLARD_METRICS_TOKEN",
    kind: anyText,
    default: null,
    shown: "none: others see no numbers",
    example: "a long random text",
    secret: true,
    doc:
      "Bearer token for /metrics and /health/detailed; with one, /metrics asks everybody for it.",
  }),
  security_contact: row<string | null>({
    group: "access",
    env: "MALLARD_SECURITY_CONTACT",
    kind: contact,
    default: null,
    shown: "the privacy page, under https",
    example: "mailto:security@example.com",
    doc: "Contact in /.well-known/security.txt: https:, mailto: or tel:, or an e-mail address.",
  }),
  behavioral: row({
    group: "statistics",
    env: "MALLARD_BEHAVIORAL",
    kind: choice("sql", "extension", "off"),
    default: "sql",
    doc: "What computes sessions, funnels, retention, sequences and flow: sql, extension or off.",
  }),
  behavioral_extension_path: row<string | null>({
    group: "statistics",
    env: "MALLARD_BEHAVIORAL_EXTENSION",
    kind: path,
    default: null,
    shown: "downloaded",
    example: "behavioral.duckdb_extension",
    doc: 'A local file of the DuckDB extension, for behavioral = "extension".',
  }),
  cache_ttl_secs: row({
    group: "statistics",
    env: "MALLARD_CACHE_TTL",
    kind: wholeNumber(0, YEAR_SECS),
    default: 60,
    doc: "Lifetime of cached answers; 0 turns the cache off.",
  }),
  cache_max_entries: row({
    group: "statistics",
    env: "MALLARD_CACHE_MAX_ENTRIES",
    kind: wholeNumber(1, 1_000_000),
    default: 10_000,
    doc: "Largest number of cached answers.",
  }),
  max_concurrent_queries: row({
    group: "statistics",
    env: "MALLARD_MAX_CONCURRENT_QUERIES",
    kind: wholeNumber(1, 10_000),
    default: 10,
    doc: "Heavy reports that run at the same time.",
  }),
  query_timeout_secs: row({
    group: "statistics",
    env: "MALLARD_QUERY_TIMEOUT",
    kind: wholeNumber(1, 3600),
    default: 30,
    doc: "Time after which a query is stopped; it may wait two minutes for its turn before.",
  }),
  lake_catalog: row<string | null>({
    group: "lake",
    env: "MALLARD_LAKE_CATALOG",
    kind: postgresAddress,
    default: null,
    example: "postgresql://mallard@db.example.com/lake",
    secret: true,
    doc: "PostgreSQL database that keeps the lake's catalog, without a password.",
  }),
  lake_password: row<string | null>({
    group: "lake",
    env: "MALLARD_LAKE_PASSWORD",
    kind: anyText,
    default: null,
    secret: true,
    envOnly: true,
    doc: "Password for PostgreSQL.",
  }),
  lake_password_path: row<string | null>({
    group: "lake",
    env: "MALLARD_LAKE_PASSWORD_PATH",
    kind: path,
    default: null,
    example: "/run/secrets/lake_password",
    doc: "A file that holds the password for PostgreSQL.",
  }),
  lake_data_path: row<string | null>({
    group: "lake",
    env: "MALLARD_LAKE_DATA_PATH",
    kind: lakePath,
    default: null,
    example: "s3://bucket/lake/",
    doc: "Where the lake's Parquet files are: s3://, gs:// or an absolute path of a shared folder.",
  }),
  s3_endpoint: row<string | null>({
    group: "lake",
    env: "MALLARD_S3_ENDPOINT",
    kind: origin,
    default: null,
    shown: "Amazon's",
    example: "https://s3.example.com",
    doc: "Origin of an S3-compatible server.",
  }),
  s3_region: row<string | null>({
    group: "lake",
    env: "MALLARD_S3_REGION",
    kind: anyText,
    default: null,
    example: "eu-central-1",
    doc: "Region of the bucket.",
  }),
  s3_key_id: row<string | null>({
    group: "lake",
    env: "MALLARD_S3_KEY_ID",
    kind: anyText,
    default: null,
    secret: true,
    envOnly: true,
    doc: "Id of the access key for the bucket.",
  }),
  s3_secret: row<string | null>({
    group: "lake",
    env: "MALLARD_S3_SECRET",
    kind: anyText,
    default: null,
    secret: true,
    envOnly: true,
    doc: "Secret of the access key.",
  }),
  s3_session_token: row<string | null>({
    group: "lake",
    env: "MALLARD_S3_SESSION_TOKEN",
    kind: anyText,
    default: null,
    secret: true,
    envOnly: true,
    doc: "Token of an access key that is temporary.",
  }),
  extension_dir: row<string | null>({
    group: "lake",
    env: "MALLARD_EXTENSION_DIR",
    kind: path,
    default: null,
    shown: "downloaded",
    example: "/usr/local/lib/duckdb",
    doc: "Folder with DuckDB's extensions ducklake, httpfs and postgres_scanner.",
  }),
} as const satisfies Record<string, Row<unknown>>;

/** Name of a setting: its TOML key. */
export type SettingName = keyof typeof SETTINGS;

/** Names of the settings in the order of the documents. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** A row as the documents read it, whatever its kind. */
export function settingRow(name: SettingName): Row<unknown> {
  return SETTINGS[name];
}
