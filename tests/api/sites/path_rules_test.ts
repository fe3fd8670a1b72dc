import assert from "node:assert/strict";
import { pathRuleRoutes } from "../../../src/api/sites/path_rules.ts";
import { Sites } from "../../../src/sites/sites.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { callRoute } from "../../support/server/routes.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

Deno.test("pathRuleRoutes() preview rules, apply them to history, undo and confirm", async () => {
  await withFolder(async (folder) => {
    const { clock } = fakeSystem();
    const storage = await openFolder(folder);
    const sites = await Sites.open(storage.store, clock);
    const { pathHistory, reader } = storage;
    const isKnown = (site: string) => site === "example.com";
    const routes = pathRuleRoutes(reader, pathHistory, sites, clock, isKnown);
    const call = (method: string, path: string, body?: unknown, site = "example.com") =>
      callRoute(routes, `/api/sites/${site}/path-rules${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      });
    const at = clock.nowMs() * 1000 - 1;
    await accept(storage, [pageview({ at, page: "/a/" }), pageview({ at: at - 1, page: "/a" })]);

    assert.equal((await call("GET", "", undefined, "nobody.example")).status, 404);
    assert.equal((await call("POST", "/preview", { trailing_slash: "cut" })).status, 400);
    const preview = await call("POST", "/preview", { trailing_slash: "remove" });
    assert.deepEqual(preview.json.folded[0], {
      page: "/a",
      pageviews: 2,
      pages: 2,
      from: [{ page: "/a", pageviews: 1 }, { page: "/a/", pageviews: 1 }],
    });

    const act = (action: string) => call("POST", "/history", { action });
    assert.equal((await act("destroy")).status, 400);
    assert.match((await act("apply")).json.error, /the site has none/);
    await sites.put("example.com", { path_rules: { trailing_slash: "remove" } });
    assert.equal((await act("undo")).status, 409);
    assert.equal((await act("apply")).status, 202);
    assert.equal((await act("apply")).status, 409);
    await pathHistory.run(new AbortController().signal);
    const { json } = await call("GET", "");
    const { bytes, ...history } = json.history;
    assert.ok(bytes > 0);
    assert.deepEqual(json.path_rules, { trailing_slash: "remove" });
    assert.deepEqual(history, {
      state: "rewritten",
      files: 1,
      events: 2,
      skipped: 0,
      failure: null,
      path_rules: { trailing_slash: "remove" },
      started_at: new Date(clock.nowMs()).toISOString(),
    });
    assert.equal((await act("undo")).json.history.state, "undoing");
    await pathHistory.run(new AbortController().signal);
    assert.equal((await call("GET", "")).json.history, null);
    await act("apply");
    await pathHistory.run(new AbortController().signal);
    assert.equal((await act("confirm")).json.history, null);
    await storage.close();
  });
});
