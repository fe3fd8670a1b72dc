// `mallard lake verify`: reads a whole lake, and says what is not as the catalog has it.
import { verifyEvents } from "../../storage/lake/verifying.ts";
import {
  asJson,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  succeeded,
} from "../command.ts";
import { withProgress } from "../progress.ts";
import { withLake } from "./open.ts";

/** Runs the command. */
export async function verifyLake(context: CommandContext): Promise<CommandResult> {
  const { system: { clock }, terminal, options = {} } = context;
  const found = await withLake(
    context,
    dataDirOf(context.config),
    { mayMake: false },
    (lake) => withProgress(terminal, clock, "sites", (onSite) => verifyEvents(lake, { onSite })),
  );
  const { files, partitions, events, faults } = found;
  if (options["json"] === true) return asJson(found, faults.length === 0);
  if (faults.length === 0) {
    return succeeded(
      `The lake is sound: ${files} files, ${partitions} partitions, ${events} events`,
    );
  }
  const lines = faults.map((fault) => `${fault}\n`).join("");
  return { text: `${lines}${faults.length} faults in the lake\n`, ok: false };
}
