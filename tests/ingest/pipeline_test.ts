import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert";
import { loadConfig } from "../../src/config/load.ts";
import { pathRewrite } from "../../src/core/paths/rules.ts";
import { EVENT_COLUMN_NAMES } from "../../src/core/event.ts";
import { Referrers } from "../../src/ingest/enrich/referrer.ts";
import { Robots } from "../../src/ingest/enrich/robot.ts";
import type { Dropped } from "../../src/ingest/drops.ts";
import { GeoIp } from "../../src/ingest/enrich/geoip.ts";
import { derivedIdentity } from "../../src/ingest/identity/identity.ts";
import { readFields } from "../../src/ingest/formats/mallard.ts";
import type { Payload } from "../../src/ingest/payload.ts";
import { DROPS } from "../../src/ingest/drop_reasons.ts";
import { Pipeline } from "../../src/ingest/pipeline.ts";
import type { Kept, Outcome } from "../../src/ingest/steps/draft.ts";
import type { AdmissionRefusal } from "../../src/sites/admission.ts";
import type { Masks } from "../../src/core/text.ts";
import { siteKey } from "../../src/core/site_id.ts";
import { AddressRanges } from "../../src/net/ranges.ts";
import { RateLimit } from "../../src/net/rate_limit.ts";
import { Timestamps } from "../../src/ingest/timestamps.ts";
import { UserAgents } from "../../src/ingest/enrich/user_agent.ts";
import { VisitorIds } from "../../src/ingest/identity/visitor_id.ts";
import { FakeClock, seededRandom } from "../support/fake_system.ts";
import { siteNames } from "../support/storage/sites.ts";
import { mmdb } from "../support/mmdb.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1)";
const ADDRESS = "81.2.69.142";
const NOON = Date.UTC(2024, 0, 15, 12);

/** What one test says of the world around a pipeline. */
interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly siteRate?: number;
  readonly addressRate?: number;
  readonly declared?: readonly string[];
  /** Sites with events. */
  readonly known?: readonly string[];
  readonly rates?: Readonly<Record<string, number>>;
  readonly hostnames?: readonly string[];
  readonly ignored?: readonly string[];
  readonly aliases?: readonly string[];
  readonly masks?: Masks;
  readonly rewrite?: (path: string) => string;
  /** What becomes of sites other than known.example. */
  readonly refusal?: AdmissionRefusal;
}

function open(world: World = {}) {
  const loaded = loadConfig({ file: null, env: world.env ?? {} });
  if ("faults" in loaded) throw new Error(loaded.faults.join());
  const clock = new FakeClock(NOON);
  const counted: Dropped[] = [];
  const geo = GeoIp.open(
    mmdb([["81.2.69.0/24", { country: { iso_code: "DE" } }]]),
    { precision: "city" },
  );
  const names = siteNames(
    () => world.known ?? [],
    (site) => world.declared?.find((one) => siteKey(one) === siteKey(site)),
    loaded.config.site_ids,
  );
  const pipeline = new Pipeline({
    siteRates: new RateLimit(clock, { perSecond: world.siteRate ?? 0 }),
    addressRates: world.addressRate ? new RateLimit(clock, { perSecond: world.addressRate }) : null,
    policy: {
      takesUserIds: (site: string) => site === "users.example",
      rateLimit: (site) => world.rates?.[site] ?? null,
      idOf: (site) => names.idForEvent(site),
      isDeclared: (site) => names.isDeclared(site),
      isDeclaredHost: (host) => names.isDeclaredHost(host),
      admit: (site, { isExempt }) =>
        !world.refusal || site === "known.example" || isExempt ? null : world.refusal,
      take: () => {},
      ignores: (_site, address) => new AddressRanges(world.ignored ?? []).has(address),
      hostnames: () => world.hostnames ?? [],
      aliases: () => world.aliases ?? [],
      pathRewrite: () => world.rewrite ?? null,
      masks: () => world.masks ?? { emails: true, tokens: false },
    },
    drops: { count: (dropped) => counted.push(dropped) },
    robots: new Robots(),
    userAgents: new UserAgents(),
    referrers: new Referrers({ stripQuery: loaded.config.strip_referrer_query }),
    geo,
    identity: derivedIdentity(new VisitorIds("secret"), clock, {
      idDays: () => 1,
      visitGapMs: () => 30 * 60_000,
    }),
    timestamps: new Timestamps({ roundToHour: loaded.config.round_timestamps, lastUs: 0 }),
    random: seededRandom(1),
  }, loaded.config);
  const run = (
    event: Readonly<Record<string, unknown>> = {},
    headers: Record<string, string> = {},
    address = ADDRESS,
  ): Outcome =>
    pipeline.run(payload(event), {
      nowMs: clock.nowMs(),
      address,
      headers: new Headers({ "user-agent": BROWSER, ...headers }),
    });
  return { pipeline, clock, counted, run };
}

