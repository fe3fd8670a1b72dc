// `mallard lake`: brings the events of DATA_DIR into a lake and back, and checks a lake. What only
// a lake needs is loaded when one of these runs.
import { type Command, type CommandContext, type CommandResult, JSON_OPTION } from "../command.ts";

/** What can be done with a lake. */
const ACTIONS: Readonly<Record<string, (context: CommandContext) => Promise<CommandResult>>> = {
  import: async (context) => await (await import("./import.ts")).importIntoLake(context),
  export: async (context) => await (await import("./export.ts")).exportFromLake(context),
  retire: async (context) => await (await import("./retire.ts")).retireFromLake(context),
  verify: async (context) => await (await import("./verify.ts")).verifyLake(context),
};

/** What some of them want to be named. */
const NAMED: Readonly<Record<string, string>> = {
  export: "a new folder",
  retire: "the server, as its node_name",
};

/** The row of COMMANDS. */
export const LAKE = {
  args: ["ACTION", "[DIR|NODE]"],
  doc: "events in a lake: Parquet in a bucket, its catalog in PostgreSQL. import: bring those of " +
    "DATA_DIR into it; what is there already stays. export DIR: write them into a new data " +
    "folder. retire NODE: do not wait for events of a server that is gone for good. verify: " +
    "compare the files and events of the lake with its catalog, and check sums of days",
  actions: ["import", "export", "retire", "verify"],
  options: { json: JSON_OPTION },
  example: "mallard lake import",
  run: async (context) => {
    const [action = "", name] = context.args;
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!run) throw new Error(`Cannot run lake ${action}: it must be ${LAKE.actions.join(", ")}`);
    const wanted = Object.hasOwn(NAMED, action) ? NAMED[action] : undefined;
    if (wanted !== undefined && name === undefined) {
      throw new Error(`Cannot run lake ${action}: name ${wanted}`);
    }
    if (wanted === undefined && name !== undefined) {
      throw new Error(`Cannot run lake ${action} ${name}: it takes no folder`);
    }
    return await run(context);
  },
} as const satisfies Command;
