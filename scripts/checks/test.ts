// `deno task test`: every check and every test there is. The last line tells how many passed and
// failed; the exit code is 0 only when none failed.
import { allJobs, runChecks, runTests } from "./checks.ts";
import { sum } from "../lib.ts";

// Where tests of the dashboard find each other's made-up readers (tests/support/browser/).
const filled = await Deno.makeTempDir({ prefix: "mallard-filled-" });
Deno.env.set("MALLARD_TEST_FILLED", filled);
// Beside the tests: one after the other, the checks keep no more than one processor busy.
const counts = await Promise.all([runChecks(), runTests(allJobs())]);
await Deno.remove(filled, { recursive: true });
const { passed, failed, ignored } = sum(counts);
if (ignored > 0) console.log(`${ignored} skipped, for the reasons above`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
