// `mallard reset-password`: sets or removes the password that DATA_DIR keeps.
import { resetPassword } from "../auth/password.ts";
import { Store } from "../storage/state/store.ts";
import { type Command, dataDirOf, succeeded } from "./command.ts";
import { withoutNewline } from "./hash_password.ts";

/** The row of COMMANDS. */
export const RESET_PASSWORD = {
  args: [],
  doc: "read a new password from standard input; an empty one removes the kept password",
  run: async ({ config, system: { clock, random }, readInput }) => {
    const password = withoutNewline(await readInput());
    const store = await Store.open(`${dataDirOf(config)}/mallard.sqlite`);
    try {
      const changed = await resetPassword(store, clock, random, password || null);
      const what = password ? "The password is set" : "The password is removed";
      return succeeded(changed ? `${what}; restart the server` : "There was no password");
    } finally {
      await store.close();
    }
  },
} as const satisfies Command;
