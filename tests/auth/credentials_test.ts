import { deepStrictEqual as deepEqual } from "node:assert";
import { presentedKeys, sessionCookies } from "../../src/auth/credentials.ts";

Deno.test("presentedKeys() reads both headers and ignores other schemes", () => {
  const keys = (headers: Record<string, string>) => presentedKeys(new Headers(headers));
  deepEqual(keys({ authorization: "Bearer mm_a" }), ["mm_a"]);
  deepEqual(keys({ authorization: "BEARER   mm_a", "x-api-key": "mm_b" }), ["mm_a", "mm_b"]);
  deepEqual(keys({ authorization: "Basic bW1fYQ==" }), []);
  deepEqual(keys({ authorization: "Bearer mm_a mm_b" }), []);
  deepEqual(keys({ authorization: "Bearer other" }), []);
  deepEqual(keys({}), []);
});

Deno.test("sessionCookies() finds all cookies of the name, up to a limit", () => {
  const cookies = (cookie: string) => sessionCookies(new Headers({ cookie }));
  deepEqual(cookies("a=1; mm_session=x;mm_session=y; xmm_session=z; mm_sessions=w"), ["x", "y"]);
  deepEqual(cookies("mm_session"), []);
  deepEqual(cookies("mm_session=a=b"), ["a=b"]);
  deepEqual(cookies("mm_session=x;".repeat(100)).length, 8);
  deepEqual(sessionCookies(new Headers()), []);
});