function payload(event: Readonly<Record<string, unknown>>): Payload {
  const body = { d: "example.com", n: "pageview", u: "https://example.com/a", ...event };
  const checked = readFields(body);
  if ("fault" in checked) throw new Error(checked.fault.message);
  return checked.value;
}

/** Why it was dropped; undefined where it was not. */
function why(outcome: Outcome): string | undefined {
  return "dropped" in outcome ? outcome.dropped : undefined;
}

/** The event as it is stored; fails where it was dropped. */
function stored(outcome: Outcome) {
  ok("event" in outcome, why(outcome));
  return outcome.event;
}

Deno.test("run() stores an event with every column and no trace of the address", () => {
  const event = stored(
    open().run({
      u: "https://shop.example/cart?utm_source=news&gclid=1",
      r: "https://www.google.com/search?q=x",
      w: 800,
      t: "Cart",
      la: "de",
      p: { plan: "pro" },
      ra: 49.9,
      rc: "EUR",
    }),
  );
  deepEqual(Object.keys(event).sort(), [...EVENT_COLUMN_NAMES].sort());
  const { visitor_id, ...rest } = event;
  ok(/^[0-9a-f]{64}$/.test(visitor_id));
  ok(!JSON.stringify(event).includes(ADDRESS));
  deepEqual(rest, {
    site_id: "example.com",
    timestamp: NOON * 1000,
    event_name: "pageview",
    pathname: "/cart",
    hostname: "shop.example",
    referrer: "https://www.google.com/search?q=x",
    referrer_source: "Google",
    utm_source: "news",
    utm_medium: null,
    utm_campaign: null,
    utm_content: null,
    utm_term: null,
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
    browser: "Chrome",
    browser_version: "120.0.0.0",
    os: "Windows",
    os_version: "10",
    device_type: "desktop",
    screen_size: "800",
    country_code: "DE",
    region: null,
    city: null,
    props: '{"plan":"pro"}',
    revenue_amount: 4990,
    revenue_currency: "EUR",
    title: "Cart",
    language: "de",
  });
});

Deno.test("run() ignores what comes from the addresses of the owner's list", () => {
  const ignored = ["81.2.69.142", "203.0.113.0/24", "2001:db8:1:2::/64"];
  const { run, counted } = open({ ignored });
  for (const address of [ADDRESS, "203.0.113.77", "2001:db8:1:2:aaaa::1", "::ffff:81.2.69.142"]) {
    equal(why(run({}, {}, address)), "ignored_address", address);
  }
  for (const address of ["81.2.69.143", "203.0.114.1", "2001:db8:1:3::1", "unknown"]) {
    equal(why(run({}, {}, address)), undefined, address);
  }
  deepEqual(counted.map(({ reason }) => reason), new Array(4).fill("ignored_address"));
});

Deno.test("run() drops an event for its first reason, in the documented order", () => {
  const all: World = {
    env: { MALLARD_SITE_IDS: "example.com", MALLARD_RESPECT_GPC: "true" },
    siteRate: 1,
    addressRate: 2,
    hostnames: ["other.example"],
  };
  const { run, clock, counted, pipeline } = open(all);
  const robot = { "user-agent": ROBOT, "sec-gpc": "1" };
  equal(
    why(run({ d: "stranger.example" }, { ...robot, origin: "https://evil.example" })),
    "unknown_site",
  );
  equal(why(run({}, { ...robot, origin: "https://evil.example" })), "foreign_origin");
  equal(why(run({}, robot)), "opted_out");
  equal(why(run({}, robot)), "rate_limited");
  equal(why(run({}, robot)), "address_limited");
  clock.advance(1000);
  equal(why(run({}, { "user-agent": ROBOT })), "robot");
  clock.advance(1000);
  equal(why(run({ u: "file:///etc/passwd" })), "not_a_page");
  clock.advance(1000);
  equal(why(run()), "foreign_host");
  deepEqual(counted.map(({ reason, name = "" }) => [reason, name]), [
    ["foreign_origin", ""],
    ["opted_out", ""],
    ["rate_limited", ""],
    ["address_limited", ""],
    ["robot", "Googlebot"],
    ["not_a_page", ""],
    ["foreign_host", ""],
  ], "sites that are not listed are in the totals alone");
  const others = [
    "site_refused",
    "site_too_long",
    "new_sites_limited",
    "proposals_full",
    "past_refused",
    "local_page",
    "ignored_address",
    "user_ids_off",
    "no_event",
  ];
  const once = Object.keys(DROPS).map((reason) => [reason, others.includes(reason) ? 0 : 1]);
  deepEqual(pipeline.drops, Object.fromEntries(once));
});

