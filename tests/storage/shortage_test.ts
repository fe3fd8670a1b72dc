import assert from "node:assert";
import { shortageIn, unreadableError } from "../../src/storage/shortage.ts";

Deno.test("shortageIn() tells rights, disks and descriptors from damage", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['IO Error: Cannot open file "/x/1.parquet": Permission denied', "Permission denied"],
    ['IO Error: Cannot open file "/x/1.parquet": Too many open files', "Too many open files"],
    ['IO Error: Could not read from file "/x": Input/output error', "Input/output error"],
    ["Invalid Error: std::bad_alloc", "the machine is out of memory"],
    ["Invalid Input Error: No magic bytes found at end of file '/x/1.parquet'", null],
    // Text of the data is no word of the system.
    ["Conversion Error: Could not convert string 'Permission denied' to INT32", null],
  ];
  for (const [message, expected] of cases) assert.equal(shortageIn(message), expected, message);
});

Deno.test("unreadableError() refuses for want of rights, and names no path", () => {
  const error = unreadableError(
    new Deno.errors.PermissionDenied("Permission denied (os error 13): open '/secret/x.parquet'"),
  );
  assert.equal(error.status, 503);
  assert.match(error.message, /Permission denied/);
  assert.ok(!error.message.includes("/secret"));
});
