import assert from "node:assert/strict";
import { openApp, type RunningApp, type Sent } from "../support/server/running_app.ts";

const PASSWORD = "correct horse";
const REMOTE = "198.51.100.7";
const NOTE = "Hid the numbers of /metrics and /health/detailed";

async function health(app: RunningApp, sent: Sent): Promise<string[]> {
  const response = await app.send("/health/detailed", sent);
  assert.equal(response.status, 200);
  return Object.keys(await response.json());
}

async function metrics(app: RunningApp, sent: Sent): Promise<string[]> {
  const response = await app.send("/metrics", sent);
  assert.equal(response.status, 200);
  return [...(await response.text()).matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? "");
}

function notes(app: RunningApp): number {
  return app.system.lines.filter(({ message }) => message.startsWith(NOTE)).length;
}

async function sessionOf(app: RunningApp): Promise<string> {
  const body = JSON.stringify({ password: PASSWORD });
  const login = await app.send("/api/auth/login", { method: "POST", body });
  return `mm_session=${(await login.json()).token}`;
}

Deno.test("healthRoutes() shows a stranger neither version nor volumes nor failures", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD });
  const strangers: Sent[] = [
    { peer: REMOTE },
    { peer: "127.0.0.1", headers: { "x-forwarded-for": REMOTE } },
    { peer: "10.0.0.1", headers: { forwarded: "for=10.0.0.2" } },
    { peer: "10.0.0.1", headers: { "x-real-ip": "10.0.0.2" } },
    { peer: REMOTE, headers: { cookie: `mm_session=${"0".repeat(64)}` } },
  ];
  for (const sent of strangers) {
    assert.deepEqual(await health(app, sent), [
      "status",
      "auth_configured",
      "geoip_loaded",
      "behavioral_extension_loaded",
      "filter_bots",
    ]);
    assert.deepEqual(await metrics(app, sent), [
      "mallard_auth_configured",
      "mallard_geoip_loaded",
      "mallard_filter_bots",
      "mallard_behavioral_extension",
    ]);
  }
  assert.equal(notes(app), 1, "the log says once how to set a token");
  await app.close();
});

Deno.test("healthRoutes() shows everything to local and logged in callers", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD });
  const cookie = await sessionOf(app);
  const near = ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.1", "192.168.0.9", "fd00::1"];
  const callers: Sent[] = [
    ...near.map((peer) => ({ peer })),
    { peer: REMOTE, headers: { cookie } },
    { peer: "127.0.0.1", headers: { cookie, "x-forwarded-for": REMOTE } },
  ];
  for (const sent of callers) {
    const values = await health(app, sent);
    for (const name of ["version", "buffered_events", "flush_failures", "sites"]) {
      assert.ok(values.includes(name), `${name} for ${JSON.stringify(sent)}`);
    }
    assert.ok((await metrics(app, sent)).includes("mallard_events_ingested_total"));
  }
  assert.equal(notes(app), 0);
  await app.close();
});

Deno.test("healthRoutes() shows /metrics only with metrics_token if one is set", async () => {
  const app = await openApp({ MALLARD_METRICS_TOKEN: "a long token" });
  const headers = { authorization: "Bearer a long token" };
  assert.ok((await metrics(app, { peer: REMOTE, headers })).length > 10);
  assert.ok((await health(app, { peer: REMOTE, headers })).includes("version"));
  assert.ok(!(await health(app, { peer: REMOTE })).includes("version"));
  assert.equal((await app.send("/metrics", {})).status, 401);
  const wrong = { authorization: "Bearer another token" };
  assert.equal((await app.send("/metrics", { peer: REMOTE, headers: wrong })).status, 401);
  assert.equal(notes(app), 0);
  await app.close();
});
