// `mallard import`: brings the history of another program into a site. Without a server it does the
// work itself; beside one it hands the files over and waits for the end.
import { basename, resolve } from "node:path";
import { SECOND_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Files } from "../../core/types.ts";
import { loadGeoIp } from "../../ingest/enrich/geoip.ts";
import type { GivenFile } from "../../imports/input/prepare.ts";
import type { Imports } from "../../imports/imports.ts";
import { ImportList, type ImportOptions, type ShownImport } from "../../imports/list.ts";
import { lakeOfStorage, lakeOptions } from "../../config/lake_options.ts";
import { importNodeOf, openImports } from "../../parts/imports.ts";
import { openSiteNames } from "../../parts/site_names.ts";
import { Sites } from "../../sites/sites.ts";
import { DAY_CHOICES } from "../../storage/history/history.ts";
import { lockFolder } from "../../storage/lock.ts";
import { openStorage } from "../../storage/open.ts";
import { HISTORY_OPS, type HistoryStore } from "../../storage/history/history_ops.ts";
import { Sqlite } from "../../storage/state/sqlite.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  requireCurrentSchema,
} from "../command.ts";
import { progressLine } from "../progress.ts";
import { importTakeout } from "../exports/takeout.ts";
import { requireNoCopy } from "../lake/over_lake.ts";
import { isTakeout } from "../../storage/backup/takeout.ts";
import { isTar } from "../../storage/archive/tar.ts";
import { follow } from "./follow.ts";
import { importText } from "./import_text.ts";

/** The row of COMMANDS. */
export const IMPORT = {
  args: ["FILE", "[FILE…]"],
  doc: "import the history of a site from another program's files; beside a running server, " +
    "it does the work. What mallard takeout made becomes the server of an empty DATA_DIR",
  options: {
    site: { type: "string", value: "SITE", doc: "the site that it becomes" },
    "dry-run": { type: "boolean", doc: "tell what would be imported, and add nothing" },
    days: {
      type: "string",
      value: "DAYS",
      doc: "before: days before the site's first own event (default); empty: days without any; all",
    },
    tool: { type: "string", value: "TOOL", doc: "what wrote the files, where they do not tell" },
    website: { type: "string", value: "ID", doc: "which of several websites in the files" },
    follow: {
      type: "boolean",
      doc: "send new lines of an access log to the running server, until it is stopped",
    },
    json: JSON_OPTION,
  },
  example: "mallard import goatcounter-export.csv.gz --site example.com --dry-run",
  run: async (context) => {
    const takeout = resolve(context.args[0] ?? "");
    const { system: { files }, terminal } = context;
    if (await isTakeout(files, takeout) || await isTar(files, takeout)) {
      return await importTakeout(context, takeout);
    }
    const { site, options } = readOptions(context);
    if (context.options?.["follow"] === true) return await follow(context, site);
    const dataDir = dataDirOf(context.config);
    await requireCurrentSchema(context, dataDir, "import");
    if (await isServed(context)) {
      return await besideServer(context, async (list) => {
        const { shown, isRepeated } = await add(list, context, site, options);
        const end = await ended(list, shown.id, context).finally(() => terminal.progress(""));
        return resultOf(end, context, isRepeated);
      });
    }
    return await withImports(context, async (imports, idOf) => {
      const { shown, isRepeated } = await add(imports.list, context, idOf(site), options);
      const isOver = shown.state === "done";
      const end = isOver ? shown : await imports.settle(shown.id);
      return resultOf(end, context, isRepeated);
    });
  },
} as const satisfies Command;

/** Puts the files into the import's folder, and it on record. */
async function add(
  list: ImportList,
  { args, system: { files } }: CommandContext,
  site: string,
  options: Omit<ImportOptions, "files">,
) {
  const { id, folder } = await list.begin();
  const given: GivenFile[] = [];
  try {
    for (const [index, path] of args.entries()) {
      const to = `${folder}/${index}`;
      await give(files, path, to);
      given.push({ name: basename(path), path: to });
    }
    return await list.add(id, site, { ...options, files: given });
  } catch (error) {
    await files.removeTree(list.folderOf(id)).catch(() => {});
    throw error;
  }
}

/** Puts a file of the owner's where the import reads it. */
async function give(files: Files, path: string, to: string): Promise<void> {
  // A link to a symbolic link would lead elsewhere from its new place.
  const from = await files.realPath(resolve(path));
  if (from === null) throw new Error(`Cannot import ${path}: it is missing`);
  if (!await files.isFile(from)) throw new Error(`Cannot import ${path}: it is no plain file`);
  try {
    await files.link(from, to).catch(() => files.copy(from, to));
  } catch (error) {
    throw new Error(`Cannot import ${path}: ${messageOf(error)}`);
  }
}

