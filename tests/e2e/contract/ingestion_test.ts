// docs/compatibility.md: what a running server answers to events, and what it stores of them.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { createHmac } from "node:crypto";
import {
  type Asked,
  checkRefusal,
  CHROME,
  clause,
  COLUMNS,
  ContractServer,
  everyRow,
  readStored,
  type Reply,
  ROBOT,
  until,
  wait,
} from "../../support/server/contract_server.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const SECRET = "the secret of the contract's test";
const server = await ContractServer.start({ env: { MALLARD_SECRET: SECRET } });
Deno.test.afterAll(() => server.close());

const EVENT = { d: "example.com", n: "pageview", u: "https://example.com/" };

function isRefusal(reply: Reply, status: number): void {
  equal(reply.status, status, reply.text);
  equal(reply.header("content-type"), "application/json");
  checkRefusal(reply.json());
  ok(typeof reply.json().error === "string" && reply.json().error !== "");
  equal(reply.header("access-control-allow-origin"), "*");
}

function isAccepted(reply: Reply): void {
  equal(reply.status, 202, reply.text);
  equal(reply.text, "");
  equal(reply.header("access-control-allow-origin"), "*");
}

function isGif(reply: Reply): void {
  equal(reply.status, 200, reply.text);
  equal(reply.header("content-type"), "image/gif");
  match(new TextDecoder("latin1").decode(reply.bytes.slice(0, 6)), /^GIF8[79]a$/);
  deepEqual([...reply.bytes.slice(6, 10)], [1, 0, 1, 0]);
  equal(reply.bytes.at(-1), 0x3b);
  match(reply.header("cache-control") ?? "", /no-store|no-cache/);
  equal(reply.header("access-control-allow-origin"), "*");
}

function query(fields: Readonly<Record<string, string>>): string {
  return `/api/event?${new URLSearchParams(fields)}`;
}

const PRINTABLE = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));

clause(
  "d takes A–Z a–z 0–9 . - _ : and no other printable character",
  () =>
    everyRow(PRINTABLE, (sign) => JSON.stringify(sign), async (sign) => {
      const reply = await server.send({ ...EVENT, d: `a${sign}b` });
      if (/[A-Za-z0-9.\-_:]/.test(sign)) isAccepted(reply);
      else isRefusal(reply, 400);
    }),
);

const long = (length: number, sign = "x") => sign.repeat(length);

const ACCEPTED: readonly (readonly [what: string, fields: object])[] = [
  ["d of 1 character", { d: "a" }],
  ["d with single dots", { d: "a.b.c" }],
  ["n of 1 character", { n: "x" }],
  ["n of 256 characters", { n: long(256) }],
  ["n of 256 characters of two bytes", { n: long(256, "é") }],
  ["n of 256 characters of three bytes", { n: long(256, "鴨") }],
  ["u of 2,048 characters, an address", { u: `https://example.com/${long(2028)}` }],
  ["u of 2,048 characters, a path", { u: `/${long(2047)}` }],
  ["r of 2,048 characters", { r: `https://other.example/${long(2026)}` }],
  ["r empty", { r: "" }],
  ["w", { w: 1 }],
  ["p of 4,096 bytes", { p: `{"a":"${long(4088)}"}` }],
  ["p of 4,096 bytes in 2,052 characters", { p: `{"a":"${long(2044, "é")}"}` }],
  ["p as an object", { p: { plan: "pro" } }],
  ["ra with the largest amount", { ra: 9999999999.99, rc: "EUR" }],
  ["ra with the smallest amount", { ra: -9999999999.99, rc: "EUR" }],
  ["ra 0", { ra: 0, rc: "USD" }],
];

clause(
  "An event up to every limit is 202 and empty",
  () =>
    everyRow(ACCEPTED, ([what]) => what, async ([, fields]) => {
      isAccepted(await server.send({ ...EVENT, ...fields }));
    }),
);

const BAD: readonly (readonly [what: string, fields: object])[] = [
  ["d empty", { d: "" }],
  ["n empty", { n: "" }],
  ["u empty", { u: "" }],
  ["d of 257 characters", { d: long(257) }],
  ["d with two dots", { d: "a..b" }],
  ["d of two dots", { d: ".." }],
  ["d of three dots", { d: "..." }],
  ["d with a letter beyond ASCII and no dot", { d: "bücher" }],
  ["d with NUL", { d: "a\0b" }],
  ["d with a line end", { d: "example.com\n" }],
  ["n of 257 characters", { n: long(257) }],
  ["u of 2,049 characters, an address", { u: `https://example.com/${long(2029)}` }],
  ["u of 2,049 characters, a path", { u: `/${long(2048)}` }],
];

