// `mallard lake retire`: tells a lake that a server is gone for good, so that no answer of the
// others waits for events that it may hold.
import { lakeOptions } from "../../config/lake_options.ts";
import { retire } from "../../storage/lake/marks.ts";
import { forgetWaiting } from "../../storage/shared/shared_proposals.ts";
import {
  asJson,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  succeeded,
} from "../command.ts";
import { withLake } from "./open.ts";

/** Runs the command. */
export async function retireFromLake(context: CommandContext): Promise<CommandResult> {
  const { args: [, node = ""], config, options = {}, system } = context;
  const found = await withLake(
    context,
    dataDirOf(config),
    { mayMake: false },
    (lake) => lake.commit(`Cannot retire the server ${node}`, (run) => retire(run, node)),
  );
  const place = await lakeOptions(config, system.files);
  if (found > 0) await forgetWaiting(place, node, system.clock);
  if (options["json"] === true) return asJson({ node, retired: found > 0 }, found > 0);
  if (found === 0) {
    return { text: `No server writes to the lake as ${node}: nothing was changed\n`, ok: false };
  }
  return succeeded(
    `The server ${node} is retired: its events that are not in the lake are not counted. ` +
      "If it is started again, it takes its place back, and brings them",
  );
}
