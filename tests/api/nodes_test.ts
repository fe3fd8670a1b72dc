// What servers over one lake give to each other, and what those of some roles refuse.
import assert from "node:assert/strict";
import { hotRoute, routesFor, tellingBehind } from "../../src/api/nodes.ts";
import type { AppError } from "../../src/core/errors.ts";
import type { Context, Route } from "../../src/http/route.ts";
import { HOT_PATH } from "../../src/storage/lake/nodes/peers.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { numbered } from "../support/lake/data.ts";
import { accept, openFolder, withFolder } from "../support/storage/storage.ts";

const SECRET = "a secret for all";

const contextOf = (path: string, headers: Record<string, string> = {}) => {
  const request = new Request(`http://one${path}`, { headers });
  return { request, url: new URL(request.url), guardedAddress: "192.0.2.1" } as Context;
};

const ask = async (route: Route, path: string, headers?: Record<string, string>) =>
  await route.handle(contextOf(path, headers));

Deno.test("the rows of a journal are given with their numbers, to who has the secret", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    try {
      await accept(storage, numbered(0, 5, 1));
      const { store } = storage;
      const { clock } = fakeSystem();
      const route = hotRoute({ journal: "j", erasedTo: () => 7, store, secret: SECRET, clock });
      const path = `${HOT_PATH}?journal=j&after=2`;
      const given = { authorization: `Bearer ${SECRET}` };
      await assert.rejects(ask(route, path), { code: "unauthorized" });
      await assert.rejects(ask(route, path, { authorization: "Bearer another" }), {
        code: "unauthorized",
      });
      await assert.rejects(ask(route, `${HOT_PATH}?journal=k&after=2`, given), {
        code: "conflict",
      });
      for (const after of ["", "x", "-1", "1.5"]) {
        const wrong = `${HOT_PATH}?journal=j&after=${after || "NaN"}`;
        await assert.rejects(ask(route, wrong, given), { code: "bad_request" });
      }
      const answer = await ask(route, path, given);
      const rows = await answer.json();
      assert.deepEqual(rows.map(({ q }: { q: number }) => q), [3, 4, 5]);
      assert.deepEqual(rows.map(({ e }: { e: { props: string } }) => JSON.parse(e.props).n), [
        2,
        3,
        4,
      ]);
      assert.equal(answer.headers.get("x-journal-seq"), "5");
      assert.equal(answer.headers.get("x-journal-erased"), "7");
      assert.equal(answer.headers.get("x-journal-more"), null);
      const none = await ask(route, `${HOT_PATH}?journal=j&after=5`, given);
      assert.deepEqual(await none.json(), []);
      assert.equal(none.headers.get("x-journal-seq"), "5");
    } finally {
      await storage.close();
    }
  });
});

Deno.test("wrong secrets are limited by address, and the right one is taken always", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    try {
      const { clock } = fakeSystem();
      const { store } = storage;
      const route = hotRoute({ journal: "j", erasedTo: () => 0, store, secret: SECRET, clock });
      const codesOf = async (count: number, guardedAddress: string) => {
        const codes: string[] = [];
        for (let n = 0; n < count; n++) {
          const context = contextOf(`${HOT_PATH}?journal=j&after=0`, { authorization: "Bearer x" });
          try {
            await route.handle({ ...context, guardedAddress });
          } catch (error) {
            codes.push((error as AppError).code);
          }
        }
        return codes;
      };
      const codes = await codesOf(300, "192.0.2.1");
      assert.deepEqual(codes.slice(0, 10), Array(10).fill("unauthorized"));
      assert.deepEqual(codes.slice(10), Array(290).fill("too_many_requests"));
      assert.deepEqual(await codesOf(1, "192.0.2.2"), ["unauthorized"]);
      const given = { authorization: `Bearer ${SECRET}` };
      assert.equal((await ask(route, `${HOT_PATH}?journal=j&after=0`, given)).status, 200);
      clock.advance(6000);
      assert.deepEqual(await codesOf(2, "192.0.2.1"), ["unauthorized", "too_many_requests"]);
    } finally {
      await storage.close();
    }
  });
});

const routes: readonly Route[] = (["public", "ingest", "read", "admin"] as const).map((right) => ({
  method: "GET",
  path: `/${right}`,
  right,
  fast: () => Promise.resolve(null),
  handle: () => new Response("done"),
}));

const answeredBy = (roles: readonly string[]) =>
  Promise.all(
    routesFor(roles, routes).map(async ({ right, handle, fast }) => {
      try {
        await handle(contextOf("/"));
        return fast ? right : "";
      } catch (error) {
        assert.match(
          String(error),
          /This server (takes no events|answers no questions): its roles/,
        );
        assert.equal(fast, undefined);
        return "";
      }
    }),
  ).then((answered) => answered.filter((right) => right !== ""));

Deno.test("routesFor() leaves a server what its roles do, and refuses the rest", async () => {
  assert.deepEqual(await answeredBy(["collect", "query"]), ["public", "ingest", "read", "admin"]);
  assert.deepEqual(await answeredBy(["collect"]), ["public", "ingest"]);
  assert.deepEqual(await answeredBy(["query", "work"]), ["public", "read", "admin"]);
  assert.deepEqual(await answeredBy(["work"]), ["public"]);
});

Deno.test("tellingBehind() says what was known when the question came", async () => {
  let since: string | null = "2026-01-01T00:00:00.000Z";
  const slow: Route[] = routes.map((route) => ({
    ...route,
    handle: () => {
      since = "2026-01-02T00:00:00.000Z";
      return new Response("done");
    },
  }));
  const told = tellingBehind(slow, () => since);
  const headerOf = async (right: string) => {
    const route = told.find((one) => one.right === right);
    return (await route?.handle(contextOf("/")))?.headers.get("x-behind-since");
  };
  assert.equal(await headerOf("read"), "2026-01-01T00:00:00.000Z");
  assert.equal(await headerOf("public"), null);
  since = null;
  assert.equal(await headerOf("read"), null);
});
