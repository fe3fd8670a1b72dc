import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { openApp } from "../../support/server/running_app.ts";

Deno.test("schemaRoutes() answers 304 to a client that has the current schema", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: "correct horse" });
  const login = await app.send("/api/auth/login", {
    method: "POST",
    body: '{"password":"correct horse"}',
  });
  const cookie = `mm_session=${(await login.json()).token}`;
  const first = await app.send("/api/schema", { headers: { cookie } });
  const etag = first.headers.get("etag") ?? "";
  ok(/^W\/"[0-9a-f]{24}"$/.test(etag), etag);
  equal(first.headers.get("cache-control"), "no-store");
  const zipped = await app.send("/api/schema", { headers: { cookie, "accept-encoding": "gzip" } });
  equal(zipped.headers.get("etag"), etag);
  equal((await first.json()).period_default, "30d");
  await zipped.body?.cancel();
  for (const method of ["GET", "HEAD"]) {
    const again = await app.send("/api/schema", {
      method,
      headers: { cookie, "if-none-match": etag },
    });
    equal(again.status, 304);
    equal(await again.text(), "");
    equal(again.headers.get("etag"), etag);
    equal(again.headers.get("vary"), "accept-encoding");
    equal(again.headers.get("cache-control"), "no-store");
  }
  const other = await app.send("/api/schema", { headers: { cookie, "if-none-match": '"x"' } });
  equal(other.status, 200);
  await other.body?.cancel();
  const stranger = await app.send("/api/schema", {
    headers: { "if-none-match": etag },
    peer: "198.51.100.7",
  });
  equal(stranger.status, 401, "who may not read learns nothing by a tag");
  await app.close();
});

Deno.test("schemaRoutes() answers the parts that are asked for", async () => {
  const app = await openApp({});
  const ask = async (query: string) => await app.send(`/api/schema${query}`);
  const all = await (await ask("")).json();
  const some = await ask("?parts=periods,intervals");
  const { periods, intervals } = all;
  deepEqual(await some.json(), { periods, intervals });
  const refused = await ask("?parts=periods,constructor");
  equal(refused.status, 400);
  ok((await refused.json()).error.includes("constructor is no part of it"));
  await app.close();
});
