// `mallard version`: the version of the program and of what it writes and is made of.
import { versionFacts } from "../../runtime/process.ts";
import { MIGRATIONS } from "../../storage/state/migrations.ts";
import { asJson, type Command, JSON_OPTION, succeeded } from "../command.ts";

/** The row of COMMANDS. */
export const VERSION_COMMAND = {
  args: [],
  doc: "print the version; with --json also the schema, the runtime and the platform",
  options: { json: JSON_OPTION },
  example: "mallard version --json",
  runsAnyway: true,
  run: ({ options, host }) => {
    const { version } = host;
    return Promise.resolve(
      options?.["json"]
        ? asJson({ version, schema_version: MIGRATIONS.length, ...versionFacts() })
        : succeeded(`mallard ${version}`),
    );
  },
} as const satisfies Command;
