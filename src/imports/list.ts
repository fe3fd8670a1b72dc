// The imports on record: what each is and how far it has come, and the folders of their files. The
// command line uses it beside a running server, too.
import { AppError } from "../core/errors.ts";
import { withoutControls } from "../core/text.ts";
import type { System } from "../core/types.ts";
import { digestOf, digestOfBytes } from "../storage/digest.ts";
import type { DayChoice } from "../storage/history/history.ts";
import { type HistoryStore, isOpen, type PastImport } from "../storage/history/history_ops.ts";
import { ImportFault } from "./importer.ts";
import type { GivenFile } from "./input/prepare.ts";
import type { ImportReport } from "./report.ts";

/** What an owner chose. */
export interface ImportOptions {
  readonly files: readonly GivenFile[];
  /** Name of the importer; null where the files tell it. */
  readonly tool: string | null;
  readonly days: DayChoice;
  /** Which of several websites in the files; null for the only one. */
  readonly website: string | null;
  readonly dry_run: boolean;
  /** The server that has the files; missing where there is one only. */
  readonly node?: string;
}

/** An import as it is shown. */
export interface ShownImport
  extends Pick<PastImport, "id" | "site_id" | "state" | "created_at" | "ended_at"> {
  readonly days: DayChoice;
  readonly dry_run: boolean;
  readonly report: ImportReport;
}

const SALT_BYTES = 32;
/** Beside the folders of an import. */
export const REJECTS_FILE = "rejects.csv";

/** The imports of a DATA_DIR. */
export class ImportList {
  readonly #system: Pick<System, "clock" | "files" | "random">;
  readonly #store: HistoryStore;
  /** That of all imports. */
  readonly folder: string;
  readonly #node: string | null;

  /** `node` is the name of this server among those that share the list; null where it is alone. */
  constructor(
    system: Pick<System, "clock" | "files" | "random">,
    store: HistoryStore,
    { folder, node }: { readonly folder: string; readonly node: string | null },
  ) {
    this.#node = node;
    this.#system = system;
    this.#store = store;
    this.folder = folder;
  }

  /** The folder of one import. */
  folderOf(id: string): string {
    return `${this.folder}/${id}`;
  }

  /** A new import's id and the folder for its files. */
  async begin(): Promise<{ readonly id: string; readonly folder: string }> {
    const id = this.#system.random.uuid();
    const folder = `${this.folder}/${id}/given`;
    await this.#system.files.makeDir(folder);
    return { id, folder };
  }

  /**
   * Puts an import on record, to be run; its files are in its folder. Resolves with the one that is
   * there where the same files were imported into the same site.
   */
  async add(
    id: string,
    site: string,
    options: ImportOptions,
  ): Promise<{ readonly shown: ShownImport; readonly isRepeated: boolean }> {
    const { clock, files, random } = this.#system;
    const store = this.#store;
    const { digest, files: given } = await this.#digestOf(site, options);
    const same = await store.run("addPastImport", {
      id,
      site_id: site,
      digest,
      options: JSON.stringify({
        ...options,
        files: given,
        ...this.#node === null ? {} : { node: this.#node },
      }),
      salt: random.bytes(SALT_BYTES).toHex(),
      created_at: clock.nowMs(),
    });
    if (same) {
      await files.removeTree(`${this.folder}/${id}`);
      return { shown: shownOf(same), isRepeated: true };
    }
    return { shown: await this.find(id), isRepeated: false };
  }

  /** What tells the same import again, and the files, each content once. */
  async #digestOf(
    site: string,
    { files, ...choices }: ImportOptions,
  ): Promise<{ readonly digest: string; readonly files: readonly GivenFile[] }> {
    const byDigest = new Map<string, GivenFile>();
    for (const file of files) {
      const found = await digestOf(this.#system.files, file.path);
      if (!found) throw new ImportFault(`Cannot import ${file.name}: it is missing`);
      if (byDigest.has(found.sha256)) continue;
      byDigest.set(found.sha256, { ...file, name: withoutControls(file.name) });
    }
    const text = JSON.stringify([site, choices, [...byDigest.keys()].sort()]);
    const digest = await digestOfBytes(new TextEncoder().encode(text));
    return { digest, files: [...byDigest.values()] };
  }

  /** Every import, the oldest first. */
  async list(): Promise<ShownImport[]> {
    return (await this.#store.run("listPastImports", undefined)).map(shownOf);
  }

  /** One import. Rejects with `not_found`. */
  async find(id: string): Promise<ShownImport> {
    const found = await this.#store.run("findPastImport", id);
    if (found) return shownOf(found);
    throw new AppError("not_found", `Cannot find the import: there is none called ${id}`);
  }

  /** Lines and reasons of rejected rows, as CSV; null where there are none. */
  async rejects(id: string): Promise<string | null> {
    await this.#requireHere(id);
    return await this.#system.files.readText(`${this.folder}/${id}/${REJECTS_FILE}`);
  }

  async #requireHere(id: string): Promise<void> {
    await this.find(id);
    const found = await this.#store.run("findPastImport", id);
    if (!found || this.isHere(found)) return;
    throw new AppError(
      "not_found",
      `Cannot find rejected rows here: the server ${optionsOf(found).node} has them`,
    );
  }

  /** Whether the files of an import are here, and not at another server. */
  isHere(found: PastImport): boolean {
    return (optionsOf(found).node ?? null) === this.#node;
  }

  /** Leaves the wish to cancel an import that is not over, or to undo one that is done. */
  async wishEnd(id: string): Promise<"cancel" | "undo"> {
    const { state } = await this.find(id);
    const wish = isOpen({ state }) ? "cancel" : "undo";
    if (wish === "undo" && state !== "done") {
      throw new AppError("conflict", `Cannot undo the import: it is ${state}`);
    }
    if (await this.#store.run("wishImport", { id, wish })) return wish;
    // It has ended in the same moment.
    const { state: found } = await this.find(id);
    throw new AppError("conflict", `Cannot ${wish} the import: it is ${found}`);
  }
}

/** What its owner chose. */
export function optionsOf({ options }: PastImport): ImportOptions {
  return JSON.parse(options) as ImportOptions;
}

/** What is known of it. */
export function reportOf({ report }: PastImport): ImportReport {
  return JSON.parse(report) as ImportReport;
}

function shownOf(found: PastImport): ShownImport {
  const { id, site_id, state, created_at, ended_at } = found;
  const { days, dry_run } = optionsOf(found);
  return { id, site_id, state, created_at, ended_at, days, dry_run, report: reportOf(found) };
}
