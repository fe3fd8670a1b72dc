import assert from "node:assert/strict";
import { EVENT_PATHS, wireFormats } from "../../../src/ingest/formats/formats.ts";

Deno.test("EVENT_PATHS are the paths of all formats that need no key, by POST", () => {
  const formats = wireFormats({
    siteOfCode: () => undefined,
    isSite: () => false,
    siteIds: () => [],
    tokenKey: new Uint8Array(32),
  });
  const open = formats.filter(({ method, right }) => method === "POST" && right === undefined);
  assert.deepEqual([...EVENT_PATHS].sort(), open.map(({ path }) => path).sort());
});
