// `deno task test`: every check and every test there is. The last line tells how many passed and
// failed; the exit code is 0 only when none failed.
import { allJobs, runChecks, runTests } from "./checks.ts";
import { sum } from "../lib.ts";

// Beside the tests: one after the other, the checks keep no more than one processor busy.
const counts = await Promise.all([runChecks(), runTests(allJobs())]);
const { passed, failed, ignored } = sum(counts);
if (ignored > 0) console.log(`${ignored} skipped, for the reasons above`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
