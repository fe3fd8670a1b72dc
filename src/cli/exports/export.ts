// `mallard export`: the events of a site, or of every site, as files of this program or another. A
// file has its name once it is whole; until then it is hidden and ends in `.partial`.
import { basename, dirname, resolve } from "node:path";
import { isDate } from "../../../dashboard/grammar/days.js";
import { messageOf } from "../../core/errors.ts";
import { asciiSiteId } from "../../core/site_id.ts";
import { EXPORT_FORMS, EXPORT_NAMES, exportFileName, type ExportRow } from "../../exports/forms.ts";
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
import { isServed } from "../imports/import.ts";
import {
  type ExportRequest,
  type ExportSource,
  type Incoming,
  serverSource,
  withFolderSource,
} from "./sources.ts";

const MB = 1e6;
const STANDARD_OUTPUT = "-";
/** Events tell of people: nobody else may read them. */
const MODE = 0o600;

/** The row of COMMANDS. */
export const EXPORT = {
  args: ["TARGET"],
  doc: "write the events of a site, or of all, into a file, a folder, or - for standard output; " +
    "beside a running server, it does the work",
  options: {
    site: { type: "string", value: "SITE", doc: "the site; without it every site, into a folder" },
    format: {
      type: "string",
      value: "FORMAT",
      doc: `${EXPORT_NAMES.join(", ")} (default parquet)`,
    },
    from: { type: "string", value: "DATE", doc: "the first UTC day, YYYY-MM-DD" },
    to: { type: "string", value: "DATE", doc: "the last UTC day, YYYY-MM-DD" },
    json: JSON_OPTION,
  },
  example: "mallard export example.ndjson --site example.com --format ndjson",
  run: async (context) => {
    const wanted = await readExportOptions(context);
    await requireCurrentSchema(context, dataDirOf(context.config), "export");
    const work = async (source: ExportSource) => await exportAll(context, source, wanted);
    if (await isServed(context)) return await work(serverSource(context));
    return await withFolderSource(context, work);
  },
} as const satisfies Command;

interface ExportOptions extends ExportRequest {
  readonly site: string | null;
  readonly target: string;
  /** Whether `target` is a folder, with a file for each site. */
  readonly isFolder: boolean;
}

/** One file that was written. */
interface Written {
  readonly site: string;
  readonly file: string;
  readonly events: number;
  readonly bytes: number;
  readonly incomplete: string | null;
}

async function readExportOptions(
  { args: [given = ""], options = {}, system: { files } }: CommandContext,
): Promise<ExportOptions> {
  const textOf = (name: string) => typeof options[name] === "string" ? String(options[name]) : null;
  const format = textOf("format") ?? "parquet";
  const known = EXPORT_NAMES.find((name) => name === format);
  if (!known) {
    throw new Error(`Cannot read --format ${format}: it must be ${EXPORT_NAMES.join(", ")}`);
  }
  const [from, to] = [textOf("from"), textOf("to")];
  for (const [name, date] of [["from", from], ["to", to]] as const) {
    if (date !== null && !isDate(date)) {
      throw new Error(`Cannot read --${name} ${date}: it must be a date YYYY-MM-DD`);
    }
  }
  if (from !== null && to !== null && to < from) {
    throw new Error("Cannot read --to: it is before --from");
  }
  const site = textOf("site") === null ? null : asciiSiteId(textOf("site") ?? "");
  const isOutput = given === STANDARD_OUTPUT;
  const target = isOutput ? given : resolve(given);
  const isFolder = !isOutput && (given.endsWith("/") || await isFolderThere(files, target));
  if (site === null && !isFolder) {
    if (isOutput || await files.size(target) !== null) {
      throw new Error(
        `Cannot export all sites into ${given}: name a folder, or a site with --site`,
      );
    }
    return { site, target, isFolder: true, format: known, from, to };
  }
  if (isOutput && options["json"] === true) {
    throw new Error("Cannot print both the events and JSON about them: leave --json out");
  }
  return { site, target, isFolder, format: known, from, to };
}

async function isFolderThere(
  files: CommandContext["system"]["files"],
  path: string,
): Promise<boolean> {
  const entries = await files.list(dirname(path));
  return entries.some(({ name, isDirectory }) => isDirectory && name === basename(path));
}

async function exportAll(
  context: CommandContext,
  source: ExportSource,
  wanted: ExportOptions,
): Promise<CommandResult> {
  const { terminal, options = {} } = context;
  const { lacks }: ExportRow = EXPORT_FORMS[wanted.format];
  const written: Written[] = [];
  for (const site of wanted.site === null ? await source.sites() : [wanted.site]) {
    written.push(
      await source.read(site, wanted, (file) => writeFile(context, site, file, wanted)),
    );
  }
  terminal.progress("");
  const ok = written.every(({ incomplete }) => incomplete === null);
  if (options["json"] === true) {
    return asJson({ format: wanted.format, files: written, lacks }, ok);
  }
  const notes = [
    ...written.flatMap(({ site, incomplete }) =>
      incomplete === null ? [] : [`Not exported of ${site}, for a file is damaged: ${incomplete}`]
    ),
    ...lacks.map((what) => `Not in this format: ${what}`),
  ];
  if (wanted.target === STANDARD_OUTPUT) {
    if (notes.length > 0) terminal.tell(notes);
    return { text: "", ok };
  }
  const lines = written.map(({ site, file, events, bytes }) =>
    `Exported ${events} events of ${site} into ${file} (${bytes} bytes)`
  );
  const none = written.length === 0 ? ["There are no sites with events"] : [];
  return { text: [...lines, ...none, ...notes].map((line) => `${line}\n`).join(""), ok };
}

async function writeFile(
  { system: { files, clock }, terminal }: CommandContext,
  site: string,
  { events, bytes, incomplete, content }: Incoming,
  { target, isFolder, format }: ExportOptions,
): Promise<Written> {
  const file = isFolder ? `${target}/${exportFileName(site, format)}` : target;
  const counted = { bytes: 0 };
  const progress = progressLine(terminal, clock, `MB of ${site}`);
  const stream = content.pipeThrough(
    counting(counted, (bytesDone) => progress(bytesDone / MB, bytes / MB)),
  );
  if (target === STANDARD_OUTPUT) {
    if (await terminal.write(stream) && counted.bytes !== bytes) {
      throw new Error(`Cannot export ${site}: it ended after ${counted.bytes} of ${bytes} bytes`);
    }
    return { site, file, events, bytes, incomplete };
  }
  const partial = `${dirname(file)}/.${basename(file)}.partial`;
  try {
    if (await files.size(file) !== null) throw new Error("it exists; remove it, or name another");
    if (isFolder) await files.makeDir(target);
    await files.writeStream(partial, stream, MODE);
    if (counted.bytes !== bytes) {
      throw new Error(`the server ended after ${counted.bytes} of ${bytes} bytes`);
    }
    await files.rename(partial, file);
    await files.sync(dirname(file));
  } catch (error) {
    await content.cancel().catch(() => {});
    await files.remove(partial).catch(() => {});
    throw new Error(`Cannot export into ${file}: ${messageOf(error)}`);
  }
  return { site, file, events, bytes, incomplete };
}

/** Passes bytes on, and tells how many there were. */
function counting(
  counted: { bytes: number },
  tell: (bytes: number) => void,
): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(part, controller) {
      counted.bytes += part.length;
      tell(counted.bytes);
      controller.enqueue(part);
    },
  });
}
