import { openPipeline } from "../../support/pipeline.ts";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { importRoutes } from "../../../src/api/data/import.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Context } from "../../../src/http/route.ts";
import {
  IMPORT_BODY_BYTES_MAX,
  IMPORT_EVENTS_MAX,
  IMPORT_FAULTS_LISTED_MAX,
  IMPORT_LINE_BYTES_MAX,
} from "../../../src/core/limits.ts";
import { raw, sql } from "../../../src/core/sql.ts";
import { Buffer } from "../../../src/ingest/buffer.ts";
import { loadGeoIp } from "../../../src/ingest/enrich/geoip.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import type { Store } from "../../../src/storage/state/store.ts";
import { EVER, openFolder, withFolder } from "../../support/storage/storage.ts";

const NOW = Date.UTC(2024, 0, 15, 12);
const SECRET = "a secret";
const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const VIEW = { d: "example.com", n: "pageview", u: "https://example.com/", at: NOW - 60_000 };

interface Answer {
  readonly status: number;
  readonly accepted?: number;
  readonly dropped?: number;
  readonly notices?: Readonly<Record<string, number>>;
  readonly rejected_count?: number;
  readonly rejected?: readonly { line: number; error: string }[];
  readonly error?: string;
  readonly repeated?: boolean;
}

interface Door {
  /** Sends a body; a list is sent as lines of JSON. */
  send(
    body: readonly unknown[] | string | Uint8Array<ArrayBuffer>,
    type?: string,
    key?: string,
    name?: string,
  ): Promise<Answer>;
  readonly store: Store;
  /** The server begins to stop. */
  stop(): void;
  /** These columns of every event of example.com, in order of time. */
  rows(columns: string): Promise<Record<string, unknown>[]>;
}

interface DoorOptions {
  readonly folder: string;
  readonly env?: Record<string, string>;
  readonly disk?: () => Promise<void>;
}

/** The import route over a folder's real storage, at a time that stands still. */
async function throughDoor(
  { folder, env = {}, disk }: DoorOptions,
  work: (door: Door) => Promise<void>,
): Promise<void> {
  const real = realSystem({ format: "text", levelMin: "error" });
  const system = { ...real, clock: { ...real.clock, nowMs: () => NOW }, log: () => {} };
  const storage = await openFolder(folder, system);
  try {
    const { geo } = await loadGeoIp(real.files, real.log, { path: null, precision: "city" });
    const buffer = new Buffer(
      disk ?? ((events, imports) => storage.append(events, imports)),
      system.log,
    );
    const stopping = new AbortController();
    const [route] = importRoutes(
      openPipeline(system, geo, { secret: SECRET, env }),
      buffer,
      { ...storage, clock: system.clock, stopping: stopping.signal },
    );
    assert.deepEqual([route?.method, route?.path, route?.right], ["POST", "/api/import", "admin"]);
    await work({
      store: storage.store,
      stop: () => stopping.abort(),
      async send(body, type = "application/x-ndjson", key, name) {
        const request = new Request("http://localhost/api/import", {
          method: "POST",
          headers: {
            "content-type": type,
            ...(key === undefined ? {} : { "idempotency-key": key }),
            ...(name === undefined ? {} : { "import-name": name }),
          },
          body: typeof body === "string" || body instanceof Uint8Array
            ? body
            : body.map((line) => JSON.stringify(line)).join("\n"),
        });
        try {
          const context = { request, log: system.log } as unknown as Context;
          const response = await route!.handle(context);
          return { status: response.status, ...await response.json() };
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          return { status: error.status, error: error.message };
        }
      },
      rows: (columns) =>
        storage.reader.query(
          "example.com",
          EVER,
          (events) => sql`select ${raw(columns)} from ${events} order by timestamp`,
        ),
    });
  } finally {
    await storage.close();
  }
}

/** A test with an import route over its own folder. */
function importTest(
  name: string,
  work: (door: Door, folder: string) => Promise<void>,
  options: Omit<DoorOptions, "folder"> = {},
): void {
  Deno.test(`importRoutes() ${name}`, () =>
    withFolder((folder) => throughDoor({ folder, ...options }, (door) => work(door, folder))));
}

/** The visitor of an address and browser on a day, computed by the book. */
function visitorId(date: string, ip: string, userAgent: string): string {
  const daily = createHmac("sha256", "mallard-metrics-salt").update(`${SECRET}:${date}`);
  return createHmac("sha256", daily.digest("hex")).update(`${ip}|${userAgent}`).digest("hex");
}

