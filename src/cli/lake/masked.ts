// `mallard privacy-audit mask` where the events are in a lake.
import { lakeOptions } from "../../config/lake_options.ts";
import { masksOf } from "../../sites/settings.ts";
import { Sites } from "../../sites/sites.ts";
import { maskInLake } from "../../storage/lake/files/masking.ts";
import { Duty } from "../../storage/lake/nodes/duty.ts";
import { Turns } from "../../storage/lake/nodes/turns.ts";
import { Postgres } from "../../storage/shared/postgres.ts";
import { Store } from "../../storage/state/store.ts";
import { type CommandContext, type CommandResult, succeeded } from "../command.ts";
import { withProgress } from "../progress.ts";
import { withLake } from "./open.ts";

/** Masks what is in the lake, as the settings of each site say, beside servers that go on. */
export async function maskedInLake(
  context: CommandContext,
  dataDir: string,
): Promise<CommandResult> {
  const { config, system, terminal } = context;
  const { clock, files } = system;
  const store = await Store.open(`${dataDir}/mallard.sqlite`, "reader");
  const postgres = new Postgres(await lakeOptions(config, files), "mallard command", clock);
  try {
    const sites = await Sites.open(store, clock);
    const { texts, days } = await withLake(
      context,
      dataDir,
      { mayMake: false },
      (lake) =>
        withProgress(
          terminal,
          clock,
          "sites",
          (onSite) =>
            maskInLake(lake, { duty: new Duty(postgres), turns: new Turns(postgres), clock }, {
              masksOf: (site) => masksOf(sites.settings(site)),
              onSite,
            }),
        ),
    );
    return succeeded(
      `Masked ${texts} texts on ${days} days in the lake. What servers had not brought into it ` +
        "is as it came: if you have just changed what is masked, run this again after a flush",
    );
  } finally {
    postgres.close();
    await store.close();
  }
}
