// The line of progress: what it says, how often, and that it is gone at the end.
import assert from "node:assert/strict";
import { progressText, withProgress } from "../../src/cli/progress.ts";
import { fakeSystem } from "../support/fake_system.ts";

Deno.test("progressText() has a rate and the time left once there is a rate", () => {
  assert.equal(progressText(0, 9000, 0, "files"), "0 of 9,000 files");
  assert.equal(progressText(1200, 9000, 4, "files"), "1,200 of 9,000 files, 300/s, 26 s left");
  assert.equal(progressText(10, 9000, 10, "MB"), "10 of 9,000 MB, 1/s, 3 h left");
});

Deno.test("withProgress() shows a line five times a second at most, and removes it", async () => {
  const { clock } = fakeSystem();
  const shown: string[] = [];
  const terminal = {
    write: () => Promise.resolve(true),
    tell: () => {},
    progress: (text: string) => shown.push(text),
  };
  const work = withProgress(terminal, clock, "files", async (progress) => {
    for (let done = 0; done < 10; done++) {
      progress(done, 10);
      await clock.advance(100);
    }
    throw new Error("full");
  });
  await assert.rejects(work, /full/);
  assert.equal(shown.length, 6);
  assert.equal(shown.at(-1), "");
});
