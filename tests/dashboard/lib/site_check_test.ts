import assert from "node:assert/strict";
import { findingsOf, hindrancesOf } from "../../../dashboard/lib/site_check.js";

const NOTHING = { pages: new Map(), drops: [], sites: ["old.example"], proposed: [], refused: [] };

Deno.test("findingsOf() says what arrived, and of nothing else then", () => {
  const now = {
    ...NOTHING,
    pages: new Map([["/", 3], ["/pricing", 1]]),
    drops: [{ reason: "robot", name: "Googlebot", count: 1 }],
  };
  const before = { ...NOTHING, pages: new Map([["/", 3]]) };
  assert.deepEqual(findingsOf("a.example", before, now), [{ kind: "arrived", about: "/pricing" }]);
  assert.deepEqual(findingsOf("a.example", now, now), []);
});

Deno.test("findingsOf() names drops that rose, other sites, and decisions that wait", () => {
  const before = { ...NOTHING, drops: [{ reason: "local_page", name: "", count: 2 }] };
  const now = {
    ...NOTHING,
    drops: [
      { reason: "robot", name: "Googlebot", count: 1 },
      { reason: "local_page", name: "", count: 2 },
      { reason: "foreign_host", name: "", count: 1 },
    ],
    sites: ["old.example", "www.a.example"],
    proposed: ["a.example", "b.example"],
  };
  assert.deepEqual(findingsOf("a.example", before, now), [
    { kind: "waits", about: "a.example" },
    { kind: "dropped", about: "Googlebot" },
    { kind: "dropped", about: "foreign_host" },
    { kind: "other", about: "www.a.example" },
    { kind: "other", about: "b.example" },
  ]);
  const refused = { ...NOTHING, refused: ["a.example"] };
  assert.deepEqual(findingsOf("a.example", refused, refused), [
    { kind: "refused", about: "a.example" },
  ]);
});

Deno.test("hindrancesOf() tells of http below https, and of addresses of this network", () => {
  const of = (server: string, page: string) => hindrancesOf(new URL(server), page);
  assert.deepEqual(of("https://stats.example/", "https://a.example/"), []);
  assert.deepEqual(of("http://stats.example/", "https://a.example/"), ["check_insecure"]);
  assert.deepEqual(of("http://stats.example/", "http://a.example/"), []);
  assert.deepEqual(of("http://localhost:8000/", "https://a.example/"), ["check_private"]);
  for (const host of ["10.0.0.1", "192.168.1.2", "172.20.0.1", "nas.local"]) {
    const found = of(`http://${host}/`, "https://a.example/");
    assert.deepEqual(found, ["check_insecure", "check_private"], host);
  }
  assert.deepEqual(of("http://172.40.0.1/", "http://a.example/"), []);
});
