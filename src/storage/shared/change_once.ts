// A change of what the servers of a lake share, by a command beside them: they take it up at once.
import type { System } from "../../core/types.ts";
import type { StoreArgs, StoreOp, StoreResult } from "../state/ops/store_ops.ts";
import { Postgres, type PostgresPlace } from "./postgres.ts";
import { change } from "./shared_ops.ts";
import { isShared } from "./shared_state.ts";
import { SCHEMA } from "./tables.ts";

const SECRET_BYTES = 32;

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
