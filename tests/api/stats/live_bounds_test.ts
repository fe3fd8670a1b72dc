import { ok, strictEqual as equal } from "node:assert";
import { CHANNELS_PER_ADDRESS_MAX, STREAMS_MAX } from "../../../src/core/limits.ts";
import { openApp } from "../../support/server/running_app.ts";

Deno.test("Live opens a bounded number of streams, and another after one has closed", async () => {
  const app = await openApp();
  const open = () => app.send("/api/stats/live?site_id=example.com");
  const streams: Response[] = [];
  for (let count = 0; count < STREAMS_MAX; count++) streams.push(await open());
  ok(streams.every(({ status }) => status === 200));
  const refused = await open();
  equal(refused.status, 503);
  ok(Number(refused.headers.get("retry-after")) > 0);
  await streams[0]?.body?.cancel();
  const next = await open();
  equal(next.status, 200);
  await app.close();
});

Deno.test("Live limits strangers by an unnamed proxy, not by what it claims", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: "correct horse" });
  const body = JSON.stringify({ password: "correct horse" });
  const origin = "http://localhost:8000";
  const login = await app.send("/api/auth/login", { method: "POST", body, headers: { origin } });
  const { token } = await login.json();
  const made = await app.send("/api/sites", {
    method: "POST",
    body: JSON.stringify({ site_id: "example.com", public: true }),
    headers: { cookie: `mm_session=${token}`, origin },
  });
  equal(made.status, 201);
  const open = async (peer: string, n: number) => {
    const filter = `is(page,/${n})`;
    const { status } = await app.send(`/api/stats/live?site_id=example.com&filters=${filter}`, {
      peer,
      headers: { "x-forwarded-for": `198.51.100.${n}` },
    });
    return status;
  };
  for (let n = 0; n < CHANNELS_PER_ADDRESS_MAX; n++) equal(await open("172.17.0.1", n), 200);
  equal(await open("172.17.0.1", 99), 503, "the claimed address is not believed");
  equal(await open("127.0.0.1", 99), 200, "loopback is named by default");
  await app.close();
});
