// What owners change, as operations of PostgreSQL: each does what the operation of the same name
// does in mallard.sqlite. The caller runs it in a transaction in which nobody else changes the
// tables that it names.
import { DAY_MS } from "../../core/durations.ts";
import { ENDED_LOGINS, type KeyRow, withEnded } from "../state/ops/owner_ops.ts";
import type { StoreArgs, StoreOp, StoreResult } from "../state/ops/store_ops.ts";
import {
  addPastImport,
  cancelImports,
  commitImport,
  setImportState,
  undoImport,
  wishImport,
} from "./past_imports.ts";
import { addSums, discardSums, expireSums } from "./past_sums.ts";
import type { RunPostgres } from "./postgres.ts";
import { CHANNEL, type CopiedTable, SCHEMA } from "./tables.ts";

/** An operation that changes what is shared. */
export interface SharedOp<K extends StoreOp> {
  readonly tables: readonly CopiedTable[];
  /** `fresh` is a new secret, for what is made where there is none. */
  readonly run: (
    run: RunPostgres,
    args: StoreArgs<K>,
    fresh: string,
  ) => Promise<StoreResult<K>>;
}

/** Names of the operations that change what is shared. */
export const SHARED_OP_NAMES = [
  "putSiteSettings",
  "dropSite",
  "addItem",
  "changeItem",
  "dropItem",
  "endLogins",
  "deviceKey",
  "setPassword",
  "clearPassword",
  "addKeys",
  "revokeKey",
  "addErasure",
  "refuseSite",
  "allowSite",
  "importSalt",
  "setMeta",
  "addPastImport",
  "setImportState",
  "wishImport",
  "cancelImports",
  "commitImport",
  "undoImport",
  "addSums",
  "discardSums",
  "expireSums",
] as const satisfies readonly StoreOp[];

/** Name of such an operation. */
export type SharedOpName = (typeof SHARED_OP_NAMES)[number];

const IMPORT_SALT = "import_salt:";
const IMPORT_SALT_MS = 7 * DAY_MS;

const forgetDevices = (run: RunPostgres) =>
  run(`delete from ${SCHEMA}.facts where name = 'device_key'`);

async function putFact(run: RunPostgres, name: string, value: string): Promise<void> {
  await run(
    `insert into ${SCHEMA}.facts values ($1, $2)
      on conflict (name) do update set value = excluded.value`,
    name,
    value,
  );
}

/** Whether a statement with `returning` changed a row. */
async function changes(rows: Promise<readonly unknown[]>): Promise<boolean> {
  return (await rows).length > 0;
}

async function addKey(run: RunPostgres, key: KeyRow): Promise<void> {
  await run(
    `insert into ${SCHEMA}.api_keys as known (key_hash, name, scope, created_at, revoked)
      values ($1, $2, $3, $4, $5)
      on conflict (key_hash) do update set revoked = greatest(known.revoked, excluded.revoked)`,
    key.key_hash,
    key.name,
    key.scope,
    Math.floor(key.created_at),
    key.revoked ? 1 : 0,
  );
}

