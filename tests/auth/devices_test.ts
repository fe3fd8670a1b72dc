import assert from "node:assert/strict";
import { Devices } from "../../src/auth/devices.ts";
import { DAY_MS } from "../../src/core/durations.ts";
import { DEVICE_DAYS } from "../../src/core/limits.ts";
import { fakeSystem } from "../support/fake_system.ts";

Deno.test("Devices.find() accepts its cookies until they expire or the key is renewed", () => {
  const { clock, random } = fakeSystem();
  const devices = new Devices(clock, random, "key");
  const cookie = devices.issue();
  const id = devices.find(["nonsense", cookie]);
  assert.match(String(id), /^[0-9a-f]{32}$/);
  assert.notEqual(devices.find([devices.issue()]), id);
  assert.equal(new Devices(clock, random, "key").find([cookie]), id, "after a restart");
  const [first = "", end = "", signature = ""] = cookie.split(".");
  for (
    const forged of [
      `${"0".repeat(32)}.${end}.${signature}`,
      `${first}.${Number(end) + 1}.${signature}`,
      `${first}.${end}.${"0".repeat(64)}`,
      `${first}.${end}`,
      "",
    ]
  ) assert.equal(devices.find([forged]), null, forged);
  clock.advance(DEVICE_DAYS * DAY_MS - 1);
  assert.equal(devices.find([cookie]), id);
  clock.advance(1);
  assert.equal(devices.find([cookie]), null);
  const fresh = devices.issue();
  devices.renew("another key");
  assert.equal(devices.find([fresh]), null);
});
