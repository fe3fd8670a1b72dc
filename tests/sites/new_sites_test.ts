// Invented sites against the whole program in this process, over a real DATA_DIR.
import assert from "node:assert/strict";
import {
  NEW_SITES_PER_HOUR_MAX,
  PROPOSED_EVENTS_MAX,
  PROPOSED_SITES_MAX,
} from "../../src/core/limits.ts";
import { runCommand } from "../support/command.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { until } from "../support/wait.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/** Sends one event; by default from this machine. */
async function post(
  app: RunningApp,
  d: string,
  { from, headers = {} }: { from?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  const response = await app.send("/api/event", {
    method: "POST",
    body: JSON.stringify({ d, n: "pageview", u: "/" }),
    headers: { "user-agent": CHROME, ...headers },
    ...(from === undefined ? {} : { peer: from }),
  });
  const { status } = response;
  if (status === 429 || status === 503) assert.ok(Number(response.headers.get("retry-after")) > 0);
  return status;
}

async function pageviews(app: RunningApp, site: string): Promise<number> {
  const response = await app.send(`/api/stats/main?site_id=${site}&period=day`);
  return (await response.json()).total_pageviews;
}

async function sitesOf(app: RunningApp): Promise<string[]> {
  const sites: { site_id: string }[] = await (await app.send("/api/sites")).json();
  return sites.map(({ site_id }) => site_id);
}

interface Listed {
  readonly proposed: readonly { site_id: string; events: number }[];
  readonly refused: readonly string[];
  readonly undeclared: readonly string[];
}

async function newSites(app: RunningApp): Promise<Listed> {
  return await (await app.send("/api/new-sites")).json();
}

async function decide(app: RunningApp, decision: string, sites: unknown): Promise<number> {
  const response = await app.send("/api/new-sites", {
    method: "POST",
    body: JSON.stringify({ decision, sites }),
  });
  await response.body?.cancel();
  return response.status;
}

async function partitions(folder: string): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir(`${folder}/events`)) count++;
  return count;
}

Deno.test("An address brings 200 new sites an hour, this machine and keys more", async () => {
  // Proposed, so that no partition is written for each of them.
  const app = await openApp({ MALLARD_NEW_SITES: "propose" });
  const from = "81.2.69.142";
  for (let n = 0; n < NEW_SITES_PER_HOUR_MAX; n++) {
    assert.equal(await post(app, `new${n}.example`, { from }), 202);
  }
  assert.equal(await post(app, "one-more.example", { from }), 429);
  assert.equal(await post(app, "new7.example", { from }), 202, "a known site");
  assert.equal(await post(app, "other.example", { from: "81.2.69.143" }), 202);
  const forwarded = { headers: { "x-forwarded-for": from } };
  assert.equal(await post(app, "one-more.example", forwarded), 429, "behind a proxy, too");
  // A container's gateway passes on what strangers write; it is not named in trusted_proxies.
  const throughGateway = (n: number) =>
    post(app, `gateway${n}.example`, {
      from: "172.17.0.1",
      headers: { "x-forwarded-for": `81.2.70.${n}` },
    });
  for (let n = 0; n < NEW_SITES_PER_HOUR_MAX; n++) assert.equal(await throughGateway(n), 202);
  assert.equal(await throughGateway(NEW_SITES_PER_HOUR_MAX), 429, "from rotated addresses");
  for (let n = 0; n <= NEW_SITES_PER_HOUR_MAX; n++) {
    assert.equal(await post(app, `local${n}.example`), 202);
  }
  const made = await app.send("/api/keys", {
    method: "POST",
    body: JSON.stringify({ name: "k", scope: "ReadOnly" }),
  });
  const { key } = await made.json();
  const headers = { "x-api-key": key };
  assert.equal(await post(app, "by-key.example", { from, headers }), 202);
  app.system.clock.advance(59 * 60_000);
  assert.equal(await post(app, "too-early.example", { from }), 429);
  app.system.clock.advance(60_001);
  assert.equal(await post(app, "an-hour-later.example", { from }), 202);
  await app.close();
});

