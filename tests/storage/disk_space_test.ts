import assert from "node:assert";
import { DiskSpace, FREE_BYTES_MIN, FREE_INODES_MIN } from "../../src/storage/disk_space.ts";
import { fakeSystem } from "../support/fake_system.ts";

const ENOUGH = { bytes: FREE_BYTES_MIN, inodes: FREE_INODES_MIN, inodesTotal: 5000 };

Deno.test("DiskSpace is low with few bytes or few counted inodes", async () => {
  const found = [
    ENOUGH,
    { ...ENOUGH, bytes: FREE_BYTES_MIN - 1 },
    { ...ENOUGH, inodes: FREE_INODES_MIN - 1 },
    { ...ENOUGH, inodes: 0, inodesTotal: 0 },
  ];
  const low: boolean[] = [];
  for (const free of found) {
    const lines: string[] = [];
    const log = (_: string, line: string) => lines.push(line);
    const space = new DiskSpace({ space: () => Promise.resolve(free) }, log, "/");
    await space.check();
    await space.check();
    low.push(space.isLow);
    assert.equal(lines.length, space.isLow ? 1 : 0);
  }
  assert.deepEqual(low, [false, true, true, false]);
});

Deno.test("DiskSpace reads the disk, and knows nothing where the system refuses", async () => {
  const { files } = fakeSystem();
  const space = new DiskSpace(files, () => {}, await Deno.realPath("."));
  await space.check();
  assert.ok((space.free?.bytes ?? 0) > 0);
  const none = new DiskSpace(files, () => {}, "/nowhere/at/all");
  await none.check();
  assert.deepEqual([none.free, none.isLow], [null, false]);
});
