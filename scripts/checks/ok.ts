// `deno task ok`: what to run before every commit. Format, lint, types, the rules of the house,
// generated files and the quick tests; no server, browser or executable is started.
import { runChecks, runTests, unitJobs } from "./checks.ts";
import { sum } from "../lib.ts";

const { passed, failed } = sum([await runChecks(), await runTests(unitJobs())]);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
