// A change of what the servers of a lake share, by a command beside them: they take it up at once.
import type { System } from "../../core/types.ts";
import type { StoreArgs, StoreOp, StoreResult } from "../state/ops/store_ops.ts";
import type { HISTORY_OPS, HistoryStore } from "../history/history_ops.ts";
import { findPastImport, listPastImports } from "./past_imports.ts";
import { Postgres, type PostgresPlace, type RunPostgres } from "./postgres.ts";
import { change } from "./shared_ops.ts";
import { isShared } from "./shared_state.ts";
import { SCHEMA } from "./tables.ts";

const SECRET_BYTES = 32;

/** What a command asks of the imports that the servers share; PostgreSQL answers, no copy. */
export interface SharedImports {
  readonly store: HistoryStore;
  close(): void;
}

/** The imports that the servers share, for a command beside them. */
export function sharedImports(
  system: Pick<System, "clock" | "random">,
  place: PostgresPlace,
): SharedImports {
  const postgres = new Postgres(place, "mallard command", system.clock);
  const ask = <T>(work: (run: RunPostgres) => Promise<T>) =>
    postgres.transaction("Cannot read the imports of all servers", work);
  const run = (op: keyof typeof HISTORY_OPS, args: unknown): Promise<unknown> => {
    if (op === "listPastImports") return ask(listPastImports);
    if (op === "findPastImport") return ask((run) => findPastImport(run, String(args)));
    return changeOnce(system, place, op, args as never);
  };
  return { store: { run } as HistoryStore, close: () => postgres.close() };
}

/** Runs one operation that changes what is shared. Rejects with a sentence. */
export async function changeOnce<K extends StoreOp>(
  { clock, random }: Pick<System, "clock" | "random">,
  place: PostgresPlace,
  op: K,
  args: StoreArgs<K>,
): Promise<StoreResult<K>> {
  if (!isShared(op)) throw new Error(`Cannot run ${op} for all servers: it is of one`);
  const postgres = new Postgres(place, "mallard command", clock);
  try {
    const done = await postgres.transaction("Cannot change it for all servers", async (run) => {
      const [row] = await run("select to_regclass($1)::text as name", `${SCHEMA}.installation`);
      if (row?.["name"] === null) {
        throw new Error("Cannot change it for all servers: none has been started over the lake");
      }
      const fresh = random.bytes(SECRET_BYTES).toHex();
      return await change(run, op, args as StoreArgs<typeof op>, fresh);
    }, { isolation: "read committed" });
    return done.result as StoreResult<K>;
  } finally {
    postgres.close();
  }
}
