import assert from "node:assert";
import type { Access } from "../../src/core/access.ts";
import { AppError } from "../../src/core/errors.ts";
import { Refusals } from "../../src/http/refusals.ts";
import { json } from "../../src/http/response.ts";
import type { Route } from "../../src/http/route.ts";
import { securityHeaders } from "../../src/http/headers.ts";
import { createServer, type ServerOptions } from "../../src/http/server.ts";
import { type FakeSystem, fakeSystem } from "../support/fake_system.ts";

const EVERYTHING: Access = {
  who: "local",
  rights: new Set(["public", "ingest", "read", "admin"]),
  sites: null,
};

const NOBODY: Access = { who: "nobody", rights: new Set(["public"]), sites: null };

function serve(
  routes: readonly Route[],
  { system = fakeSystem(), basePath = "", refusals, access = EVERYTHING }: {
    system?: FakeSystem;
    basePath?: string;
    refusals?: Refusals;
    access?: Access;
  } = {},
) {
  const gate = { accessOf: () => access, authorize: () => {}, notice: () => {} };
  const options: ServerOptions = {
    clientAddress: (peer) => peer,
    guardedAddress: (peer) => peer,
    basePath,
    ...(refusals ? { refusals } : {}),
  };
  const headers = securityHeaders({ secure_cookies: false, dashboard_origin: null });
  const handle = createServer(routes, gate, headers, system, options);
  return (path: string, init: RequestInit = {}, isExcess = false) =>
    handle(new Request(`http://localhost${path}`, init), { peer: "192.0.2.7", isExcess });
}

const get = (path: string, handle: Route["handle"], more: Partial<Route> = {}): Route => ({
  method: "GET",
  path,
  right: "public",
  handle,
  ...more,
});

Deno.test("createServer() finds exact paths and decoded :parts only", async () => {
  const send = serve([
    get("/a", () => json("a")),
    get("/things/:id", ({ params }) => json(params)),
    { method: "DELETE", path: "/things/:id", right: "public", handle: () => json("gone") },
  ]);
  assert.deepStrictEqual(await (await send("/a?x=1")).json(), "a");
  assert.deepStrictEqual(await (await send("/things/x%2Fy")).json(), { id: "x/y" });
  assert.deepStrictEqual(await (await send("/things/1", { method: "DELETE" })).json(), "gone");
  for (const path of ["/", "/a/", "//a", "/A", "/things/", "/things", "/things/1/2", "/things/%"]) {
    const response = await send(path);
    assert.strictEqual(response.status, 404, path);
    assert.strictEqual(typeof (await response.json()).error, "string");
  }
});

Deno.test("createServer() answers HEAD by the row of GET, and 405 with Allow", async () => {
  const send = serve([get("/a", () => json("a"))]);
  const head = await send("/a", { method: "HEAD" });
  assert.strictEqual(head.status, 200);
  assert.strictEqual(await head.text(), "");
  assert.strictEqual(head.headers.get("content-length"), "3");
  const wrong = await send("/a", { method: "POST" });
  assert.strictEqual(wrong.status, 405);
  assert.strictEqual(wrong.headers.get("allow"), "GET, HEAD");
});

Deno.test("createServer() cancels the stream of a HEAD request", async () => {
  let ended = false;
  const send = serve([
    get("/stream", () => new Response(new ReadableStream({ cancel: () => void (ended = true) })), {
      streams: true,
    }),
  ]);
  const head = await send("/stream", { method: "HEAD" });
  assert.strictEqual(head.body, null);
  assert.ok(ended);
});

Deno.test("createServer() turns an AppError into its status, a bug into a bare 500", async () => {
  const system = fakeSystem();
  const send = serve([
    get("/refused", () => {
      throw new AppError("too_many_requests", "Cannot: too many", { "retry-after": "3" });
    }),
    get("/bug", () => {
      throw new TypeError("secret of 192.0.2.7");
    }),
  ], { system });
  const refused = await send("/refused");
  assert.strictEqual(refused.status, 429);
  assert.strictEqual(refused.headers.get("retry-after"), "3");
  assert.deepStrictEqual(await refused.json(), {
    error: "Cannot: too many",
    code: "too_many_requests",
  });
  const bug = await send("/bug");
  assert.strictEqual(bug.status, 500);
  const text = await bug.text();
  assert.ok(!text.includes("secret") && !text.includes("TypeError"), text);
  const id = bug.headers.get("x-request-id");
  const logged = system.lines.find((line) => line.level === "error");
  assert.strictEqual(logged?.fields["request_id"], id);
});

Deno.test("createServer() answers 503 after the time limit and aborts the handler", async () => {
  const system = fakeSystem();
  let aborted = false;
  const never = new Promise<Response>(() => {});
  const send = serve([
    get("/slow", ({ signal }) => {
      signal.addEventListener("abort", () => aborted = true);
      return never;
    }),
    get("/stream", async () => {
      await system.clock.sleep(60_000);
      return json("done");
    }, { streams: true }),
    get("/question", async () => {
      await system.clock.sleep(60_000);
      return json("done");
    }, { asks: true }),
    get("/endless", () => never, { asks: true }),
  ], { system });
  const slow = send("/slow");
  const question = send("/question");
  const endless = send("/endless");
  const stream = send("/stream");
  await Promise.resolve();
  system.clock.advance(60_000);
  assert.strictEqual((await slow).status, 503);
  assert.ok(aborted);
  assert.strictEqual((await stream).status, 200);
  assert.strictEqual((await question).status, 200);
  system.clock.advance(100_000);
  const late = await endless;
  assert.strictEqual(late.status, 503);
  assert.match(await late.text(), /within 150 s/);
});