const NOTICED: readonly (readonly [what: string, fields: object, notice: string])[] = [
  ["r of 2,049 characters", { r: `https://other.example/${long(2027)}` }, "referrer_cut"],
  ["r a number", { r: 1 }, "referrer_dropped"],
  ["w a word", { w: "wide" }, "width_dropped"],
  ["w below 0", { w: -1 }, "width_dropped"],
  ["p of 4,097 bytes", { p: `{"a":"${long(4089)}"}` }, "props_dropped"],
  ["p of 4,098 bytes, of two", { p: `{"b":1,"a":"${long(2042, "é")}"}` }, "props_cut"],
  ["p a list", { p: [1] }, "props_dropped"],
  ["ra too large", { ra: 10000000000, rc: "EUR" }, "revenue_dropped"],
  ["ra too small", { ra: -10000000000, rc: "EUR" }, "revenue_dropped"],
  ["ra far too large", { ra: 1e300, rc: "EUR" }, "revenue_dropped"],
  ["ra a word", { ra: "much", rc: "EUR" }, "revenue_dropped"],
  ["rc of four letters", { ra: 1, rc: "EURO" }, "currency_dropped"],
];

clause(
  "A field that cannot be used is left out and named, and the event is 202",
  () =>
    everyRow(NOTICED, ([what]) => what, async ([, fields, notice]) => {
      const reply = await server.send({ ...EVENT, ...fields });
      isAccepted(reply);
      equal(reply.header("x-mallard-notices"), notice);
    }),
);

clause(
  "A character or a length of site, name or URL over the limit is 400 with an error",
  () =>
    everyRow(BAD, ([what]) => what, async ([, fields]) => {
      isRefusal(await server.send({ ...EVENT, ...fields }), 400);
    }),
);

const { d, n, u } = EVENT;
const UNREADABLE: readonly (readonly [what: string, body: string | Uint8Array<ArrayBuffer>])[] = [
  ["nothing", ""],
  ["not JSON", "d=example.com"],
  ["half an object", '{"d":"example.com","n":"pageview","u":"/"'],
  ["an object and more", `${JSON.stringify(EVENT)}}`],
  ["not UTF-8", Uint8Array.from([...new TextEncoder().encode('{"d":"'), 0xff, 0xfe, 0x22, 0x7d])],
  ["null", "null"],
  ["a number", "1"],
  ["a text", '"example.com"'],
  ["a list", JSON.stringify([EVENT])],
  ["an empty object", "{}"],
  ["no d", JSON.stringify({ n, u })],
  ["no n", JSON.stringify({ d, u })],
  ["no u", JSON.stringify({ d, n })],
  ...["d", "n", "u"].flatMap((field) =>
    [null, 1, true, ["x"], { x: 1 }].map((value) =>
      [
        `${field} is ${JSON.stringify(value)}`,
        JSON.stringify({ ...EVENT, [field]: value }),
      ] as const
    )
  ),
];

clause(
  "What is not JSON, or lacks a required field, or has one of the wrong type, is 422",
  () =>
    everyRow(UNREADABLE, ([what]) => what, async ([, body]) => {
      const headers = { "user-agent": CHROME, "content-type": "application/json" };
      isRefusal(await server.ask("POST", "/api/event", { headers, body }), 422);
    }),
);

clause("A body of 64 KiB is read, one byte more is 413, with and without a length", async () => {
  const text = JSON.stringify(EVENT);
  const exact = text + " ".repeat(65_536 - text.length);
  await everyRow([false, true], (chunked) => chunked ? "chunked" : "length", async (chunked) => {
    const headers = { "user-agent": CHROME, "content-type": "application/json" };
    const send = (body: string) => server.ask("POST", "/api/event", { headers, body, chunked });
    isAccepted(await send(exact));
    isRefusal(await send(`${exact} `), 413);
    isRefusal(await send(exact + " ".repeat(300_000)), 413);
  });
});

clause("JSON is taken under application/json and text/plain", () =>
  everyRow(
    [
      "application/json",
      "application/json; charset=utf-8",
      "text/plain",
      "text/plain;charset=UTF-8",
    ],
    (type) => type,
    async (type) => isAccepted(await server.send(EVENT, { "content-type": type })),
  ));

