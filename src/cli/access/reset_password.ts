// `mallard reset-password`: sets or removes the password that DATA_DIR keeps, and waits until a
// running server has taken it up.
import { resetPassword } from "../../auth/password.ts";
import { lakeOptions } from "../../config/lake_options.ts";
import type { OwnerStore } from "../../storage/state/ops/owner_ops.ts";
import { Store } from "../../storage/state/store.ts";
import {
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  succeeded,
} from "../command.ts";
import { requireNoCopy } from "../lake/over_lake.ts";
import { withoutNewline } from "./hash_password.ts";

const TAKE_UP_MS_MAX = 10_000;
const POLL_MS = 50;

/** The row of COMMANDS. */
export const RESET_PASSWORD = {
  args: [],
  doc: "read a new password from standard input; an empty one removes the kept password",
  example: "mallard reset-password < password.txt",
  run: async (context) => {
    const { config, system: { clock, files, random }, readInput } = context;
    const password = withoutNewline(await readInput());
    if (config.storage === "lake") return await resetForAll(context, password || null);
    const dataDir = dataDirOf(config);
    await requireNoCopy(context, dataDir, "Cannot change the password");
    const path = `${dataDir}/mallard.sqlite`;
    // An older program may have it open: its schema stays as it is.
    const isThere = await files.size(path) !== null;
    const store = await Store.open(path, isThere ? "writer" : "server");
    try {
      const changed = await resetPassword(store, clock, random, password || null);
      if (!changed) return succeeded("There was no password");
      const what = password ? "The password is set" : "The password is removed";
      return succeeded(`${what}; ${await takenUp(store, context)}`);
    } finally {
      await store.close();
    }
  },
} as const satisfies Command;

/** The same for all servers of a lake. */
async function resetForAll(
  { config, system }: CommandContext,
  password: string | null,
): Promise<CommandResult> {
  const place = await lakeOptions(config, system.files);
  const { changeOnce } = await import("../../storage/shared/change_once.ts");
  const store: OwnerStore = { run: (op, args) => changeOnce(system, place, op, args) };
  const changed = await resetPassword(store, system.clock, system.random, password);
  if (!changed) return succeeded("There was no password");
  const what = password ? "The password is set" : "The password is removed";
  const others = config.admin_password === null
    ? "the servers of the lake use it at once; all logins have ended"
    : "but MALLARD_ADMIN_PASSWORD is set: servers that have it use that one";
  return succeeded(`${what}; ${others}`);
}

/** Waits for a server that runs on the folder: it renews the key of devices. */
async function takenUp(
  store: Store,
  { config, system: { clock, files } }: CommandContext,
): Promise<string> {
  if (await files.size(`${dataDirOf(config)}/mallard.pid`) === null) {
    return config.admin_password === null
      ? "no server is running"
      : "no server is running, but MALLARD_ADMIN_PASSWORD is set: it takes precedence";
  }
  const untilMs = clock.nowMs() + TAKE_UP_MS_MAX;
  while (clock.nowMs() < untilMs) {
    if (await store.run("getMeta", "device_key") !== null) {
      const source = await store.run("getMeta", "password_source");
      const inForce = source === "environment"
        ? "but the running server has its own from MALLARD_ADMIN_PASSWORD: change it there"
        : "the running server uses it";
      return `${inForce}; all logins have ended`;
    }
    await clock.sleep(POLL_MS);
  }
  return "no server has taken it up: restart it if one is running";
}