Deno.test("run() names no source for the site's own hosts", () => {
  const sourceFor = (r: string, u: string, hostnames: string[] = []) =>
    stored(open({ hostnames }).run({ d: "multi.example", u, r })).referrer_source;
  equal(sourceFor("https://multi.example/", "https://shop.multi.example/"), null);
  equal(sourceFor("https://shop.multi.example/", "https://multi.example/"), "shop.multi.example");
  const listed = ["multi.example", "shop.multi.example", "*.other.example"];
  const shop = "https://shop.multi.example/cart";
  for (const host of ["multi.example", "www.multi.example", "shop.multi.example"]) {
    equal(sourceFor(`https://${host}/`, shop, listed), null, host);
  }
  for (const host of ["other.example", "a.b.other.example"]) {
    equal(sourceFor(`https://${host}/`, shop, listed), null, host);
    equal(sourceFor("https://multi.example/", `https://${host}/`, listed), null, host);
  }
  equal(sourceFor("https://notother.example/", shop, listed), "notother.example");
  equal(sourceFor("https://google.com/", shop, listed), "Google");
  equal(sourceFor("https://multi.example/", "/path"), null);
  const { run } = open({ aliases: ["old.example", "0b5e-uuid"] });
  const moved = (r: string) =>
    stored(run({ d: "multi.example", u: "https://multi.example/", r })).referrer_source;
  equal(moved("https://www.old.example/"), null);
  equal(moved("https://older.example/"), "older.example");
  const tagFor = (query: string) =>
    stored(open({ hostnames: listed }).run({ d: "multi.example", u: `${shop}?${query}` }))
      .source_tag;
  for (
    const own of ["ref=multi.example", "source=WWW.Multi.example", "ref=https://b.other.example/"]
  ) {
    equal(tagFor(own), null, own);
  }
  equal(tagFor("ref=notother.example"), "notother.example");
  equal(tagFor("ref=multi"), "multi");
});

Deno.test("run() counts pages of the hosts that are listed, with www and *. by their rule", () => {
  const { run } = open({ hostnames: ["example.com", "*.shop.example"] });
  const counts = (u: string) => why(run({ u })) === undefined;
  for (const host of ["example.com", "www.example.com", "shop.example", "a.b.shop.example"]) {
    ok(counts(`https://${host}/`), host);
  }
  for (const host of ["blog.example.com", "notshop.example", "example.com.evil.example"]) {
    ok(!counts(`https://${host}/`), host);
  }
});

Deno.test("run() counts pages of websites and of apps, and nothing else", () => {
  const never = [
    "file:///Users/ann/index.html",
    " FILE://server/share/a.html",
    "about:srcdoc",
    "about:blank",
    "data:text/html,<p>",
    "blob:https://example.com/9115d58c",
    "javascript:void(0)",
  ];
  for (const hostnames of [[], ["example.com"]]) {
    const { run, pipeline } = open({ hostnames });
    for (const u of never) {
      equal(why(run({ u })), "not_a_page", u);
      equal(why(run({ u, l: 1 })), "not_a_page", u);
      const past = { atMs: NOON - 1000, address: ADDRESS, userAgent: BROWSER };
      equal(why(pipeline.runPast(payload({ u }), past)), "not_a_page", u);
    }
  }
  for (const u of ["app://shop.example/login", "about", "/about:blank", "/data:x", "app:///a"]) {
    equal(why(open().run({ u })), undefined, u);
  }
  for (const u of ["app://localhost/login", "capacitor://localhost/", "ionic://127.0.0.1/"]) {
    equal(why(open().run({ u })), undefined, u);
  }
  equal(stored(open().run({ u: "app://localhost/login" })).pathname, "/login");
  equal(stored(open().run({ u: "app://shop.example/login" })).hostname, "shop.example");
});

