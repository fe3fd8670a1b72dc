import assert from "node:assert";
import { gzipSync } from "node:zlib";
import { openApp, type RunningApp, type Sent } from "../support/server/running_app.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

function post(app: RunningApp, body: unknown, sent: Sent = {}): Promise<Response> {
  return app.send("/api/event", {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...sent,
    headers: { "user-agent": CHROME, "content-type": "text/plain", ...sent.headers },
  });
}

const EVENT = { d: "example.com", n: "pageview", u: "https://example.com/" };

async function pageviews(app: RunningApp, site = "example.com"): Promise<number> {
  const response = await app.send(`/api/stats/main?site_id=${site}&period=day`);
  assert.strictEqual(response.status, 200);
  return (await response.json()).total_pageviews;
}

Deno.test("POST /api/event answers as documented, to any origin", async () => {
  const app = await openApp();
  const cases: [number, unknown][] = [
    [202, EVENT],
    [202, JSON.stringify(EVENT)],
    [400, { ...EVENT, d: "" }],
    [400, { ...EVENT, d: "a/b" }],
    [400, { ...EVENT, u: `/${"x".repeat(2048)}` }],
    [413, JSON.stringify({ ...EVENT, p: "x".repeat(65 * 1024) })],
    [422, "{"],
    [422, { d: "example.com", n: "pageview" }],
    [422, { ...EVENT, u: 5 }],
  ];
  for (const [status, body] of cases) {
    const response = await post(app, body);
    assert.strictEqual(response.status, status, JSON.stringify(body).slice(0, 60));
    assert.strictEqual(response.headers.get("access-control-allow-origin"), "*");
    const text = await response.text();
    if (status === 202) assert.strictEqual(text, "");
    else assert.strictEqual(typeof JSON.parse(text).error, "string");
  }
  assert.strictEqual(await pageviews(app), 2);
  const zipped = new Uint8Array(gzipSync(JSON.stringify(EVENT)));
  for (const [coding, status] of [["gzip", 202], ["br", 415]] as const) {
    const response = await app.send("/api/event", {
      method: "POST",
      body: zipped,
      headers: { "user-agent": CHROME, "content-encoding": coding },
    });
    assert.strictEqual(response.status, status);
    assert.strictEqual(response.headers.get("access-control-allow-origin"), "*");
  }
  assert.strictEqual(await pageviews(app), 3);
  await app.close();
});

Deno.test("One bad field never costs the event: it is named, counted and left out", async () => {
  const app = await openApp();
  const longUrl = `https://example.com/cart?q=${"x".repeat(3000)}&utm_source=news`;
  const cases: [notices: string | null, fields: Record<string, unknown>][] = [
    [null, { ra: "29.90", rc: "EUR" }],
    [null, { ra: { amount: "29.90", currency: "eur" } }],
    [null, { u: longUrl }],
    ["revenue_dropped", { ra: "a lot", rc: "EUR" }],
    ["revenue_dropped, currency_dropped", { ra: 1e10, rc: "Euro" }],
    ["props_cut", { p: { plan: "pro", text: "x".repeat(5000) } }],
    ["props_dropped", { p: "[1]" }],
    ["referrer_cut", { r: `https://other.example/${"x".repeat(3000)}` }],
    ["referrer_dropped, width_dropped", { r: 5, w: "wide" }],
  ];
  for (const [notices, fields] of cases) {
    const response = await post(app, { ...EVENT, n: "order", ...fields });
    assert.strictEqual(response.status, 202, JSON.stringify(fields).slice(0, 80));
    assert.strictEqual(response.headers.get("x-mallard-notices"), notices);
    const exposed = response.headers.get("access-control-expose-headers");
    assert.strictEqual(exposed?.includes("x-mallard-notices") ?? false, notices !== null);
  }
  const pixel = await app.send("/api/event?d=example.com&u=/&p=x", {
    headers: { "user-agent": CHROME },
  });
  assert.strictEqual(pixel.headers.get("x-mallard-notices"), "props_dropped");
  const metrics = await (await app.send("/metrics")).text();
  assert.match(metrics, /^mallard_event_notices_total\{notice="revenue_dropped"\} 2$/m);
  assert.match(metrics, /^mallard_event_notices_total\{notice="props_cut"\} 1$/m);
  const bots = await (await app.send("/api/stats/bots?site_id=example.com&period=day")).json();
  assert.deepStrictEqual(bots.dropped, []);
  assert.deepStrictEqual(bots.fields.slice(0, 2), [
    { notice: "props_dropped", count: 2 },
    { notice: "revenue_dropped", count: 2 },
  ]);
  await app.app.stop();
  const duck = await openDuckDb();
  const rows = await duck.rows(`select revenue_amount as amount, revenue_currency as currency,
      props, length(referrer) as referrer, utm_source as source, screen_size
    from read_parquet('${app.folder}/events/**/*.parquet', hive_partitioning = false)
    order by timestamp`);
  duck.close();
  const EMPTY = {
    amount: null,
    currency: null,
    props: null,
    referrer: null,
    source: null,
    screen_size: null,
  };
  assert.deepStrictEqual(rows, [
    { ...EMPTY, amount: 29.9, currency: "EUR" },
    { ...EMPTY, amount: 29.9, currency: "EUR" },
    { ...EMPTY, source: "news" },
    { ...EMPTY, currency: "EUR" },
    EMPTY,
    { ...EMPTY, props: '{"plan":"pro"}' },
    EMPTY,
    { ...EMPTY, referrer: 2048n },
    EMPTY,
    EMPTY,
  ]);
  await Deno.remove(app.folder, { recursive: true }).catch(() => {});
});

