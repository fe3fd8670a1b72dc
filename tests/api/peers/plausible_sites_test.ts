import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { importPast } from "../../support/peers/past_events.ts";
import { openApp } from "../../support/server/running_app.ts";

Deno.test("Plausible's Sites API lists and sets up sites and goals", async () => {
  const app = await openApp();
  const ask = async (method: string, path: string, body?: unknown) => {
    const sent = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await app.send(`/api/v1/sites${path}`, sent);
    return [response.status, await response.json()];
  };
  const site = { domain: "example.com", timezone: "Europe/Berlin" };
  deepEqual(await ask("POST", "", site), [200, site]);
  equal((await ask("POST", "", site))[0], 400);
  equal((await ask("POST", "", { domain: "a b" }))[0], 400);
  const meta = { after: null, before: null, limit: 100 };
  deepEqual(await ask("GET", ""), [200, { sites: [site], meta }]);
  deepEqual(await ask("GET", "/example.com"), [200, site]);
  equal((await ask("GET", "/other.example"))[0], 404);
  const utc = { ...site, timezone: "UTC" };
  deepEqual(await ask("PUT", "/example.com", { timezone: "UTC" }), [200, utc]);
  equal((await ask("PUT", "/example.com", { domain: "new.example" }))[0], 400);

  const event = { site_id: "example.com", goal_type: "event", event_name: "Signup" };
  const [status, { id, ...goal }] = await ask("PUT", "/goals", event);
  equal(status, 200);
  deepEqual(goal, {
    domain: "example.com",
    display_name: "Signup",
    goal_type: "event",
    event_name: "Signup",
    page_path: null,
    custom_props: {},
  });
  equal((await ask("PUT", "/goals", event))[1].id, id, "the same goal is not added again");
  const page = { site_id: "example.com", goal_type: "page", page_path: "/thanks" };
  equal((await ask("PUT", "/goals", page))[1].display_name, "Visit /thanks");
  equal((await ask("PUT", "/goals", { ...event, goal_type: "x" }))[0], 400);
  equal((await ask("GET", "/goals?site_id=example.com"))[1].goals.length, 2);
  const own = { site_id: "example.com" };
  deepEqual(await ask("DELETE", `/goals/${id}`, own), [200, { deleted: true }]);
  equal((await ask("DELETE", `/goals/${id}`, own))[0], 404);

  const prop = { ...own, property: "plan" };
  deepEqual(await ask("PUT", "/custom-props", prop), [200, { created: true }]);
  equal((await ask("PUT", "/custom-props", own))[0], 400);
  for (
    const [method, path] of [
      ["GET", "/custom-props"],
      ["DELETE", "/custom-props/plan"],
      ["PUT", "/shared-links"],
      ["GET", "/guests"],
      ["PUT", "/guests"],
      ["DELETE", "/guests/a@example.com"],
      ["GET", "/teams"],
    ] as const
  ) {
    const [status, { error }] = await ask(method, path, method === "GET" ? undefined : own);
    equal(status, 404, path);
    match(error, /^Cannot answer [a-z-]+: .{10}/);
  }
  await importPast(app, "example.com", [["2024-01-13T10:00:00Z", 1, { u: "/" }]]);
  deepEqual(await ask("DELETE", "/example.com"), [200, { deleted: true }]);
  equal((await ask("DELETE", "/example.com"))[0], 404);
  deepEqual((await ask("GET", ""))[1].sites, []);

  for (const path of ["health", "system/health/live", "system/health/ready"]) {
    equal((await app.send(`/api/${path}`, { peer: "203.0.113.9" })).status, 200, path);
  }
  await app.close();
});
