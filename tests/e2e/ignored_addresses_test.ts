// Visits of the owner that are not counted, by addresses in the site's settings: through the whole
// program, and who is shown these addresses.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../support/server/running_app.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SITE = "example.com";
const OWN = "2001:db8:1:2:aaaa::1";

async function view(app: RunningApp, address: string): Promise<string> {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER, "x-forwarded-for": address },
    body: JSON.stringify({ d: SITE, n: "pageview", u: "/" }),
  });
  equal(response.status, 202);
  return response.headers.get("x-mallard-dropped") ?? "";
}

Deno.test("an owner's address is shown to the owner alone, and ignored where set", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: "correct horse" });
  const body = '{"password":"correct horse"}';
  const login = await app.send("/api/auth/login", { method: "POST", body });
  const cookie = `mm_session=${(await login.json()).token}`;
  const owner = { cookie, "x-forwarded-for": OWN };
  const made = await app.send("/api/keys", {
    method: "POST",
    headers: { cookie },
    body: '{"name":"reader","scope":"ReadOnly"}',
  });
  const { key } = await made.json();
  await app.send("/api/sites", {
    method: "POST",
    headers: { cookie },
    body: JSON.stringify({ site_id: SITE, public: true }),
  });
  const path = `/api/sites/${SITE}`;
  const before = await (await app.send(path, { headers: owner })).json();
  deepEqual([before.ignored_addresses, before.your_address], [[], "2001:db8:1:2::/64"]);
  equal(await view(app, OWN), "");
  const ignored_addresses = [before.your_address, "198.51.100.0/24"];
  const change = { method: "PATCH", headers: owner, body: JSON.stringify({ ignored_addresses }) };
  equal((await app.send(path, change)).status, 200);
  for (const address of [OWN, "2001:db8:1:2:bbbb::2", "198.51.100.9"]) {
    equal(await view(app, address), "ignored_address", address);
  }
  equal(await view(app, "2001:db8:1:3::1"), "");
  for (const headers of [{ "x-api-key": key }, {}] as Record<string, string>[]) {
    for (const read of [path, "/api/sites"]) {
      const text = await (await app.send(read, { headers, peer: "203.0.113.9" })).text();
      ok(text.includes(SITE) && !/198\.51|2001:db8|203\.0\.113/.test(text), text);
    }
  }
  const wrong = { ...change, body: JSON.stringify({ ignored_addresses: ["here"] }) };
  const refused = await app.send(path, wrong);
  deepEqual([refused.status, (await refused.json()).field], [400, "ignored_addresses"]);
  await app.close();
});