clause("The pixel takes the same through the query string and is not cached", async () => {
  isGif(await server.get(query({ d, u: "/p" }), { "user-agent": CHROME }));
  isGif(await server.get(query({ d, n: "x", u: "/p", r: "", w: "700" }), { "user-agent": CHROME }));
  isGif(await server.get(query({ d, u: "/p" }), { "user-agent": ROBOT }));
});

clause("The pixel refuses what the limits refuse", () =>
  everyRow(
    [{ d: "a b", u: "/" }, { d: "", u: "/" }, { d, u: "" }, { d, u: "/", n: long(257) }, {
      d,
      u: `/${long(2048)}`,
    }],
    (fields) => JSON.stringify(fields).slice(0, 60),
    async (fields) => {
      const path = query(fields as Record<string, string>);
      isRefusal(await server.get(path, { "user-agent": CHROME }), 400);
    },
  ));

clause("OPTIONS answers a preflight of any origin", async () => {
  const reply = await server.ask("OPTIONS", "/api/event", {
    headers: {
      "origin": "https://any.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  });
  ok([200, 204].includes(reply.status), String(reply.status));
  equal(reply.header("access-control-allow-origin"), "*");
  match(reply.header("access-control-allow-methods") ?? "", /\bPOST\b/);
  match(reply.header("access-control-allow-headers") ?? "", /\bcontent-type\b/i);
});

clause("A robot is answered 202 and is stored nowhere", async () => {
  const before = await server.metric("mallard_events_ingested_total");
  const robots = [
    ROBOT,
    "curl/8.5.0",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "python-requests/2",
  ];
  for (const robot of robots) {
    isAccepted(await server.send({ ...EVENT, d: "robots.example" }, { "user-agent": robot }));
  }
  equal(await server.metric("mallard_events_ingested_total"), before);
  const stats = await server.get("/api/stats/main?site_id=robots.example&period=day");
  equal(stats.json().total_pageviews, 0);
});

/** What is sent from here on is read back from Parquet in the last tests of this file. */
const from = new Date();
const FULL = {
  d: "full.example",
  n: "Sign up",
  u: "https://www.full.example/a/b%20c?utm_source=news&utm_medium=e%20mail&utm_campaign=c1" +
    "&utm_content=top&utm_term=a%2Bb&other=1#part",
  r: "https://www.google.com/search?q=ducks",
  w: 1280,
  p: '{"plan":"pro","n":2}',
  ra: 29.9,
  rc: "EUR",
};

clause("Events are taken that the tests below read back", async () => {
  isAccepted(await server.send(FULL, { "x-forwarded-for": "8.8.8.8" }));
  isAccepted(await server.send({ d: "bare.example", n: "pageview", u: "/only/path" }));
  isAccepted(
    await server.send({
      d: "object.example",
      n: "x",
      u: "/",
      p: { plan: "pro", deep: { a: [1] } },
    }),
  );
  isAccepted(
    await server.send({ d: "amount.example", n: "x", u: "/", ra: 9999999999.99, rc: "JPY" }),
  );
  const { d, n, u, r, w, p } = FULL;
  isGif(
    await server.get(query({ d: d.replace("full", "pixel"), n, u, r, w: String(w), p }), {
      "user-agent": CHROME,
      "x-forwarded-for": "8.8.8.8",
    }),
  );
  isGif(await server.get(query({ d: "default.example", u: "/" }), { "user-agent": CHROME }));
});

const WIDTHS: readonly (readonly [width: number, device: string])[] = [
  [1, "mobile"],
  [320, "mobile"],
  [767, "mobile"],
  [768, "tablet"],
  [1023, "tablet"],
  [1024, "desktop"],
  [5120, "desktop"],
];

const SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2";
const KIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
/** Names neither a system nor a device. */
const SILENT = "Mozilla/5.0 (X; Y) KHTML, like Gecko";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8)";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X)";
const IPAD = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X)";
const IOS_KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

type Agent = readonly [agent: string, browser: string, os: string, device: string];
const AGENTS: readonly Agent[] = [
  [CHROME, "Chrome", "Windows", "desktop"],
  [`${PHONE} ${KIT} Chrome/120.0.0.0 Mobile Safari/537.36`, "Chrome", "Android", "mobile"],
  [
    `${IPHONE} ${IOS_KIT} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1`,
    "Chrome",
    "iOS",
    "mobile",
  ],
  [
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${KIT} Chrome/120.0.0.0 Safari/537.36`,
    "Chrome",
    "Chrome OS",
    "desktop",
  ],
  [
    `Mozilla/5.0 (X11; Linux x86_64) ${KIT} Chrome/120.0.0.0 Safari/537.36`,
    "Chrome",
    "Linux",
    "desktop",
  ],
  [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Firefox",
    "Linux",
    "desktop",
  ],
  [
    "Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Firefox",
    "Linux",
    "desktop",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Firefox",
    "macOS",
    "desktop",
  ],
  [
    "Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0",
    "Firefox",
    "Android",
    "mobile",
  ],
  [`${IPHONE} ${IOS_KIT} FxiOS/121.0 Mobile/15E148 Safari/605.1.15`, "Firefox", "iOS", "mobile"],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI} Safari/605.1.15`,
    "Safari",
    "macOS",
    "desktop",
  ],
  [`${IPHONE} ${SAFARI} Mobile/15E148 Safari/604.1`, "Safari", "iOS", "mobile"],
  [`${IPAD} ${SAFARI} Mobile/15E148 Safari/604.1`, "Safari", "iOS", "tablet"],
  [`${CHROME} Edg/120.0.2210.91`, "Edge", "Windows", "desktop"],
  [
    `${PHONE} ${KIT} Chrome/120.0.0.0 Mobile Safari/537.36 EdgA/120.0.2210.99`,
    "Edge",
    "Android",
    "mobile",
  ],
  [`${IPHONE} ${SAFARI} EdgiOS/120.0.2210.116 Mobile/15E148 Safari/604.1`, "Edge", "iOS", "mobile"],
  [
    `${WINDOWS} ${KIT} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`,
    "Edge",
    "Windows",
    "desktop",
  ],
  [`${CHROME} OPR/106.0.0.0`, "Opera", "Windows", "desktop"],
  [
    `${PHONE} ${KIT} Chrome/119.0.0.0 Mobile Safari/537.36 OPR/79.0.4195.76610`,
    "Opera",
    "Android",
    "mobile",
  ],
  [`${CHROME} Vivaldi/6.5.3206.39`, "Vivaldi", "Windows", "desktop"],
  [`${WINDOWS} ${KIT} Brave Chrome/120.0.0.0 Safari/537.36`, "Brave", "Windows", "desktop"],
  [`${CHROME} Brave/120`, "Brave", "Windows", "desktop"],
  [
    `Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S911B) ${KIT} SamsungBrowser/23.0 ` +
    `Chrome/115.0.0.0 Mobile Safari/537.36`,
    "Samsung Internet",
    "Android",
    "mobile",
  ],
  [
    `Mozilla/5.0 (Linux; U; Android 12; en-US; SM-A525F) ${KIT} Version/4.0 ` +
    `Chrome/100.0.4896.58 UCBrowser/13.5.0.1313 Mobile Safari/537.36`,
    "UC Browser",
    "Android",
    "mobile",
  ],
  [
    `Mozilla/5.0 (Linux; Android 13; SM-X700) ${KIT} Chrome/120.0.0.0 Safari/537.36`,
    "Chrome",
    "Android",
    "tablet",
  ],
];

const SOURCES: readonly (readonly [referrer: string, source: string | null])[] = [
  ["https://www.google.com/", "Google"],
  ["https://google.de/search?q=x", "Google"],
  ["https://www.google.co.uk/url?sa=t", "Google"],
  ["https://www.bing.com/search?q=x", "Bing"],
  ["https://search.yahoo.com/search?p=x", "Yahoo"],
  ["https://r.search.yahoo.com/x", "Yahoo"],
  ["https://duckduckgo.com/", "DuckDuckGo"],
  ["https://twitter.com/a/status/1", "Twitter"],
  ["https://mobile.twitter.com/a", "Twitter"],
  ["https://t.co/abc", "Twitter"],
  ["https://x.com/a", "Twitter"],
  ["https://www.facebook.com/", "Facebook"],
  ["https://m.facebook.com/", "Facebook"],
  ["https://l.facebook.com/l.php?u=x", "Facebook"],
  ["https://lm.facebook.com/", "Facebook"],
  ["https://www.linkedin.com/feed/", "LinkedIn"],
  ["https://www.reddit.com/r/ducks", "Reddit"],
  ["https://old.reddit.com/", "Reddit"],
  ["https://out.reddit.com/", "Reddit"],
  ["https://github.com/a/b", "GitHub"],
  ["https://news.ycombinator.com/item?id=1", "Hacker News"],
  ["https://blog.other.example/post", "blog.other.example"],
  ["https://notgoogle.com/", "notgoogle.com"],
  ["https://google.com.evil.example/", "google.com.evil.example"],
  ["https://fakex.com/", "fakex.com"],
  ["https://mygithub.community.example/", "mygithub.community.example"],
  ["", null],
];

/** X-Forwarded-For, X-Real-IP, and the address an event then comes from; the peer is 127.0.0.1. */
const FORWARDED: readonly (readonly [
  forwarded: string | readonly string[] | null,
  real: string | null,
  address: string,
])[] = [
  [null, null, "127.0.0.1"],
  ["203.0.113.7", null, "203.0.113.7"],
  ["203.0.113.7, 10.0.0.5", null, "203.0.113.7"],
  ["198.51.100.1, 203.0.113.7, 10.0.0.5, 192.168.3.4", null, "203.0.113.7"],
  ["1.1.1.1,8.8.8.8", null, "8.8.8.8"],
  [["1.1.1.1", "8.8.8.8"], null, "8.8.8.8"],
  ["192.168.1.9, 10.1.2.3", null, "192.168.1.9"],
  ["10.1.2.3, 172.16.0.1, 127.0.0.2", null, "10.1.2.3"],
  ["1.1.1.1, unknown, 10.0.0.5", null, "10.0.0.5"],
  ["1.1.1.1, 8.8.8.8.8, 10.0.0.5", null, "10.0.0.5"],
  ["garbage", null, "127.0.0.1"],
  ["garbage", "9.9.9.9", "127.0.0.1"],
  [null, "garbage", "127.0.0.1"],
  [null, "9.9.9.9", "9.9.9.9"],
  ["8.8.8.8", "9.9.9.9", "8.8.8.8"],
  ["2001:db8::1, 10.0.0.5", null, "2001:db8::1"],
  ["2001:db8::1, ::1, fd00::5", null, "2001:db8::1"],
  ["172.32.0.1, 172.31.255.255", null, "172.32.0.1"],
  ["8.8.8.8, 100.64.0.1", null, "100.64.0.1"],
];

/** NUL, a bell, a line feed, DEL and C1 controls, in every text of an event. */
const CONTROLLED = {
  d: "controls.example",
  n: "a\u0000b\u0007c",
  u: "https://controls.example/a\u0000b\u0085c?utm_campaign=s%00pr%C2%9Fing",
  r: "https://other.example/\u0000x\u0007y",
  p: '{"k\\u0000ey":"a\\u0000b\\u0007c\\n\u009f","n":1.50}',
};

clause("Control characters are taken in texts, and refused in a site", async () => {
  isAccepted(await server.send(CONTROLLED));
  const { d: _, ...rest } = CONTROLLED;
  isGif(
    await server.get(query({ ...rest, d: "controls-pixel.example" }), { "user-agent": CHROME }),
  );
  for (const d of ["a\u0000b", "\u0007a", "a\n", "a\u0085"]) {
    isRefusal(await server.send({ ...EVENT, d }), 400);
    isRefusal(await server.get(query({ ...EVENT, d })), 400);
  }
});

clause("Events of every table below are taken", async () => {
  for (const [at, [w]] of WIDTHS.entries()) {
    const event = { d: "widths.example", n: `${at}`, u: "/", w };
    isAccepted(await server.send(event, { "user-agent": SILENT }));
  }
  for (const [at, [agent]] of AGENTS.entries()) {
    const event = { d: "agents.example", n: `${at}`, u: "/", w: 900 };
    isAccepted(await server.send(event, { "user-agent": agent }));
  }
  for (const [at, [r]] of SOURCES.entries()) {
    isAccepted(await server.send({ d: "sources.example", n: `${at}`, u: "/", r }));
  }
  for (const [at, [forwarded, real]] of FORWARDED.entries()) {
    isAccepted(
      await server.send(
        { d: "forwarded.example", n: `${at}`, u: "/" },
        {
          ...(forwarded === null ? {} : { "x-forwarded-for": forwarded }),
          ...(real === null ? {} : { "x-real-ip": real }),
        } as Asked["headers"],
      ),
    );
  }
});

let to = new Date();
let stored: Record<string, string | null>[] = [];
const rowsOf = (site: string) => stored.filter((row) => row["site_id"] === site);
const rowOf = (site: string, name: string) =>
  rowsOf(site).find((row) => row["event_name"] === name) ?? {};

clause("A stop by SIGTERM writes all events to Parquet and exits with 0", async () => {
  to = new Date();
  const count = await server.metric("mallard_events_ingested_total");
  equal(await server.end("SIGTERM"), 0, server.output);
  stored = await readStored(server.dataDir);
  equal(stored.length, count);
});

clause("A file has the documented columns, in order, with their types", async () => {
  const duckdb = await openDuckDb();
  const files = `${server.dataDir}/events/site_id=full.example/date=*/0001.parquet`;
  const described = await duckdb.rows(
    `describe select * from read_parquet('${files}', hive_partitioning = false)`,
  );
  const found = described.map((row) => [row["column_name"], row["column_type"]]);
  deepEqual(found.slice(0, COLUMNS.length), COLUMNS.map(([name, type]) => [name, type]));
  const codecs = await duckdb.rows(
    `select distinct compression from parquet_metadata('${files}')`,
  );
  deepEqual(codecs.map((row) => row["compression"]), ["ZSTD"]);
  duckdb.close();
});

clause(
  "A required column is never NULL, and a visitor id has 64 hex digits",
  () =>
    everyRow(stored, (row) => JSON.stringify(row), (row) => {
      for (const [name, , nullable] of COLUMNS) ok(nullable || row[name] !== null, name);
      match(row["visitor_id"] ?? "", /^[0-9a-f]{64}$/);
    }),
);

clause(
  "Times are those of the requests, in UTC",
  () =>
    everyRow(rowsOf("agents.example"), (row) => JSON.stringify(row), (row) => {
      const at = new Date(`${row["timestamp"]?.replace(" ", "T")}Z`);
      ok(at.getTime() >= from.getTime() - 5 && at <= to, `${at.toISOString()}`);
    }),
);

/** What the two first events leave, column by column, beside time and visitor. */
const FULL_STORED = {
  event_name: "Sign up",
  pathname: "/a/b%20c",
  hostname: "www.full.example",
  referrer: "https://www.google.com/search?q=ducks",
  referrer_source: "Google",
  utm_source: "news",
  utm_medium: "e mail",
  utm_campaign: "c1",
  utm_content: "top",
  utm_term: "a+b",
  browser: "Chrome",
  browser_version: "120.0.0.0",
  os: "Windows",
  os_version: "10",
  device_type: "desktop",
  screen_size: "1280",
  country_code: "US",
  region: null,
  city: null,
  revenue_amount: "29.90",
  revenue_currency: "EUR",
};

function part(row: Readonly<Record<string, string | null>>, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

clause("Every column of a full event is stored as it was sent", () => {
  const row = rowsOf("full.example")[0] ?? {};
  deepEqual(part(row, Object.keys(FULL_STORED)), FULL_STORED);
  deepEqual(JSON.parse(row["props"] ?? ""), { plan: "pro", n: 2 });
});

clause("The pixel stores what the event route stores", () => {
  const { revenue_amount: _amount, revenue_currency: _currency, ...rest } = FULL_STORED;
  const row = rowsOf("pixel.example")[0] ?? {};
  deepEqual(part(row, Object.keys(rest)), rest);
  deepEqual(JSON.parse(row["props"] ?? ""), { plan: "pro", n: 2 });
  equal(rowsOf("default.example")[0]?.["event_name"], "pageview");
});

clause("A bare event leaves what it does not tell NULL", () => {
  const row = rowsOf("bare.example")[0] ?? {};
  equal(row["pathname"], "/only/path");
  const empty = COLUMNS.map(([name]) => name).filter((name) => row[name] === null);
  const expected = ["hostname", "referrer", "referrer_source", "utm_source", "utm_medium"];
  const more = ["utm_campaign", "utm_content", "utm_term", "screen_size", "country_code", "region"];
  const last = ["city", "props", "revenue_amount", "revenue_currency"];
  deepEqual(empty, [...expected, ...more, ...last]);
});

clause("Properties given as an object are stored as JSON text, amounts to the cent", () => {
  const row = rowsOf("object.example")[0] ?? {};
  deepEqual(JSON.parse(row["props"] ?? ""), { plan: "pro", deep: { a: [1] } });
  equal(rowsOf("amount.example")[0]?.["revenue_amount"], "9999999999.99");
  equal(rowsOf("amount.example")[0]?.["revenue_currency"], "JPY");
});

clause("Control characters are stored nowhere", () => {
  for (const site of ["controls.example", "controls-pixel.example"]) {
    const row = rowsOf(site)[0] ?? {};
    equal(row["event_name"], "abc");
    equal(row["pathname"], "/abc");
    equal(row["utm_campaign"], "spring");
    equal(row["referrer"], "https://other.example/xy");
    equal(row["props"], '{"key":"abc","n":1.50}');
  }
  ok(!/\p{Cc}/u.test(stored.flatMap((row) => Object.values(row)).join("")));
});

clause(
  "The width decides the device where the agent says nothing, and is stored as text",
  () =>
    everyRow([...WIDTHS.entries()], ([, [w]]) => `${w}`, ([at, [width, device]]) => {
      const row = rowOf("widths.example", `${at}`);
      deepEqual([row["device_type"], row["screen_size"]], [device, `${width}`]);
    }),
);

clause(
  "Browsers, systems and devices have their settled names, whatever the width",
  () =>
    everyRow([...AGENTS.entries()], ([, [agent]]) => agent, ([at, [, ...expected]]) => {
      const row = rowOf("agents.example", `${at}`);
      deepEqual([row["browser"], row["os"], row["device_type"]], expected);
    }),
);

clause(
  "Sources have their settled names, others are their host",
  () =>
    everyRow([...SOURCES.entries()], ([, [referrer]]) => referrer, ([at, [referrer, source]]) => {
      const row = rowOf("sources.example", `${at}`);
      equal(row["referrer_source"], source);
      equal(row["referrer"], referrer === "" ? null : referrer);
    }),
);

function visitorId(secret: string, date: string, address: string, agent: string): string {
  const daily = createHmac("sha256", "mallard-metrics-salt").update(`${secret}:${date}`)
    .digest("hex");
  return createHmac("sha256", daily).update(`${address}|${agent}`).digest("hex");
}

clause(
  "The visitor id is the keyed hash of the client's address and browser",
  () =>
    everyRow([...FORWARDED.entries()], ([, row]) => JSON.stringify(row), ([at, [, , address]]) => {
      const row = rowOf("forwarded.example", `${at}`);
      const date = row["timestamp"]?.slice(0, 10) ?? "";
      equal(row["visitor_id"], visitorId(SECRET, date, address, CHROME));
    }),
);

clause(
  "Special-purpose addresses have no country",
  () =>
    everyRow([...FORWARDED.entries()], ([, row]) => JSON.stringify(row), ([at, [, , address]]) => {
      const row = rowOf("forwarded.example", `${at}`);
      const special = /^(127|10|192\.168|100\.64|203\.0\.113|2001:db8)/.test(address);
      if (special) equal(row["country_code"], null);
      if (address === "8.8.8.8") equal(row["country_code"], "US");
    }),
);

clause("The address is in no file and in no line of the output", async () => {
  const needles = ["8.8.8.8", "203.0.113.7", "9.9.9.9", "192.168.1.9"];
  const seen: string[] = [];
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      else {
        const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
        seen.push(...needles.filter((one) => text.includes(one)).map((one) => `${path}: ${one}`));
      }
    }
  };
  await walk(server.dataDir);
  seen.push(...needles.filter((one) => server.output.includes(one)));
  deepEqual(seen, []);
});

