// The tables in a CSV file of Google Analytics 4. A report is a file of comments and of one or more
// tables, with an empty line between them; an exploration has a row of totals before its rows.
import { linesOf, writerTo } from "../../input/lines.ts";
import type { InputFile, ReadContext } from "../../importer.ts";
import { delimiterOf, headerCells } from "../csv.ts";

/** One table, in a file of its own. */
export interface Section {
  /** Its file and, after the first, its place in it: for the report. */
  readonly file: string;
  readonly path: string;
  readonly delimiter: string;
  readonly cells: readonly string[];
  /** The range that the comments above it name, as YYYY-MM-DD; null where they name none. */
  readonly range: { readonly from: string; readonly to: string } | null;
}

const COMMENT = /^"?#/;

/** Whether a text begins with a report's comments. */
export function hasComments(text: string): boolean {
  return /^\ufeff?\s*"?#\s*-{5,}/.test(text);
}

/** Writes every table of a file into a file of its own. */
export async function sectionsOf(
  { path, sample: { name } }: InputFile,
  { files, signal }: Pick<ReadContext, "files" | "signal">,
): Promise<Section[]> {
  const sections: Section[] = [];
  let [dates, lastDates]: [string[], string[]] = [[], []];
  let writer: ReturnType<typeof writerTo> | null = null;
  const end = async () => {
    await writer?.close();
    writer = null;
  };
  for await (const some of linesOf(await files.stream(path))) {
    signal.throwIfAborted();
    let text = "";
    for (const line of some) {
      const isBlank = /^[\s,;"\ufeff]*$/.test(line);
      if (isBlank || COMMENT.test(line.replace(/^\ufeff/, ""))) {
        if (text !== "") await writer?.write(text);
        text = "";
        await end();
        if (!isBlank) dates.push(...datesIn(line));
        continue;
      }
      if (writer === null) {
        if (dates.length > 0) [dates, lastDates] = [[], dates];
        const delimiter = delimiterOf(line);
        const place = sections.length === 0 ? "" : `, table ${sections.length + 1}`;
        const section = `${path}.${sections.length}`;
        sections.push({
          file: `${name}${place}`,
          path: section,
          delimiter,
          cells: headerCells(line, delimiter),
          range: rangeOf(lastDates),
        });
        writer = writerTo(files, section);
      }
      text += `${line}\n`;
    }
    if (text !== "") await writer?.write(text);
  }
  await end();
  return sections;
}

/** `# Start date: 20240131`, in any language, or `# 20240101-20240131`. */
function datesIn(comment: string): string[] {
  const [, one, from, to] =
    /(?:[:：]\s*(\d{8})|#\s*(\d{8})\s*-\s*(\d{8}))[\s,;"]*$/.exec(comment) ??
      [];
  return [one, from, to].filter((date) => date !== undefined)
    .map((date) => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`);
}

function rangeOf([from, to]: readonly string[]): Section["range"] {
  return from === undefined || to === undefined ? null : { from, to };
}
