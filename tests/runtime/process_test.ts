// The process outlives what the runtime would end it for.
import assert from "node:assert/strict";
import { outliveRejections } from "../../src/runtime/process.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { until } from "../support/wait.ts";

Deno.test("outliveRejections() logs a rejected promise that nobody handles", async () => {
  const { log, lines } = fakeSystem();
  outliveRejections(log);
  void Promise.reject(new Error("Too many open files (os error 24)"));
  await until(() => lines.length > 0, "a line of the log");
  const [line] = lines;
  assert.equal(line?.level, "error");
  assert.equal(line?.message, "Unhandled rejection: Too many open files (os error 24)");
});
