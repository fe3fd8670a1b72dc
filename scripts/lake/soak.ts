// `deno task soak:lake`: a server over a lake under load, killed again and again, with PostgreSQL
// and an S3 server that fail; with `--nodes 3` as many servers over one lake, cut off from each
// other besides, with `--namespaces` each in a network namespace of its own, where these can be
// made. The exit code is 0 when every acknowledged event was counted once.
import { parseArgs } from "node:util";
import { fromSource } from "../server_process.ts";
import { killOverLake } from "./kills.ts";
import { killNodes } from "./node_kills.ts";
import { installed, startParts, stopParts } from "./parts.ts";
import { Namespaces } from "./places.ts";
import { newLake } from "./plain.ts";

const MINUTE_MS = 60_000;
const { values } = parseArgs({
  args: Deno.args,
  options: {
    nodes: { type: "string", default: "1" },
    rounds: { type: "string", default: "100" },
    namespaces: { type: "boolean", default: false },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const lack = values.namespaces ? await Namespaces.lack() : null;
if (lack !== null) console.log(`Not in namespaces, but behind proxies: ${lack}`);
const parts = await startParts(
  await installed(),
  await Deno.makeTempDir({ prefix: "mallard_soak_" }),
);
const folder = await Deno.makeTempDir({ prefix: "mallard_soak_data_" });
const { minutes } = values;
try {
  const options = {
    program: fromSource(),
    parts,
    env: await newLake(parts, "soak"),
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    say: (line: string) => console.log(line),
    ...minutes === undefined ? {} : { untilMs: Date.now() + Number(minutes) * MINUTE_MS },
  };
  const report = values.nodes === "1"
    ? await killOverLake({ ...options, dataDir: folder })
    : await killNodes({
      ...options,
      folder,
      nodes: Number(values.nodes),
      hasNamespaces: values.namespaces && lack === null,
    });
  console.log(JSON.stringify(report, null, 2));
  Deno.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await stopParts(parts);
  await Deno.remove(folder, { recursive: true });
}
