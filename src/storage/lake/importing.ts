// Brings the partitions of a data folder into a lake. Files go up first, under names that their
// content decides; one transaction then registers those of several partitions and notes what was
// brought. After a kill at any instant the notes say what is in the lake, and files that went up in
// vain are written again or registered under the same names.
import { join, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Files } from "../../core/types.ts";
import { type Row, type Run } from "../duckdb.ts";
import { digestOf } from "../digest.ts";
import type { Partition } from "../parquet/partition.ts";
import { copyTo } from "../parquet/partition_file.ts";
import { ALL_COLUMNS, coldRelation, literal, literalPath } from "../parquet/schema.ts";
import { isBucket, LAKE } from "./connection.ts";
import { canRegister } from "./file_form.ts";
import type { Lake } from "./lake.ts";
import type { LocalPartition } from "./local_folder.ts";
import {
  EVENTS,
  importedMeasures,
  IMPORTS,
  isSame,
  type Measure,
  measureOf,
  MEASURES,
  NOTHING,
  plus,
} from "./tables.ts";

/** What an import has done. */
export interface Imported {
  readonly events: number;
  /** Partitions that the lake had already, whole. */
  readonly partitionsThere: number;
  readonly partitions: number;
  /** Files that were taken as they are. */
  readonly registered: number;
  /** Files that were written anew. */
  readonly rewritten: number;
  /** Events that earlier runs have brought and the data folder has no longer. */
  readonly gone: number;
  /** Partitions that were not imported, with the reason of each. */
  readonly faults: readonly string[];
}

/** Where the data folder is, and what hears of the progress. */
export interface ImportingOptions {
  readonly eventsFolder: string;
  /** The name of the data folder's store. */
  readonly source: string;
  /** The files of a partition as they are now. */
  readonly partitionNow: (partition: Partition) => LocalPartition;
  readonly onPartition?: (done: number, total: number) => void;
}

/** What a data folder has brought of a partition, as the lake has it. */
interface Brought extends Measure {
  /** The checksum of it as it came. */
  readonly cameAs: bigint;
  /** How often it was masked in the lake. */
  readonly maskings: number;
}

/** A partition whose files went up. */
interface Prepared {
  readonly partition: Partition;
  /** What the lake had of it when they were chosen. */
  readonly before: Brought;
  readonly added: Measure;
  readonly files: readonly string[];
  readonly registered: number;
}

/** What cannot be told apart from what the lake has. */
class Refused extends Error {}

const MASKED_THERE = "its events were masked in the lake and are others here; stop the server of " +
  "this folder, run mallard privacy-audit mask with the same settings, and import again";
const NONE: Brought = { ...NOTHING, cameAs: 0n, maskings: 0 };
/** Partitions of one transaction: it holds nothing open for long, and few are done again. */
const PARTITIONS_AT_ONCE = 32;
/** A server may merge the files of a partition while they are read. */
const ATTEMPTS_MAX = 3;
/** A file is in memory while it goes up as it is; a larger one is written anew, in pieces. */
const WHOLE_BYTES_MAX = 64 * 1024 * 1024;
const DIGEST_CHARS = 32;

/** One run of an import. */
export class Importing {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #lake: Lake;
  readonly #options: ImportingOptions;
  readonly #faults: string[] = [];
  #done = { events: 0, partitionsThere: 0, partitions: 0, registered: 0, rewritten: 0, gone: 0 };

  constructor(
    { files, clock }: { readonly files: Files; readonly clock: Clock },
    lake: Lake,
    options: ImportingOptions,
  ) {
    this.#files = files;
    this.#clock = clock;
    this.#lake = lake;
    this.#options = options;
  }