Deno.test("run() counts the owner's hosts only where they are listed, and bare paths", () => {
  const { run } = open({ hostnames: ["shop.example", "localhost"] });
  const counts = ["https://shop.example/", "app://shop.example/login", "/path", "not a url"];
  for (const u of [...counts, "http://localhost:3000/"]) equal(why(run({ u })), undefined, u);
  const drops = ["https://other.example/", "http://0.0.0.0/", "http://127.0.0.1/", "app:///login"];
  for (const u of drops) {
    equal(why(run({ u })), "foreign_host", u);
    equal(why(run({ u, l: 1 })), "foreign_host", u);
  }
});

Deno.test("run() drops pages of the visitor's own machine, unless they are wanted", () => {
  const local = [
    "http://localhost/",
    "http://LOCALHOST.:3000/a",
    "https://shop.localhost/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://0.0.0.0:5000/",
  ];
  const { run, counted } = open();
  for (const u of local) {
    equal(why(run({ u })), "local_page", u);
    for (const l of [1, true, "", "true"]) equal(why(run({ u, l })), undefined, u);
    for (const l of [0, false, "false", null]) equal(why(run({ u, l })), "local_page", u);
    for (const d of ["localhost", "LocalHost:3000", "127.0.0.1", "::1", "a.localhost"]) {
      equal(why(run({ u, d })), undefined, `${u} of ${d}`);
    }
  }
  deepEqual(counted[0], { site_id: "example.com", reason: "local_page" });
  const others = ["http://10.0.0.1/", "http://192.168.1.5/", "http://intranet/", "/localhost"];
  for (const u of [...others, "http://localhost.example/", "http://mylocalhost/"]) {
    equal(why(run({ u })), undefined, u);
  }
});

Deno.test("run() accepts declared sites as well as listed ones", () => {
  const { run } = open({
    env: { MALLARD_SITE_IDS: "example.com" },
    declared: ["declared.example"],
  });
  equal(why(run({ d: "declared.example" })), undefined);
  equal(why(run({ d: "declared.example" }, { origin: "https://declared.example" })), undefined);
  equal(why(run({}, { origin: "https://declared.example" })), undefined);
  equal(why(run({ d: "stranger.example" })), "unknown_site");
  equal(why(open().run({ d: "any.example" }, { origin: "https://evil.example" })), undefined);
});

Deno.test("run() takes www. and case for the same, in names of sites and in origins", () => {
  const { run } = open({ env: { MALLARD_SITE_IDS: "Example.com" }, declared: ["b.example:8080"] });
  const sites: Record<string, string> = {
    "Example.com": "Example.com",
    "EXAMPLE.COM": "Example.com",
    "www.example.com": "Example.com",
    "B.example:8080": "b.example:8080",
  };
  for (const [d, id] of Object.entries(sites)) equal(stored(run({ d })).site_id, id, d);
  for (const d of ["shop.example.com", "wwwexample.com", "b.example", "www.www.example.com"]) {
    equal(why(run({ d })), "unknown_site", d);
  }
  const origins: Record<string, string | undefined> = {
    "https://www.example.com": undefined,
    "https://WWW.Example.com:8443": undefined,
    "https://example.com": undefined,
    "https://b.example:8080": undefined,
    "https://www.b.example:8080": undefined,
    "https://b.example": "foreign_origin",
    "https://shop.example.com": "foreign_origin",
    "https://www.example.com.evil.example": "foreign_origin",
    "https://evil.example/www.example.com": "foreign_origin",
    "null": "foreign_origin",
  };
  for (const [origin, reason] of Object.entries(origins)) {
    equal(why(run({}, { origin })), reason, origin);
  }
});

Deno.test("run() stores a site under the id it first had", () => {
  const { run } = open({ known: ["Old.example", "Two.example", "two.example"] });
  equal(stored(run({ d: "old.EXAMPLE" })).site_id, "Old.example");
  equal(stored(run({ d: "www.old.example" })).site_id, "www.old.example");
  equal(stored(run({ d: "two.example" })).site_id, "two.example", "until they are merged");
  equal(stored(run({ d: "Two.example" })).site_id, "Two.example");
  equal(stored(run({ d: "TWO.example" })).site_id, "Two.example");
});

