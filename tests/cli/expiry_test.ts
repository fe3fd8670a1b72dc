import assert from "node:assert";
import { runCommand } from "../support/command.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { accept, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const DAY_MS = 86_400_000;

Deno.test("mallard expiry allows, lists and undoes beside a running server", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const expiry = async (action: string) => {
      const result = await runCommand(folder, "expiry", [action], { system });
      assert.strictEqual(result.ok, true);
      return result.text;
    };
    await assert.rejects(expiry("undo"), /there is no such file/);
    const storage = await openFolder(folder, system);
    await accept(storage, [pageview({ at: "2024-01-13 10:00:00", props: '{"n":1}' })]);
    await storage.flusher.flush();
    assert.match(await expiry("list"), /The trash is empty/);
    system.clock.advance(DAY_MS);
    system.clock.jump(365 * DAY_MS);
    const expire = () => storage.expiry.expire("example.com", 90, system.clock.nowMs());
    await expire();
    assert.deepStrictEqual(await numbersOf(storage), [1]);
    assert.match(await expiry("allow"), /is trusted/);
    assert.strictEqual(await storage.guard.confirm(), true);
    await expire();
    assert.deepStrictEqual(await numbersOf(storage), []);
    assert.match(await expiry("list"), /date=2024-01-13\/0001\.parquet expired 2025-01-15/);
    assert.match(await expiry("undo"), /Brought back 1 files/);
    await storage.parquet.adopt();
    assert.deepStrictEqual(await numbersOf(storage), [1]);
    await assert.rejects(expiry("nonsense"), /it is not allow, list or undo/);
    await storage.close();
  });
});
