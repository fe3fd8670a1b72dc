import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert";
import { json } from "../../src/http/response.ts";
import type { Method, Route } from "../../src/http/route.ts";
import {
  createRouter,
  methodsOf,
  redirectIntoBase,
  routeFor,
  withoutBase,
} from "../../src/http/router.ts";

function row(method: Method, path: string, more: Partial<Route> = {}): Route {
  return { method, path, right: "public", handle: () => json(path), ...more };
}

Deno.test("createRouter() finds exact paths first, then patterns in their order", () => {
  const find = createRouter([
    row("GET", "/a/:id"),
    row("GET", "/a/b"),
    row("DELETE", "/a/:id"),
    row("GET", "/:any/c"),
  ]);
  const found = (path: string | null) => {
    const matched = find(path);
    return matched && [matched.routes.get("GET")?.path, { ...matched.params }];
  };
  deepEqual(found("/a/b"), ["/a/b", {}]);
  deepEqual(found("/a/c"), ["/a/:id", { id: "c" }]);
  deepEqual(found("/x/c"), ["/:any/c", { any: "x" }]);
  deepEqual(found("/a/x%2Fy"), ["/a/:id", { id: "x/y" }]);
  for (const path of [null, "/", "/a", "/a/", "/a/b/", "/a/%", "/A/b"]) equal(found(path), null);
});

Deno.test("createRouter() gives a last :name+ all segments that follow", () => {
  const find = createRouter([row("GET", "/a/:rest+")]);
  const found = (path: string) => find(path)?.params["rest"] ?? null;
  equal(found("/a/x"), "x");
  equal(found("/a//x/y.json"), "/x/y.json");
  equal(found("/a/%2Fx%2Fy"), "/x/y");
  for (const path of ["/a", "/a/", "/b/x", "/a/x/%"]) equal(found(path), null, path);
});

Deno.test("createRouter() refuses two rows for the same method and path", () => {
  throws(() => createRouter([row("GET", "/a"), row("GET", "/a")]), /GET \/a: it is there already/);
  throws(() => createRouter([row("GET", "/:a"), row("GET", "/:a")]), /it is there already/);
  createRouter([row("GET", "/a"), row("POST", "/a"), row("GET", "/:a")]);
});

Deno.test("routeFor() maps HEAD to GET, unless GET counts an event", () => {
  const matched = (...routes: Route[]) => ({
    routes: new Map(routes.map((route) => [route.method, route])),
    params: {},
  });
  const page = matched(row("GET", "/a"), row("POST", "/a"));
  equal(routeFor(page, "HEAD").method, "GET");
  deepEqual(methodsOf(page), ["GET", "HEAD", "POST"]);
  throws(() => routeFor(page, "PUT"), {
    code: "method_not_allowed",
    message: "Cannot PUT here",
    headers: { allow: "GET, HEAD, POST" },
  });
  throws(() => routeFor(page, "<b>"), { message: "Cannot do this here" });
  const event = matched(row("GET", "/e", { right: "ingest" }));
  deepEqual(methodsOf(event), ["GET"]);
  throws(() => routeFor(event, "HEAD"), { code: "method_not_allowed" });
});

Deno.test("withoutBase() and redirectIntoBase() handle paths below the prefix only", () => {
  equal(withoutBase("/a", ""), "/a");
  equal(withoutBase("/stats/a", "/stats"), "/a");
  equal(withoutBase("/stats", "/stats"), null);
  equal(withoutBase("/stats2/a", "/stats"), null);
  const to = (url: string, base: string) =>
    redirectIntoBase(new URL(url), base)?.headers.get("location");
  equal(to("http://localhost/stats?x=1", "/stats"), "/stats/?x=1");
  equal(to("http://localhost/stats/", "/stats"), undefined);
  equal(to("http://localhost/", ""), undefined);
});
