import assert from "node:assert/strict";
import { siteRoutes } from "../../../src/api/sites/sites.ts";
import type { Reader } from "../../../src/storage/reader.ts";
import { callRoute } from "../../support/server/routes.ts";
import { openSites, siteNames } from "../../support/storage/sites.ts";

async function open(withEvents: string[], siteIds: string[] = []) {
  const { sites, clock } = await openSites();
  const known = [...withEvents];
  const reader = {
    sites: () => known,
    hasSite: (site: string) => known.includes(site),
    storedEvents: (site: string) => site.length,
    waitingEvents: () => new Map([["seen.example", 24]]),
  } as unknown as Reader;
  const names = siteNames(() => known, (site) => sites.declared(site)?.site_id, siteIds);
  const erased: string[] = [];
  const eraseSite = (site: string) => {
    erased.push(site);
    if (known.includes(site)) known.splice(known.indexOf(site), 1);
    return Promise.resolve();
  };
  const routes = [
    ...siteRoutes(
      sites,
      names,
      reader,
      eraseSite,
      { declared: () => Promise.resolve(), deleted: () => Promise.resolve() },
      clock,
      { site_ids: siteIds },
    ),
  ];
  const call = (method: string, path: string, body?: unknown) =>
    callRoute(routes, path, { method, body: body === undefined ? null : JSON.stringify(body) });
  return { call, erased, routes };
}

interface Size {
  readonly stored_events: number;
  readonly waiting_events: number;
}

const sizesOf = (sites: readonly Size[]) =>
  sites.map(({ stored_events, waiting_events }) => [stored_events, waiting_events]);

Deno.test("siteRoutes() list sites that are configured, declared or have events", async () => {
  const { call, routes } = await open(["seen.example"], ["listed.example"]);
  const made = await call("POST", "/api/sites", { site_id: "new.example", timezone: "Asia/Tokyo" });
  assert.equal(made.status, 201);
  assert.equal(made.json.timezone, "Asia/Tokyo");
  const { json } = await call("GET", "/api/sites");
  assert.deepEqual(json.map((site: { site_id: string }) => site.site_id), [
    "listed.example",
    "new.example",
    "seen.example",
  ]);
  // The dashboard begins with the site of most events.
  assert.deepEqual(sizesOf(json), [[14, 0], [11, 0], [12, 24]]);
  const access = {
    who: "key",
    rights: new Set(["read"] as const),
    sites: ["seen.example"],
  } as const;
  const narrow = await callRoute(routes, "/api/sites", { access });
  assert.equal(narrow.json.length, 1);
  assert.equal((await callRoute(routes, "/api/sites/new.example", { access })).status, 403);
});

Deno.test("siteRoutes() change the given settings and refuse unknown ones", async () => {
  const { call } = await open(["seen.example"]);
  const changed = await call("PATCH", "/api/sites/seen.example", { name: "Seen", public: true });
  assert.equal(changed.status, 200);
  assert.deepEqual([changed.json.name, changed.json.public, changed.json.timezone], [
    "Seen",
    true,
    "UTC",
  ]);
  assert.equal((await call("PATCH", "/api/sites/seen.example", { public: 1 })).status, 400);
  assert.equal((await call("PATCH", "/api/sites/nowhere.example", {})).status, 404);
  assert.equal((await call("GET", "/api/sites/a..b")).status, 400);
  assert.equal((await call("POST", "/api/sites", { site_id: "a/b" })).status, 400);
  assert.equal((await call("POST", "/api/sites", {})).status, 400);
  assert.equal((await call("POST", "/api/sites", { site_id: "seen.example" })).status, 409);
});

Deno.test("siteRoutes() delete a site with events only together with them", async () => {
  const { call, erased } = await open(["seen.example"]);
  await call("POST", "/api/sites", { site_id: "empty.example" });
  assert.equal((await call("DELETE", "/api/sites/empty.example")).status, 200);
  assert.deepEqual(erased, ["empty.example"], "an import may be about to add some");
  assert.equal((await call("DELETE", "/api/sites/seen.example")).status, 409);
  assert.equal((await call("DELETE", "/api/sites/seen.example?events=keep")).status, 400);
  assert.equal(erased.length, 1);
  assert.equal((await call("DELETE", "/api/sites/seen.example?events=erase")).status, 200);
  assert.deepEqual(erased, ["empty.example", "seen.example"]);
  assert.deepEqual((await call("GET", "/api/sites")).json, []);
});
