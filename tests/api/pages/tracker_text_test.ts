import assert from "node:assert/strict";
import { trackerText } from "../../../src/api/pages/tracker_text.ts";

Deno.test("trackerText() leaves out comments, types and indentation, and no code", () => {
  const source = `// Adds.
/** @type {*} */
const page = self;

/**
 * Two numbers.
 * @param {number} a
 */
function add(/** @type {*} */ [a, b]) {
  // Why not.
  const [, url] = ["", "https://a.example/*, b: \\" = c"];
  return [
    a + b,
    url,
  ]
}
page.sum = add([1, 2]);
`;
  const text = trackerText(source);
  assert.doesNotMatch(text, /@|Why|^ |\n\n/m);
  const page: { sum?: unknown } = {};
  new Function("self", text)(page);
  assert.deepEqual(page.sum, [3, 'https://a.example/*, b: " = c']);
});
