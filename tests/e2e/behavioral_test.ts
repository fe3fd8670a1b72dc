import assert from "node:assert/strict";
import { openApp } from "../support/server/running_app.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SITE = "site_id=example.com";
const FUNNEL = `/api/stats/funnel?${SITE}&steps=page:/,page:/pricing,event:signup`;

/** One visitor's way through the site, as a tracker sends it. */
async function visit(send: Awaited<ReturnType<typeof openApp>>["send"]): Promise<void> {
  for (
    const [name, path] of [
      ["pageview", "/"],
      ["pageview", "/pricing"],
      ["signup", "/pricing"],
    ]
  ) {
    const { status } = await send("/api/event", {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": BROWSER },
      body: JSON.stringify({ d: "example.com", n: name, u: `https://example.com${path}` }),
    });
    assert.equal(status, 202);
  }
}

Deno.test("openApp() answers in plain SQL where the extension cannot be loaded", async () => {
  const app = await openApp({
    MALLARD_BEHAVIORAL: "extension",
    MALLARD_BEHAVIORAL_EXTENSION: "/nowhere/behavioral.duckdb_extension",
  });
  try {
    await visit(app.send);
    assert.deepEqual(await (await app.send(FUNNEL)).json(), [
      { step: 1, visitors: 1 },
      { step: 2, visitors: 1 },
      { step: 3, visitors: 1 },
    ]);
    const next = `/api/stats/flow?${SITE}&page=/`;
    assert.deepEqual(await (await app.send(next)).json(), [
      { next_page: "/pricing", visitors: 1 },
    ]);
    const steps = `/api/stats/sequences?${SITE}&steps=page:/,event:signup`;
    assert.deepEqual(await (await app.send(steps)).json(), {
      converting_visitors: 1,
      total_visitors: 1,
      conversion_rate: 1,
    });
    const [cohort] = await (await app.send(`/api/stats/retention?${SITE}`)).json();
    assert.deepEqual(cohort.retained, [true, false, false, false]);
    const health = await (await app.send("/health/detailed")).json();
    assert.equal(health.behavioral_extension_loaded, false);
    assert.equal(health.behavioral_engine, "sql");
    assert.match(health.behavioral_verdict ?? "", /cannot be used: .*nowhere/);
  } finally {
    await app.close();
  }
});

Deno.test("openApp() answers empty lists where behavioral is off", async () => {
  const app = await openApp({ MALLARD_BEHAVIORAL: "off" });
  try {
    await visit(app.send);
    assert.deepEqual(await (await app.send(FUNNEL)).json(), []);
    const health = await (await app.send("/health/detailed")).json();
    assert.equal(health.behavioral_engine, "off");
  } finally {
    await app.close();
  }
});
