// Masks what is stored already: files whose texts hold e-mail addresses, or tokens where the site
// masks them, are rewritten and replace the old ones as in a compaction. No server may run.
import { MASKED_COLUMNS, type Masks, maskText } from "../../core/text.ts";
import type { Files } from "../../core/types.ts";
import type { Storage } from "../open.ts";
import { settle } from "../parquet/partition_file.ts";
import { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { foreignColumns } from "../parquet/schema.ts";
import { findTexts, type TextRule, writeRewritten } from "../rewrite/rewrite_file.ts";

/** What was masked. */
export interface MaskedCounts {
  /** Files that were rewritten. */
  readonly files: number;
  /** Different texts that were changed in them. */
  readonly texts: number;
  /** Paths of files with columns of another program, which were left as they are. */
  readonly skipped: readonly string[];
}

/** Masks the events of every site by its own settings. Rejects with the error of the disk. */
export async function maskStored(
  storage: Pick<Storage, "db" | "store" | "parquet" | "flusher" | "missing" | "originals">,
  files: Files,
  eventsFolder: string,
  masksOf: (site: string) => Masks,
): Promise<MaskedCounts> {
  const { db, store, parquet, flusher } = storage;
  await flusher.flush({ all: true });
  if (flusher.counts.failures > 0) throw new Error("Cannot mask: events cannot be flushed");
  // They hold what is masked now: what was made of them can no longer be undone.
  await storage.originals.eraseAll();
  const numbers = new PartitionNumbers(store, files, { eventsFolder });
  const skipped: string[] = [];
  let [written, texts] = [0, 0];
  const missing = new Set(storage.missing().paths);
  for (const file of await store.run("listFiles", undefined)) {
    if (missing.has(file.path)) continue;
    const masks = masksOf(file.site_id);
    if (!masks.emails && !masks.tokens) continue;
    const rule = maskRule(masks);
    const changes = await findTexts(db, eventsFolder, file, rule, {
      pause: () => Promise.resolve(),
    });
    if (changes === 0) continue;
    if ((await foreignColumns(db, [`${eventsFolder}/${file.path}`])).length > 0) {
      skipped.push(file.path);
      continue;
    }
    const number = await numbers.next(file);
    const masked = await writeRewritten(db, files, eventsFolder, file, { rule, number });
    await settle(files, eventsFolder, masked);
    await store.run("replaceFiles", { added: [masked], removed: [file.path] });
    await parquet.publish([masked], [file]);
    written++;
    texts += changes;
  }
  await store.run("emptyLog", undefined);
  return { files: written, texts, skipped };
}

/** What is masked in the texts of events. */
export function maskRule(masks: Masks): TextRule {
  return {
    columns: MASKED_COLUMNS,
    // Finds too much on purpose: the rule of ingestion then decides what is masked.
    may: masks.tokens ? "[@%A-Za-z0-9_-]{2,}" : "@|40",
    change: (column, text) => isMasked(column) ? maskText(column, text, masks) : text,
  };
}

function isMasked(column: string): column is (typeof MASKED_COLUMNS)[number] {
  return MASKED_COLUMNS.some((one) => one === column);
}
