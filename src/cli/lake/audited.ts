// The events of a lake, as the privacy audit looks through them.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS } from "../../core/event.ts";
import { sql } from "../../core/sql.ts";
import type { LakeEvents } from "../../storage/backup/privacy_audit.ts";
import { EVENTS } from "../../storage/lake/tables.ts";
import { sitesOfLake } from "../../storage/lake/verifying.ts";
import type { CommandContext } from "../command.ts";
import { withProgress } from "../progress.ts";
import { withLake } from "./open.ts";

const TEXTS = EVENT_COLUMN_NAMES.filter((name) =>
  EVENT_COLUMNS[name].type === "VARCHAR" && name !== "site_id"
);

/** Lends them; they are read when they are asked for. */
export async function withAudited<T>(
  context: CommandContext,
  dataDir: string,
  work: (lake: LakeEvents) => Promise<T>,
): Promise<T> {
  const { system: { clock }, terminal } = context;
  return await withLake(context, dataDir, { mayMake: false }, async (lake) => {
    const sites = await sitesOfLake(lake);
    return await withProgress(terminal, clock, "sites", (onSite) =>
      work({
        sites,
        columns: TEXTS,
        ask: async (site, aggregates) => {
          const [row] = await lake.query(
            "Cannot read the events of the lake",
            sql`select ${aggregates} from ${EVENTS} where site_id = ${site}`,
          );
          return row ?? {};
        },
        onSite,
      }));
  });
}
