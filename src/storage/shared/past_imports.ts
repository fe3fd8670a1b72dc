// Imports of other programs' data where several servers share them, as operations of PostgreSQL:
// each does what the operation of the same name does in mallard.sqlite. Their events are in the
// lake, and the server that runs one has its files.
import { IMPORT_STATES, type PastImport, WISHED_IN } from "../history/history_ops.ts";
import type { StoreArgs } from "../state/ops/store_ops.ts";
import { keepSums, removeSums } from "./past_sums.ts";
import type { PostgresRow, RunPostgres } from "./postgres.ts";
import { COPIED, SCHEMA } from "./tables.ts";

const IMPORTS = `${SCHEMA}.past_imports`;
const OPEN = "('waiting', 'running')";

function importOf(row: PostgresRow): PastImport {
  const textOf = (name: string) => String(row[name]);
  const ended = row["ended_at"];
  return {
    id: textOf("id"),
    site_id: textOf("site_id"),
    digest: textOf("digest"),
    state: IMPORT_STATES.find((one) => one === row["state"]) ?? "failed",
    wish: row["wish"] === "cancel" || row["wish"] === "undo" ? row["wish"] : "",
    options: textOf("options"),
    salt: textOf("salt"),
    report: textOf("report"),
    created_at: Number(row["created_at"]),
    ended_at: ended === null || ended === undefined ? null : Number(ended),
  };
}

/** Every import, the oldest first. */
export async function listPastImports(run: RunPostgres): Promise<PastImport[]> {
  return (await run(`select * from ${IMPORTS} order by created_at, id`)).map(importOf);
}

/** One import; null where there is none. */
export async function findPastImport(run: RunPostgres, id: string): Promise<PastImport | null> {
  const [row] = await run(`select * from ${IMPORTS} where id = $1`, id);
  return row ? importOf(row) : null;
}

/** Adds an import; where there is the same one, it is returned, and none is added. */
export async function addPastImport(
  run: RunPostgres,
  added: StoreArgs<"addPastImport">,
): Promise<PastImport | null> {
  const [same] = await run(
    `select * from ${IMPORTS}
      where site_id = $1 and digest = $2 and (state in ${OPEN} or state = 'done' and exists (
        select 1 from json_array_elements(report::json -> 'days') as day
        where day ->> 'left_out' is null))
      order by created_at limit 1`,
    added.site_id,
    added.digest,
  );
  if (same) return importOf(same);
  await run(
    `insert into ${IMPORTS} (id, site_id, digest, state, options, salt, created_at)
      values ($1, $2, $3, 'waiting', $4, $5, $6)`,
    added.id,
    added.site_id,
    added.digest,
    added.options,
    added.salt,
    Math.floor(added.created_at),
  );
  return null;
}

/** Puts an import on record that is over, as it is, where it is not there. */
export async function recordImport(run: RunPostgres, record: PastImport): Promise<void> {
  const columns = COPIED.past_imports;
  await run(
    `insert into ${IMPORTS} (${columns.join(", ")})
      values (${columns.map((_, index) => `$${index + 1}`).join(", ")}) on conflict do nothing`,
    ...columns.map((name) => record[name]),
  );
}

/** Changes the state of an import that is not over. Its salt goes with its end. */
export async function setImportState(
  run: RunPostgres,
  { id, state, report, atMs }: StoreArgs<"setImportState">,
): Promise<void> {
  const isOver = state !== "waiting" && state !== "running";
  await run(
    `update ${IMPORTS} set state = $1, report = $2, ended_at = $3${
      isOver ? ", salt = '', wish = ''" : ""
    } where id = $4 and state in ${OPEN}`,
    state,
    report,
    isOver ? Math.floor(atMs) : null,
    id,
  );
}

/** Leaves a wish for whoever runs imports; resolves with whether its state allows it. */
export async function wishImport(
  run: RunPostgres,
  { id, wish }: StoreArgs<"wishImport">,
): Promise<boolean> {
  const wished = await run(
    `update ${IMPORTS} set wish = $1 where id = $2 and state = any($3) returning id`,
    wish,
    id,
    WISHED_IN[wish],
  );
  return wished.length > 0;
}

/** Leaves the wish to cancel every import into a site that is not over. */
export async function cancelImports(run: RunPostgres, site: string): Promise<void> {
  await run(`update ${IMPORTS} set wish = 'cancel' where site_id = $1 and state in ${OPEN}`, site);
}

/** Ends an import whose events are in the lake, and lets its sums count. */
export async function commitImport(
  run: RunPostgres,
  { id, report, atMs, sums }: StoreArgs<"commitImport">,
): Promise<void> {
  const open = await run(
    `select 1 from ${IMPORTS} where id = $1 and state in ${OPEN} and wish <> 'cancel'`,
    id,
  );
  if (open.length === 0) {
    throw new Error(`Cannot commit the import ${id}: it is over or cancelled`);
  }
  if (sums) await keepSums(run, id, sums);
  await setImportState(run, { id, state: "done", report, atMs });
}

/** Ends an import whose events have left the lake, and takes its sums away. */
export async function undoImport(
  run: RunPostgres,
  { id, atMs }: StoreArgs<"undoImport">,
): Promise<void> {
  await removeSums(run, id);
  await run(
    `update ${IMPORTS} set state = 'undone', wish = '', ended_at = $1 where id = $2`,
    Math.floor(atMs),
    id,
  );
}