clause("Without MALLARD_SECRET the one in .secret is used, made once with mode 0600", async () => {
  const one = await ContractServer.start();
  try {
    const path = `${one.dataDir}/.secret`;
    const secret = (await Deno.readTextFile(path)).trim();
    ok(secret.length >= 16);
    equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    isAccepted(await one.send({ ...EVENT, d: "kept.example" }, { "x-forwarded-for": "8.8.4.4" }));
    await one.end();
    equal((await Deno.readTextFile(path)).trim(), secret);
    const row = (await readStored(one.dataDir))[0] ?? {};
    const date = row["timestamp"]?.slice(0, 10) ?? "";
    equal(row["visitor_id"], visitorId(secret, date, "8.8.4.4", CHROME));
  } finally {
    await one.close();
  }
});

clause(
  "The original's .secret stays in use; headers of an untrusted peer are ignored",
  async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "mallard-contract-" });
    const secret = "0123456789abcdef0123456789abcdef";
    await Deno.writeTextFile(`${dataDir}/.secret`, secret);
    const env = { MALLARD_TRUSTED_PROXIES: "10.0.0.0/8" };
    const one = await ContractServer.start({ dataDir, env });
    const headers = { "x-forwarded-for": "8.8.4.4", "x-real-ip": "9.9.9.9" };
    isAccepted(await one.send({ ...EVENT, d: "original.example" }, headers));
    await one.end();
    const row = (await readStored(dataDir))[0] ?? {};
    const date = row["timestamp"]?.slice(0, 10) ?? "";
    equal(row["visitor_id"], visitorId(secret, date, "127.0.0.1", CHROME));
    equal(await Deno.readTextFile(`${dataDir}/.secret`), secret);
    await Deno.remove(dataDir, { recursive: true });
  },
);

