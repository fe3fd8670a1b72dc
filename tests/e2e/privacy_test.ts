// What is stored of a visit, read from the Parquet files themselves, under each privacy setting;
// that an address is found nowhere, in whatever form; and that /privacy says what is true.
import { umamiUser } from "../../src/api/peers/umami.ts";
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import { EVENT_COLUMN_NAMES } from "../../src/core/event.ts";
import { filesOf, type StoredRow, storedRows } from "../support/storage/data_dir.ts";
import { mmdb } from "../support/mmdb.ts";
import { uuidOfSite } from "../../src/sites/site_codes.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { withFolder } from "../support/storage/storage.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const ADDRESS = "81.2.69.142";
const SITE = "example.com";
const UTM = ["source", "medium", "campaign", "content", "term"];

/** An event that has something for every column. */
const EVENT = {
  d: SITE,
  n: "Order",
  u: `https://example.com/page?gclid=1&ref=a&${UTM.map((name) => `utm_${name}=${name}`).join("&")}`,
  r: "https://other.example/path?q=secret#part",
  w: 1280,
  p: { plan: "pro" },
  ra: 29.9,
  rc: "EUR",
  i: false,
  t: "A page",
  la: "de-DE",
};

/** Columns that events do not fill. */
const OF_ENGAGEMENTS: ReadonlySet<string> = new Set(
  EVENT_COLUMN_NAMES.slice(EVENT_COLUMN_NAMES.indexOf("engaged_ms")),
);

interface SendOptions {
  readonly address?: string;
  readonly event?: object;
  readonly headers?: Record<string, string>;
}

/** Sends an event; answers its status and why it was dropped. */
async function send(
  app: RunningApp,
  { address = ADDRESS, event = EVENT, headers = {} }: SendOptions = {},
): Promise<readonly [status: number, dropped: string | null]> {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER, "x-forwarded-for": address, ...headers },
    body: JSON.stringify(event),
  });
  await response.body?.cancel();
  return [response.status, response.headers.get("x-mallard-dropped")];
}

function setSite(app: RunningApp, settings: object): Promise<Response> {
  const body = JSON.stringify({ site_id: SITE, ...settings });
  return app.send("/api/sites", { method: "POST", body });
}

/** What was not counted on the site today, by reason. */
async function droppedOf(app: RunningApp): Promise<Record<string, number>> {
  const response = await app.send(`/api/stats/bots?site_id=${SITE}&period=day`);
  const { dropped } = await response.json();
  return Object.fromEntries(
    dropped.map(({ reason, count }: { reason: string; count: number }) => [reason, count]),
  );
}

/** The settings of a database that knows region and city of ADDRESS. */
async function withPlaces(folder: string): Promise<Record<string, string>> {
  const path = `${folder}/places.mmdb`;
  await Deno.writeFile(
    path,
    mmdb([["81.2.69.0/24", {
      country: { iso_code: "DE" },
      subdivisions: [{ names: { en: "Bavaria" } }],
      city: { names: { en: "Munich" } },
    }]]),
  );
  return { MALLARD_GEOIP_DB: path };
}

/** What `work` leaves in Parquet under these settings, in its own DATA_DIR. */
async function storedBy(
  settings: Record<string, string>,
  work: (app: RunningApp) => Promise<unknown>,
): Promise<StoredRow[]> {
  let rows: StoredRow[] = [];
  await withFolder(async (outer) => {
    const folder = `${outer}/data`;
    await Deno.mkdir(folder);
    const app = await openApp({ ...await withPlaces(outer), ...settings }, { folder });
    await work(app);
    await app.close();
    rows = await storedRows(folder);
  });
  return rows;
}

/** The rows that two events of one visitor leave, 61 s apart. */
function stored(settings: Record<string, string>): Promise<StoredRow[]> {
  return storedBy(settings, async (app) => {
    equal((await send(app))[0], 202);
    app.system.clock.advance(61_000);
    equal((await send(app))[0], 202);
  });
}

const plain = await stored({});