  /**
   * Imports partitions; `others` of the data folder are left for later. Rejects with a sentence
   * where the lake fails; the next run goes on from there.
   */
  async run(
    partitions: readonly LocalPartition[],
    others: readonly Partition[] = [],
  ): Promise<Imported> {
    const before = await this.#marks();
    const here = new Set([...partitions, ...others].map(keyOf));
    for (const [key, { events }] of before) if (!here.has(key)) this.#done.gone += events;
    let prepared: Prepared[] = [];
    for (const [index, partition] of partitions.entries()) {
      this.#options.onPartition?.(index, partitions.length);
      const one = await this.#prepare(partition, before.get(keyOf(partition)) ?? NONE);
      if (one !== null) prepared.push(one);
      if (prepared.length < PARTITIONS_AT_ONCE) continue;
      await this.#commit(prepared);
      prepared = [];
    }
    await this.#commit(prepared);
    return { ...this.#done, faults: this.#faults };
  }

  /** What this source has brought so far, by partition. */
  async #marks(): Promise<Map<string, Brought>> {
    const rows = await this.#lake.query(
      "Cannot read what was imported",
      importedMeasures(sql`source = ${this.#options.source}`),
    );
    return marksOf(rows);
  }

  /** Puts up what the lake lacks of a partition; null where that is nothing. */
  async #prepare(partition: LocalPartition, before: Brought): Promise<Prepared | null> {
    const { site_id, date } = partition;
    for (let attempt = 1, now = partition;; attempt++) {
      try {
        const prepared = await this.#chosen(now, before);
        if (prepared === null) this.#done.partitionsThere++;
        return prepared;
      } catch (error) {
        if (error instanceof Refused) {
          this.#faults.push(`${site_id} ${date}: ${error.message}`);
          return null;
        }
        const next = this.#options.partitionNow(partition);
        const isOther = next.paths.join() !== now.paths.join();
        if (isOther && attempt < ATTEMPTS_MAX) {
          now = next;
          continue;
        }
        const fault = await this.#faultOfFiles(now);
        if (fault === null) throw error;
        this.#faults.push(`${site_id} ${date}: ${fault}`);
        return null;
      }
    }
  }

  async #chosen(partition: LocalPartition, before: Brought): Promise<Prepared | null> {
    const { site_id, date, paths } = partition;
    if (paths.length === 0) return null;
    const all = paths.map((path) => this.#absolute(path));
    const here = await this.#measure(storedRows(all, site_id), date);
    if (isSame(here, before) || isSame(here, { ...before, checksum: before.cameAs })) return null;
    if (before.events > 0) return await this.#later(partition, before, here);
    const files: string[] = [];
    let registered = 0;
    for (const [index, path] of all.entries()) {
      const { target, isAsItIs } = await this.#putUp(path, partition, index);
      files.push(target);
      if (isAsItIs) registered++;
    }
    return { partition, before, added: here, files, registered };
  }

  /** Puts up the events that came into a partition after it was imported. */
  async #later(
    partition: LocalPartition,
    before: Brought,
    here: Measure,
  ): Promise<Prepared | null> {
    const { site_id, date, paths } = partition;
    const local = storedRows(paths.map((path) => this.#absolute(path)), site_id);
    const known = sql`select ${ALL_COLUMNS} from ${EVENTS}
      where site_id = ${literal(site_id)} and date = ${literal(date)}::date`;
    const source = sql`(select ${ALL_COLUMNS} from ${local} except all ${known})`;
    const added = await this.#lake.attempt(
      "Cannot read from the lake",
      () => this.#measure(source, date),
    );
    const gone = before.events + added.events - here.events;
    // What was masked there and is not here looks like events that are new here.
    if (before.maskings > 0 && gone !== 0) throw new Refused(MASKED_THERE);
    this.#done.gone += gone;
    if (added.events === 0) return null;
    // A name that no registered file can have: what it adds to is in it.
    const target = await this.#target(partition, `later-${before.checksum}-${added.checksum}`);
    await this.#lake.attempt(
      "Cannot write into the lake",
      () => copyTo(this.#lake.db, target, { source, order: "byTime" }),
    );
    return { partition, before, added, files: [target], registered: 0 };
  }

  /** Puts a file up, as it is where the lake can take it so. */
  async #putUp(
    path: string,
    partition: Partition,
    index: number,
  ): Promise<{ readonly target: string; readonly isAsItIs: boolean }> {
    const { db } = this.#lake;
    const digest = await digestOf(this.#files, path);
    if (digest === null) throw new Error(`Cannot read ${path}: it is missing`);
    const isAsItIs = digest.bytes <= WHOLE_BYTES_MAX && await canRegister(db, path, partition);
    const name = `${index + 1}-${digest.sha256.slice(0, DIGEST_CHARS)}${isAsItIs ? "" : "-new"}`;
    const target = await this.#target(partition, name);
    await this.#lake.attempt("Cannot write into the lake", async () => {
      if (!isAsItIs) {
        await copyTo(db, target, {
          source: storedRows([path], partition.site_id),
          order: "byTime",
        });
        return;
      }
      await db.query(
        sql`copy (select content from read_blob(${literal(literalPath(path))}))
          to ${literal(target)} (format blob)`,
      );
    });
    return { target, isAsItIs };
  }

  /** The address of a file of the partition. The folders name the partition for DuckLake. */
  async #target({ site_id, date }: Partition, name: string): Promise<string> {
    const { dataPath } = this.#lake;
    const own = encodeURIComponent(this.#options.source);
    const folder = `${dataPath}imports/${own}/site_id=${encodeURIComponent(site_id)}/date=${date}`;
    if (!isBucket(dataPath)) await this.#files.makeDir(folder);
    return `${folder}/${name}.parquet`;
  }

  async #commit(prepared: readonly Prepared[]): Promise<void> {
    if (prepared.length === 0) return;
    const taken = await this.#lake.commit(
      "Cannot commit to the lake",
      (run) => this.#register(run, prepared),
    );
    for (const { added, files, registered } of taken) {
      this.#done.events += added.events;
      this.#done.partitions++;
      this.#done.registered += registered;
      this.#done.rewritten += files.length - registered;
    }
    const others = new Set(prepared).difference(new Set(taken));
    for (const { partition: { site_id, date } } of others) {
      this.#faults.push(
        `${site_id} ${date}: another import or masking came at the same time; try again`,
      );
    }
  }

  /** One transaction: the files of those partitions that are as they were, and the notes. */
  async #register(run: Run, prepared: readonly Prepared[]): Promise<Prepared[]> {
    const { source } = this.#options;
    const marks = marksOf(await run(importedMeasures(sql`source = ${source}`)));
    const isAt = ({ partition, before }: Prepared, measure: Measure) => {
      const mark = marks.get(keyOf(partition)) ?? NONE;
      return mark.maskings === before.maskings && isSame(mark, measure);
    };
    const fresh = prepared.filter((one) => isAt(one, one.before));
    // The answer to an earlier attempt was lost, though it was committed.
    const there = prepared.filter((one) => isAt(one, plus(one.before, one.added)));
    if (fresh.length === 0) return there;
    for (const file of fresh.flatMap(({ files }) => files)) {
      await run(
        sql`call ducklake_add_data_files(${literal(LAKE)}, 'events', ${literal(file)},
          allow_missing => true, hive_partitioning => true)`,
      );
    }
    const at = sql`make_timestamp(${Math.floor(this.#clock.nowMs()) * 1000})`;
    const values = fresh.map(({ partition: { site_id, date }, added }) =>
      sql`(${source}, ${site_id}, ${date}::date, ${added.events}, ${String(added.checksum)}, ${at})`
    );
    await run(sql`insert into ${IMPORTS} values ${join(values)}`);
    return [...fresh, ...there];
  }

  async #measure(relation: Sql, date: string): Promise<Measure> {
    const [row] = await this.#lake.db.query(
      sql`select ${MEASURES},
          count(*) filter (where timestamp::date is distinct from ${literal(date)}::date) as strays
        from ${relation}`,
    );
    const strays = Number(row?.["strays"] ?? 0);
    if (strays > 0) throw new Error(`Cannot import: ${strays} events are of another day`);
    return measureOf(row);
  }

  /** What is wrong with the files of a partition; null where they can be read. */
  async #faultOfFiles({ site_id, date, paths }: LocalPartition): Promise<string | null> {
    for (const path of paths) {
      const absolute = this.#absolute(path);
      if (await this.#files.size(absolute) === null) return `${path} is missing`;
      try {
        await this.#measure(storedRows([absolute], site_id), date);
      } catch (error) {
        return `${path}: ${String(error).split("\n")[0]}`;
      }
    }
    return null;
  }

  #absolute(path: string): string {
    return `${this.#options.eventsFolder}/${path}`;
  }
}

/** The events of files as statistics read them. */
export function storedRows(paths: readonly string[], site: string): Sql {
  return sql`(
    select * replace (coalesce(visitor_id, '') as visitor_id) from ${coldRelation(paths, site)}
  )`;
}

function keyOf({ site_id, date }: Partition): string {
  return `${site_id} ${date}`;
}

function marksOf(rows: readonly Row[]): Map<string, Brought> {
  return new Map(rows.map((row) => {
    const partition = { site_id: String(row["site_id"]), date: String(row["date"]) };
    const cameAs = BigInt(String(row["came_as"]));
    return [keyOf(partition), { ...measureOf(row), cameAs, maskings: Number(row["maskings"]) }];
  }));
}
