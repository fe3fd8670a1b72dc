// Nothing acknowledged is lost or counted twice when the executable is killed.
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { crash } from "../../scripts/crash/harness.ts";
import { fromExecutable } from "../../scripts/server_process.ts";
import { checkCrash } from "../support/server/crash_report.ts";

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
    checkCrash(
      await crash({ program, kills: 6, seed: 1, killsEach: 3, workloads: ["flush", "start"] }),
      6,
    );
    await Deno.remove(home, { recursive: true });
  },
});
