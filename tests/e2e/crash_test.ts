// Nothing acknowledged is lost or counted twice, whenever the server is killed: twenty times from
// source under every workload. `deno task soak` does any number.
import { crash } from "../../scripts/crash/harness.ts";
import { WORKLOADS } from "../../scripts/crash/workloads.ts";
import { checkCrash } from "../support/server/crash_report.ts";
import { fromSource } from "../../scripts/server_process.ts";

const WORKLOAD_COUNT = Object.keys(WORKLOADS).length;
const KILLS = 20;

Deno.test("A server from source keeps every acknowledged event through twenty kills", async () => {
  const killsEach = Math.ceil(KILLS / WORKLOAD_COUNT);
  // The date makes a new seed each day: in time the suite sees more than its twenty moments.
  const seed = Math.floor(Date.now() / 86_400_000);
  const report = await crash({ program: fromSource(), kills: KILLS, seed, killsEach });
  checkCrash(report, KILLS);
});
