// The copy of mallard.sqlite that is made before a newer program changes its schema: with it the
// older program can be started again. It holds no salts; the next erasure deletes it.
import { DAY_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Clock, Files } from "../../core/types.ts";
import { Sqlite } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { removeFile, renameFile, syncFile, writeTexts } from "./sync_files.ts";

/** How long a copy is kept. */
const KEPT_MS = 7 * DAY_MS;
const OWNER_ONLY = 0o600;
const COPY = /^mallard\.sqlite\.v\d+(\.tmp)?$/;

/** Copies the open file at `path` to `path.vN`. Throws, and leaves no copy, when it cannot. */
export async function keepUpgradeCopy(db: Sqlite, path: string, version: number): Promise<void> {
  const target = `${path}.v${version}`;
  const temporary = `${target}.tmp`;
  try {
    removeFile(temporary);
    writeTexts(temporary, OWNER_ONLY, () => {});
    await db.copyInto(temporary);
    removeSalts(temporary);
    syncFile(temporary);
    renameFile(temporary, target);
  } catch (error) {
    throw new Error(
      `Cannot bring the schema up to date: no copy can be kept at ${target}: ${messageOf(error)}`,
    );
  }
}

/** Salts are destroyed after their period, and must not outlive it in a copy. */
function removeSalts(path: string): void {
  const copy = Sqlite.openWriter(path);
  try {
    copy.run(
      "delete from facts where name like 'visitor_salts_%' or name like 'import_salt%'",
    );
  } finally {
    copy.close();
  }
}

/** Removes every copy: an erasure must reach them. Rejects with the disk's error. */
export async function removeUpgradeCopies(files: Files, dataDir: string): Promise<void> {
  for (const name of await copiesIn(files, dataDir)) await files.remove(`${dataDir}/${name}`);
}

/** Removes copies that were first seen more than a week ago. Rejects with the disk's error. */
export async function pruneUpgradeCopies(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  store: Store,
  dataDir: string,
): Promise<void> {
  for (const file of await copiesIn(files, dataDir)) {
    const name = `upgrade_copy_seen_${file}`;
    const seenMs = Number(await store.run("getMeta", name) || NaN);
    if (Number.isNaN(seenMs)) {
      await store.run("setMeta", { name, value: String(clock.nowMs()) });
    } else if (clock.nowMs() - seenMs > KEPT_MS) {
      await files.remove(`${dataDir}/${file}`);
      await store.run("setMeta", { name, value: "" });
    }
  }
}

async function copiesIn(files: Files, dataDir: string): Promise<string[]> {
  const entries = await files.list(dataDir);
  return entries.map(({ name }) => name).filter((name) => COPY.test(name));
}
