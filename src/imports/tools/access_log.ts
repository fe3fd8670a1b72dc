// Access logs of web servers: the common and combined formats of Apache and nginx, lines of JSON of
// nginx, Apache and Caddy, and CloudFront's standard logs. Pages that were sent become pageviews;
// requests of files, of robots, and those that failed are set apart. No address is kept.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { type Importer, type InputFile, notes, type Sample, unionByName } from "../importer.ts";
import { csvRows } from "./csv.ts";

/** No line holds it: every line is one value. */
const NO_DELIMITER = "\u0001";
const LINE_NAMES = ["text"];

/** `host - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 2326`, and what combined adds. */
const COMMON = String.raw`^(\S+) \S+ .*?\[([^\]]+)\] "(\S+) (\S*)[^"]*" (\d{3}) (?:\d+|-)` +
  String.raw`(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?`;
const COMMON_NAMES = ["ip", "at", "method", "uri", "status", "referer", "agent"];
const COMMON_TIME = "%d/%b/%Y:%H:%M:%S %z";

/** Keys of JSON by what they hold; the first that is there counts. */
const JSON_KEYS: Readonly<Record<string, readonly string[]>> = {
  ip: [
    ...["$.request.client_ip", "$.request.remote_ip", "$.remote_addr", "$.remote_ip"],
    ...["$.client_ip", "$.clientip", "$.remoteIP", "$.ip"],
  ],
  at: [
    ...["$.time_iso8601", "$.ts", '$."@timestamp"', "$.timestamp", "$.time", "$.time_local"],
    "$.msec",
  ],
  method: ["$.request.method", "$.request_method", "$.method"],
  uri: ["$.request.uri", "$.request_uri", "$.uri", "$.url", "$.path"],
  status: ["$.status", "$.status_code"],
  referer: [
    ...['$.request.headers."Referer"[0]', "$.http_referer", "$.http_referrer", "$.referer"],
    "$.referrer",
  ],
  agent: [
    ...['$.request.headers."User-Agent"[0]', "$.http_user_agent", "$.user_agent", "$.agent"],
    "$.userAgent",
  ],
  host: ["$.request.host", "$.http_host", "$.host", "$.server_name", "$.vhost"],
  line: ["$.request"],
};

/** CloudFront's fields by what they hold. */
const CLOUDFRONT: Readonly<Record<string, readonly string[]>> = {
  ip: ["c-ip"],
  method: ["cs-method"],
  uri: ["cs-uri-stem"],
  query: ["cs-uri-query"],
  status: ["sc-status"],
  referer: ["cs(Referer)"],
  agent: ["cs(User-Agent)"],
  host: ["x-host-header"],
};

/** Names of files that pages load, or that are no pages. */
const FILES =
  String.raw`\.(?:avif|bmp|css|csv|docx?|eot|exe|flac|gif|gz|ico|jpe?g|js|json|jsonld|` +
  String.raw`m4[av]|map|mjs|mp[34]|ogg|otf|pdf|png|rar|rss|svg|tar|tiff?|ttf|txt|wasm|wav|webm|` +
  String.raw`webmanifest|webp|woff2?|xlsx?|xml|xsl|zip)$`;

/** The row of IMPORTERS. */
export const ACCESS_LOG: Importer = {
  name: "access-log",
  label: "Access log (nginx, Apache, Caddy, CloudFront)",
  detect: roleOf,
  // deno-lint-ignore require-await -- the interface
  async read(files) {
    const rows = files.map(rowsOf).map((from) => sql`select * from ${from}`);
    return {
      from: unionByName(rows),
      values: {
        fault: sql`case when row.ip is null or row.uri is null or row.status is null
          then 'it is no line of an access log' end`,
        apart: sql`case when upper(row.method) != 'GET' then 'no view'
          when try_cast(row.status as integer) not between 200 and 299
            and row.status != '304' then 'not sent'
          when regexp_matches(lower(split_part(row.uri, '?', 1)), ${literal(FILES)}) then 'file'
          end`,
        happened_at: raw("row.at"),
        url: sql`case when ${known("host")} is null or contains(row.uri, '://') then row.uri
          else concat('https://', row.host, row.uri) end`,
        referred_by: known("referer"),
        user_agent: known("agent"),
        address: raw("row.ip"),
        event_name: raw("'pageview'"),
      },
      columns: COLUMN_NOTES,
      hasHeader: false,
    };
  },
};

function known(name: string): Sql {
  return sql`nullif(nullif(trim(row.${raw(name)}), ''), '-')`;
}