importTest("hashes visitors under a key of the import's own", async (door) => {
  const line = (n: number, visitor: string, site = "example.com") => ({
    ...VIEW,
    d: site,
    at: NOW - 600_000 + n,
    visitor,
  });
  const send = (lines: readonly object[], name?: string) =>
    door.send(lines, undefined, undefined, name);
  // Two parts of one import, another import, and two requests that name none.
  await send([line(1, "v"), line(2, "w")], "first");
  await send([line(3, "v")], "first");
  await send([line(4, "v")], "second");
  await send([line(5, "v"), line(6, "v")]);
  await send([line(7, "v")]);
  const ids = async () => (await door.rows("visitor_id")).map((row) => row["visitor_id"]);
  const found = await ids();
  assert.deepEqual(found.map((id) => found.indexOf(id)), [0, 1, 0, 3, 4, 4, 6]);
  // Nothing is added when requests are sent again, whatever they are called.
  assert.equal((await send([line(3, "v")], "first")).repeated, true);
  assert.equal((await send([line(7, "v")])).repeated, true);
  assert.equal((await ids()).length, 7);
  const wrong = await send([line(8, "v")], "a b");
  assert.match(String(wrong.error), /Cannot use this Import-Name: it must have 1 to 255 visible/);
  const salt = (name: string | null, days = 0) =>
    door.store.run("importSalt", { name, atMs: NOW + days * 86_400_000 });
  const first = await salt("first");
  assert.equal(await salt("first", 6), first);
  assert.equal(await salt("first", 12), first);
  assert.notEqual(await salt("first", 20), first, "a key goes a week after its last use");
  assert.notEqual(await salt(null), await salt(null));
});

importTest("keeps visitors, places and programs that a file has", async (door) => {
  const line = (day: number, more: object) => ({
    at: `2023-12-0${day}T10:00:00Z`,
    ip: "2.28.5.6",
    ua: CHROME,
    d: "example.com",
    n: "pageview",
    u: "/",
    ...more,
  });
  const given = { country: "us", region: "US-TX", city: "Austin", browser: "Lynx", os: "Plan 9" };
  const { accepted } = await door.send([
    line(1, { visitor: "v1", ...given, device: "tablet" }),
    line(2, { session: "v1" }),
    line(3, { visitor: "v2", session: "v1" }),
    line(4, {}),
  ]);
  assert.equal(accepted, 4);
  await door.send([line(5, { visitor: "v1" })]);
  const rows = await door.rows(
    "visitor_id, country_code, region, city, browser, os, device_type",
  );
  const ids = rows.map(({ visitor_id }) => String(visitor_id));
  assert.deepEqual(ids.map((id) => ids.indexOf(id)), [0, 0, 2, 3, 4]);
  assert.ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
  assert.equal(ids[3], visitorId("2023-12-04", "2.28.5.6", CHROME));
  const [first, second] = rows.map(({ visitor_id: _, ...row }) => row);
  const { country, ...others } = given;
  assert.deepEqual(first, {
    country_code: country.toUpperCase(),
    ...others,
    device_type: "tablet",
  });
  assert.equal(second?.["country_code"], "DE");
  assert.equal(second?.["browser"], "Chrome");
  const refused = await door.send([
    line(1, { country: "Germany" }),
    line(1, { visitor: 7 }),
    line(1, { device: "fridge" }),
    line(1, { city: "x".repeat(201) }),
  ]);
  assert.deepEqual(
    (refused.rejected ?? []).map(({ error }) => error.split(":", 1)[0]),
    ["Cannot read country", "Cannot read visitor", "Cannot read device", "Cannot read city"],
  );
});

importTest("takes an event of the past through the same steps as one of now", async (door) => {
  const answer = await door.send([{
    at: "2023-12-31T23:59:58.500-05:00",
    ip: "2.28.5.6",
    ua: CHROME,
    d: "example.com",
    n: "purchase",
    u: "https://example.com/cart?utm_source=news&utm_campaign=winter#top",
    r: "https://www.google.com/search?q=ducks",
    w: 1280,
    p: '{"plan":"pro"}',
    ra: 19.99,
    rc: "eur",
  }]);
  assert.deepEqual(answer, {
    status: 200,
    accepted: 1,
    dropped: 0,
    notices: {},
    rejected_count: 0,
    rejected: [],
  });
  const [row] = await door.rows(
    `visitor_id, epoch_ms(timestamp) as at, event_name, pathname, hostname, referrer_source,
    utm_source, utm_campaign, browser, os, device_type, screen_size, country_code, props,
    revenue_amount::varchar as amount, revenue_currency`,
  );
  assert.deepEqual(row, {
    visitor_id: visitorId("2024-01-01", "2.28.5.6", CHROME),
    at: Date.UTC(2024, 0, 1, 4, 59, 58, 500),
    event_name: "purchase",
    pathname: "/cart",
    hostname: "example.com",
    referrer_source: "Google",
    utm_source: "news",
    utm_campaign: "winter",
    browser: "Chrome",
    os: "Windows",
    device_type: "desktop",
    screen_size: "1280",
    country_code: "DE",
    props: '{"plan":"pro"}',
    amount: "19.99",
    revenue_currency: "EUR",
  });
});

