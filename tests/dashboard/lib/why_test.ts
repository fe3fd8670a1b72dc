import { deepStrictEqual as deepEqual } from "node:assert";
import { barOf } from "../../../dashboard/lib/why.js";

Deno.test("barOf() shows a part against the whole change otherwise than one with it", () => {
  deepEqual(barOf(0.25), { look: "why-bar", width: "25%" });
  deepEqual(barOf(-0.25), { look: "why-bar against", width: "25%" });
  deepEqual(barOf(-3), { look: "why-bar against", width: "100%" });
  deepEqual(barOf(null), { look: "why-bar", width: "0%" });
});