/** The columns in which a setting makes a difference, with what is stored then. */
async function difference(settings: Record<string, string>): Promise<StoredRow> {
  const [before = {}, after = {}] = [plain[0], (await stored(settings))[0]];
  return Object.fromEntries(
    Object.keys(before).filter((name) => before[name] !== after[name])
      .map((name) => [name, after[name]]),
  );
}

Deno.test("without privacy settings a visit is stored as it came, without address", () => {
  const [first = {}, second = {}] = plain;
  equal(first["referrer"], "https://other.example/path?q=secret");
  equal(first["browser_version"], "120.0.0.0");
  equal(first["screen_size"], "1280");
  deepEqual([first["country_code"], first["region"], first["city"]], ["DE", "Bavaria", "Munich"]);
  equal(first["visitor_id"], second["visitor_id"]);
  equal(first["timestamp"], "2024-01-15 12:00:00.000000");
  equal(second["timestamp"], "2024-01-15 12:01:01.000000");
  for (const name of EVENT_COLUMN_NAMES) {
    ok(first[name] !== null || OF_ENGAGEMENTS.has(name), `${name} is filled`);
  }
});

Deno.test("each privacy setting changes its own columns and no other", async () => {
  const cases: readonly [setting: string, value: string, columns: StoredRow][] = [
    ["STRIP_REFERRER_QUERY", "true", { referrer: "https://other.example/path" }],
    ["SUPPRESS_BROWSER_VERSION", "true", { browser_version: null }],
    ["SUPPRESS_OS_VERSION", "true", { os_version: null }],
    ["SUPPRESS_SCREEN_SIZE", "true", { device_type: null, screen_size: null }],
    ["GEOIP_PRECISION", "city", {}],
    ["GEOIP_PRECISION", "region", { city: null }],
    ["GEOIP_PRECISION", "country", { region: null, city: null }],
    ["GEOIP_PRECISION", "none", { country_code: null, region: null, city: null }],
    ["RESPECT_GPC", "true", {}],
    ["RATE_LIMIT_PER_ADDRESS", "1", {}],
    ["FILTER_BOTS", "false", {}],
  ];
  for (const [setting, value, columns] of cases) {
    deepEqual(await difference({ [`MALLARD_${setting}`]: value }), columns, `${setting}=${value}`);
  }
});

Deno.test("visitor_salt and suppress_visitor_id change the visitor's id alone", async () => {
  for (const setting of ["MALLARD_VISITOR_SALT=random", "MALLARD_SUPPRESS_VISITOR_ID=true"]) {
    const [name = "", value = ""] = setting.split("=");
    const changed = await difference({ [name]: value });
    deepEqual(Object.keys(changed), ["visitor_id"], setting);
    ok(/^[0-9a-f]{64}$/.test(String(changed["visitor_id"])));
  }
});

Deno.test("round_timestamps stores no minute", async () => {
  const rows = await stored({ MALLARD_ROUND_TIMESTAMPS: "true" });
  equal(rows.length, 2);
  for (const row of rows) ok(String(row["timestamp"]).startsWith("2024-01-15 12:00:00.00"));
});

Deno.test("suppress_visitor_id gives every event a random id", async () => {
  const rows = await stored({ MALLARD_SUPPRESS_VISITOR_ID: "true" });
  const ids = rows.map((row) => String(row["visitor_id"]));
  ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
  ok(ids[0] !== ids[1]);
});

Deno.test("gdpr_mode does what its settings do together, and keeps the country", async () => {
  const { timestamp, ...changed } = await difference({ MALLARD_GDPR_MODE: "true" });
  equal(timestamp, undefined, "it was sent at a full hour");
  deepEqual(changed, {
    referrer: "https://other.example/path",
    browser_version: null,
    os_version: null,
    screen_size: null,
    device_type: null,
    region: null,
    city: null,
  });
  const rows = await stored({ MALLARD_GDPR_MODE: "true" });
  ok(rows.every((row) => String(row["timestamp"]).startsWith("2024-01-15 12:00:00.00")));
});