type Sent = readonly [what: string, site: string, origin: string | null, status: number];
const ORIGINS: readonly Sent[] = [
  ["a listed host", "one.example", "https://one.example", 202],
  ["over http", "one.example", "http://one.example", 202],
  ["on any port", "one.example", "https://one.example:8443", 202],
  ["a listed host for another listed site", "two.example", "https://one.example", 202],
  ["no origin, listed site", "one.example", null, 202],
  ["no origin, unlisted site", "three.example", null, 403],
  ["a listed host for an unlisted site", "three.example", "https://one.example", 403],
  ["an unlisted host", "one.example", "https://three.example", 403],
  ["null", "one.example", "null", 403],
  ["www. before a listed host", "one.example", "https://www.one.example", 202],
  ["a host below", "one.example", "https://shop.one.example", 403],
  ["a host above", "one.example", "https://example", 403],
  ["a host that begins alike", "one.example", "https://one.example.evil.example", 403],
  ["a host that ends alike", "one.example", "https://notone.example", 403],
  ["a listed host as user", "one.example", "https://one.example@evil.example", 403],
  ["no address", "one.example", "one.example", 403],
];

clause(
  "site_ids lets in listed hosts and sites alone, before the rate and before robots",
  async () => {
    const one = await ContractServer.start({
      env: { MALLARD_SITE_IDS: "one.example,two.example", MALLARD_RATE_LIMIT: "100" },
    });
    try {
      await everyRow(ORIGINS, ([what]) => what, async ([, d, origin, status]) => {
        const headers = origin === null ? {} : { origin };
        const reply = await one.send({ d, n: "pageview", u: "/" }, headers);
        if (status === 202) isAccepted(reply);
        else isRefusal(reply, status);
        const robot = await one.send({ d, n: "x", u: "/" }, { ...headers, "user-agent": ROBOT });
        equal(robot.status, status);
        const pixel = await one.get(query({ d, u: "/" }), { "user-agent": CHROME, ...headers });
        if (status === 202) isGif(pixel);
        else isRefusal(pixel, status);
      });
      for (let count = 0; count < 250; count++) {
        const reply = await one.send({ d: "three.example", n: "x", u: "/" });
        isRefusal(reply, 403);
      }
    } finally {
      await one.close();
    }
  },
);

