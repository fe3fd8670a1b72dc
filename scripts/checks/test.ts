// `deno task test`: every check and every test there is. The last line tells how many passed and
// failed; the exit code is 0 only when none failed.
import { runChecks, runTests, unitJobs, wholeJobs } from "./checks.ts";
import { sum } from "../lib.ts";

const checks = await runChecks();
// The long ones first, so that none of them is left to run alone at the end.
const tests = await runTests([...wholeJobs(), ...unitJobs()]);
const { passed, failed, ignored } = sum([checks, tests]);
if (ignored > 0) console.log(`${ignored} skipped, for the reasons above`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
