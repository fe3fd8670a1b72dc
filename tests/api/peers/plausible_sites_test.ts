import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { importPast } from "../../support/peers/past_events.ts";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";

function asking(app: RunningApp) {
  return async (method: string, path: string, body?: unknown) => {
    const sent = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await app.send(`/api/v1/sites${path}`, sent);
    return [response.status, await response.json()];
  };
}

Deno.test("Plausible's Sites API lists and sets up sites and goals", async () => {
  const app = await openApp();
  const ask = asking(app);
  const site = { domain: "example.com", timezone: "Europe/Berlin" };
  deepEqual(await ask("POST", "", site), [200, site]);
  equal((await ask("POST", "", site))[0], 400);
  equal((await ask("POST", "", { domain: "a b" }))[0], 400);
  const meta = { after: null, before: null, limit: 100 };
  deepEqual(await ask("GET", ""), [200, { sites: [site], meta }]);
  deepEqual(await ask("GET", "/example.com"), [200, { ...site, custom_properties: [] }]);
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

  await importPast(app, "example.com", [["2024-01-13T10:00:00Z", 1, { u: "/" }]]);
  deepEqual(await ask("DELETE", "/example.com"), [200, { deleted: true }]);
  equal((await ask("DELETE", "/example.com"))[0], 404);
  deepEqual((await ask("GET", ""))[1].sites, []);

  for (const path of ["health", "system/health/live", "system/health/ready"]) {
    equal((await app.send(`/api/${path}`, { peer: "203.0.113.9" })).status, 200, path);
  }
  await app.close();
});

Deno.test("Plausible's Sites API knows properties and public dashboards", async () => {
  const app = await openApp();
  const ask = asking(app);
  const own = { site_id: "example.com" };
  const meta = { after: null, before: null, limit: 100 };
  equal((await ask("POST", "", { domain: "example.com" }))[0], 200);
  const prop = { ...own, property: "plan" };
  deepEqual(await ask("PUT", "/custom-props", prop), [200, { created: true }]);
  equal((await ask("PUT", "/custom-props", own))[0], 400);
  for (
    const [method, path] of [
      ["DELETE", "/custom-props/plan"],
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
  const link = { ...own, name: "Board" };
  equal((await ask("PUT", "/shared-links", link))[0], 403, "the site is not public");
  await app.send("/api/sites/example.com", { method: "PATCH", body: '{"public":true}' });
  const url = "http://localhost:8000/?site=example.com";
  deepEqual(await ask("PUT", "/shared-links", link), [200, { name: "Board", url }]);
  equal((await ask("PUT", "/shared-links", own))[0], 400);
  const sent = { u: "/", p: '{"plan":"pro"}' };
  await importPast(app, "example.com", [["2024-01-13T10:00:00Z", 1, sent]]);
  deepEqual(await ask("GET", "/custom-props?site_id=example.com"), [200, {
    custom_properties: [{ property: "plan" }],
    meta,
  }]);
  deepEqual((await ask("GET", "/example.com"))[1].custom_properties, ["plan"]);
  await app.close();
});

Deno.test("Plausible's Sites API reads forms as documented, and pages its lists", async () => {
  const app = await openApp();
  const domains = ["a.example", "b.example", "c.example"];
  for (const domain of domains) {
    const body = new FormData();
    body.append("domain", domain);
    const response = await app.send("/api/v1/sites", { method: "POST", body });
    deepEqual([response.status, (await response.json()).domain], [200, domain]);
  }
  const goal = { site_id: "a.example", goal_type: "event", event_name: "Signup" };
  const put = await app.send("/api/v1/sites/goals", {
    method: "PUT",
    body: new URLSearchParams(goal),
  });
  deepEqual([put.status, (await put.json()).display_name], [200, "Signup"]);
  const broken = { "content-type": "multipart/form-data; boundary=x" };
  const sent = { method: "POST", headers: broken, body: "no form" };
  equal((await app.send("/api/v1/sites", sent)).status, 400);

  const list = async (query: string) => {
    const response = await app.send(`/api/v1/sites?limit=2${query}`);
    const { sites, meta } = await response.json();
    return { names: sites?.map(({ domain }: { domain: string }) => domain), meta };
  };
  const first = await list("");
  deepEqual([first.names, first.meta.before], [domains.slice(0, 2), null]);
  const second = await list(`&after=${first.meta.after}`);
  deepEqual([second.names, second.meta.after], [domains.slice(2), null]);
  deepEqual(await list(`&before=${second.meta.before}`), first);
  for (const bad of ["limit=0", "limit=x", "after=none"]) {
    equal((await app.send(`/api/v1/sites?${bad}`)).status, 400, bad);
  }
  await app.close();
});