Deno.test("run() applies a site's own rate if it has one, and says when to retry", () => {
  const { run, clock } = open({ siteRate: 1, rates: { "fast.example": 3, "free.example": 0 } });
  const pass = (d: string) => [1, 2, 3, 4, 5].filter(() => why(run({ d })) === undefined).length;
  equal(pass("example.com"), 1);
  equal(pass("fast.example"), 3);
  equal(pass("free.example"), 5);
  deepEqual(run(), { dropped: "rate_limited", retrySecs: 1 });
  clock.advance(1000);
  equal(why(run()), undefined);
});

Deno.test("run() limits public addresses, whichever site they send for, and no network", () => {
  const { run } = open({ addressRate: 2 });
  const pass = (address: string) =>
    ["a", "b", "c", "d"].filter((d) => why(run({ d }, {}, address)) === undefined).length;
  equal(pass("81.2.69.1"), 2);
  equal(pass("2a00:1450:4001::5"), 2);
  equal(pass("2a00:1450:4001::6"), 0, "a network of 64 bits is one sender");
  equal(pass("2a00:1450:4001:1::6"), 2);
  for (const address of ["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "no address", ""]) {
    equal(pass(address), 4, address);
  }
});

Deno.test("run() lets one address use up its own rate, not the site's", () => {
  const { run } = open({ siteRate: 5, addressRate: 1 });
  for (let count = 0; count < 100; count++) run({}, {}, "81.2.69.1");
  const others = ["81.2.69.2", "81.2.69.3", "81.2.69.4", "81.2.69.5"];
  for (const address of others) equal(why(run({}, {}, address)), undefined, address);
});

Deno.test("run() refuses a site whose files a lake cannot hold, over a lake alone", () => {
  const lake = {
    MALLARD_STORAGE: "lake",
    MALLARD_LAKE_CATALOG: "postgresql://localhost/lake",
    MALLARD_LAKE_DATA_PATH: "/srv/lake",
  };
  const longest = "x".repeat(247);
  // A colon takes three bytes of a folder's name.
  for (
    const [site, fits] of [[longest, true], [`${longest}x`, false], [
      `${longest.slice(3)}:8`,
      false,
    ]]
  ) {
    equal(why(open({ env: lake }).run({ d: site })), fits ? undefined : "site_too_long");
    equal(why(open().run({ d: site })), undefined);
  }
});

Deno.test("run() refuses an event of a new site last, with reason and retry time", () => {
  const table: [refusal: AdmissionRefusal, outcome: Outcome][] = [
    [{ why: "refused" }, { dropped: "site_refused" }],
    [{ why: "full" }, { dropped: "proposals_full", retrySecs: 600 }],
    [{ why: "limited", retrySecs: 9 }, { dropped: "new_sites_limited", retrySecs: 9 }],
  ];
  for (const [refusal, outcome] of table) {
    const { run } = open({ refusal });
    equal(why(run({ d: "known.example" })), undefined);
    deepEqual(run({ d: "new.example" }), outcome);
    equal(why(run({ d: "new.example" }, { "user-agent": ROBOT })), "robot");
  }
});

Deno.test("run() masks what the site's owner wants masked, of the past as well", () => {
  const u = "https://example.com/u/ann%40corp.example?utm_term=ann@corp.example";
  const r = "https://x.example/?id=9f86d081884c7d659a2feaa0c55ad015";
  const masked = stored(open().run({ u, r, p: '{"by":"ann@corp.example"}' }));
  equal(masked.pathname, "/u/(mail)");
  equal(masked.utm_term, "(mail)");
  equal(masked.props, '{"by":"(mail)"}');
  equal(masked.referrer, r);
  const tokens = open({ masks: { emails: false, tokens: true } });
  const event = stored(tokens.run({ u, r }));
  equal(event.pathname, "/u/ann%40corp.example");
  equal(event.referrer, "https://x.example/?id=(token)");
});

Deno.test("run() applies the path rules of the site before its masks, of the past as well", () => {
  const rewrite = pathRewrite({ trailing_slash: "remove", query_parameters: ["by"] });
  const u = "https://example.com/Caf%c3%a9/?x=1&by=ann@corp.example";
  equal(stored(open({ rewrite }).run({ u })).pathname, "/Café?by=(mail)");
  equal(stored(open().run({ u })).pathname, "/Café/");
});

Deno.test("run() drops robots by name, unless they are to be kept", () => {
  const { run, counted } = open();
  equal(why(run({}, { "user-agent": "Mozilla/5.0 (compatible; GPTBot/1.2)" })), "robot");
  deepEqual(counted, [{ site_id: "example.com", reason: "robot", name: "GPTBot" }]);
  const kept = open({ env: { MALLARD_FILTER_BOTS: "false" } });
  equal(why(kept.run({}, { "user-agent": ROBOT })), undefined);
});

Deno.test("run() gives every event its own id where ids are suppressed", () => {
  const { run } = open({ env: { MALLARD_SUPPRESS_VISITOR_ID: "true" } });
  const ids = Array.from({ length: 20 }, () => stored(run()).visitor_id);
  equal(new Set(ids).size, 20);
  const usual = open();
  equal(new Set([1, 2, 3].map(() => stored(usual.run()).visitor_id)).size, 1);
});

Deno.test("run() takes the visitor's id of the day that is stored", () => {
  const { run, clock } = open({ env: { MALLARD_ROUND_TIMESTAMPS: "true" } });
  clock.advance(12 * 3_600_000 - 1);
  const late = stored(run());
  clock.advance(31 * 60_000);
  const early = stored(run());
  equal(new Date(late.timestamp / 1000).getUTCDate(), 15);
  equal(new Date(early.timestamp / 1000).getUTCDate(), 16);
  ok(late.visitor_id !== early.visitor_id);
});

Deno.test("runPast() drops robots and unlisted sites only, and counts neither", () => {
  const { pipeline, counted } = open({
    env: { MALLARD_SITE_IDS: "example.com", MALLARD_RESPECT_GPC: "true" },
    siteRate: 1,
    addressRate: 1,
    hostnames: ["other.example"],
  });
  const past = (d = "example.com", userAgent = BROWSER) =>
    pipeline.runPast(payload({ d }), { atMs: NOON - 86_400_000, address: ADDRESS, userAgent });
  for (let count = 0; count < 3; count++) equal(why(past()), undefined);
  equal(why(past("stranger.example")), "unknown_site");
  equal(why(past("example.com", ROBOT)), "robot");
  deepEqual(counted, []);
  ok(Object.values(pipeline.drops).every((count) => count === 0));
  const { timestamp, country_code } = stored(past());
  equal(new Date(timestamp / 1000).toISOString().slice(0, 19), "2024-01-14T12:00:00");
  equal(country_code, "DE");
});

Deno.test("DROPS answer robots, opted out browsers and foreign pages as if all were well", () => {
  const silent = Object.entries(DROPS).filter(([, { code }]) => code === null);
  deepEqual(silent.map(([reason]) => reason).sort(), [
    "foreign_host",
    "ignored_address",
    "local_page",
    "no_event",
    "not_a_page",
    "opted_out",
    "robot",
    "user_ids_off",
  ]);
});

Deno.test("run() makes one visitor of a user on every device, where the site takes ids", () => {
  const idOf = (d: string, id: unknown, agent: string, address: string) => {
    const { event, notices } = run({ d, id }, { "user-agent": agent }, address) as Kept;
    return [event.visitor_id, notices.join()];
  };
  const { run } = open({});
  const phone = BROWSER.replace("Windows NT 10.0", "Linux; Android 14");
  const [id, notices] = idOf("users.example", "42", BROWSER, ADDRESS);
  deepEqual([id?.length, notices], [64, ""]);
  deepEqual(idOf("users.example", 42, phone, "8.8.8.8"), [id, ""]);
  notEqual(idOf("users.example", "43", BROWSER, ADDRESS)[0], id);
  const [unnamed] = idOf("users.example", null, BROWSER, ADDRESS);
  notEqual(unnamed, id);
  const off = idOf("other.example", "42", BROWSER, ADDRESS);
  deepEqual(off, [idOf("other.example", "", BROWSER, ADDRESS)[0], "user_id_dropped"]);
  deepEqual(idOf("users.example", {}, BROWSER, ADDRESS), [unnamed, "user_id_dropped"]);
  const long = "x".repeat(257);
  deepEqual(idOf("users.example", long, BROWSER, ADDRESS), [unnamed, "user_id_dropped"]);
  const kept = run({ d: "users.example", id: "secret-42" }) as Kept;
  equal(JSON.stringify(kept.event).includes("secret-42"), false);
});
