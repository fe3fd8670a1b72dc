// What the executable holds compressed.
import assert from "node:assert/strict";
import { strippedElf } from "../../../scripts/compile/pack.ts";

/** An ELF file of two segments, with a table of sections behind them. */
function elf(): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(1000).fill(7);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const view = new DataView(file.buffer);
  view.setBigUint64(32, 64n, true); // Headers of segments,
  view.setBigUint64(40, 800n, true); // and of sections.
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  view.setUint16(60, 3, true);
  view.setUint16(62, 2, true);
  for (const [at, from, bytes] of [[64, 0n, 300n], [120, 300n, 350n]] as const) {
    view.setBigUint64(at + 8, from, true);
    view.setBigUint64(at + 32, bytes, true);
  }
  return file;
}

Deno.test("strippedElf() keeps the segments and nothing behind them", () => {
  const file = elf();
  const kept = strippedElf(file);
  assert.equal(kept.length, 650);
  const view = new DataView(kept.buffer);
  assert.deepEqual(
    [view.getBigUint64(40, true), view.getUint16(60, true), view.getUint16(62, true)],
    [0n, 0, 0],
  );
  assert.deepEqual(kept.subarray(64), file.subarray(64, 650));
});

Deno.test("strippedElf() leaves libraries of other systems as they are", () => {
  const mach = Uint8Array.from([0xcf, 0xfa, 0xed, 0xfe, 1, 2, 3, 4]);
  assert.deepEqual(strippedElf(mach), mach);
  assert.deepEqual(strippedElf(new Uint8Array()), new Uint8Array());
});
