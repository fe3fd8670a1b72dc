// New lines of an access log as lines of JSON for POST /api/import, made by the importer of access
// logs: pages that were sent, each with its time, address and user agent.
import { raw, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { parseAddress } from "../../net/address.ts";
import type { Db } from "../../storage/duckdb.ts";
import { ImportFault, type ReadContext, type Sample } from "../importer.ts";
import { ACCESS_LOG } from "../tools/access_log.ts";

/** Lines of a log, and what became of them. */
export interface LogLines {
  /** Lines of JSON. */
  readonly body: string;
  readonly views: number;
  /** Lines that cannot be read. */
  readonly faults: number;
}

const MODE = 0o600;

/** Reads lines of a log. `head` is the beginning of its file. Throws an ImportFault for no log. */
export async function readLogLines(
  db: Db,
  files: Files,
  { lines, head, name, site, folder }: {
    readonly lines: Uint8Array<ArrayBuffer>;
    readonly head: string;
    readonly name: string;
    readonly site: string;
    readonly folder: string;
  },
): Promise<LogLines> {
  const header = head.split(/\r?\n/, 1)[0] ?? "";
  const sample: Sample = { name, archive: name, text: head, header, isParquet: false, columns: [] };
  const role = ACCESS_LOG.detect(sample);
  if (role === null) {
    throw new ImportFault(`Cannot follow ${name}: its first line is "${header.slice(0, 120)}"`);
  }
  const path = `${folder}/lines.log`;
  await files.write(path, lines, MODE);
  try {
    const context: ReadContext = {
      db,
      files,
      folder,
      site,
      website: null,
      signal: new AbortController().signal,
    };
    const source = await ACCESS_LOG.read([{ path, sample, role }], context);
    if ("sums" in source) throw new Error("Cannot follow sums");
    const { from, values } = source;
    const value = (one: keyof typeof values) => values[one] ?? raw("null");
    const rows = await db.query(sql`
      select ${value("fault")} is not null or ${value("happened_at")} is null as is_bad,
        strftime(${value("happened_at")}, '%Y-%m-%dT%H:%M:%S.%fZ') as at, ${value("url")} as url,
        ${value("referred_by")} as referrer, ${value("user_agent")} as agent,
        ${value("address")} as address
      from ${from} as row where ${value("apart")} is null`);
    // What DuckDB keeps of lines that it cannot read would grow.
    for (const table of ["reject_errors", "reject_scans"]) {
      await db.execute(sql`drop table if exists ${raw(table)}`);
    }
    const events = rows.filter((row) => row["is_bad"] !== true).map((row) =>
      JSON.stringify({
        d: site,
        n: "pageview",
        u: row["url"],
        r: row["referrer"],
        at: row["at"],
        ip: parseAddress(String(row["address"] ?? ""))?.text ?? null,
        ua: row["agent"],
      }) + "\n"
    );
    const faults = rows.length - events.length;
    return { body: events.join(""), views: events.length, faults };
  } finally {
    await files.remove(path);
  }
}
