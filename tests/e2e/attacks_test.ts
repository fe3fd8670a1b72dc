// A public site's readers, authors of events and a damaged folder against the running program, with
// real clients over one port: patterns, streams, invented sites, imports sent twice, copied and
// corrupt files.
import assert from "node:assert/strict";
import { CHANNELS_PER_ADDRESS_MAX, NEW_SITES_PER_HOUR_MAX } from "../../src/core/limits.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "public.example";
const PASSWORD = "correct horse";
const RANGE = `site_id=${SITE}&start_date=2024-01-14&end_date=2024-01-20`;
const DAYS = ["2024-01-15", "2024-01-16", "2024-01-17"];
const SETTINGS = {
  MALLARD_ADMIN_PASSWORD: PASSWORD,
  MALLARD_CACHE_TTL: "0",
  // So that no partition is written for each of them.
  MALLARD_NEW_SITES: "propose",
};

type Ask = (path: string, body?: string, headers?: Record<string, string>) => Promise<Response>;

/** A caller by its headers; loopback is a proxy that is named. */
function caller({ url }: ReadyServer, own: Record<string, string>): Ask {
  return (path, body, headers = {}) =>
    fetch(url + path, {
      headers: { origin: url, "user-agent": "Mozilla/5.0 Firefox/140.0", ...own, ...headers },
      ...(body === undefined ? {} : { method: "POST", body }),
    });
}

const stranger = (server: ReadyServer, address = "203.0.113.9") =>
  caller(server, { "x-forwarded-for": address });

async function owner(server: ReadyServer): Promise<Ask> {
  const login = await caller(server, {})("/api/auth/login", JSON.stringify({ password: PASSWORD }));
  assert.equal(login.status, 200);
  return caller(server, { cookie: `mm_session=${(await login.json()).token}` });
}

async function statusOf(asked: Promise<Response>): Promise<number> {
  const response = await asked;
  await response.body?.cancel();
  return response.status;
}

async function importDays(ask: Ask): Promise<{ accepted: number; repeated?: boolean }> {
  const lines = DAYS.flatMap((day) =>
    ["/", "/b"].map((u) =>
      JSON.stringify({ d: SITE, n: "pageview", u, at: `${day}T12:00:00Z`, ip: "81.2.69.142" })
    )
  );
  const headers = { "content-type": "application/x-ndjson", "idempotency-key": "days" };
  return await (await ask("/api/import", lines.join("\n"), headers)).json();
}

async function asStrangers(server: ReadyServer): Promise<void> {
  const ask = stranger(server);
  const patterns = Array.from({ length: 400 }, (_, n) => `a${n}.*`);
  const query = JSON.stringify({
    site_id: SITE,
    metrics: ["visitors"],
    date_range: "day",
    filters: [["matches", "event:page", patterns]],
  });
  assert.equal(await statusOf(ask("/api/v2/query", query)), 400);
  const stars = Array(20).fill(`page:/${"a*".repeat(50)}`).join();
  assert.equal(await statusOf(ask(`/api/stats/funnel?${RANGE}&steps=${stars}`)), 400);

  const open = (n: number, from = ask) =>
    from(`/api/stats/live?site_id=${SITE}&filters=is(page,/${n})`);
  const streams = [];
  for (let n = 0; n < CHANNELS_PER_ADDRESS_MAX; n++) streams.push(await open(n));
  assert.ok(streams.every(({ status }) => status === 200));
  assert.equal(await statusOf(open(99)), 503);
  assert.equal(await statusOf(open(99, stranger(server, "203.0.113.10"))), 200);
  for (const stream of streams) await stream.body?.cancel();

  const send = (n: number) =>
    statusOf(ask("/api/event", JSON.stringify({ d: `new${n}.example`, n: "pageview", u: "/" })));
  for (let n = 0; n < NEW_SITES_PER_HOUR_MAX; n++) assert.equal(await send(n), 202);
  assert.equal(await send(NEW_SITES_PER_HOUR_MAX), 429);
  const sites = await (await ask("/api/sites")).json();
  assert.deepEqual(sites.map(({ site_id }: { site_id: string }) => site_id), [SITE]);
}

/** Copies one Parquet file beside itself and cuts another in two. */
async function damage(folder: string): Promise<void> {
  const fileOf = async (day: string) => {
    const at = `${folder}/events/site_id=${SITE}/date=${day}`;
    const [file] = await Array.fromAsync(Deno.readDir(at));
    return `${at}/${file?.name}`;
  };
  const [first, second] = [await fileOf(DAYS[0] ?? ""), await fileOf(DAYS[1] ?? "")];
  await Deno.copyFile(first, first.replace(/[^/]+$/, "copy.parquet"));
  await Deno.truncate(second, (await Deno.stat(second)).size >> 1);
}

async function afterDamage(server: ReadyServer): Promise<void> {
  const ask = await owner(server);
  const answer = await ask(`/api/stats/main?${RANGE}`);
  assert.match(answer.headers.get("x-incomplete") ?? "", /2024-01-16/);
  assert.equal((await answer.json()).total_pageviews, 4);
  const health = await (await ask("/health/detailed")).json();
  assert.equal(health.status, "degraded");
  for (const reason of ["files_in_quarantine", "files_not_adopted"]) {
    assert.ok(health.degraded.includes(reason), reason);
  }
  assert.equal((await importDays(ask)).repeated, true, "it is remembered over a restart");
}

Deno.test("The program bounds strangers, and tells what a damaged folder lacks", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, SETTINGS);
    try {
      const ask = await owner(server);
      assert.equal((await importDays(ask)).accepted, 2 * DAYS.length);
      assert.equal((await importDays(ask)).repeated, true);
      const made = ask("/api/sites", JSON.stringify({ site_id: SITE, public: true }));
      assert.equal(await statusOf(made), 201);
      await asStrangers(server);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
    await damage(folder);
    const again = await startReady(folder, SETTINGS);
    await afterDamage(again).finally(() => again.stop());
  });
});