Deno.test("respect_gpc records nothing of a browser that asks, but counts it", async () => {
  const ask = { headers: { "sec-gpc": "1" } };
  for (const respected of ["true", "false"]) {
    const rows = await storedBy({ MALLARD_RESPECT_GPC: respected }, async (app) => {
      deepEqual(await send(app), [202, null]);
      const dropped = respected === "true" ? "opted_out" : null;
      for (let count = 0; count < 3; count++) deepEqual(await send(app, ask), [202, dropped]);
      deepEqual(await send(app, { headers: { "sec-gpc": "0" } }), [202, null]);
      deepEqual(await droppedOf(app), respected === "true" ? { opted_out: 3 } : {});
    });
    equal(rows.length, respected === "true" ? 2 : 5);
  }
});

Deno.test("hostnames of a site keep other hosts' pages out, and count them", async () => {
  const at = (u: string) => ({ event: { ...EVENT, u } });
  const rows = await storedBy({}, async (app) => {
    await setSite(app, { hostnames: ["example.com", "www.example.com"] });
    const accepted = [
      "https://example.com/a",
      "http://www.example.com:8080/a",
      "https://EXAMPLE.com/a",
      "/path-alone",
    ];
    for (const u of accepted) deepEqual(await send(app, at(u)), [202, null], u);
    for (
      const u of [
        "https://copy.example/a",
        "https://example.com.evil.example/",
        "https://a.example.com/",
      ]
    ) {
      deepEqual(await send(app, at(u)), [202, "foreign_host"], u);
    }
    deepEqual(await droppedOf(app), { foreign_host: 3 });
  });
  deepEqual(
    [...new Set(rows.map((row) => row["hostname"]))].sort(),
    ["example.com", "www.example.com", null].sort(),
  );
});

Deno.test("rate_limit_per_address slows a public address down, and counts that", async () => {
  const rows = await storedBy({ MALLARD_RATE_LIMIT_PER_ADDRESS: "2" }, async (app) => {
    const statuses = async (address: string) => {
      const answers: number[] = [];
      for (let count = 0; count < 4; count++) answers.push((await send(app, { address }))[0]);
      return answers;
    };
    deepEqual(await statuses("81.2.69.142"), [202, 202, 429, 429]);
    deepEqual(await statuses("81.2.69.143"), [202, 202, 429, 429], "each for itself");
    deepEqual(await statuses("10.0.0.7"), [202, 202, 202, 202], "a network behind one address");
    app.system.clock.advance(1000);
    equal((await send(app))[0], 202);
    deepEqual(await droppedOf(app), { address_limited: 4 });
  });
  equal(rows.length, 9);
});

/** Nobody is named as a contact; where the doctor's events are seen, nothing was. */
const EMPTY_ANSWERS: Readonly<Record<string, number>> = {
  "/.well-known/security.txt": 404,
  "/api/doctor/seen": 204,
  // Who is signed in, and single visits, are not for strangers.
  "/api/me": 401,
  "/api/websites/:website_id/sessions": 401,
  "/api/websites/:website_id/sessions/:session_id": 401,
  "/api/websites/:website_id/sessions/:session_id/activity": 401,
  "/api/websites/:website_id/events": 401,
};