Deno.test("createServer() notes a client that went away as that, and as no fault", async () => {
  const system = fakeSystem();
  const send = serve([
    get(
      "/stats",
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new DOMException("gone", "AbortError")))
        ),
      { right: "read" },
    ),
    get("/late", () => Promise.reject(new AppError("unavailable", "Cannot: too late"))),
    get("/ended", () => Promise.reject(new DOMException("stopping", "AbortError"))),
  ], { system });
  const left = new AbortController();
  const answer = send("/stats", { signal: left.signal });
  left.abort();
  await answer;
  await send("/late", { signal: left.signal });
  await send("/ended");
  const told = system.lines.filter(({ message }) => message === "Request completed")
    .map(({ level, fields }) => [level, fields["status"]]);
  assert.deepStrictEqual(told, [["info", 499], ["warn", 503], ["warn", 503]]);
});

Deno.test("createServer() works on no request in excess, and sums them in the log", async () => {
  const system = fakeSystem();
  const refusals = new Refusals();
  const fail = () => assert.fail("it is worked on");
  const routes: Route[] = [
    { ...get("/event", fail), method: "POST", right: "ingest", anyOrigin: true, fast: fail },
    get("/busy", () => {
      throw new AppError("unavailable", "Cannot: too many wait");
    }),
  ];
  const send = serve(routes, { system, refusals, access: NOBODY });
  const excess = await send("/event", { method: "POST", body: "{}" }, true);
  assert.strictEqual(excess.status, 503);
  assert.strictEqual(excess.headers.get("retry-after"), "1");
  assert.strictEqual(excess.headers.get("access-control-allow-origin"), "*");
  for (let n = 0; n < 3; n++) await send("/event", { method: "POST", body: "{}" }, true);
  for (let n = 0; n < 3; n++) assert.strictEqual((await send("/busy")).status, 503);
  assert.strictEqual(system.lines.length, 2);
});

Deno.test("createServer() serves only below its base path", async () => {
  const send = serve([get("/a", ({ url }) => json(url.pathname))], { basePath: "/stats" });
  assert.strictEqual((await send("/stats/a")).status, 200);
  for (const path of ["/a", "/statsa", "/stats2/a", "/x/stats/a"]) {
    assert.strictEqual((await send(path)).status, 404, path);
  }
});

Deno.test("createServer() logs the route, never the path or the address", async () => {
  const system = fakeSystem();
  const send = serve([get("/things/:id", () => json(1))], { system });
  await send("/things/198.51.100.1?key=mm_secret");
  await send("/198.51.100.1");
  const text = JSON.stringify(system.lines);
  assert.ok(text.includes("/things/:id"));
  assert.ok(!/198\.51|192\.0\.2|mm_secret/.test(text), text);
});

Deno.test("createServer() logs each request with method, route, status and time", async () => {
  const system = fakeSystem();
  const slow = get("/slow", () => {
    system.clock.advance(1500);
    return json(1);
  });
  const send = serve([slow, get("/health", () => json("ok"))], { system });
  await send("/slow");
  await send("/health");
  await send("/nowhere", { method: "PATCH" });
  const lines = system.lines.map(({ level, message, fields: { request_id: _, ...fields } }) => ({
    level,
    message,
    fields,
  }));
  const line = (level: string, method: string, route: string, status: number, ms: number) => ({
    level,
    message: "Request completed",
    fields: { method, route, status, ms },
  });
  assert.deepStrictEqual(lines, [
    line("info", "GET", "/slow", 200, 1500),
    line("debug", "GET", "/health", 200, 0),
    line("info", "PATCH", "(none)", 404, 0),
  ]);
});

Deno.test("createServer() logs what programs ask all the time quietly, whoever asks", async () => {
  const system = fakeSystem();
  const refusals = new Refusals();
  let isRefused = false;
  const routes = [
    get("/often", () => {
      if (isRefused) throw new AppError("unauthorized", "Cannot: the secret is wrong");
      return json("done");
    }, { routine: true }),
  ];
  const send = serve(routes, { system, refusals, access: EVERYTHING });
  for (let n = 0; n < 3; n++) assert.strictEqual((await send("/often")).status, 200);
  assert.strictEqual(system.lines.filter(({ level }) => level !== "debug").length, 0);
  const before = system.lines.length;
  isRefused = true;
  for (let n = 0; n < 300; n++) assert.strictEqual((await send("/often")).status, 401);
  assert.strictEqual(system.lines.length, before + 1);
  refusals.report(system.log);
  const last = system.lines.at(-1);
  assert.deepStrictEqual([last?.message, last?.fields["count"]], ["Refused more requests", 299]);
});
