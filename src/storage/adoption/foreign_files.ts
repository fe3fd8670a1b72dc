// Judges Parquet files from elsewhere before they enter the catalog: a copy of what is there would
// be counted twice, and rows of another site or date than their folder's would never be counted.
import { sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { digestOf } from "../digest.ts";
import type { Db } from "../duckdb.ts";
import { type CatalogFile, folderOf } from "../parquet/partition.ts";
import { coldRelation, foreignColumns, keyRelation, literalPath } from "../parquet/schema.ts";

/** Which files may enter the catalog, and why the others may not. */
export interface Judgement {
  readonly fit: readonly CatalogFile[];
  /** Reasons by path. */
  readonly refused: ReadonlyMap<string, string>;
  /** By path, what is to be told of fit files: some of their events are in others, too. */
  readonly notes: ReadonlyMap<string, string>;
}

/** The bounds of a file's rows, as text. */
interface Bounds {
  readonly fromTime: string;
  readonly toTime: string;
  /** Null where the file has no column for the site. */
  readonly fromSite: string | null;
  readonly toSite: string | null;
}

/** Judges files by what they hold. */
export class ForeignFiles {
  readonly #db: Db;
  readonly #files: Files;
  readonly #eventsFolder: string;

  constructor(db: Db, files: Files, eventsFolder: string) {
    this.#db = db;
    this.#files = files;
    this.#eventsFolder = eventsFolder;
  }

  /**
   * Judges files in the order given; `known` are the paths in the catalog. Rejects with DuckDB's
   * error.
   */
  async judge(files: readonly CatalogFile[], known: Iterable<string>): Promise<Judgement> {
    const refused = new Map<string, string>();
    const notes = new Map<string, string>();
    const bounds = await this.#boundsOf(files.map(({ path }) => path));
    const inPlace: CatalogFile[] = [];
    for (const file of files) {
      const reason = misplacement(file, bounds.get(file.path));
      if (reason === null) inPlace.push(file);
      else refused.set(file.path, reason);
    }
    const fit: CatalogFile[] = [];
    const folders = Map.groupBy(inPlace, ({ path }) => folderOf(path));
    const knownIn = Map.groupBy([...known].filter((path) => folders.has(folderOf(path))), folderOf);
    for (const [folder, members] of folders) {
      const present: string[] = [];
      for (const path of knownIn.get(folder) ?? []) {
        // Files that are about to be deleted may be gone.
        if (await this.#files.size(this.#absolute(path)) !== null) present.push(path);
      }
      for (const [path, range] of await this.#boundsOf(present)) bounds.set(path, range);
      const copies = await this.#copies(members, present);
      for (const [path, reason] of copies) refused.set(path, reason);
      const different = members.filter(({ path }) => !copies.has(path));
      const sharing = await this.#sharing(different, present, bounds);
      const others = present.filter((path) => sharing.has(path));
      for (const file of different) {
        const alike = others.filter((path) => sharing.get(path) === sharing.get(file.path));
        const shared = await this.#repetition(file, alike, bounds);
        if (shared?.isWhole) {
          refused.set(file.path, shared.text);
          continue;
        }
        if (shared) notes.set(file.path, shared.text);
        fit.push(file);
        if (sharing.has(file.path)) others.push(file.path);
      }
    }
    return { fit, refused, notes };
  }

  /**
   * Files with the same bytes as a known one or as an earlier one, with the reason. They need no
   * comparison of events: one that is copied often costs a digest for each copy.
   */
  async #copies(
    members: readonly CatalogFile[],
    known: readonly string[],
  ): Promise<ReadonlyMap<string, string>> {
    const rows = new Map(members.map(({ path, rows }) => [path, rows]));
    const sized: { readonly path: string; readonly bytes: number | null }[] = [];
    for (const path of [...known, ...rows.keys()]) {
      sized.push({ path, bytes: await this.#files.size(this.#absolute(path)) });
    }
    const copies = new Map<string, string>();
    for (const [bytes, alike] of Map.groupBy(sized, (one) => one.bytes)) {
      if (bytes === null || alike.length < 2) continue;
      const first = new Map<string, string>();
      for (const { path } of alike) {
        const digest = (await digestOf(this.#files, this.#absolute(path)))?.sha256;
        if (digest === undefined) continue;
        const original = first.get(digest);
        const count = rows.get(path);
        if (original === undefined) first.set(digest, path);
        else if (count !== undefined) {
          copies.set(path, `all of its ${count} events are in ${original}`);
        }
      }
    }
    return copies;
  }

  /**
   * The files of a folder that may have events in common with another, each with its columns of
   * other programs: only where those are the same can rows be. One pass over the files whose times
   * overlap, so that a folder of many files costs no comparison of each with each.
   */
  async #sharing(
    members: readonly CatalogFile[],
    known: readonly string[],
    bounds: ReadonlyMap<string, Bounds>,
  ): Promise<ReadonlyMap<string, string>> {
    const paths = overlapping([...known, ...members.map(({ path }) => path)], bounds);
    const site = members[0]?.site_id;
    if (paths.length < 2 || site === undefined) return new Map();
    const byFile = new Map(paths.map((path) => [this.#absolute(path), path]));
    const rows = await this.#db.query(sql`
      select distinct file
      from (
        select unnest(list(distinct file)) as file
        from ${keyRelation([...byFile.keys()], site)} as keys
        group by key
        having count(distinct file) > 1
      )
      order by file`);
    const sharing = new Map<string, string>();
    for (const row of rows) {
      const at = String(row["file"]);
      const columns = await foreignColumns(this.#db, [at]);
      sharing.set(byFile.get(at) ?? "", columns.sort().join());
    }
    return sharing;
  }

  /**
   * How many events of a file are in others of its folder; null for none. Only a file that is there
   * whole is a copy: single events may be equal by chance.
   */
  async #repetition(
    file: CatalogFile,
    others: readonly string[],
    bounds: ReadonlyMap<string, Bounds>,
  ): Promise<{ readonly isWhole: boolean; readonly text: string } | null> {
    const own = bounds.get(file.path);
    const near = others.filter((path) => overlaps(own, bounds.get(path)));
    if (near.length === 0) return null;
    const relation = (paths: readonly string[]) =>
      coldRelation(paths.map((path) => this.#absolute(path)), file.site_id);
    const [row] = await this.#db.query(sql`
      select count(*) as repeated
      from (
        select * from ${relation([file.path])} as own
        intersect all
        select * from ${relation(near)} as others
      )`);
    const repeated = Number(row?.["repeated"] ?? 0);
    if (repeated === 0) return null;
    const isWhole = repeated === file.rows;
    const count = isWhole ? "all" : `${repeated}`;
    const text = `${count} of its ${file.rows} events are in ${near.slice(0, 3).join(", ")}`;
    return { isWhole, text };
  }

  /** The bounds of files, from their footers where these have them. */
  async #boundsOf(paths: readonly string[]): Promise<Map<string, Bounds>> {
    const found = new Map<string, Bounds>();
    if (paths.length === 0) return found;
    const list = paths.map((path) => literalPath(this.#absolute(path)));
    const rows = await this.#db.query(sql`
      select file_name, path_in_schema as name, min(stats_min_value) as low,
        max(stats_max_value) as high,
        count(*) = count(stats_min_value) and count(*) = count(stats_max_value) as whole
      from parquet_metadata(${list})
      where path_in_schema in ('timestamp', 'site_id')
      group by file_name, path_in_schema`);
    const byFile = Map.groupBy(rows, (row) => String(row["file_name"]));
    for (const path of paths) {
      const own = byFile.get(this.#absolute(path)) ?? [];
      const time = own.find((row) => row["name"] === "timestamp");
      const site = own.find((row) => row["name"] === "site_id");
      if (!time?.["whole"] || site && !site["whole"]) {
        const read = await this.#readBounds(path, site !== undefined);
        if (read) found.set(path, read);
        continue;
      }
      found.set(path, {
        fromTime: String(time["low"]),
        toTime: String(time["high"]),
        fromSite: site ? String(site["low"]) : null,
        toSite: site ? String(site["high"]) : null,
      });
    }
    return found;
  }

  async #readBounds(path: string, hasSite: boolean): Promise<Bounds | null> {
    const site = hasSite ? sql`site_id` : sql`null::varchar`;
    const [row] = await this.#db.query(sql`
      select min(timestamp)::varchar as from_time, max(timestamp)::varchar as to_time,
        min(${site}) as from_site, max(${site}) as to_site
      from read_parquet(${literalPath(this.#absolute(path))}, hive_partitioning = false)`);
    if (!row || row["from_time"] === null) return null;
    const textOf = (value: unknown) => value === null ? null : String(value);
    return {
      fromTime: String(row["from_time"]),
      toTime: String(row["to_time"]),
      fromSite: textOf(row["from_site"]),
      toSite: textOf(row["to_site"]),
    };
  }

  #absolute(path: string): string {
    return `${this.#eventsFolder}/${path}`;
  }
}

/** Why rows do not belong to the folder of their file; null where they do. */
function misplacement(file: CatalogFile, bounds: Bounds | undefined): string | null {
  if (bounds === undefined) return null;
  const { fromTime, toTime, fromSite, toSite } = bounds;
  const [first, last] = [fromTime.slice(0, 10), toTime.slice(0, 10)];
  if (first !== file.date || last !== file.date) {
    return `it holds events of ${first === last ? first : `${first} to ${last}`}`;
  }
  if (fromSite !== null && (fromSite !== file.site_id || toSite !== file.site_id)) {
    return `it holds events of the site ${fromSite === toSite ? fromSite : `${fromSite} and more`}`;
  }
  return null;
}

function overlaps(a: Bounds | undefined, b: Bounds | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.fromTime <= b.toTime && b.fromTime <= a.toTime;
}

/** Those of the files whose times overlap with those of another one. */
function overlapping(
  paths: readonly string[],
  bounds: ReadonlyMap<string, Bounds>,
): string[] {
  const from = (path: string) => bounds.get(path)?.fromTime ?? "";
  const inOrder = paths.toSorted((a, b) => from(a) < from(b) ? -1 : from(a) > from(b) ? 1 : 0);
  const found = new Set<string>();
  let last: string | undefined;
  for (const path of inOrder) {
    if (last !== undefined && overlaps(bounds.get(last), bounds.get(path))) {
      found.add(last).add(path);
    }
    const reach = last === undefined ? "" : bounds.get(last)?.toTime ?? "\uffff";
    if (last === undefined || (bounds.get(path)?.toTime ?? "\uffff") > reach) last = path;
  }
  return [...found];
}