Deno.test("a public site's statistics show no visitor id to strangers", async () => {
  const env = { MALLARD_ADMIN_PASSWORD: "correct horse" };
  await withFolder(async (folder) => {
    const app = await openApp(env, { folder });
    const body = '{"password":"correct horse"}';
    const login = await app.send("/api/auth/login", { method: "POST", body });
    const cookie = `mm_session=${(await login.json()).token}`;
    await app.send("/api/sites", {
      method: "POST",
      headers: { cookie },
      body: JSON.stringify({ site_id: SITE, public: true, visit_list: true }),
    });
    equal((await send(app))[0], 202);
    const answers = new Map<string, string>();
    const extra: Record<string, string> = {
      funnel: "&steps=event:Order,page:/",
      sequences: "&steps=event:Order,page:/",
      flow: "&page=/page",
      query: "&metrics=visitors&dimensions=page",
      values: "&dimension=page",
      view: `&parts=${encodeURIComponent('[["main",{}]]')}`,
    };
    const names: Record<string, string> = {
      "/js/:name": "script.js",
      "/counter/:name+": "TOTAL.json",
      "/api/v0/stats/:name": "browsers",
      "/api/v0/stats/:name/:id": "browsers",
    };
    for (const { method, path, right, refuses } of app.app.routes()) {
      if (method !== "GET" || right === "admin" || right === "ingest" || refuses) continue;
      const name = path.split("/").at(-1) ?? "";
      if (name === "live" || name === "visits") continue;
      // Pages are found by their numbers, which no test knows beforehand.
      if (path === "/api/v0/stats/hits/:path_id") continue;
      const example = path.replace(":site_id", SITE).replace(/:name\+?/, names[path] ?? "pages")
        .replace(":website_id", uuidOfSite(SITE)).replace(":user_id", umamiUser().id)
        .replace(":id", "Chrome");
      const own = path.startsWith("/api/stats/") ? extra[name] ?? "" : "";
      const peers = "&property=event:page&type=path&propertyName=a";
      const query = /^\/(api|counter)\//.test(path) ? `?site_id=${SITE}${own || peers}` : "";
      const response = await app.send(example + query, { peer: "198.51.100.7" });
      equal(response.status, EMPTY_ANSWERS[path] ?? 200, path);
      answers.set(path, await response.text());
    }
    ok(answers.get("/api/stats/values")?.includes("/page"));
    await app.close();
    const [row = {}] = await storedRows(folder);
    for (const [path, text] of answers) ok(!text.includes(String(row["visitor_id"])), path);
  });
});

/** What /privacy says of each column: `no`, or how it is stored. */
async function toldBy(app: RunningApp): Promise<Map<string, string>> {
  const html = await (await app.send("/privacy")).text();
  const rows = html.matchAll(/<tr><th scope="row"><code>(\w+)<\/code>.*<td>([^<]*)<\/td><\/tr>/g);
  return new Map([...rows].map(([, name = "", kept = ""]) => [name, kept]));
}

Deno.test("/privacy says of every column what the Parquet files show", async () => {
  for (
    const settings of [
      {},
      { MALLARD_GDPR_MODE: "true" },
      { MALLARD_GEOIP_PRECISION: "none" },
      { MALLARD_GEOIP_PRECISION: "region", MALLARD_SUPPRESS_SCREEN_SIZE: "true" },
      { MALLARD_STRIP_REFERRER_QUERY: "true", MALLARD_SUPPRESS_OS_VERSION: "true" },
      { MALLARD_ROUND_TIMESTAMPS: "true", MALLARD_SUPPRESS_VISITOR_ID: "true" },
    ] as Record<string, string>[]
  ) {
    let told = new Map<string, string>();
    const [first = {}, second = {}] = await storedBy(settings, async (app) => {
      told = await toldBy(app);
      await send(app);
      app.system.clock.advance(61_000);
      await send(app);
    });
    deepEqual([...told.keys()], [...EVENT_COLUMN_NAMES]);
    for (const [name, kept] of told) {
      if (OF_ENGAGEMENTS.has(name)) continue;
      equal(first[name] === null, kept === "no", `${name} is told to be stored: ${kept}`);
    }
    equal(told.get("referrer") === "without its query", !String(first["referrer"]).includes("?"));
    const minute = /:01:01/.test(String(second["timestamp"]));
    equal(told.get("timestamp") === "rounded down to the hour", !minute);
    equal(told.get("visitor_id") === "yes", first["visitor_id"] === second["visitor_id"]);
  }
});

Deno.test("/privacy follows what owners set for their sites while the server runs", async () => {
  const app = await openApp({ MALLARD_RETENTION_DAYS: "90", MALLARD_VISITOR_SALT: "random" });
  const page = async (query = "") =>
    (await (await app.send(`/privacy${query}`)).text()).replace(/\s+/g, " ");
  ok((await page()).includes("It changes every day (UTC)"));
  ok((await page()).includes("removed 90 days after it happened"));
  ok((await page()).includes("destroyed at most a day after"));
  await setSite(app, { visitor_id_days: 30, retention_days: 400, public: true });
  ok((await page()).includes("Depending on the site, it changes every day or every 30 days"));
  ok((await page()).includes("removed after 90 days or 400 days"));
  const own = await page(`?site_id=${SITE}`);
  ok(own.includes("It changes every 30 days") && own.includes("removed 400 days after"));
  ok(own.includes("Statistics are open to everyone."));
  ok(!own.includes(SITE), "it names no site");
  await app.close();
});

