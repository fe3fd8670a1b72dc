// Events over several threads that listen: what one thread counts and limits, they count and limit
// together, and what is answered is kept through a kill.
import assert from "node:assert/strict";
import { Store } from "../../src/storage/state/store.ts";
import { startReady } from "../support/server/ready_server.ts";

const CLIENTS = 24;
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SITE = "several.example";
const RATE = 40;

/** Sends one after the other over connections of its own; tells the statuses. */
async function sendAll(url: string, client: number, count: number): Promise<number[]> {
  // A client of the runtime keeps its connections to itself.
  using http = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  const statuses: number[] = [];
  for (let number = 0; number < count; number++) {
    const init: RequestInit & { client: Deno.HttpClient } = {
      client: http,
      method: "POST",
      headers: {
        "content-type": "text/plain",
        "user-agent": BROWSER,
        "x-forwarded-for": `198.51.100.${client}`,
      },
      body: JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}/${client}/${number}` }),
    };
    const response = await fetch(`${url}/api/event`, init);
    await response.body?.cancel();
    statuses.push(response.status);
  }
  return statuses;
}

async function metric(url: string, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(pattern.exec(text)?.[1] ?? NaN);
}

/** The events on disk in the order of their numbers: their time, client and number. */
async function journaled(folder: string): Promise<number[][]> {
  const store = await Store.open(`${folder}/mallard.sqlite`, "reader");
  try {
    const rows = await store.run("readJournal", { after: 0, count: 100_000 });
    return rows.map(({ event }) => {
      const { timestamp, pathname } = JSON.parse(event);
      return [timestamp, ...pathname.split("/").slice(1).map(Number)];
    });
  } finally {
    await store.close();
  }
}

Deno.test("several threads keep every answered event once and in order", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const server = await startReady(folder, { MALLARD_INGEST_WORKERS: "3" });
  const EACH = 40;
  const sent = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => sendAll(server.url, client, EACH)),
  );
  assert.deepEqual(new Set(sent.flat()), new Set([202]));
  assert.equal(await metric(server.url, /^mallard_events_ingested_total (\d+)/m), CLIENTS * EACH);
  server.signal("SIGKILL");
  await server.stop();
  const found = await journaled(folder);
  assert.equal(found.length, CLIENTS * EACH);
  assert.equal(
    new Set(found.map(([, client, number]) => `${client} ${number}`)).size,
    found.length,
  );
  const times = found.map(([time]) => time);
  assert.deepEqual(times, [...new Set(times)].sort((a, b) => Number(a) - Number(b)));
  for (let client = 0; client < CLIENTS; client++) {
    const numbers = found.filter(([, of]) => of === client).map(([, , number]) => number);
    assert.deepEqual(numbers, Array.from({ length: EACH }, (_, number) => number));
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("several threads share the rate limit of a site", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const server = await startReady(folder, {
    MALLARD_INGEST_WORKERS: "3",
    MALLARD_RATE_LIMIT: String(RATE),
  });
  const startMs = performance.now();
  const sent = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => sendAll(server.url, client, 20)),
  );
  const tookSecs = (performance.now() - startMs) / 1000;
  const statuses = sent.flat();
  const accepted = statuses.filter((status) => status === 202).length;
  const refused = statuses.filter((status) => status === 429).length;
  assert.equal(accepted + refused, CLIENTS * 20);
  // A full bucket at first, then its rate; three of each would be let in by separate limits.
  assert.ok(accepted >= RATE && accepted <= RATE + Math.ceil(tookSecs * RATE), `${accepted}`);
  const dropped = /^mallard_events_dropped_total\{reason="rate_limited"\} (\d+)/m;
  assert.equal(await metric(server.url, dropped), refused);
  assert.equal(await metric(server.url, /^mallard_events_ingested_total (\d+)/m), accepted);
  assert.equal(await server.stop(), 0);
  await Deno.remove(folder, { recursive: true });
});
