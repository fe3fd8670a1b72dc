// `deno task soak:lake`: a server over a lake under load, killed again and again, with PostgreSQL
// and an S3 server that fail. The exit code is 0 when every acknowledged event was counted once.
import { parseArgs } from "node:util";
import { fromSource } from "../server_process.ts";
import { killOverLake } from "./kills.ts";
import { installed, startParts, stopParts } from "./parts.ts";
import { newLake } from "./plain.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
  },
});
const parts = await startParts(
  await installed(),
  await Deno.makeTempDir({ prefix: "mallard_soak_" }),
);
const dataDir = await Deno.makeTempDir({ prefix: "mallard_soak_data_" });
try {
  const report = await killOverLake({
    program: fromSource(),
    parts,
    env: await newLake(parts, "soak"),
    dataDir,
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    say: (line) => console.log(line),
  });
  console.log(JSON.stringify(report, null, 2));
  Deno.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await stopParts(parts);
  await Deno.remove(dataDir, { recursive: true });
}