/** Every operation. */
export const SHARED_OPS: { readonly [K in SharedOpName]: SharedOp<K> } = {
  putSiteSettings: {
    tables: ["site_settings"],
    run: async (run, row) => {
      await run(
        `insert into ${SCHEMA}.site_settings values ($1, $2, $3)
          on conflict (site_id) do update set settings = excluded.settings`,
        row.site_id,
        row.settings,
        Math.floor(row.created_at),
      );
    },
  },
  dropSite: {
    tables: ["site_settings", "site_items"],
    run: async (run, site) => {
      await run(`delete from ${SCHEMA}.site_settings where site_id = $1`, site);
      await run(`delete from ${SCHEMA}.site_items where site_id = $1`, site);
    },
  },
  addItem: {
    tables: ["site_items"],
    run: async (run, item) => {
      const [added] = await run(
        `insert into ${SCHEMA}.site_items (site_id, kind, name, body, created_at, updated_at)
          values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id`,
        item.site_id,
        item.kind,
        item.name,
        item.body,
        Math.floor(item.created_at),
        Math.floor(item.updated_at),
      );
      return added ? Number(added["id"]) : null;
    },
  },
  changeItem: {
    tables: ["site_items"],
    run: (run, item) =>
      changes(run(
        `update ${SCHEMA}.site_items as item set name = $1, body = $2, updated_at = $3
          where id = $4 and (kind = 'annotation' or not exists (
            select 1 from ${SCHEMA}.site_items as other
            where other.site_id = item.site_id and other.kind = item.kind and other.name = $1
              and other.id <> item.id))
          returning id`,
        item.name,
        item.body,
        Math.floor(item.updated_at),
        item.id,
      )),
  },
  dropItem: {
    tables: ["site_items"],
    run: (run, id) =>
      changes(run(`delete from ${SCHEMA}.site_items where id = $1 returning id`, id)),
  },
  endLogins: {
    tables: ["facts"],
    run: async (run, args) => {
      const rows = await run(`select value from ${SCHEMA}.facts where name = $1`, ENDED_LOGINS);
      const value = rows[0] ? String(rows[0]["value"]) : null;
      await putFact(run, ENDED_LOGINS, withEnded(value, args));
    },
  },
  deviceKey: {
    tables: ["facts"],
    run: async (run, fresh) => {
      await run(
        `insert into ${SCHEMA}.facts values ('device_key', $1) on conflict do nothing`,
        fresh,
      );
      const [row] = await run(`select value from ${SCHEMA}.facts where name = 'device_key'`);
      return String(row?.["value"]);
    },
  },
  setPassword: {
    tables: ["owner_password", "facts"],
    run: async (run, { hash, atMs, replace }) => {
      const isKept = await changes(run(
        `insert into ${SCHEMA}.owner_password values (1, $1, $2)
          on conflict (id) ${
          replace ? "do update set hash = excluded.hash, set_at = excluded.set_at" : "do nothing"
        } returning id`,
        hash,
        Math.floor(atMs),
      ));
      if (isKept) await forgetDevices(run);
      return isKept;
    },
  },
  clearPassword: {
    tables: ["owner_password", "facts"],
    run: async (run) => {
      await forgetDevices(run);
      return await changes(run(`delete from ${SCHEMA}.owner_password returning id`));
    },
  },
  addKeys: {
    tables: ["api_keys"],
    run: async (run, keys) => {
      for (const key of keys) await addKey(run, key);
    },
  },
  revokeKey: {
    tables: ["api_keys"],
    run: (run, keyHash) =>
      changes(run(
        `update ${SCHEMA}.api_keys set revoked = 1 where key_hash = $1 returning key_hash`,
        keyHash,
      )),
  },
  addErasure: {
    tables: ["erasures"],
    run: async (run, erasure) => {
      await run(
        `insert into ${SCHEMA}.erasures (erased_at, site_id, start_date, end_date,
          db_records_deleted, parquet_partitions_deleted, caller)
          values ($1, $2, $3, $4, $5, $6, $7)`,
        Math.floor(erasure.erased_at),
        erasure.site_id,
        erasure.start_date,
        erasure.end_date,
        erasure.db_records_deleted,
        erasure.parquet_partitions_deleted,
        erasure.caller,
      );
    },
  },
  refuseSite: {
    tables: ["refused_sites"],
    run: async (run, { site_id, atMs }) => {
      await run(
        `insert into ${SCHEMA}.refused_sites values ($1, $2) on conflict do nothing`,
        site_id,
        Math.floor(atMs),
      );
    },
  },
  allowSite: {
    tables: ["refused_sites"],
    run: async (run, site) => {
      await run(`delete from ${SCHEMA}.refused_sites where site_id = $1`, site);
    },
  },
  importSalt: {
    tables: [],
    run: async (run, { name, atMs }, fresh) => {
      const at = Math.floor(atMs);
      await run(
        `delete from ${SCHEMA}.facts
          where name like $1 and (value::json ->> 'at')::bigint < $2`,
        `${IMPORT_SALT}%`,
        at - IMPORT_SALT_MS,
      );
      if (name === null) return fresh;
      const [row] = await run(
        `insert into ${SCHEMA}.facts as known
          values ($1, json_build_object('salt', $2::text, 'at', $3::bigint)::text)
          on conflict (name) do update set value =
            json_build_object('salt', known.value::json ->> 'salt', 'at', $3::bigint)::text
          returning value::json ->> 'salt' as salt`,
        IMPORT_SALT + name,
        fresh,
        at,
      );
      return String(row?.["salt"]);
    },
  },
  setMeta: {
    tables: ["facts"],
    run: async (run, { name, value }) => {
      await putFact(run, name, value);
    },
  },
  addPastImport: { tables: ["past_imports"], run: addPastImport },
  setImportState: { tables: ["past_imports"], run: setImportState },
  wishImport: { tables: ["past_imports"], run: wishImport },
  cancelImports: { tables: ["past_imports"], run: cancelImports },
  commitImport: { tables: ["past_imports"], run: commitImport },
  undoImport: { tables: ["past_imports"], run: undoImport },
  // What waits for the commit of its import, nobody needs to know.
  addSums: { tables: [], run: addSums },
  discardSums: { tables: [], run: discardSums },
  expireSums: { tables: ["past_imports"], run: expireSums },
};

/** What a change did, and the versions of the tables after it. */
export interface Change {
  readonly result: unknown;
  readonly versions: Readonly<Record<string, number>>;
}

/** Makes a change and tells every server, once the transaction is committed. */
export async function change<K extends SharedOpName>(
  run: RunPostgres,
  op: K,
  args: StoreArgs<K>,
  fresh: string,
): Promise<Change> {
  const { tables, run: work } = SHARED_OPS[op] as SharedOp<K>;
  const versions = await bump(run, tables);
  const result = await work(run, args, fresh);
  if (tables.length > 0) await run(`notify ${CHANNEL}`);
  return { result, versions };
}

/** Counts a change of each table, which keeps others from changing them until the end. */
export async function bump(
  run: RunPostgres,
  tables: readonly CopiedTable[],
): Promise<Record<string, number>> {
  const versions: Record<string, number> = {};
  for (const table of [...tables].sort()) {
    const [row] = await run(
      `insert into ${SCHEMA}.changes as known values ($1, 1)
        on conflict (table_name) do update set version = known.version + 1 returning version`,
      table,
    );
    versions[table] = Number(row?.["version"]);
  }
  return versions;
}
