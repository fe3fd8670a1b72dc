// `mallard lake verify`: reads a whole lake, and says what is not as the catalog has it.
import { lakeOptions } from "../../config/lake_options.ts";
import { verifySharedSums } from "../../storage/shared/sums_commands.ts";
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
  const { config, system, terminal, options = {} } = context;
  const { clock } = system;
  const found = await withLake(
    context,
    dataDirOf(config),
    { mayMake: false },
    (lake) => withProgress(terminal, clock, "sites", (onSite) => verifyEvents(lake, { onSite })),
  );
  const place = await lakeOptions(config, system.files);
  const sums = await verifySharedSums(place, clock);
  const { files, partitions, events } = found;
  const faults = [...found.faults, ...sums.faults];
  const all = { ...found, sumDays: sums.days, faults };
  if (options["json"] === true) return asJson(all, faults.length === 0);
  if (faults.length === 0) {
    const ofSums = sums.days > 0 ? `, ${sums.days} days of sums` : "";
    return succeeded(
      `The lake is sound: ${files} files, ${partitions} partitions, ${events} events${ofSums}`,
    );
  }
  const lines = faults.map((fault) => `${fault}\n`).join("");
  return { text: `${lines}${faults.length} faults in the lake\n`, ok: false };
}
