// What is stored of a visit, read from the Parquet files themselves, under each privacy setting;
// and that an address is found nowhere, in whatever form.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import { openDuckDb } from "../support/duckdb.ts";
import { openApp, type RunningApp } from "../support/running_app.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const ADDRESS = "8.8.8.8";
const EVENT = {
  d: "example.com",
  n: "pageview",
  u: "https://example.com/page?utm_source=news",
  r: "https://other.example/path?q=secret#part",
  w: 1280,
};

type Row = Readonly<Record<string, unknown>>;

async function send(app: RunningApp, address = ADDRESS, event: object = EVENT): Promise<void> {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER, "x-forwarded-for": address },
    body: JSON.stringify(event),
  });
  equal(response.status, 202);
  await response.body?.cancel();
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The rows that two visits of one visitor leave in Parquet under these settings. */
async function stored(settings: Record<string, string>): Promise<Row[]> {
  let rows: Row[] = [];
  await withFolder(async (folder) => {
    const app = await openApp(settings, { folder });
    await send(app);
    app.system.clock.advance(61_000);
    await send(app);
    await app.close();
    const duckdb = await openDuckDb();
    rows = await duckdb.rows(`
      select * replace (strftime(timestamp, '%H:%M:%S.%f') as timestamp)
      from read_parquet('${folder}/events/*/*/*.parquet', hive_partitioning = false)
      order by all`);
    duckdb.close();
  });
  return rows;
}

/** The columns in which a setting makes a difference, with what is stored then. */
async function difference(settings: Record<string, string>): Promise<Row> {
  const [[plain = {}], [changed = {}]] = [await stored({}), await stored(settings)];
  return Object.fromEntries(
    Object.keys(plain).filter((name) => plain[name] !== changed[name])
      .map((name) => [name, changed[name]]),
  );
}

Deno.test("without privacy settings a visit is stored as it came, without address", async () => {
  const [first = {}, second = {}] = await stored({});
  equal(first["referrer"], "https://other.example/path?q=secret");
  equal(first["browser_version"], "120.0.0.0");
  equal(first["screen_size"], "1280");
  equal(first["country_code"], "US");
  equal(first["visitor_id"], second["visitor_id"]);
  equal(first["timestamp"], "12:00:00.000000");
  equal(second["timestamp"], "12:01:01.000000");
});

Deno.test("each privacy setting changes its own columns and no other", async () => {
  deepEqual(await difference({ MALLARD_STRIP_REFERRER_QUERY: "true" }), {
    referrer: "https://other.example/path",
  });
  deepEqual(await difference({ MALLARD_SUPPRESS_BROWSER_VERSION: "true" }), {
    browser_version: null,
  });
  deepEqual(await difference({ MALLARD_SUPPRESS_OS_VERSION: "true" }), { os_version: null });
  deepEqual(await difference({ MALLARD_SUPPRESS_SCREEN_SIZE: "true" }), {
    device_type: null,
    screen_size: null,
  });
  deepEqual(await difference({ MALLARD_GEOIP_PRECISION: "none" }), { country_code: null });
});

Deno.test("round_timestamps stores no minute", async () => {
  const rows = await stored({ MALLARD_ROUND_TIMESTAMPS: "true" });
  for (const row of rows) ok(String(row["timestamp"]).startsWith("12:00:00.00"));
});

Deno.test("suppress_visitor_id gives every event a random id", async () => {
  const rows = await stored({ MALLARD_SUPPRESS_VISITOR_ID: "true" });
  const ids = rows.map((row) => String(row["visitor_id"]));
  ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
  ok(ids[0] !== ids[1]);
});

Deno.test("gdpr_mode does what its settings do together, and keeps the country", async () => {
  const [row = {}] = await stored({ MALLARD_GDPR_MODE: "true" });
  const { referrer, browser_version, os_version, screen_size, device_type, country_code } = row;
  deepEqual(
    { referrer, browser_version, os_version, screen_size, device_type, country_code },
    {
      referrer: "https://other.example/path",
      browser_version: null,
      os_version: null,
      screen_size: null,
      device_type: null,
      country_code: "US",
    },
  );
  deepEqual([row["region"], row["city"]], [null, null]);
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
    ["hex", [...packed].map((byte) => byte.toString(16).padStart(2, "0")).join("")],
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

async function filesOf(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) { for (const [inner, text] of await filesOf(path)) texts.set(inner, text); }
    else texts.set(path, new TextDecoder("latin1").decode(await Deno.readFile(path)));
  }
  return texts;
}

Deno.test("an address is nowhere: not on disk, not in the log, not in any answer", async () => {
  await withFolder(async (folder) => {
    const app = await openApp({ MALLARD_ADMIN_PASSWORD: "correct horse" }, { folder });
    const places = new Map<string, string>();
    for (const address of ADDRESSES) {
      await send(app, address);
      await send(app, address, { ...EVENT, n: "signup", p: '{"plan":"x"}' });
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
    for (const [path, text] of await filesOf(folder)) places.set(`${path} while running`, text);
    places.set("log", app.system.lines.map((line) => JSON.stringify(line)).join("\n"));
    await app.close();
    for (const [path, text] of await filesOf(folder)) places.set(path, text);
    ok([...places.keys()].some((path) => path.endsWith(".parquet")));
    ok(places.get("log")?.includes("login failed"));
    for (const address of ADDRESSES) {
      for (const [form, needle] of formsOf(address)) {
        for (const [place, text] of places) {
          ok(!text.includes(needle), `${place} holds ${address} as ${form}`);
        }
      }
    }
  });
});