Deno.test("POST /api/event drops robots with 202, unless bot_filtering is off", async () => {
  for (const kept of [false, true]) {
    const app = await openApp({ MALLARD_FILTER_BOTS: String(!kept) });
    const headers = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" };
    const response = await post(app, EVENT, { headers });
    assert.strictEqual(response.status, 202);
    assert.strictEqual(response.headers.has("x-mallard-dropped"), !kept);
    assert.strictEqual(await pageviews(app), kept ? 1 : 0);
    await app.close();
  }
});

Deno.test("GET /api/event is the pixel: an uncached GIF, a pageview by default", async () => {
  const app = await openApp();
  const headers = { "user-agent": CHROME };
  const query = "d=example.com&u=https%3A%2F%2Fexample.com%2Fa%3Futm_source%3Dmail&w=390";
  const response = await app.send(`/api/event?${query}`, { headers });
  assert.strictEqual(response.status, 200);
  assert.strictEqual(response.headers.get("content-type"), "image/gif");
  assert.match(response.headers.get("cache-control") ?? "", /no-store/);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.strictEqual(new TextDecoder().decode(bytes.subarray(0, 6)), "GIF89a");
  assert.deepStrictEqual([bytes[6], bytes[8]], [1, 1]);
  assert.strictEqual(await pageviews(app), 1);
  assert.strictEqual((await app.send("/api/event?d=example.com", { headers })).status, 422);
  await app.close();
});

