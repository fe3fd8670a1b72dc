import assert from "node:assert/strict";
import { shortcutOf } from "../../../../dashboard/lib/state/shortcuts.js";

const press = (key: string, more = {}) =>
  shortcutOf({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    defaultPrevented: false,
    target: null,
    ...more,
  });

Deno.test("shortcutOf() names keys, letters in small", () => {
  assert.equal(press("d"), "d");
  assert.equal(press("D"), "d");
  assert.equal(press("?"), "?");
  assert.equal(press("ArrowLeft"), "ArrowLeft");
});

Deno.test("shortcutOf() leaves fields and the browser their keys", () => {
  const input = { tagName: "INPUT" } as unknown as EventTarget;
  assert.equal(press("d", { target: input }), null);
  assert.equal(press("d", { ctrlKey: true }), null);
  assert.equal(press("d", { metaKey: true }), null);
  assert.equal(press("d", { altKey: true }), null);
  assert.equal(press("d", { defaultPrevented: true }), null);
});
