// The parts of a server over a lake, in the place of those that keep Parquet files in DATA_DIR.
import type { System } from "../../core/types.ts";
import type { DuckDbModule } from "../duckdb.ts";
import type { Sums } from "../history/sums.ts";
import type { OpenJournal } from "../open_journal.ts";
import type { SharedState } from "../shared/shared_state.ts";
import type { Comparison } from "../state/ops/partition_ops.ts";
import type { Store } from "../state/store.ts";
import { type FlushingOptions, type FlushingParts, LakeFlusher } from "./flushing.ts";
import { LakeNode, type NodeOptions } from "./node.ts";
import type { Catalog } from "../tiers/catalog.ts";
import { LakeHistory, type LakeHistoryParts } from "./history/lake_history.ts";
import { SumsCopy } from "./history/sums_copy.ts";
import { Duty } from "./nodes/duty.ts";
import { Peers } from "./nodes/peers.ts";
import { Turns } from "./nodes/turns.ts";
import { LakeUpkeep } from "./upkeep.ts";

/** Memory of the DuckDB that writes: rows pass through it sorted, and what is too much spills. */
const MEMORY_LIMIT = "512MiB";

/** What a server has for a lake. */
export interface LakeParts {
  readonly node: LakeNode;
  readonly flusher: LakeFlusher;
  readonly upkeep: LakeUpkeep;
  /** What other servers have not brought into the lake yet; null where they are not asked. */
  readonly peers: Peers | null;
}

/** Reads what is known of the lake here. Nothing is connected. */
export async function openNode(
  system: System,
  host: { readonly loadDuckDb: () => Promise<DuckDbModule> },
  options: NodeOptions,
  { dataDir, spillFolder, threads }: {
    readonly dataDir: string;
    readonly spillFolder: string;
    readonly threads: number | null;
  },
  { store, catalog, closing }: Pick<OpenJournal, "store" | "catalog" | "closing">,
): Promise<LakeNode> {
  const node = await LakeNode.open(
    system,
    {
      loadDuckDb: host.loadDuckDb,
      folder: dataDir,
      spillFolder,
      memoryLimit: MEMORY_LIMIT,
      threads,
    },
    options,
    store,
    catalog,
  );
  closing.push(() => node.close());
  return node;
}

/** What flushes into the lake and keeps it in order. */
export async function openLakeParts(
  parts: Omit<FlushingParts, "peers" | "turns">,
  node: LakeNode,
  catalog: Catalog,
  { dataDir, ...options }: Omit<FlushingOptions, "folder"> & { readonly dataDir: string },
): Promise<LakeParts> {
  const folder = `${dataDir}/.lake`;
  const { db, clock, log, mutex } = parts;
  const peers = node.peers && new Peers(db, catalog, clock, log, node.peers);
  const postgres = node.postgres();
  const turns = new Turns(postgres);
  const flusher = await LakeFlusher.open({ ...parts, peers, turns }, node, { ...options, folder });
  const duty = new Duty(postgres);
  const upkeep = new LakeUpkeep(node, flusher, duty, clock, log, mutex);
  return { node, flusher, upkeep, peers };
}

/** The events and sums of imports in the lake; what is there of sums is copied, where it can be. */
export async function openLakeHistory(
  parts: Omit<LakeHistoryParts, "node" | "flusher" | "shared" | "sums"> & {
    readonly shared: SharedState | null;
    readonly sums: Sums;
    readonly catalog: Catalog;
  },
  { node, flusher }: LakeParts,
  { dataDir }: { readonly dataDir: string },
): Promise<LakeHistory> {
  const { store, owned, shared, files, clock, mutex, catalog } = parts;
  if (shared === null) throw new Error("Cannot import into a lake that shares nothing");
  const sums = new SumsCopy({ store, shared, sums: parts.sums, catalog });
  parts.sums.shareBy(sums);
  shared.beforeImportEnds(() => sums.follow());
  // No answer is to lack what other servers have in theirs.
  if (shared.isReached) await sums.follow();
  const of = { store, owned, shared, sums, files, clock, mutex, node, flusher };
  return new LakeHistory(of, { folder: `${dataDir}/imports` });
}

/**
 * Nothing to recover: a server over a lake reads no Parquet file of DATA_DIR. Rejects with a
 * sentence where there are some, for they would be missing in every answer.
 */
export async function requireNoFiles(
  store: Store,
  found: Comparison,
  dataDir: string,
): Promise<Comparison> {
  const gone = new Set(found.missing);
  const known = (JSON.parse(found.catalog) as { path: string }[]).map(({ path }) => path);
  const there = known.filter((path) => !gone.has(path)).length + found.unknown.length;
  if (there > 0) {
    throw new Error(
      `Cannot use ${dataDir} over a lake: ${dataDir}/events holds ${there} Parquet files, which ` +
        'would not be counted; bring them with "mallard lake import" while storage is "local", ' +
        "then move that folder away",
    );
  }
  // They were moved away: what is made of them goes with them.
  if (known.length > 0) await store.run("forgetFiles", known);
  return { catalog: "[]", missing: [], unknown: [], temporary: found.temporary };
}