Deno.test("OPTIONS /api/event answers any preflight; other methods are 405", async () => {
  const app = await openApp();
  const response = await app.send("/api/event", {
    method: "OPTIONS",
    headers: {
      origin: "https://anywhere.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  });
  assert.ok(response.ok);
  assert.strictEqual(response.headers.get("access-control-allow-origin"), "*");
  assert.match(response.headers.get("access-control-allow-methods") ?? "", /POST/);
  assert.match(response.headers.get("access-control-allow-headers") ?? "", /content-type/i);
  const wrong = await app.send("/api/event", { method: "DELETE" });
  assert.strictEqual(wrong.status, 405);
  assert.strictEqual(wrong.headers.get("allow"), "GET, OPTIONS, POST");
  assert.strictEqual(wrong.headers.get("access-control-allow-origin"), "*");
  await app.close();
});

Deno.test("site_ids accepts events of listed hosts for listed sites only", async () => {
  const app = await openApp({ MALLARD_SITE_IDS: "example.com,other.org" });
  const cases: [number, string, string | null][] = [
    [202, "example.com", "https://example.com"],
    [202, "example.com", "http://example.com:8080"],
    [202, "example.com", "https://other.org"],
    [202, "example.com", "https://EXAMPLE.com"],
    [202, "example.com", null],
    [403, "stranger.net", null],
    [403, "stranger.net", "https://example.com"],
    [403, "example.com", "https://stranger.net"],
    [202, "example.com", "https://www.example.com"],
    [202, "www.Example.com", "https://WWW.example.com"],
    [403, "example.com", "https://shop.example.com"],
    [403, "example.com", "https://example.com.evil.net"],
    [403, "example.com", "https://evilexample.com"],
    [403, "example.com", "https://example.com@evil.net"],
    [403, "example.com", "null"],
    [403, "example.com", "example.com"],
    [403, "example.com", ""],
  ];
  for (const [status, d, origin] of cases) {
    const headers = origin === null ? {} : { origin };
    const response = await post(app, { ...EVENT, d }, { headers });
    assert.strictEqual(response.status, status, `${d} from ${origin}`);
    assert.strictEqual(response.headers.get("access-control-allow-origin"), "*");
  }
  await app.close();
});

Deno.test("rate_limit_per_site refuses with 429 and Retry-After, each site by itself", async () => {
  const app = await openApp({ MALLARD_RATE_LIMIT: "2" });
  const send = async (d: string) => await post(app, { ...EVENT, d });
  const statuses = [await send("a"), await send("a"), await send("a"), await send("b")]
    .map((response) => response.status);
  assert.deepStrictEqual(statuses, [202, 202, 429, 202]);
  const refused = await send("a");
  assert.strictEqual(refused.headers.get("retry-after"), "1");
  app.system.clock.advance(1000);
  assert.strictEqual((await send("a")).status, 202);
  await app.close();
});

Deno.test("An event is stored with every column the request contains, and no address", async () => {
  const app = await openApp();
  await post(app, {
    ...EVENT,
    n: "purchase",
    u: "https://shop.example.com/cart?utm_source=news&utm_medium=email&utm_campaign=spring" +
      "&utm_content=top&utm_term=shoes&gclid=secret#part",
    r: "https://www.google.com/search?q=x",
    w: 800,
    t: "Cart of ann@example.com",
    la: "en",
    p: { plan: "pro" },
    ra: 49.9,
    rc: "EUR",
  }, { headers: { "x-forwarded-for": "8.8.8.8" } });
  await app.app.stop();
  const duck = await openDuckDb();
  const [row] = await duck.rows(`select * exclude (visitor_id, timestamp),
      length(visitor_id) as id_length, timestamp::varchar as time
    from read_parquet('${app.folder}/events/**/*.parquet', hive_partitioning = false)`);
  duck.close();
  assert.deepStrictEqual(row, {
    site_id: "example.com",
    event_name: "purchase",
    pathname: "/cart",
    hostname: "shop.example.com",
    referrer: "https://www.google.com/search?q=x",
    referrer_source: "Google",
    utm_source: "news",
    utm_medium: "email",
    utm_campaign: "spring",
    utm_content: "top",
    utm_term: "shoes",
    browser: "Chrome",
    browser_version: "120.0.0.0",
    os: "Windows",
    os_version: "10",
    device_type: "desktop",
    screen_size: "800",
    country_code: "US",
    region: null,
    city: null,
    props: '{"plan":"pro"}',
    revenue_amount: 49.9,
    revenue_currency: "EUR",
    click_id: "gclid",
    source_tag: null,
    interactive: null,
    engaged_ms: null,
    scroll_depth: null,
    lcp_ms: null,
    inp_ms: null,
    cls_ten_thousandths: null,
    fcp_ms: null,
    ttfb_ms: null,
    title: "Cart of (mail)",
    language: "en",
    id_length: 64n,
    time: "2024-01-15 12:00:00",
  });
  await Deno.remove(app.folder, { recursive: true }).catch(() => {});
});

Deno.test("POST /api/event counts on the right day while the clock jumps", async () => {
  const app = await openApp();
  const { clock } = app.system;
  clock.advance(2 * 3_600_000);
  const yearMs = 365 * 86_400_000;
  for (const jump of [yearMs, -yearMs]) {
    clock.jump(jump);
    assert.strictEqual((await post(app, EVENT)).status, 202);
    clock.jump(-jump);
  }
  assert.strictEqual(await pageviews(app), 2);
  await app.close();
});
