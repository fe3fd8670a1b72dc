// `mallard expiry ACTION`: the owner's confirmation of the clock, and the trash of expired events.
import { CLOCK_ALLOWED } from "../storage/clock_guard.ts";
import { Store } from "../storage/state/store.ts";
import { Trash, TRASH_MS } from "../storage/trash.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  succeeded,
} from "./command.ts";

/** The row of COMMANDS. */
export const EXPIRY = {
  args: ["ACTION"],
  doc: "allow: trust the clock; list: show expired events in the trash; undo: bring them back",
  actions: ["allow", "list", "undo"],
  options: { json: { ...JSON_OPTION, doc: "print the list as JSON" } },
  example: "mallard expiry list",
  run: async (context) => {
    const [action = ""] = context.args;
    switch (action) {
      case "allow":
        return succeeded(await allow(context));
      case "list":
        return await list(context);
      case "undo":
        return succeeded(await undo(context));
      default:
        throw new Error(`Cannot run expiry ${action}: it is not allow, list or undo`);
    }
  },
} as const satisfies Command;

/** A running server reads the word within a minute. */
async function allow(context: CommandContext): Promise<string> {
  const nowMs = context.system.clock.nowMs();
  await withStore(
    context,
    "writer",
    (store) => store.run("setMeta", { name: CLOCK_ALLOWED, value: String(Math.floor(nowMs)) }),
  );
  return `The clock (${new Date(nowMs).toISOString()}) is trusted: old events expire again ` +
    "within a minute, or at the next start";
}

async function list(context: CommandContext): Promise<CommandResult> {
  const files = (await trashOf(context).list()).map(({ path, atMs }) => ({
    path,
    expired_at: isoOf(atMs),
    removed_after: isoOf(atMs + TRASH_MS),
  }));
  if (context.options?.["json"]) return asJson(files);
  if (files.length === 0) return succeeded("The trash is empty");
  return succeeded(
    files.map(({ path, expired_at, removed_after }) =>
      `${path} expired ${expired_at}, removed after ${removed_after}`
    ).join("\n"),
  );
}

/** A running server adopts the files within a minute, another at its next start. */
async function undo(context: CommandContext): Promise<string> {
  const { restored, busy } = await withStore(context, "reader", async (store) => {
    const deleting = await store.run("listPendingDeletes", undefined);
    return await trashOf(context).undo(new Set(deleting));
  });
  const left = busy === 0 ? "" : `; ${busy} are still being removed: run it again in a minute`;
  const hint = restored === 0 ? "" : "; set the clock right or raise retention_days, " +
    "or they expire again within a day";
  return `Brought back ${restored} files${left}${hint}`;
}

/** Opens what is there: an older program may run on it, so its schema stays as it is. */
async function withStore<T>(
  context: CommandContext,
  mode: "reader" | "writer",
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const path = `${dataDirOf(context.config)}/mallard.sqlite`;
  if (await context.system.files.size(path) === null) {
    throw new Error(`Cannot open ${path}: there is no such file`);
  }
  const store = await Store.open(path, mode);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function trashOf({ config, system }: CommandContext): Trash {
  return new Trash(system.files, dataDirOf(config));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