Deno.test("Sites beyond undeclared_sites_max are kept until accepted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const env = { MALLARD_UNDECLARED_SITES_MAX: "3" };
  const first = await openApp(env, { folder });
  for (const site of ["a.example", "b.example", "c.example"]) {
    assert.equal(await post(first, site), 202);
  }
  for (let n = 0; n < 5; n++) assert.equal(await post(first, "d.example"), 202);
  assert.equal(await post(first, "e.example"), 202);
  assert.equal(await post(first, "f.example"), 202);
  assert.deepEqual(await sitesOf(first), ["a.example", "b.example", "c.example"]);
  assert.equal(await pageviews(first, "d.example"), 0);
  await first.close();
  assert.equal(await partitions(folder), 3);

  const again = await openApp(env, { folder });
  const { proposed, undeclared } = await newSites(again);
  assert.deepEqual(proposed.map(({ site_id, events }) => [site_id, events]), [
    ["d.example", 5],
    ["e.example", 1],
    ["f.example", 1],
  ]);
  assert.deepEqual(undeclared, ["a.example", "b.example", "c.example"]);
  assert.equal(await post(again, "d.example"), 202);
  assert.equal(await decide(again, "accept", ["d.example"]), 200);
  assert.equal(await pageviews(again, "d.example"), 6);
  assert.equal(await post(again, "d.example"), 202);
  assert.equal(await pageviews(again, "d.example"), 7);
  const declared = { method: "POST", body: JSON.stringify({ site_id: "e.example" }) };
  assert.equal((await again.send("/api/sites", declared)).status, 201);
  assert.equal(await pageviews(again, "e.example"), 1, "declared means accepted");
  await again.close();

  const last = await openApp({ MALLARD_SITE_IDS: "f.example" }, { folder });
  assert.equal(await pageviews(last, "d.example"), 7);
  assert.equal(await pageviews(last, "f.example"), 1, "listed means accepted");
  assert.deepEqual((await newSites(last)).proposed, []);
  await last.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("Proposed sites are bounded, and declared ones taken all the same", async () => {
  const app = await openApp({ MALLARD_NEW_SITES: "propose" });
  const declare = (site_id: string) =>
    app.send("/api/sites", { method: "POST", body: JSON.stringify({ site_id }) });
  await declare("real.example");
  const fill = Array.from({ length: PROPOSED_EVENTS_MAX }, () => post(app, "p.example"));
  assert.deepEqual([...new Set(await Promise.all(fill))], [202]);
  assert.equal(await post(app, "p.example"), 503);
  for (let n = 1; n < PROPOSED_SITES_MAX; n += 100) {
    const some = Array.from(
      { length: Math.min(100, PROPOSED_SITES_MAX - n) },
      (_, at) => post(app, `p${n + at}.example`),
    );
    assert.deepEqual([...new Set(await Promise.all(some))], [202]);
  }
  assert.equal(await post(app, "no-room.example"), 503);
  assert.equal(await post(app, "real.example"), 202);
  assert.equal((await declare("later.example")).status, 201);
  assert.equal(await post(app, "later.example"), 202);
  assert.equal(await decide(app, "accept", ["p.example"]), 200);
  assert.equal(await pageviews(app, "p.example"), PROPOSED_EVENTS_MAX);
  assert.equal(await post(app, "no-room.example"), 202, "an accepted site makes room");
  await app.close();
});

Deno.test("new_sites = refuse answers 403 to sites that nobody declared", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  const first = await openApp({}, { folder });
  assert.equal(await post(first, "known.example"), 202);
  await first.close();
  const app = await openApp({ MALLARD_NEW_SITES: "refuse" }, { folder });
  assert.equal(await post(app, "known.example"), 202, "it had data at start");
  assert.equal(await post(app, "new.example"), 403);
  const declared = { method: "POST", body: JSON.stringify({ site_id: "new.example" }) };
  assert.equal((await app.send("/api/sites", declared)).status, 201);
  assert.equal(await post(app, "new.example"), 202);
  await app.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("Sites are refused and deleted in bulk, with all that was kept", async () => {
  const app = await openApp({ MALLARD_UNDECLARED_SITES_MAX: "2" });
  for (const site of ["a.example", "b.example", "p.example", "q.example"]) {
    assert.equal(await post(app, site), 202);
  }
  assert.equal(await decide(app, "refuse", ["p.example"]), 200);
  assert.equal(await post(app, "p.example"), 403);
  assert.equal(await decide(app, "delete", ["q.example", "a.example"]), 200);
  assert.deepEqual(await sitesOf(app), ["b.example"]);
  assert.equal(await post(app, "q.example"), 202, "a deleted site may come again");
  assert.deepEqual(await sitesOf(app), ["b.example", "q.example"], "there is room again");
  assert.deepEqual((await newSites(app)).refused, ["p.example"]);
  assert.equal(await decide(app, "accept", ["p.example"]), 200);
  assert.equal(await post(app, "p.example"), 202);
  assert.equal(await decide(app, "delete", ["p.example"]), 409, "it is declared");
  for (const sites of [[], "b.example", ["a/b"], [1], Array(501).fill("a")]) {
    assert.equal(await decide(app, "delete", sites), 400);
  }
  assert.equal(await decide(app, "keep", ["b.example"]), 400);
  await app.close();
});

Deno.test("A site that was deleted in bulk can be imported again", async () => {
  const app = await openApp({});
  const line = JSON.stringify({
    d: "past.example",
    n: "pageview",
    u: "/",
    at: "2024-01-15T12:00:00Z",
    ua: CHROME,
    ip: "81.2.69.142",
  });
  const importAll = async (): Promise<{ accepted: number; repeated?: boolean }> => {
    const headers = { "content-type": "application/x-ndjson" };
    const response = await app.send("/api/import", { method: "POST", body: line, headers });
    return await response.json();
  };
  assert.equal((await importAll()).accepted, 1);
  assert.equal((await importAll()).repeated, true);
  assert.equal(await decide(app, "delete", ["past.example"]), 200);
  const again = await importAll();
  assert.deepEqual([again.accepted, again.repeated], [1, undefined]);
  await app.close();
});

Deno.test("An import is its owner's word, whatever undeclared_sites_max", async () => {
  const app = await openApp({ MALLARD_UNDECLARED_SITES_MAX: "1" });
  const at = "2024-01-15T12:00:00Z";
  const past = { d: "past.example", n: "pageview", u: "/", at, ua: CHROME, ip: "81.2.69.142" };
  const body = JSON.stringify(past);
  assert.equal(await post(app, "a.example"), 202);
  const headers = { "content-type": "application/x-ndjson" };
  const imported = await app.send("/api/import", { method: "POST", body, headers });
  assert.equal((await imported.json()).accepted, 1);
  assert.equal(await post(app, "b.example"), 202);
  assert.deepEqual(await sitesOf(app), ["a.example", "past.example"]);
  await app.close();
});

Deno.test("mallard sites lists and decides beside a running server", async () => {
  const app = await openApp({ MALLARD_NEW_SITES: "propose" });
  for (const site of ["a.example", "spam1.test", "spam2.test", "spam2.test", "b.example"]) {
    assert.equal(await post(app, site), 202);
  }
  const run = (...args: string[]) => runCommand(app.folder, "sites", args);
  assert.equal(
    (await run()).text,
    "proposed a.example 1\nproposed b.example 1\nproposed spam1.test 1\nproposed spam2.test 2\n",
  );
  await run("refuse", "spam*.test");
  await run("accept", "a.example");
  await run("delete", "b.example");
  app.system.clock.advance(5000);
  await until(async () => (await newSites(app)).proposed.length === 0, "nothing is proposed");
  assert.deepEqual((await newSites(app)).refused, ["spam1.test", "spam2.test"]);
  assert.equal(await pageviews(app, "a.example"), 1);
  assert.equal((await run("list")).text, "refused spam1.test\nrefused spam2.test\n");
  await assert.rejects(
    () => run("keep", "a.example"),
    /list, create, accept, refuse, alias, delete, merge/,
  );
  await assert.rejects(() => run("accept"), /no site is named/);
  await assert.rejects(() => run("accept", "a/b"), /Cannot read the site/);
  await assert.rejects(
    () => run("accept", "spam1.test", "unheard.example"),
    /Cannot accept unheard.example: no event of it came/,
  );
  assert.equal(await decide(app, "accept", ["spam1.test", "unheard.example"]), 404);
  assert.deepEqual((await newSites(app)).refused, ["spam1.test", "spam2.test"]);
  await app.close();
});

Deno.test("Erasing and expiring reach the events of proposed sites", async () => {
  const app = await openApp({ MALLARD_NEW_SITES: "propose", MALLARD_RETENTION_DAYS: "10" });
  for (const site of ["a.example", "b.example"]) assert.equal(await post(app, site), 202);
  const day = new Date(app.system.clock.nowMs()).toISOString().slice(0, 10);
  const erased = await app.send(
    `/api/gdpr/erase?site_id=a.example&start_date=${day}&end_date=${day}`,
    { method: "DELETE" },
  );
  assert.equal((await erased.json()).db_records_deleted, 1);
  assert.deepEqual((await newSites(app)).proposed.map(({ site_id }) => site_id), ["b.example"]);
  await until(async () => {
    app.system.clock.advance(86_400_000);
    return (await newSites(app)).proposed.length === 0;
  }, "the events are too old");
  await app.close();
});
