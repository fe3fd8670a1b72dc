// Operations of mallard.sqlite for the owner: the password's hash, API keys and the
// record of erasures. It never sees a clear password or a clear key. Each operation is one
// transaction.
import { integerOf, oneOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { RunsOperations } from "./operations.ts";

/** The tables of this file, as one step of the schema. */
export const OWNER_SCHEMA = `
  create table owner_password (
    id integer primary key check (id = 1),
    hash text not null,
    set_at integer not null
  ) strict;
  create table api_keys (
    key_hash text primary key,
    name text not null,
    scope text not null check (scope in ('ReadOnly', 'Admin')),
    created_at integer not null,
    revoked integer not null default 0
  ) strict, without rowid;
  create table erasures (
    id integer primary key autoincrement,
    erased_at integer not null,
    site_id text not null,
    start_date text not null,
    end_date text not null,
    db_records_deleted integer not null,
    parquet_partitions_deleted integer not null,
    caller text not null
  ) strict;
`;

/** What a key may do: read statistics, or everything. */
export type KeyScope = (typeof KEY_SCOPES)[number];

const KEY_SCOPES = ["ReadOnly", "Admin"] as const;

/** An API key as it is kept. `key_hash` is SHA-256 of the clear key in hex; times in ms. */
export interface KeyRow {
  readonly key_hash: string;
  readonly name: string;
  readonly scope: KeyScope;
  readonly created_at: number;
  readonly revoked: boolean;
}

/** One finished erasure: both dates included; `erased_at` in ms; `caller` is a kind, no name. */
export interface Erasure {
  readonly erased_at: number;
  readonly site_id: string;
  readonly start_date: string;
  readonly end_date: string;
  readonly db_records_deleted: number;
  readonly parquet_partitions_deleted: number;
  readonly caller: string;
}

/** A login that was ended before its time. `digest` is SHA-256 of its token in hex; ms. */
export interface EndedLogin {
  readonly digest: string;
  readonly endMs: number;
}

/** Where the logins are kept that were ended before their time, as long as that would have come. */
export const ENDED_LOGINS = "ended_logins";

/** The same list with more, without those whose time has come. */
export function withEnded(
  text: string | null,
  { ended, nowMs }: { readonly ended: readonly EndedLogin[]; readonly nowMs: number },
): string {
  const known = new Map(endedLogins(text).map((login) => [login.digest, login]));
  for (const login of ended) known.set(login.digest, login);
  return JSON.stringify([...known.values()].filter(({ endMs }) => endMs > nowMs));
}

/** The logins of such a list. */
export function endedLogins(text: string | null): readonly EndedLogin[] {
  return JSON.parse(text ?? "[]") as EndedLogin[];
}

function endLogins(
  db: Sqlite,
  args: { readonly ended: readonly EndedLogin[]; readonly nowMs: number },
): void {
  db.transaction(() => {
    const row = db.get("select value from facts where name = ?", ENDED_LOGINS);
    db.run(
      `insert into facts (name, value) values (?, ?)
        on conflict do update set value = excluded.value`,
      ENDED_LOGINS,
      withEnded(row ? textOf(row, "value") : null, args),
    );
  });
}

function listEndedLogins(db: Sqlite): readonly EndedLogin[] {
  const row = db.get("select value from facts where name = ?", ENDED_LOGINS);
  return endedLogins(row ? textOf(row, "value") : null);
}

/** The key under which device cookies are signed, made at its first use. */
function deviceKey(db: Sqlite, fresh: string): string {
  db.run("insert into facts (name, value) values ('device_key', ?) on conflict do nothing", fresh);
  return String(db.get("select value from facts where name = 'device_key'")?.["value"]);
}

/** Notes where the running server has its password from: the command line cannot see it. */
function notePasswordSource(db: Sqlite, source: "environment" | "stored"): void {
  const change = "on conflict (name) do update set value = excluded.value";
  db.run(`insert into facts (name, value) values ('password_source', ?) ${change}`, source);
}

/** A change of the password invalidates every device cookie. */
function forgetDevices(db: Sqlite): void {
  db.run("delete from facts where name = 'device_key'");
}

function getPassword(db: Sqlite): string | null {
  const row = db.get("select hash from owner_password");
  return row ? String(row["hash"]) : null;
}

/** Keeps the hash; with `replace` false only where none is kept. Returns whether it was kept. */
function setPassword(
  db: Sqlite,
  password: { readonly hash: string; readonly atMs: number; readonly replace: boolean },
): boolean {
  const onConflict = password.replace
    ? "do update set hash = excluded.hash, set_at = excluded.set_at"
    : "do nothing";
  return db.transaction(() => {
    const isKept = db.run(
      `insert into owner_password (id, hash, set_at) values (1, ?, ?)
        on conflict (id) ${onConflict}`,
      password.hash,
      Math.floor(password.atMs),
    ).changes > 0;
    if (isKept) forgetDevices(db);
    return isKept;
  });
}

function clearPassword(db: Sqlite): boolean {
  return db.transaction(() => {
    forgetDevices(db);
    return db.run("delete from owner_password").changes > 0;
  });
}

/** Adds keys; of a known key only a revocation is kept, which can never be undone. */
function addKeys(db: Sqlite, keys: readonly KeyRow[]): void {
  db.transaction(() => {
    for (const key of keys) {
      db.run(
        `insert into api_keys (key_hash, name, scope, created_at, revoked) values (?, ?, ?, ?, ?)
          on conflict (key_hash) do update set revoked = max(revoked, excluded.revoked)`,
        key.key_hash,
        key.name,
        key.scope,
        Math.floor(key.created_at),
        key.revoked ? 1 : 0,
      );
    }
  });
}

function listKeys(db: Sqlite): KeyRow[] {
  const rows = db.all(
    `select key_hash, name, scope, created_at, revoked from api_keys
      order by created_at, key_hash`,
  );
  return rows.map((row) => ({
    key_hash: textOf(row, "key_hash"),
    name: textOf(row, "name"),
    scope: oneOf(row, "scope", KEY_SCOPES),
    created_at: integerOf(row, "created_at"),
    revoked: integerOf(row, "revoked") === 1,
  }));
}

/** Returns whether there is such a key, revoked before or not. */
function revokeKey(db: Sqlite, keyHash: string): boolean {
  return db.run("update api_keys set revoked = 1 where key_hash = ?", keyHash).changes > 0;
}

function addErasure(db: Sqlite, erasure: Erasure): void {
  db.run(
    `insert into erasures (erased_at, site_id, start_date, end_date, db_records_deleted,
      parquet_partitions_deleted, caller) values (?, ?, ?, ?, ?, ?, ?)`,
    Math.floor(erasure.erased_at),
    erasure.site_id,
    erasure.start_date,
    erasure.end_date,
    erasure.db_records_deleted,
    erasure.parquet_partitions_deleted,
    erasure.caller,
  );
}

/** The newest erasures first, at most `count`. */
function listErasures(db: Sqlite, count: number): Erasure[] {
  const rows = db.all(
    `select erased_at, site_id, start_date, end_date, db_records_deleted,
      parquet_partitions_deleted, caller from erasures order by id desc limit ?`,
    count,
  );
  return rows.map((row) => ({
    erased_at: integerOf(row, "erased_at"),
    site_id: textOf(row, "site_id"),
    start_date: textOf(row, "start_date"),
    end_date: textOf(row, "end_date"),
    db_records_deleted: integerOf(row, "db_records_deleted"),
    parquet_partitions_deleted: integerOf(row, "parquet_partitions_deleted"),
    caller: textOf(row, "caller"),
  }));
}

/** Every operation by name, to be joined with those of the store. */
export const OWNER_OPS = {
  endLogins,
  listEndedLogins,
  deviceKey,
  notePasswordSource,
  getPassword,
  setPassword,
  clearPassword,
  addKeys,
  listKeys,
  revokeKey,
  addErasure,
  listErasures,
} as const;

/** The part of the store that the owner's rows need. */
export type OwnerStore = RunsOperations<typeof OWNER_OPS>;
