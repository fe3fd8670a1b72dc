// Backup of DATA_DIR as one more generation of a backup folder. It is consistent though the server
// runs: SQLite's file is copied as of one instant, and the Parquet files it names never change.
import type { Clock, Files } from "../../core/types.ts";
import { Store } from "../state/store.ts";
import { type CatalogFile, folderOf } from "../parquet/partition.ts";
import { digestOf } from "../digest.ts";
import { foreignFolder, requireApart, whileLocked } from "./folders.ts";
import {
  guardedGeneration,
  type Keeping,
  makingFolder,
  pruneGenerations,
  publish,
  type ReadGeneration,
  readGenerations,
  removeLeftovers,
} from "./generations.ts";
import {
  type CopyFacts,
  DATABASE,
  eventsOf,
  type Manifest,
  type ManifestFile,
  type OtherFile,
  OWNER_FILES,
  OWNER_ONLY,
  readCopy,
  writeManifest,
} from "./manifest.ts";

/** The result of a backup. `copied` counts the files that no earlier generation had. */
export interface BackupResult {
  readonly files: number;
  readonly copied: number;
  readonly events: number;
  /** Something the owner should check, although the backup is complete. */
  readonly warnings: readonly string[];
}

/** What stays beside the new backup, and what ends the work. */
export interface BackupLimits extends Partial<Keeping> {
  readonly signal?: AbortSignal;
  /** Told how many files of how many are in the new generation. */
  readonly onFile?: ((done: number, total: number) => void) | undefined;
}

const ATTEMPTS_MAX = 20;
const KEPT = 7;

type World = { readonly files: Files; readonly clock: Clock };

/**
 * Copies DATA_DIR into a new generation of `target`. What the generation before it has already is
 * shared with it, once its content is known to be as written. Rejects with a sentence, or as
 * `signal` says; the earlier generations stay as they are until the new one is complete.
 */
export async function backup(
  world: World,
  dataDir: string,
  target: string,
  { signal, onFile, keep = KEPT, keepDays = null }: BackupLimits = {},
): Promise<BackupResult> {
  const { files, clock } = world;
  if (await files.size(`${dataDir}/${DATABASE}`) === null) {
    throw new Error(`Cannot back up ${dataDir}: there is no ${DATABASE}`);
  }
  await requireApart(files, dataDir, target);
  await files.makeDir(target);
  return await whileLocked(target, `Cannot back up into ${target}`, async () => {
    await removeLeftovers(files, target);
    const earlier = await readGenerations(files, target);
    const made = await new Generating(world, dataDir, target, earlier, { signal, onFile }).run();
    await pruneGenerations(files, target, { keep, keepDays }, clock.nowMs());
    const warnings = [...made.warnings, ...await shrinkWarnings(files, target)];
    return { ...made, warnings };
  });
}

async function shrinkWarnings(files: Files, target: string): Promise<string[]> {
  const generations = await readGenerations(files, target);
  const guarded = guardedGeneration(generations);
  const newest = generations[0]?.manifest;
  if (!guarded?.manifest || !newest) return [];
  return [
    `This backup has ${eventsOf(newest)} events, an earlier one ${eventsOf(guarded.manifest)}: ` +
    `${guarded.folder} is kept until you remove it`,
  ];
}

/** The making of one generation. */
class Generating {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #dataDir: string;
  readonly #target: string;
  readonly #folder: string;
  readonly #earlier: readonly ReadGeneration[];
  readonly #signal: AbortSignal | undefined;
  readonly #onFile: BackupLimits["onFile"] | undefined;
  /** Files that are in the new generation already, by path. */
  readonly #made = new Map<string, ManifestFile>();
  readonly #warnings: string[] = [];
  /** Files of the catalog that neither DATA_DIR nor the generation before has. */
  readonly #missing = new Set<string>();
  #copied = 0;

  constructor(
    { files, clock }: World,
    dataDir: string,
    target: string,
    earlier: readonly ReadGeneration[],
    { signal, onFile }: {
      readonly signal: AbortSignal | undefined;
      readonly onFile: BackupLimits["onFile"] | undefined;
    },
  ) {
    this.#files = files;
    this.#clock = clock;
    this.#dataDir = dataDir;
    this.#target = target;
    this.#folder = makingFolder(target);
    this.#earlier = earlier;
    this.#signal = signal;
    this.#onFile = onFile;
  }

  async run(): Promise<BackupResult> {
    try {
      return await this.#make();
    } catch (error) {
      // A generation that cannot be removed now is removed by the next backup.
      await this.#files.removeTree(this.#folder).catch(() => {});
      throw error;
    }
  }

