// .ci/run with a stand-in for npx: its last line and exit code tell what the test command told, and
// a test command that breaks off counts as a failure.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/lib.ts";

/** Runs .ci/run where `npx` prints the given text and ends with the given code. */
async function ciRun(says: string, code: number): Promise<{ last: string; code: number }> {
  const folder = await Deno.makeTempDir({ prefix: "mallard_ci_" });
  try {
    await Deno.writeTextFile(`${folder}/says`, says);
    const script = `#!/bin/sh\necho "$@" > "${folder}/args"\ncat "${folder}/says"\nexit ${code}\n`;
    await Deno.writeTextFile(`${folder}/npx`, script, { mode: 0o755 });
    const done = await new Deno.Command(`${ROOT}.ci/run`, {
      env: { PATH: `${folder}:/usr/bin:/bin`, CHROMIUM: "none" },
    }).output();
    const args = await Deno.readTextFile(`${folder}/args`);
    assert.match(args, /^-y deno@\d+\.\d+\.\d+ task test\n$/);
    const lines = new TextDecoder().decode(done.stdout).trimEnd().split("\n");
    return { last: lines.at(-1) ?? "", code: done.code };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test(".ci/run ends with what the test command counted", async () => {
  const good = await ciRun("a line\n12 passed, 0 failed\n", 0);
  assert.deepEqual(good, { last: "12 passed, 0 failed", code: 0 });
  const chatty = await ciRun("12 passed, 0 failed\nnpm notice\nnpm notice New version\n", 0);
  assert.deepEqual(chatty, good);
  const bad = await ciRun("12 passed, 3 failed\n", 1);
  assert.deepEqual(bad, { last: "12 passed, 3 failed", code: 1 });
});

Deno.test(".ci/run counts a test command that breaks off as a failure", async () => {
  const early = { last: "0 passed, 1 failed", code: 1 };
  assert.deepEqual(await ciRun("error: cannot resolve\n", 1), early);
  assert.deepEqual(await ciRun("", 0), early);
  assert.deepEqual(await ciRun("12 passed, 0 failed\nkilled\n", 137), early);
  const late = { last: "12 passed, 1 failed", code: 1 };
  assert.deepEqual(await ciRun("12 passed, 0 failed\n", 1), late);
});
