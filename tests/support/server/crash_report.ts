// What tests expect of a run of kills.
import assert from "node:assert/strict";
import type { CrashReport } from "../../../scripts/crash/harness.ts";

/** Nothing was lost or counted twice, and there was enough to lose. */
export function checkCrash(report: CrashReport, kills: number): void {
  assert.deepEqual(report.faults, []);
  assert.equal(report.kills, kills);
  assert.ok(report.acknowledged > kills * 10, `only ${report.acknowledged} events were sent`);
}