function roleOf({ text, header }: Sample): string | null {
  if (/^#Fields:.*\bcs-uri-stem\b/m.test(text)) return "cloudfront";
  if (new RegExp(COMMON).test(header)) return "common";
  if (!header.startsWith("{")) return null;
  try {
    const line = JSON.parse(header) as Record<string, unknown>;
    const has = (keys: readonly string[]) => keys.some((key) => header.includes(lastOf(key)));
    const isLog = has(JSON_KEYS["ip"] ?? []) && has(JSON_KEYS["status"] ?? []) &&
      ("request" in line || has(JSON_KEYS["uri"] ?? []));
    return isLog ? "json" : null;
  } catch {
    return null;
  }
}

function lastOf(path: string): string {
  return `"${path.split(".").at(-1)?.replaceAll('"', "")}"`;
}

function rowsOf({ path, role, sample }: InputFile): Sql {
  const lines = csvRows(path, LINE_NAMES, { delimiter: NO_DELIMITER, quote: "", skip: 0 });
  const from = sql`(select text from ${lines}
    where text is not null and not starts_with(text, '#'))`;
  if (role === "cloudfront") return cloudFrontRows(from, sample.text);
  return role === "json" ? jsonRows(from) : commonRows(from);
}

function commonRows(lines: Sql): Sql {
  const names = join(COMMON_NAMES.map((name) => literal(name)));
  return sql`(select nullif(m.ip, '') as ip, try_strptime(m.at, ${
    literal(COMMON_TIME)
  })::timestamp as at, m.method as method, nullif(m.uri, '') as uri,
      nullif(m.status, '') as status, m.referer as referer,
      replace(m.agent, '\\"', '"') as agent, null::varchar as host
    from (select regexp_extract(text, ${literal(COMMON)}, [${names}]) as m from ${lines}))`;
}

function jsonRows(lines: Sql): Sql {
  const value = (name: string) => {
    const values = (JSON_KEYS[name] ?? []).map((key) =>
      sql`json_extract_string(text, ${literal(key)})`
    );
    return sql`coalesce(${join(values)}) as ${raw(name)}`;
  };
  const names = Object.keys(JSON_KEYS).filter((name) => name !== "line");
  // A request may be one text: `GET /path HTTP/1.1`.
  return sql`(select ip, ${jsonTime("at")} as at,
      coalesce(method, nullif(split_part(line, ' ', 1), ''), 'GET') as method,
      coalesce(uri, nullif(split_part(line, ' ', 2), '')) as uri,
      status, referer, agent, host
    from (select ${join(names.map(value))},
        case when json_type(text, '$.request') = 'VARCHAR'
          then json_extract_string(text, '$.request') end as line
      from (select case when json_valid(text) then text else '{}' end as text from ${lines})))`;
}

/** ISO 8601, the format of Apache, or seconds or milliseconds since 1970. */
function jsonTime(column: string): Sql {
  const at = ident(column);
  const number = sql`try_cast(${at} as double)`;
  return sql`case when ${number} between 1e8 and 1e11 then make_timestamp((${number} * 1e6)::bigint)
    when ${number} between 1e11 and 1e14 then make_timestamp((${number} * 1e3)::bigint)
    else coalesce(try_cast(${at} as timestamp),
      try_strptime(${at}, ${literal(COMMON_TIME)})::timestamp) end`;
}

function cloudFrontRows(lines: Sql, head: string): Sql {
  const fields = /^#Fields:\s*(.*)$/m.exec(head)?.[1]?.trim().split(/\s+/) ?? [];
  const field = (names: readonly string[]) => {
    const at = names.map((name) => fields.indexOf(name)).find((index) => index >= 0);
    return at === undefined
      ? raw("null::varchar")
      : sql`nullif(split_part(text, '\t', ${raw(String(at + 1))}), '')`;
  };
  const plain = (name: string) => field(CLOUDFRONT[name] ?? []);
  // Values are escaped as in a URL, some of them twice; what clients send may be escaped wrongly.
  const decoded = (name: string) =>
    sql`coalesce(try(url_decode(url_decode(${plain(name)}))),
    ${plain(name)})`;
  const query = plain("query");
  return sql`(select ${plain("ip")} as ip,
      try_cast(concat(${field(["date"])}, ' ', ${field(["time"])}) as timestamp) as at,
      ${plain("method")} as method,
      concat(${plain("uri")}, case when ${query} is null or ${query} = '-' then ''
        else concat('?', ${query}) end) as uri,
      ${plain("status")} as status, ${decoded("referer")} as referer,
      ${decoded("agent")} as agent, ${plain("host")} as host
    from ${lines})`;
}

const COLUMN_NOTES = notes(
  ["address", "visitor_id, country_code, region, city", "dropped once it is hashed"],
  ["time", "timestamp"],
  ["request", "pathname, utm_…, click_id, source_tag", "of GET with an answer 2xx or 304"],
  ["host", "hostname"],
  ["referer", "referrer, referrer_source"],
  ["user agent", "browser, os, device_type", "robots are set apart"],
  ["user, size, duration", null],
);
