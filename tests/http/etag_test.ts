import { strictEqual as equal } from "node:assert";
import { isKnown } from "../../src/http/etag.ts";

Deno.test("isKnown() compares weakly, with a list and with *", () => {
  for (const header of ['"a"', 'W/"a"', '"b", W/"a"', "*"]) {
    equal(isKnown(header, '"a"'), true, header);
    equal(isKnown(header, 'W/"a"'), true, header);
  }
  for (const header of [null, "", '"b"', "a", '"a-gzip"', 'W/"ab"']) {
    equal(isKnown(header, 'W/"a"'), false, String(header));
  }
});