clause(
  "A site over its rate is 429 with Retry-After, robots count, others do not suffer",
  async () => {
    const one = await ContractServer.start({ env: { MALLARD_RATE_LIMIT: "5" } });
    try {
      const drain = async (site: string, headers: Asked["headers"]) => {
        let accepted = 0;
        for (;;) {
          const reply = await one.send({ d: site, n: "x", u: "/" }, headers);
          if (reply.status !== 202) return { accepted, reply };
          isAccepted(reply);
          ok(++accepted <= 100, "no limit was met");
        }
      };
      for (const headers of [{}, { "user-agent": ROBOT }]) {
        const site = "user-agent" in headers ? "robots.example" : "people.example";
        const { accepted, reply } = await drain(site, headers);
        ok(accepted >= 5, `only ${accepted} were let in`);
        isRefusal(reply, 429);
        match(reply.header("retry-after") ?? "", /^[1-9]\d*$/);
        isAccepted(await one.send({ d: `other.${site}`, n: "x", u: "/" }));
        await wait(Number(reply.header("retry-after")) * 1000);
        isAccepted(await one.send({ d: site, n: "x", u: "/" }, headers));
      }
      ok((await one.metric("mallard_rate_limit_rejections_total") ?? 0) >= 2);
    } finally {
      await one.close();
    }
  },
);

clause("An event of a site_id of 256 characters is stored like any other", async () => {
  const one = await ContractServer.start();
  const site = long(256);
  try {
    isAccepted(await one.send({ ...EVENT, d: site }));
    const stats = await one.get(`/api/stats/main?period=day&site_id=${site}`);
    equal(stats.json().total_pageviews, 1);
    equal(await one.end("SIGTERM"), 0);
    deepEqual((await readStored(one.dataDir)).map((row) => row["site_id"]), [site]);
  } finally {
    await one.close();
  }
});

clause("filter_bots = false stores robots, too", async () => {
  const one = await ContractServer.start({
    env: { MALLARD_FILTER_BOTS: "false", MALLARD_FLUSH_COUNT: "1" },
  });
  try {
    isAccepted(await one.send({ ...EVENT, d: "robots.example" }, { "user-agent": ROBOT }));
    const rows = await until("a Parquet file", async () => {
      return await readStored(one.dataDir).catch(() => null);
    });
    equal(rows.length, 1);
  } finally {
    await one.close();
  }
});
