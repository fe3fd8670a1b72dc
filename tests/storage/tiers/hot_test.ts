import assert from "node:assert/strict";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = (n: number, revenue_amount: number | null = null) =>
  pageview({ at: "2024-01-15 10:00:00", props: JSON.stringify({ n }), revenue_amount });
/** More than the column holds: entry never lets it through. */
const bad = (n: number) => event(n, 10 ** 13);

const waiting = (storage: Storage) => storage.store.run("journalRows", undefined);

Deno.test("Hot sets aside what DuckDB does not take, and keeps nothing back for it", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, [bad(1)]);
    await accept(storage, [event(2), event(3), bad(4), event(5), bad(6)]);
    assert.deepEqual(await numbersOf(storage), [2, 3, 5]);
    assert.equal(storage.hot.rows, 3);
    assert.equal(storage.hot.unreadableCount, 3);
    const lines = system.lines.filter(({ level }) => level === "error");
    assert.deepEqual(lines.map(({ fields }) => fields["seq"]), [1, 4, 6]);
    assert.match(String(lines[0]?.fields["reason"]), /^Conversion Error: .* out of range/);
    await accept(storage, [event(7)]);
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), [2, 3, 5, 7]);
    assert.equal(await waiting(storage), 3);
    await storage.close();

    const again = await openFolder(folder);
    assert.deepEqual(await numbersOf(again), [2, 3, 5, 7]);
    assert.deepEqual([await waiting(again), again.hot.unreadableCount], [3, 3]);
    await accept(again, [event(8)]);
    await again.flusher.flush();
    assert.deepEqual(await waiting(again), 3);
    await again.eraser.erase("example.com", "2024-01-15", "2024-01-15");
    assert.deepEqual([await waiting(again), again.hot.unreadableCount], [0, 0]);
    await again.close();
  });
});
