import { deepStrictEqual as deepEqual } from "node:assert";
import { presentedKeys, presentedSessions, sessionCookies } from "../../src/auth/credentials.ts";

Deno.test("presentedKeys() reads both headers and ignores other schemes", () => {
  const keys = (headers: Record<string, string>) => presentedKeys(new Headers(headers));
  deepEqual(keys({ authorization: "Bearer mm_a" }), ["mm_a"]);
  deepEqual(keys({ authorization: "BEARER   mm_a", "x-api-key": "mm_b" }), ["mm_a", "mm_b"]);
  deepEqual(keys({ authorization: "Basic bW1fYQ==" }), []);
  deepEqual(keys({ authorization: "Bearer mm_a mm_b" }), []);
  deepEqual(keys({ authorization: "Bearer other" }), []);
  deepEqual(keys({}), []);
});

Deno.test("presentedSessions() finds all cookies of the name, up to a limit", () => {
  const cookies = (cookie: string) => presentedSessions(new Headers({ cookie }));
  deepEqual(cookies("a=1; mm_session=x;mm_session=y; xmm_session=z; mm_sessions=w"), ["x", "y"]);
  deepEqual(cookies("mm_session"), []);
  deepEqual(cookies("mm_session=a=b"), ["a=b"]);
  deepEqual(cookies("mm_session=x;".repeat(100)).length, 8);
  deepEqual(presentedSessions(new Headers()), []);
});

Deno.test("presentedSessions() tries first what no other host can set", () => {
  const flood = Array.from({ length: 20 }, (_, n) => `mm_session=${n}`).join("; ");
  const cookie = `${flood}; __Host-mm_session=mine; a__Host-mm_session=b`;
  deepEqual(presentedSessions(new Headers({ cookie }))[0], "mine");
});

Deno.test("sessionCookies() sets the __Host- cookie first under TLS", () => {
  const attributes = "HttpOnly; SameSite=Strict; Path=/; Max-Age=60";
  deepEqual(sessionCookies("a", { lifeSecs: 60, secure: true }), [
    `__Host-mm_session=a; ${attributes}; Secure`,
    `mm_session=a; ${attributes}; Secure`,
  ]);
  deepEqual(sessionCookies("a", { lifeSecs: 60, secure: false }), [`mm_session=a; ${attributes}`]);
});
