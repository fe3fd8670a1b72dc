// Nothing acknowledged is lost or counted twice, whenever the server is killed: twenty times from
// source under every workload, and some more as the executable. `deno task soak` does any number.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { crash, type CrashReport } from "../../scripts/crash/harness.ts";
import { WORKLOADS } from "../../scripts/crash/workloads.ts";
import { fromExecutable, fromSource } from "../../scripts/server_process.ts";

const WORKLOAD_COUNT = Object.keys(WORKLOADS).length;
const KILLS = 20;

function check(report: CrashReport, kills: number): void {
  assert.deepEqual(report.faults, []);
  assert.equal(report.kills, kills);
  assert.ok(report.acknowledged > kills * 10, `only ${report.acknowledged} events were sent`);
}

Deno.test("A server from source keeps every acknowledged event through twenty kills", async () => {
  const killsEach = Math.ceil(KILLS / WORKLOAD_COUNT);
  // The date makes a new seed each day: in time the suite sees more than its twenty moments.
  const seed = Math.floor(Date.now() / 86_400_000);
  const report = await crash({ program: fromSource(), kills: KILLS, seed, killsEach });
  check(report, KILLS);
});

const executable = await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the kills of the executable: ${error.message}`);
  return null;
});

Deno.test({
  name: "The executable keeps every acknowledged event through six kills",
  ignore: executable === null,
  async fn() {
    const home = await Deno.makeTempDir({ prefix: "mallard_home_" });
    const program = fromExecutable(executable?.path ?? "", home);
    check(
      await crash({ program, kills: 6, seed: 1, killsEach: 3, workloads: ["flush", "start"] }),
      6,
    );
    await Deno.remove(home, { recursive: true });
  },
});
