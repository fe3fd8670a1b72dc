import assert from "node:assert/strict";
import { siteItemRoutes } from "../../../src/api/sites/site_items.ts";
import { callRoute } from "../../support/server/routes.ts";
import { openSites } from "../../support/storage/sites.ts";

async function open() {
  const { sites, clock } = await openSites();
  const routes = siteItemRoutes(sites, clock);
  return (method: string, path: string, body?: unknown) =>
    callRoute(routes, `/api/sites/example.com/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    });
}

const GOOD: readonly [
  kind: string,
  body: Record<string, unknown>,
  changes: Record<string, unknown>,
][] = [
  ["goals", { name: "Blog", page: "/blog/**" }, { name: "Posts" }],
  ["goals", { name: "Buy", event: "Buy", min_revenue: 5 }, { min_revenue: null }],
  ["segments", { name: "Search", filters: "is(channel,Organic Search)" }, {
    filters: "is(source,Bing)",
  }],
  ["funnels", { name: "Shop", steps: "page:/,event:Buy", window: "2 days", order: "any_order" }, {
    window: "1 hour",
  }],
  ["annotations", { date: "2024-03-10", text: "Deploy" }, { date: "2024-03-10T12:30" }],
];

Deno.test("siteItemRoutes() create, list, change and delete each kind", async () => {
  for (const [kind, body, changes] of GOOD) {
    const call = await open();
    const made = await call("POST", kind, body);
    assert.equal(made.status, 201, made.text);
    const { id, created_at } = made.json;
    assert.equal(created_at, "2024-03-10T15:00:00.000Z");
    for (const [key, value] of Object.entries(body)) assert.deepEqual(made.json[key], value);
    const changed = await call("PATCH", `${kind}/${id}`, changes);
    assert.equal(changed.status, 200, changed.text);
    for (const [key, value] of Object.entries(changes)) {
      assert.deepEqual(changed.json[key], value ?? undefined);
    }
    assert.deepEqual((await call("GET", kind)).json, [changed.json]);
    assert.equal((await call("DELETE", `${kind}/${id}`)).status, 200);
    assert.deepEqual((await call("GET", kind)).json, []);
    assert.equal((await call("DELETE", `${kind}/${id}`)).status, 404);
  }
});

const BAD: readonly [kind: string, body: unknown, message: RegExp][] = [
  ["goals", { page: "/" }, /name/],
  ["goals", { name: "x", event: "a", colour: 1 }, /colour/],
  ["segments", { name: "x" }, /filters/],
  ["segments", { name: "x", filters: "" }, /filters: it is empty/],
  ["segments", { name: "x", filters: "is(segment,y)" }, /segment/],
  ["segments", { name: "x", filters: "is(nothing,y)" }, /nothing/],
  ["segments", { name: "x", filters: [["is", "event:page", "x"]] }, /no list of values/],
  ["funnels", { name: "x", steps: "nonsense" }, /steps/],
  ["funnels", { name: "x", steps: "page:/", window: "1 month" }, /window/],
  ["funnels", { name: "x", steps: "page:/", order: "random" }, /order/],
  ["annotations", { date: "2024-02-30", text: "x" }, /date/],
  ["annotations", { date: "2024-02-20", text: " " }, /text/],
];

Deno.test("siteItemRoutes() refuse an invalid body and name what is wrong", async () => {
  const call = await open();
  for (const [kind, body, message] of BAD) {
    const { status, json } = await call("POST", kind, body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(json.error, message);
  }
  assert.equal((await call("PATCH", "goals/1", {})).status, 404);
  assert.equal((await call("PATCH", "goals/x", {})).status, 404);
});

Deno.test("siteItemRoutes() refuse a second goal of the same name", async () => {
  const call = await open();
  const goal = { name: "Signup", event: "signup" };
  assert.equal((await call("POST", "goals", goal)).status, 201);
  assert.equal((await call("POST", "goals", goal)).status, 409);
});

Deno.test("siteItemRoutes() strip control characters from every text", async () => {
  const call = await open();
  const texts: [kind: string, body: object, stored: object][] = [
    ["goals", { name: "Si\u0000gn\nup", page: "/a\u0007" }, { name: "Signup", page: "/a" }],
    ["goals", { name: "Plan", event: "buy\u0007", props: { "pl\u0000an\u009b": "pro\u001b" } }, {
      event: "buy",
      props: { plan: "pro" },
    }],
    ["segments", { name: "x\u0085", filters: "is(page,/a\u0000b)" }, {
      name: "x",
      filters: "is(page,/ab)",
    }],
    ["annotations", { date: "2024-03-10", text: "De\u009fploy" }, { text: "Deploy" }],
  ];
  for (const [kind, body, stored] of texts) {
    const { id, ...made } = (await call("POST", kind, body)).json;
    for (const [key, value] of Object.entries(stored)) assert.deepEqual(made[key], value);
    const [key, value] = Object.entries(stored)[0] ?? ["", ""];
    const changed = await call("PATCH", `${kind}/${id}`, { [key]: `${value}\u0000` });
    assert.equal(changed.json[key], value);
  }
  assert.equal((await call("POST", "goals", { name: "\u0000", page: "/" })).status, 400);
});
