// Every importer, and which of them reads some files. A file that no importer reads is told by
// what it looks like.
import { sql } from "../core/sql.ts";
import type { Db } from "../storage/duckdb.ts";
import { literalPath } from "../storage/parquet/schema.ts";
import { type Importer, ImportFault, type InputFile, type Sample, tellable } from "./importer.ts";
import { encodingOf, type PreparedFile } from "./input/prepare.ts";
import { ACCESS_LOG } from "./tools/access_log.ts";
import { GOOGLE_REPORTS } from "./tools/sums/google_reports.ts";
import { FATHOM } from "./tools/sums/fathom.ts";
import { GOATCOUNTER } from "./tools/goatcounter.ts";
import { GOATCOUNTER_JSON } from "./tools/sums/goatcounter_json.ts";
import { GOOGLE_ANALYTICS } from "./tools/google_analytics.ts";
import { MALLARD } from "./tools/mallard.ts";
import { MATOMO } from "./tools/matomo/matomo.ts";
import { PLAUSIBLE } from "./tools/sums/plausible.ts";
import { SIMPLE_ANALYTICS } from "./tools/simple_analytics.ts";
import { UMAMI } from "./tools/umami.ts";
import { UMAMI_SUMS } from "./tools/sums/umami_sums.ts";

/** The importers; the first that knows a file reads it. */
export const IMPORTERS: readonly Importer[] = [
  MALLARD,
  GOATCOUNTER,
  GOATCOUNTER_JSON,
  SIMPLE_ANALYTICS,
  GOOGLE_ANALYTICS,
  MATOMO,
  UMAMI,
  UMAMI_SUMS,
  PLAUSIBLE,
  GOOGLE_REPORTS,
  FATHOM,
  ACCESS_LOG,
];

/** What files look like that hold nothing to import, and where the right ones are. */
const OTHERS: readonly { readonly is: (sample: Sample) => boolean; readonly hint: string }[] = [
  {
    is: ({ header }) => /^"?name"?,"?visitors"?(,|$)/i.test(header),
    hint: "this looks like a dashboard export of Plausible, which has no dates; take " +
      "Settings → Imports & exports → Export data",
  },
  {
    is: ({ header }) =>
      /^"?date"?,"?visitors"?,/i.test(header) && /views_per_visit|bounce_rate/.test(header),
    hint: "this looks like a dashboard export of Plausible, which has shares instead of sums; " +
      "take Settings → Imports & exports → Export data",
  },
  {
    is: ({ header }) => /^"?x"?,"?y"?$/i.test(header),
    hint: "this looks like a list of Umami's export from the dashboard, whose name is not one of " +
      "those that Umami gives; take the whole ZIP file",
  },
  {
    is: ({ text }) => /^\s*<(?:!doctype|html)/i.test(text),
    hint: "this is a web page, not an export: the download may have needed a login",
  },
  {
    is: ({ text }) => /^\s*\{\s*"result"\s*:\s*"error"/.test(text),
    hint: "this is an error that Matomo's API answered, not an export: look into the file",
  },
  {
    is: ({ text }) => text.startsWith("PGDMP"),
    hint: "this is a dump in pg_dump's custom format; make a plain one with " +
      "`pg_restore --data-only -f umami.sql FILE`",
  },
  {
    is: ({ text }) => text.startsWith("PK\x03\x04"),
    hint: "this is a ZIP file within another; unpack the outer one, and import the inner one",
  },
  { is: ({ text, isParquet }) => text.trim() === "" && !isParquet, hint: "it is empty" },
];

/** The importer of some files, and the files that it reads. Throws an ImportFault for none. */
export function importerOf(
  files: readonly { readonly path: string; readonly sample: Sample }[],
  tool: string | null,
): { readonly importer: Importer; readonly files: InputFile[]; readonly unused: string[] } {
  const wanted = tool === null ? IMPORTERS : IMPORTERS.filter(({ name }) => name === tool);
  if (wanted.length === 0) {
    const names = IMPORTERS.map(({ name }) => name).join(", ");
    throw new ImportFault(`Cannot import from ${tool}: the tools are ${names}`);
  }
  for (const importer of wanted) {
    const known = files.flatMap((file) => {
      const role = importer.detect(file.sample);
      return role === null ? [] : [{ ...file, role }];
    });
    if (known.length === 0) continue;
    const paths = new Set(known.map(({ path }) => path));
    const unused = files.filter(({ path }) => !paths.has(path)).map(({ sample }) => sample.name);
    return { importer, files: known, unused };
  }
  const [first] = files;
  if (!first) throw new ImportFault("Cannot import: there is no file");
  const hint = OTHERS.find(({ is }) => files.some(({ sample }) => is(sample)))?.hint;
  const found = hint ?? `its first line is "${tellable(first.sample.header.slice(0, 120))}"`;
  throw new ImportFault(`Cannot import ${first.sample.name}: ${found}`);
}

/** The beginnings of files, as importers tell them apart by. */
export async function samplesOf(
  db: Db,
  files: readonly PreparedFile[],
): Promise<{ readonly path: string; readonly sample: Sample }[]> {
  return await Array.fromAsync(files, async ({ name, archive, path, head }) => {
    const isParquet = new TextDecoder().decode(head.subarray(0, 4)) === "PAR1";
    const columns = isParquet
      ? (await db.query(sql`
        select name from parquet_schema(${literalPath(path)}) where num_children is null`))
        .map((row) => String(row["name"]))
      : [];
    const text = isParquet ? "" : new TextDecoder(encodingOf(head)).decode(head);
    const header = text.replace(/^\ufeff?\s*/, "").split(/\r\n|\r|\n/, 1)[0] ?? "";
    return { path, sample: { name, archive, text, header, isParquet, columns } };
  });
}
