import assert from "node:assert/strict";
import {
  cpuMsIn,
  inLanes,
  runDeno,
  skipReasons,
  sourceFiles,
  sum,
  testCounts,
} from "../../scripts/lib.ts";

Deno.test("testCounts() reads the last summary, steps and skipped tests left aside", () => {
  const output = [
    "ok | 99 passed | 0 failed (1s)",
    "a line",
    "FAILED | 3 passed (1 step) | 2 failed (1 step) | 4 ignored (1 step) (299ms)",
    "",
    "error: Test failed",
  ].join("\n");
  assert.deepEqual(testCounts({ code: 1, output }), { passed: 3, failed: 2, ignored: 4 });
  const good = "ok | 12 passed | 0 failed (10ms)\n";
  assert.deepEqual(testCounts({ code: 0, output: good }), { passed: 12, failed: 0, ignored: 0 });
});

Deno.test("testCounts() counts a run that broke off as a failure", () => {
  const broken = { passed: 0, failed: 1, ignored: 0 };
  assert.deepEqual(testCounts({ code: 1, output: "error: Module not found" }), broken);
  assert.deepEqual(testCounts({ code: 139, output: "" }), broken);
  const output = "ok | 5 passed | 0 failed (1s)\nsegmentation fault";
  assert.deepEqual(testCounts({ code: 139, output }), { passed: 5, failed: 1, ignored: 0 });
});

Deno.test("skipReasons() gives each reason once", () => {
  const output = "x\nSkipping a: no b\nSkipping a: no b\nnot Skipping c\nSkipping d: e\n";
  assert.deepEqual(skipReasons(output), ["Skipping a: no b", "Skipping d: e"]);
  const silent = "one ... ok (1ms)\ntwo ... ignored (0ms)\nok | 1 passed | 0 failed (2ms)\n";
  assert.deepEqual(skipReasons(silent), ["two"]);
});

Deno.test("cpuMsIn() adds the times of a process and of those it waited for", () => {
  const stat = "7 (a ) 1 2) S 1 7 7 0 -1 4194560 900 800 1 2 120 30 400 5 20 0 9 0 77 1 1 18 0\n";
  assert.equal(cpuMsIn(stat), 5550);
});

Deno.test(
  "runDeno() knows what a process cost",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const busy = "while (performance.now() < 3000);";
    const { code, cpuMs } = await runDeno(["eval", busy]);
    assert.equal(code, 0);
    assert.ok(cpuMs > 0);
  },
);

Deno.test("sum() adds each count", () => {
  const one = { passed: 1, failed: 2, ignored: 3 };
  assert.deepEqual(sum([one, one]), { passed: 2, failed: 4, ignored: 6 });
  assert.deepEqual(sum([]), { passed: 0, failed: 0, ignored: 0 });
});

Deno.test("inLanes() runs all, only so many at a time, and keeps their order", async () => {
  let running = 0;
  let most = 0;
  const results = await inLanes([3, 1, 2, 0], 2, async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return item * 10;
  });
  assert.deepEqual(results, [30, 10, 20, 0]);
  assert.equal(most, 2);
});

Deno.test("sourceFiles() lists our sources and leaves vendored ones out", () => {
  const files = sourceFiles();
  assert.ok(files.includes("scripts/lib.ts") && files.includes("src/core/event.ts"));
  assert.ok(!files.some((path) => path.startsWith("dashboard/vendor/")));
});