  async #make(): Promise<BackupResult> {
    await this.#files.makeDir(this.#folder);
    const copy = await this.#copyAll();
    const manifest: Manifest = {
      generation: (this.#earlier[0]?.number ?? 0) + 1,
      store: copy.store,
      journal: copy.journal,
      made_at: new Date(this.#clock.nowMs()).toISOString(),
      journal_rows: copy.journalRows,
      others: await this.#copyOthers(),
      files: copy.catalog.flatMap(({ path }) => this.#made.get(path) ?? []),
      ...(this.#missing.size > 0 ? { missing: [...this.#missing] } : {}),
    };
    await writeManifest(this.#files, this.#folder, manifest);
    await this.#files.sync(this.#folder);
    await publish(this.#files, this.#target, manifest);
    const events = eventsOf(manifest);
    const warnings = this.#warnings;
    return { files: manifest.files.length, copied: this.#copied, events, warnings };
  }

  async #copyAll(): Promise<CopyFacts> {
    const store = await Store.open(`${this.#dataDir}/${DATABASE}`, "reader");
    try {
      let missing: string | null = null;
      for (let attempt = 1;; attempt++) {
        const copy = await this.#copyDatabase(store);
        await this.#requireSameStore(copy);
        const gone = await this.#copyFiles(copy);
        if (gone === null) return copy;
        // A file that is gone was merged or erased meanwhile: the next copy no longer names it.
        if (gone === missing) {
          this.#missing.add(gone);
          this.#warnings.push(`events/${gone} is in the catalog, but missing on disk`);
        }
        if (attempt >= ATTEMPTS_MAX + this.#missing.size) {
          throw new Error("Cannot back up: files are replaced faster than they are copied");
        }
        missing = gone;
      }
    } finally {
      await store.close();
    }
  }

  async #copyDatabase(store: Store): Promise<CopyFacts> {
    const path = `${this.#folder}/${DATABASE}`;
    for (const suffix of ["", "-wal", "-shm"]) await this.#files.remove(path + suffix);
    await this.#files.write(path, new Uint8Array(), OWNER_ONLY);
    await store.run("copyInto", path);
    await this.#files.sync(path);
    return await readCopy(path);
  }

  /** A folder belongs to one store: an empty server must not push out the backups of another. */
  async #requireSameStore({ store }: CopyFacts): Promise<void> {
    for (const generation of this.#earlier) {
      const theirs = await storeOf(generation);
      if (theirs === null) continue;
      if (store === null || store === theirs) return;
      throw new Error(foreignFolder(this.#target, this.#dataDir));
    }
  }

  /** Shares or copies every file; null, or the path of a file that is gone from DATA_DIR. */
  async #copyFiles({ catalog, journal }: CopyFacts): Promise<string | null> {
    const wanted = new Set(catalog.map(({ path }) => path));
    for (const path of [...this.#made.keys()].filter((path) => !wanted.has(path))) {
      await this.#files.remove(`${this.#folder}/events/${path}`);
      this.#made.delete(path);
    }
    const base = this.#earlier[0];
    const isShared = base?.manifest?.journal === journal && base.manifest.generation !== null;
    const known = new Map(base?.manifest?.files.map((file) => [file.path, file]));
    for (const file of catalog) {
      this.#signal?.throwIfAborted();
      if (this.#made.has(file.path)) continue;
      const entry =
        (isShared && base ? await this.#share(base.folder, file, known.get(file.path)) : null) ??
          await this.#copy(file);
      if (entry === null && this.#missing.has(file.path)) continue;
      if (entry === null) return file.path;
      this.#made.set(file.path, entry);
      this.#onFile?.(this.#made.size, catalog.length);
    }
    return null;
  }

  /** Shares a file with the generation before; null where that has it not, or damaged. */
  async #share(
    base: string,
    file: CatalogFile,
    entry: ManifestFile | undefined,
  ): Promise<ManifestFile | null> {
    if (!entry || entry.bytes !== file.bytes || entry.rows !== file.rows) return null;
    const from = `${base}/events/${file.path}`;
    const to = `${this.#folder}/events/${file.path}`;
    if ((await digestOf(this.#files, from))?.sha256 !== entry.sha256) return null;
    await this.#files.makeDir(folderOf(to));
    try {
      await this.#files.link(from, to);
    } catch {
      await this.#files.copy(from, to);
    }
    return entry;
  }

  /** Never a link: damage to a file of DATA_DIR must not reach its backup. */
  async #copy(file: CatalogFile): Promise<ManifestFile | null> {
    const from = `${this.#dataDir}/events/${file.path}`;
    const to = `${this.#folder}/events/${file.path}`;
    if (await this.#files.size(from) === null) return null;
    await this.#files.makeDir(folderOf(to));
    try {
      await this.#files.copy(from, to);
    } catch (error) {
      if (await this.#files.size(from) === null) return null;
      throw error;
    }
    const digest = await digestOf(this.#files, to);
    if (digest === null) return null;
    if (digest.bytes !== file.bytes) {
      this.#warnings.push(`events/${file.path} has ${digest.bytes} bytes, not ${file.bytes}`);
    }
    this.#copied++;
    return { ...file, sha256: digest.sha256 };
  }

  async #copyOthers(): Promise<OtherFile[]> {
    for (const name of OWNER_FILES) {
      const content = await this.#files.readBytes(`${this.#dataDir}/${name}`);
      if (content) await this.#files.write(`${this.#folder}/${name}`, content, OWNER_ONLY);
    }
    const others: OtherFile[] = [];
    for (const name of [DATABASE, ...OWNER_FILES]) {
      const digest = await digestOf(this.#files, `${this.#folder}/${name}`);
      if (digest) others.push({ name, ...digest });
    }
    return others;
  }
}

/** The store a generation is of, as far as that can be known. */
async function storeOf({ number, folder, manifest }: ReadGeneration): Promise<string | null> {
  if (manifest === null) return null;
  if (number > 0 || manifest.store !== null) return manifest.store;
  return (await readCopy(`${folder}/${DATABASE}`).catch(() => null))?.store ?? null;
}
