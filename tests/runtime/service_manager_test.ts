import assert from "node:assert/strict";
import { serviceManager } from "../../src/runtime/service_manager.ts";
import { fakeSystem } from "../support/fake_system.ts";

Deno.test("serviceManager() tells that the server is ready, answers and stops", async () => {
  const system = fakeSystem();
  const told: string[] = [];
  let answers = true;
  const send = (path: string, text: string) => told.push(`${path} ${text.split("\n")[0]}`) > 0;
  const env = { NOTIFY_SOCKET: "@a", WATCHDOG_USEC: "4000000", WATCHDOG_PID: "7" };
  const manager = serviceManager(env, 7, send, system, () => Promise.resolve(answers));
  const wait = async (ms: number) => {
    system.clock.advance(ms);
    await Promise.resolve();
    await Promise.resolve();
  };
  await wait(5000);
  assert.deepEqual(told, [], "nothing before it is ready");
  manager.ready();
  await wait(2000);
  answers = false;
  await wait(2000);
  answers = true;
  await wait(2000);
  manager.stopping();
  await wait(9000);
  assert.deepEqual(told, [
    "@a READY=1",
    "@a WATCHDOG=1",
    "@a WATCHDOG=1",
    "@a STOPPING=1",
  ]);
});

Deno.test("serviceManager() is silent without a manager, and for another process", () => {
  const system = fakeSystem();
  const told: string[] = [];
  const send = (_: string, text: string) => told.push(text) > 0;
  const answers = () => Promise.reject(new Error("not asked"));
  serviceManager({}, 7, send, system, answers).ready();
  assert.deepEqual(told, []);
  const other = { NOTIFY_SOCKET: "/a", WATCHDOG_USEC: "2000", WATCHDOG_PID: "8" };
  serviceManager(other, 7, send, system, answers).ready();
  system.clock.advance(10_000);
  assert.equal(told.length, 1);
});
