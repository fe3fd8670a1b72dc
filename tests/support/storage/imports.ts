// Imports over a real folder: the files of a test are put into it and read as an owner's would be.
import * as duckdb from "@duckdb/node-api";
import { loadConfig } from "../../../src/config/load.ts";
import { sql } from "../../../src/core/sql.ts";
import type { System } from "../../../src/core/types.ts";
import type { Imports } from "../../../src/imports/imports.ts";
import type { ImportOptions, ShownImport } from "../../../src/imports/list.ts";
import { openImports } from "../../../src/parts/imports.ts";
import {
  SUM_COLUMNS,
  type SumColumn,
  type SumKind,
} from "../../../src/storage/history/sum_kinds.ts";
import { Sites } from "../../../src/sites/sites.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { type FakeSystem, fakeSystem } from "../fake_system.ts";
import { EVER, openFolder, withFolder } from "./storage.ts";

/** The site that tests import into. */
export const SITE = "example.com";

/** The imports of an open folder. */
export async function importsOf(
  folder: string,
  system: System,
  storage: Storage,
  env: Readonly<Record<string, string>> = {},
  memoryBytes: number | null = null,
): Promise<Imports> {
  const loaded = loadConfig({ file: null, env: { MALLARD_DATA_DIR: folder, ...env } });
  if ("faults" in loaded) throw new Error(loaded.faults.join("\n"));
  const host = {
    loadDuckDb: () => Promise.resolve(duckdb),
    memoryBytes,
    geo: null,
    take: () => {},
  };
  const sites = await Sites.open(storage.store, system.clock);
  return openImports(loaded.config, system, host, storage, sites);
}

/** Lends a new folder with imports. */
export async function withImports(
  work: (
    at: {
      readonly folder: string;
      readonly system: FakeSystem;
      readonly storage: Storage;
      readonly imports: Imports;
    },
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    try {
      await work({ folder, system, storage, imports: await importsOf(folder, system, storage) });
    } finally {
      await storage.close();
    }
  });
}

/** The content of files by name. */
export type TestFiles = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

/** Imports files; resolves when that is over. */
export async function importFiles(
  { list, run }: { list: Imports["list"]; run: (id: string) => Promise<ShownImport> },
  contents: TestFiles,
  options: Partial<ImportOptions> = {},
): Promise<ShownImport> {
  const { id, folder } = await list.begin();
  const files: { name: string; path: string }[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = `${folder}/${files.length}`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes);
    files.push({ name, path });
  }
  const choices = { tool: null, days: "before", website: null, dry_run: false } as const;
  const { shown } = await list.add(id, SITE, { ...choices, ...options, files });
  return shown.state === "done" ? shown : await run(shown.id);
}

/** What `importFiles` needs of imports. */
export function running(imports: Imports): Parameters<typeof importFiles>[0] {
  return { list: imports.list, run: (id) => imports.run(id, new AbortController().signal) };
}

/** A gzipped text. */
export async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** How often each value of a column is there. */
export async function countsOf(
  storage: Storage,
  column: string,
  site = SITE,
): Promise<Record<string, number>> {
  const rows = await storage.reader.query(
    site,
    EVER,
    (events) => sql`select to_json(e) as event from ${events} as e`,
  );
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const event = typeof row["event"] === "string" ? JSON.parse(row["event"]) : row["event"];
    const value = String(event[column] ?? "");
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

/** How often each value is in a list. */
export function tally(values: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value ?? ""] = (counts[value ?? ""] ?? 0) + 1;
  return counts;
}

/** What the sums of a kind add up to, by some of its values: each count that there is. */
export async function summed(
  storage: Storage,
  kind: SumKind,
  places: readonly number[] = [],
): Promise<Record<string, Partial<Record<SumColumn, number>>>> {
  const found: Record<string, Partial<Record<SumColumn, number>>> = {};
  for (const { id, dates } of await storage.sums.of(SITE)) {
    const question = { import_id: id, kind, dates, places, byDate: false, only: null };
    for (const { values, counts } of await storage.sums.ask(question)) {
      const held = SUM_COLUMNS.flatMap((name, at) => {
        const count = counts[at] ?? null;
        return count === null ? [] : [[name, count] as const];
      });
      found[values.map((value) => value ?? "-").join(" | ")] = Object.fromEntries(held);
    }
  }
  return found;
}
