import assert from "node:assert/strict";
import type { Access } from "../../src/core/access.ts";
import { AppError } from "../../src/core/errors.ts";
import { securityHeaders } from "../../src/http/headers.ts";
import { Refusals } from "../../src/http/refusals.ts";
import type { FastHandler, Route } from "../../src/http/route.ts";
import { createServer } from "../../src/http/server.ts";
import { fakeSystem } from "../support/fake_system.ts";

const NOBODY: Access = { who: "nobody", rights: new Set(["ingest"]), sites: null };

/** A server with one route that says by which way it was asked. */
function open(fast: FastHandler, { basePath = "" } = {}) {
  const system = fakeSystem();
  const seen: string[] = [];
  const route: Route = {
    method: "POST",
    path: "/event",
    right: "ingest",
    anyOrigin: true,
    handle: () => new Response(null, { status: 202, headers: { "x-way": "general" } }),
    fast,
  };
  const gate = {
    accessOf: () => NOBODY,
    authorize: () => {},
    notice: (peer: string) => void seen.push(peer),
  };
  const refusals = new Refusals();
  const headers = securityHeaders({
    secure_cookies: true,
    dashboard_origin: "https://own.example",
  });
  const handle = createServer([route], gate, headers, system, {
    clientAddress: (peer, sent) => sent.get("x-forwarded-for") ?? peer,
    guardedAddress: (peer) => peer,
    basePath,
    refusals,
  });
  const send = (path: string, headers: HeadersInit = {}, method = "POST") =>
    handle(new Request(`http://localhost${path}`, { method, headers }), { peer: "192.0.2.7" });
  return { send, system, seen, refusals };
}

const accept: FastHandler = () => Promise.resolve(null);

Deno.test("the fast lane answers 202 with the headers of the general way", async () => {
  const { send, seen } = open(accept);
  const [fast, again] = [await send("/event?x=1"), await send("/event")];
  const general = await send("/event", { cookie: "a=b" });
  assert.deepEqual([fast.status, general.status], [202, 202]);
  assert.equal(general.headers.get("x-way"), "general");
  const fixed = ({ headers }: Response) =>
    [...headers].filter(([name]) => name !== "x-request-id" && name !== "x-way");
  assert.deepEqual(fixed(fast), fixed(general));
  assert.equal(fast.headers.get("access-control-allow-origin"), "*");
  assert.match(fast.headers.get("x-request-id") ?? "", /^\S{10,}$/);
  assert.notEqual(fast.headers.get("x-request-id"), again.headers.get("x-request-id"));
  assert.equal(await fast.text(), "");
  assert.deepEqual(seen, ["192.0.2.7", "192.0.2.7"]);
});

Deno.test("the fast lane leaves what is not exactly its own to the general way", async () => {
  const { send } = open(accept, { basePath: "/stats" });
  const way = async (path: string, headers: HeadersInit = {}, method = "POST") => {
    const answer = await send(path, headers, method);
    return answer.headers.get("x-way") ?? answer.status;
  };
  assert.equal(await way("/stats/event"), 202);
  assert.equal(await way("/stats/./event"), 202, "the runtime has resolved it");
  assert.equal(await way("/event"), 404);
  assert.equal(await way("/stats/event/"), 404);
  assert.equal(await way("/stats/event", {}, "PUT"), 405);
  for (const name of ["authorization", "x-api-key", "cookie"]) {
    assert.equal(await way("/stats/event", { [name]: "x" }), "general", name);
  }
});

Deno.test("the fast lane knows the client's address, and the guarded one where asked", async () => {
  const addresses: string[] = [];
  const { send } = open(({ peer, address, guardedAddress }) => {
    addresses.push(peer, address, guardedAddress());
    return Promise.resolve(null);
  });
  await send("/event", { "x-forwarded-for": "198.51.100.1" });
  assert.deepEqual(addresses, ["192.0.2.7", "198.51.100.1", "192.0.2.7"]);
});

Deno.test("the fast lane answers refusals and bugs as the general way does", async () => {
  const { send, system } = open(({ headers }) => {
    if (headers.has("x-bug")) throw new TypeError("a bug");
    throw new AppError("too_many_requests", "Cannot: too many", { "retry-after": "3" });
  });
  const refused = await send("/event");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "3");
  assert.equal(refused.headers.get("access-control-allow-origin"), "*");
  assert.equal(refused.headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(await refused.json(), {
    error: "Cannot: too many",
    code: "too_many_requests",
  });
  await send("/event");
  const lines = () => system.lines.filter(({ message }) => message === "Request completed");
  assert.equal(lines().length, 1, "further refusals of strangers are summed");
  const bug = await send("/event", { "x-bug": "1" });
  assert.equal(bug.status, 500);
  assert.ok(!(await bug.text()).includes("a bug"));
});

Deno.test("the fast lane answers 503 after the time limit", async () => {
  const { send, system } = open(() => new Promise(() => {}));
  const waiting = send("/event");
  system.clock.advance(60_000);
  const { status } = await waiting;
  assert.equal(status, 503);
});
