// `mallard imports`: lists imports, shows one, and undoes, cancels or resumes one. Beside a running
// server the wish is left for it in mallard.sqlite.
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  requireCurrentSchema,
  succeeded,
} from "../command.ts";
import { askOwnServer } from "../../runtime/owner_socket.ts";
import { refusalOf } from "../server.ts";
import { besideServer, isServed, withImports } from "./import.ts";
import { importLine, importText } from "./import_text.ts";

/** The row of COMMANDS. */
export const IMPORTS = {
  args: ["[list|show|undo|resume]", "[ID]"],
  doc: "list imports, show one, take its events out again (or cancel it), or go on with one",
  actions: ["list", "show", "undo", "resume"],
  options: { json: JSON_OPTION },
  example: "mallard imports undo 0b6f…",
  run: async (context) => {
    const { args: [action = "list", id], config, system: { files } } = context;
    const path = `${dataDirOf(config)}/mallard.sqlite`;
    if (await files.size(path) === null) throw new Error(`Cannot open ${path}: it is missing`);
    await requireCurrentSchema(context, dataDirOf(config), "read imports");
    if (action === "list" && id === undefined) return await list(context);
    if (!["show", "undo", "resume"].includes(action) || id === undefined) {
      throw new Error("Cannot run imports: it takes list, or show, undo or resume with an ID");
    }
    return await one(context, action, id);
  },
} as const satisfies Command;

async function list(context: CommandContext): Promise<CommandResult> {
  return await besideServer(context, async (list) => {
    const all = await list.list();
    return context.options?.["json"]
      ? asJson(all)
      : { text: all.map(importLine).join(""), ok: true };
  });
}

async function one(context: CommandContext, action: string, id: string): Promise<CommandResult> {
  const served = await isServed(context);
  if (action === "show" || served) {
    return await besideServer(context, async (list) => {
      const shown = await list.find(id);
      if (action === "show") {
        return context.options?.["json"] ? asJson(shown) : { text: importText(shown), ok: true };
      }
      if (action === "resume") return succeeded("The running server goes on with it by itself");
      const told = await askOwnServer(
        dataDirOf(context.config),
        `${context.config.base_path}/api/imports/${encodeURIComponent(id)}`,
        { method: "DELETE" },
      );
      if (told && !told.ok) throw new Error(await refusalOf(told, "Cannot undo the import"));
      const ended = await list.find(id);
      if (told && ended.state === "undone") {
        return context.options?.["json"] ? asJson(ended) : { text: importText(ended), ok: true };
      }
      const wish = told ? "cancel" : await list.wishEnd(id);
      return succeeded(`The running server will ${wish} the import within seconds`);
    });
  }
  return await withImports(context, async (imports) => {
    const ended = action === "undo"
      ? await imports.end(id).then(() => imports.settle(id))
      : await imports.run(id, new AbortController().signal);
    return context.options?.["json"] ? asJson(ended) : { text: importText(ended), ok: true };
  });
}
