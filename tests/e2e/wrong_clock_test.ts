// The running program under libfaketime: a clock that jumps by a year, and one that is a year ahead
// at a start. Nothing expires, no salt and no login is lost, and events keep their day.
import assert from "node:assert/strict";
import { findFaketime, moveClocks, movedBy } from "../support/server/moved_clock.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

const YEAR_AHEAD = "+365d";
const PASSWORD = "correct horse";
const DAY_MS = 86_400_000;
const HISTORY = 20;

const library = await findFaketime();

/** A server whose wall clock is moved by what a file says; its running time is not. */
interface Shifted {
  readonly server: ReadyServer;
  readonly cookie: string;
  shift(by: string): Promise<void>;
  ask(path: string, body?: string): Promise<Response>;
}

async function start(folder: string, by: string, route: "setup" | "login"): Promise<Shifted> {
  const file = `${folder}/clock`;
  const shift = (text: string) => moveClocks(file, text);
  await shift(by);
  const server = await startReady(`${folder}/data`, {
    ...movedBy(library ?? "", file),
    MALLARD_RETENTION_DAYS: "90",
    MALLARD_VISITOR_SALT: "random",
    MALLARD_CACHE_TTL: "0",
  });
  const response = await fetch(`${server.url}/api/auth/${route}`, {
    method: "POST",
    body: JSON.stringify({ password: PASSWORD }),
    headers: { origin: server.url },
  });
  assert.equal(response.status, 200);
  const cookie = `mm_session=${(await response.json()).token}`;
  const ask = (path: string, body?: string) =>
    fetch(server.url + path, {
      headers: {
        cookie,
        origin: server.url,
        "content-type": path === "/api/import" ? "application/x-ndjson" : "text/plain",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      },
      ...(body === undefined ? {} : { method: "POST", body }),
    });
  return { server, cookie, shift, ask };
}

async function stop({ server }: Shifted): Promise<void> {
  assert.equal(await server.stop(), 0, server.output());
}

function dateOf(daysFromNow: number): string {
  return new Date(Date.now() + daysFromNow * DAY_MS).toISOString().slice(0, 10);
}

async function sendEvent({ ask }: Shifted): Promise<void> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "https://example.com/" });
  const response = await ask("/api/event", body);
  assert.equal(response.status, 202, await response.text());
}

/** Pageviews of a month ago, and pageviews and visitors of these days, whatever the clock says. */
async function counts({ ask }: Shifted): Promise<[old: number, fresh: number, visitors: number]> {
  const main = async (first: string, last: string) => {
    const response = await ask(
      `/api/stats/main?site_id=example.com&start_date=${first}&end_date=${last}`,
    );
    assert.equal(response.status, 200);
    return await response.json();
  };
  const old = await main(dateOf(-40), dateOf(-20));
  const fresh = await main(dateOf(-1), dateOf(2));
  return [old.total_pageviews, fresh.total_pageviews, fresh.unique_visitors];
}

async function isInDoubt({ ask }: Shifted): Promise<boolean> {
  return (await (await ask("/health/detailed")).json()).degraded.includes("clock_in_doubt");
}

async function importHistory({ ask }: Shifted): Promise<void> {
  const line = JSON.stringify({
    d: "example.com",
    n: "pageview",
    u: "https://example.com/",
    at: `${dateOf(-30)}T12:00:00Z`,
  });
  const response = await ask("/api/import", Array(HISTORY).fill(line).join("\n"));
  assert.equal(response.status, 200, await response.text());
}

/** The clock jumps ahead and back while the program runs. */
async function jumps(shifted: Shifted): Promise<void> {
  assert.equal(await isInDoubt(shifted), false);
  await shifted.shift(YEAR_AHEAD);
  await sendEvent(shifted);
  assert.ok(await isInDoubt(shifted));
  assert.equal((await shifted.ask("/api/keys")).status, 200, "the login has not ended");
  await shifted.shift("-400d");
  await sendEvent(shifted);
  assert.equal((await shifted.ask("/api/keys")).status, 200, "the login has not ended");
  await shifted.shift("+0");
  await sendEvent(shifted);
  assert.equal(await isInDoubt(shifted), false);
  assert.deepEqual(await counts(shifted), [HISTORY, 4, 1]);
}

Deno.test({
  name: "A clock that is a year off deletes no event, no salt and no login",
  ignore: library === null,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/data`);
      const first = await start(folder, "+0", "setup");
      await importHistory(first).then(() => sendEvent(first)).finally(() => stop(first));
      // With an earlier start on record, the clock is known.
      const second = await start(folder, "+0", "login");
      await jumps(second).finally(() => stop(second));
      const ahead = await start(folder, YEAR_AHEAD, "login");
      try {
        assert.ok(await isInDoubt(ahead));
        assert.deepEqual(await counts(ahead), [HISTORY, 4, 1]);
      } finally {
        // Expiry runs at each start, and a stop waits for it.
        await stop(ahead);
      }
      assert.match(ahead.server.output(), /The clock is in doubt/);
      const right = await start(folder, "+0", "login");
      try {
        assert.equal(await isInDoubt(right), false);
        await sendEvent(right);
        assert.deepEqual(await counts(right), [HISTORY, 5, 1], "the salt is the same");
      } finally {
        await stop(right);
      }
    }),
});