/** Waits until the server has run an import. */
async function ended(
  list: ImportList,
  id: string,
  { system: { clock }, terminal }: CommandContext,
): Promise<ShownImport> {
  for (;;) {
    const shown = await list.find(id);
    if (shown.state !== "waiting" && shown.state !== "running") return shown;
    terminal.progress(`The server is ${shown.report.phase ?? "about to begin"}`);
    await clock.sleep(SECOND_MS / 4);
  }
}

function resultOf(
  shown: ShownImport,
  { options = {} }: CommandContext,
  isRepeated: boolean,
): CommandResult {
  const ok = shown.state === "done" || shown.state === "previewed";
  if (options["json"] === true) return asJson(shown, ok);
  const text = importText(shown, isRepeated);
  if (!ok) throw new Error(text.trimEnd());
  return { text, ok };
}

function readOptions(
  { options = {} }: CommandContext,
): { readonly site: string; readonly options: Omit<ImportOptions, "files"> } {
  const site = asciiSiteId(String(options["site"] ?? ""));
  if (site === "") throw new Error("Cannot import: name the site with --site");
  const fault = faultOfSiteId(site);
  if (fault !== null) throw new Error(`Cannot read the site ${site}: ${fault}`);
  const days = DAY_CHOICES.find((one) => one === (options["days"] ?? "before"));
  if (!days) {
    throw new Error(`Cannot read --days ${options["days"]}: it must be ${DAY_CHOICES.join(", ")}`);
  }
  const textOf = (name: string) => typeof options[name] === "string" ? String(options[name]) : null;
  const dry_run = options["dry-run"] === true;
  return { site, options: { days, tool: textOf("tool"), website: textOf("website"), dry_run } };
}

/** Whether a server has DATA_DIR open. */
export async function isServed(
  { config, system: { files }, host }: CommandContext,
): Promise<boolean> {
  const dataDir = dataDirOf(config);
  if (await files.size(`${dataDir}/.lock`) === null) return false;
  try {
    await (await lockFolder(files, dataDir, host.pid)).release();
    return false;
  } catch (error) {
    if (messageOf(error).includes("another server runs on it")) return true;
    throw error;
  }
}

/** Reads and writes what is on record of imports, beside a running server or without one. */
export async function besideServer<T>(
  context: CommandContext,
  work: (list: ImportList) => Promise<T>,
): Promise<T> {
  const { config, system } = context;
  const dataDir = dataDirOf(config);
  const place = { folder: `${dataDir}/imports`, node: importNodeOf(config) };
  if (config.storage === "lake") {
    const { sharedImports } = await import("../../storage/shared/change_once.ts");
    const shared = sharedImports(system, await lakeOptions(config, system.files));
    try {
      return await work(new ImportList(system, shared.store, place));
    } finally {
      shared.close();
    }
  }
  await requireNoCopy(context, dataDir, "Cannot use the list of imports");
  const db = Sqlite.openWriter(`${dataDir}/mallard.sqlite`);
  const store: HistoryStore = {
    run: (op, args) =>
      Promise.resolve((HISTORY_OPS[op] as (db: Sqlite, args: unknown) => never)(db, args)),
  };
  try {
    return await work(new ImportList(system, store, place));
  } finally {
    db.close();
  }
}

/** Opens DATA_DIR, which no server may have open, with its imports. */
export async function withImports<T>(
  context: CommandContext,
  work: (imports: Imports, idOf: (site: string) => string) => Promise<T>,
): Promise<T> {
  const { config, system, host, terminal } = context;
  const dataDir = dataDirOf(config);
  const lake = await lakeOfStorage(config, system.files);
  const storage = await openStorage(system, host, { ...config, dataDir, ...lake });
  try {
    const sites = await Sites.open(storage.store, system.clock);
    const names = openSiteNames(config, system, storage, sites);
    const { geo } = await loadGeoIp(system.files, system.log, {
      path: config.geoip_db_path,
      precision: config.geoip_precision,
    });
    const onDay = progressLine(terminal, system.clock, "days");
    const about = { ...host, geo, take: () => {}, onDay };
    const imports = openImports(config, system, about, storage, sites);
    await imports.clean();
    return await work(imports, (site) => names.idForEvent(site));
  } finally {
    terminal.progress("");
    await storage.close();
  }
}