const ADDRESSES = ["203.0.113.77", "81.2.69.142", "2001:db8:85a3::8a2e:370:7334"];

/** Every form in which an address could be kept: text, packed, a number, hashed without a key. */
function formsOf(address: string): Map<string, string> {
  const packed = packedOf(address);
  const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
  const forms = new Map([
    ["text", address],
    ["packed", latin1(packed)],
    ["packed backwards", latin1(packed.toReversed())],
    ["hex", packed.toHex()],
    ["base64", btoa(address).replaceAll("=", "")],
  ]);
  if (packed.length === 4) {
    forms.set("number", String(new DataView(packed.buffer).getUint32(0)));
  }
  for (const algorithm of ["md5", "sha1", "sha256", "sha512"]) {
    for (const [name, input] of [["text", address], ["packed", packed]] as const) {
      const hash = createHash(algorithm).update(input);
      forms.set(`${algorithm} of ${name}`, hash.copy().digest("hex"));
      forms.set(`${algorithm} of ${name}, raw`, latin1(hash.digest()));
    }
  }
  return forms;
}

function packedOf(address: string): Uint8Array<ArrayBuffer> {
  if (!address.includes(":")) return Uint8Array.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::").map((part) => part.split(":"));
  const middle = new Array<string>(8 - head.length - tail.length).fill("0");
  const groups = [...head, ...middle, ...tail].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

const EVERYWHERE: Readonly<Record<string, string>> = {
  MALLARD_ADMIN_PASSWORD: "correct horse",
  MALLARD_RATE_LIMIT_PER_ADDRESS: "2",
  MALLARD_RESPECT_GPC: "true",
};

/** Does all that an address takes part in, and gathers whatever it is answered. */
async function useAddresses(app: RunningApp): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const address of ADDRESSES) {
    await send(app, { address });
    await send(app, { address, event: { ...EVENT, n: "signup" } });
    await send(app, { address });
    await send(app, { address, headers: { "sec-gpc": "1" } });
    await send(app, { address, headers: { "user-agent": "GPTBot/1.0" } });
    const headers = { "x-forwarded-for": address };
    const wrong = { method: "POST", headers, body: '{"password":"wrong horse"}' };
    for (let count = 0; count < 7; count++) {
      const response = await app.send("/api/auth/login", wrong);
      places.set(`login ${address} ${count}`, await response.text());
    }
    for (const path of ["/api/event", "/api/stats/main", "/nowhere", "/metrics", "/privacy"]) {
      places.set(`${path} for ${address}`, await (await app.send(path, { headers })).text());
    }
  }
  return places;
}

Deno.test("an address is nowhere: not on disk, not in the log, not in any answer", async () => {
  for (const salt of ["derived", "random"]) {
    await withFolder(async (folder) => {
      const app = await openApp({ ...EVERYWHERE, MALLARD_VISITOR_SALT: salt }, { folder });
      const places = await useAddresses(app);
      for (const [path, text] of await filesOf(folder)) places.set(`${path} while running`, text);
      places.set("log", app.system.lines.map((line) => JSON.stringify(line)).join("\n"));
      await app.close();
      for (const [path, text] of await filesOf(folder)) places.set(path, text);
      ok([...places.keys()].some((path) => path.endsWith(".parquet")));
      ok(places.get("log")?.includes("Login failed"));
      for (const address of ADDRESSES) {
        for (const [form, needle] of formsOf(address)) {
          for (const [place, text] of places) {
            ok(!text.includes(needle), `${place} holds ${address} as ${form}`);
          }
        }
      }
    });
  }
});

Deno.test("the search for an address finds one that a site sends as a property", async () => {
  await withFolder(async (folder) => {
    const app = await openApp({}, { folder });
    const [address = ""] = ADDRESSES;
    await send(app, { event: { ...EVENT, p: { ip: address } } });
    const found = [...await filesOf(folder)].filter(([, text]) => text.includes(address));
    ok(found.some(([path]) => path.includes("mallard.sqlite")));
    await app.close();
  });
});