Deno.test("importRoutes() answers when the events are on disk", () =>
  withFolder(async (folder) => {
    await throughDoor({ folder }, async (door) => {
      assert.equal((await door.send([VIEW, { ...VIEW, u: "/b" }])).accepted, 2);
    });
    await throughDoor({ folder }, async (door) => {
      const rows = await door.rows("pathname");
      assert.deepEqual(rows.map((row) => row["pathname"]), ["/", "/b"]);
    });
  }));

importTest("reports refused lines by number and imports the others", async (door) => {
  const lines = [
    JSON.stringify(VIEW),
    "",
    "not JSON",
    "  \r",
    JSON.stringify({ ...VIEW, n: "" }),
    "[1]",
    JSON.stringify({ ...VIEW, ra: 1e12 }),
    JSON.stringify({ ...VIEW, ip: "1.2.3" }),
    JSON.stringify({ ...VIEW, ip: 7 }),
    JSON.stringify({ ...VIEW, ua: 7 }),
    `${JSON.stringify({ ...VIEW, u: "/last" })}\r`,
    "",
  ];
  const { rejected = [], ...rest } = await door.send(lines.join("\n"));
  assert.deepEqual(rest, {
    status: 200,
    accepted: 3,
    dropped: 0,
    notices: { revenue_dropped: 1 },
    rejected_count: 6,
  });
  assert.deepEqual(rejected.map(({ line }) => line), [3, 5, 6, 8, 9, 10]);
  const named = [/not JSON/, /n \(/, /not a JSON object/, /ip/, /ip/, /ua/];
  rejected.forEach(({ error }, index) => assert.match(error, named[index] ?? /never/));
  const rows = await door.rows("pathname");
  assert.deepEqual(rows.map((row) => row["pathname"]), ["/", "/", "/last"]);
});

importTest("refuses a line that is no UTF-8, and only that one", async (door) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(VIEW)}\n"?"\n${JSON.stringify(VIEW)}`);
  bytes[bytes.indexOf("?".charCodeAt(0))] = 0xff;
  const answer = await door.send(bytes);
  assert.deepEqual([answer.accepted, answer.rejected?.[0]?.line], [2, 2]);
});

importTest("lists the first refused lines only, but counts all", async (door) => {
  const answer = await door.send(Array(IMPORT_FAULTS_LISTED_MAX + 50).fill(7));
  assert.equal(answer.rejected_count, IMPORT_FAULTS_LISTED_MAX + 50);
  assert.equal(answer.rejected?.length, IMPORT_FAULTS_LISTED_MAX);
});

importTest("drops robots", async (door) => {
  const answer = await door.send([{ ...VIEW, ua: ROBOT }, { ...VIEW, ua: CHROME }]);
  assert.deepEqual([answer.accepted, answer.dropped, answer.rejected_count], [1, 1, 0]);
});

importTest("refuses a site that is not listed", async (door) => {
  const answer = await door.send([VIEW, { ...VIEW, d: "other.example" }]);
  assert.deepEqual([answer.accepted, answer.dropped, answer.rejected_count], [1, 0, 1]);
  assert.match(answer.rejected?.[0]?.error ?? "", /not listed/);
}, { env: { MALLARD_SITE_IDS: "example.com" } });

importTest("needs neither address nor browser", async (door) => {
  assert.equal((await door.send([VIEW])).accepted, 1);
  const [row] = await door.rows("visitor_id, browser, country_code");
  assert.deepEqual(row, {
    visitor_id: visitorId("2024-01-15", "", ""),
    browser: null,
    country_code: null,
  });
});

importTest("takes every way to write a time, and no other", async (door) => {
  const good: [unknown, number][] = [
    ["2024-01-02T03:04:05Z", Date.UTC(2024, 0, 2, 3, 4, 5)],
    ["2024-01-02T03:04Z", Date.UTC(2024, 0, 2, 3, 4)],
    ["2024-02-29T00:00:00+14:00".replace("2024", "2020"), Date.UTC(2020, 1, 28, 10)],
    ["2024-01-02T03:04:05.678901Z", Date.UTC(2024, 0, 2, 3, 4, 5, 678)],
    ["2024-01-02T03:04:05+0530", Date.UTC(2024, 0, 1, 21, 34, 5)],
    [Date.UTC(1999, 11, 31), Date.UTC(1999, 11, 31)],
    [NOW, NOW],
    [NOW + 30_000, NOW],
  ];
  const bad = [
    undefined,
    null,
    "",
    "yesterday",
    "2024-01-02",
    "2024-01-02T03:04:05",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-01-02T24:00:00Z",
    "2024-01-02T03:04:05Z\n",
    true,
    [NOW],
    NOW / 1000,
    -1,
    1e300,
    NOW + 120_000,
    "2024-01-15T12:02:00Z",
    "0001-01-01T00:00:00Z",
  ];
  const answer = await door.send([
    ...good.map(([at]) => ({ ...VIEW, at })),
    ...bad.map((at) => ({
      ...VIEW,
      at,
    })),
  ]);
  assert.equal(answer.accepted, good.length);
  assert.equal(answer.rejected_count, bad.length);
  for (const { error } of answer.rejected ?? []) assert.match(error, /^Cannot read at \(time\): /);
  const rows = await door.rows("epoch_ms(timestamp) as at");
  assert.deepEqual(rows.map((row) => row["at"]), good.map(([, ms]) => ms).sort((a, b) => a - b));
});

importTest("takes as many events as one request may hold, and no more", async (door) => {
  const lines = Array.from({ length: IMPORT_EVENTS_MAX + 1 }, () => JSON.stringify(VIEW));
  const tooMany = await door.send(`\n${lines.join("\n\n")}`);
  assert.equal(tooMany.status, 413);
  assert.deepEqual(await door.rows("1"), []);
  assert.equal((await door.send(lines.slice(1).join("\n"))).accepted, IMPORT_EVENTS_MAX);
  assert.equal((await door.rows("1")).length, IMPORT_EVENTS_MAX);
});

importTest("refuses a line and a body that are too long", async (door) => {
  const long = { ...VIEW, more: "x".repeat(IMPORT_LINE_BYTES_MAX) };
  const answer = await door.send([long, VIEW]);
  assert.deepEqual([answer.accepted, answer.rejected?.[0]?.line], [1, 1]);
  assert.match(answer.rejected?.[0]?.error ?? "", /longer than/);
  const tooLong = await door.send(new Uint8Array(IMPORT_BODY_BYTES_MAX + 1));
  assert.equal(tooLong.status, 413);
});

importTest("refuses what is not said to be lines of JSON, and what has none", async (door) => {
  for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded", ""]) {
    const answer = await door.send([VIEW], type);
    assert.equal(answer.status, 400, type);
    assert.match(answer.error ?? "", /application\/x-ndjson/);
  }
  for (const body of ["", "\n \r\n\t\n"]) assert.equal((await door.send(body)).status, 400);
  assert.equal((await door.send([VIEW], "Application/JSONL; charset=utf-8")).status, 200);
});

importTest("keeps nothing of a request that the disk refuses", async (door) => {
  assert.equal((await door.send([VIEW, VIEW])).status, 503);
  assert.deepEqual(await door.rows("1"), []);
}, { disk: () => Promise.reject(new Error("disk full")) });

Deno.test("importRoutes() adds a request once, though it is sent again after a restart", () =>
  withFolder(async (folder) => {
    const first = [VIEW, { ...VIEW, u: "/b" }, 7];
    let answer: Answer | undefined;
    await throughDoor({ folder }, async (door) => {
      const answers = await Promise.all([door.send(first), door.send(first)]);
      answer = answers.find(({ repeated }) => !repeated);
      assert.deepEqual(answers.map(({ repeated }) => repeated ?? false).sort(), [false, true]);
    });
    await throughDoor({ folder }, async (door) => {
      assert.deepEqual(await door.send(first), { ...answer, repeated: true });
      assert.equal((await door.rows("1")).length, 2);
      assert.equal((await door.send([...first, VIEW])).repeated, undefined, "another body");
      assert.equal((await door.rows("1")).length, 5);
      // After an erasure the same events may be wanted again.
      await door.store.run("forgetImportedContent", undefined);
      assert.equal((await door.send(first)).repeated, undefined);
      assert.equal((await door.rows("1")).length, 7);
    });
  }));

importTest("uses the client's key if there is one", async (door) => {
  const send = (body: readonly unknown[], key: string) => door.send(body, undefined, key);
  assert.equal((await send([VIEW], "part-1")).repeated, undefined);
  assert.equal((await send([VIEW], "part-2")).repeated, undefined, "the same on purpose");
  assert.equal((await send([VIEW], "part-1")).repeated, true);
  const other = await send([VIEW, VIEW], "part-1");
  assert.deepEqual([other.status, /another body$/.test(other.error ?? "")], [409, true]);
  await door.store.run("forgetImportedContent", undefined);
  assert.equal((await send([VIEW], "part-1")).repeated, true);
  assert.equal((await door.rows("1")).length, 2);
  for (const key of ["", "a b", "x".repeat(256)]) {
    assert.equal((await send([VIEW], key)).status, 400, key);
  }
});

importTest("takes nothing while the server stops", async (door) => {
  door.stop();
  const answer = await door.send([VIEW]);
  assert.deepEqual([answer.status, answer.error], [
    503,
    "Cannot import now: the server is stopping",
  ]);
  assert.deepEqual(await door.rows("1"), []);
});
