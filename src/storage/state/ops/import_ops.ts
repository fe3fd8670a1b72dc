// Operations of mallard.sqlite for imports that were taken: a request that is sent again gets the
// answer of the first, and adds nothing. A row enters in the transaction of its events.
import { DAY_MS } from "../../../core/durations.ts";
import { IMPORTS_REMEMBERED_MAX } from "../../../core/limits.ts";
import { textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { RunsOperations } from "./operations.ts";

/** The table of this file, as one step of the schema. */
export const IMPORT_SCHEMA = `
  create table imports (
    key text primary key,
    digest text not null,
    answer text not null,
    at integer not null
  ) strict;
`;

/** How long an import is kept on record. */
const REMEMBERED_MS = 7 * DAY_MS;
/** Prefix of keys made from the content; clients' keys do not have it. */
const BY_CONTENT = "content:";

/** An import that was taken. */
export interface ImportMark {
  /** From `contentKey` or `clientKey`. */
  readonly key: string;
  /** SHA-256 of the body. */
  readonly digest: string;
  readonly answer: string;
}

/** The key of a request that has none. */
export function contentKey(digest: string): string {
  return BY_CONTENT + digest;
}

/** The key that a client gave. */
export function clientKey(text: string): string {
  return `client:${text}`;
}

/** Adds imports, and removes old ones. Call it in a transaction. */
export function insertImports(db: Sqlite, marks: readonly ImportMark[], atMs: number): void {
  if (marks.length === 0) return;
  const at = Math.floor(atMs);
  db.run("delete from imports where at < ?", at - REMEMBERED_MS);
  db.run(
    `delete from imports where rowid in
      (select rowid from imports order by at desc, rowid desc limit -1 offset ?)`,
    IMPORTS_REMEMBERED_MAX - marks.length,
  );
  for (const { key, digest, answer } of marks) {
    db.run("insert into imports values (?, ?, ?, ?)", key, digest, answer, at);
  }
}

function findImport(
  db: Sqlite,
  { key, atMs }: { readonly key: string; readonly atMs: number },
): { digest: string; answer: string } | null {
  const since = Math.floor(atMs) - REMEMBERED_MS;
  const row = db.get("select digest, answer from imports where key = ? and at >= ?", key, since);
  return row ? { digest: textOf(row, "digest"), answer: textOf(row, "answer") } : null;
}

/** After an erasure the same content may be imported again. */
function forgetImportedContent(db: Sqlite): void {
  db.run("delete from imports where key like ?", `${BY_CONTENT}%`);
}

/** Names of facts: a key and when it was last used. */
const SALT = "import_salt:";

/**
 * The key under which the visitors that an import names are hashed, the same for every request of
 * that import; of one without a name it is kept nowhere. Keys go when no request may be sent again.
 */
function importSalt(
  db: Sqlite,
  { name, atMs }: { readonly name: string | null; readonly atMs: number },
): string {
  const since = Math.floor(atMs) - REMEMBERED_MS;
  db.run(
    "delete from facts where name like ? and value ->> 'at' < ?",
    `${SALT}%`,
    since,
  );
  const fresh = textOf(db.get("select lower(hex(randomblob(32))) as salt") ?? {}, "salt");
  if (name === null) return fresh;
  db.run(
    `insert into facts values (?, json_object('salt', ?, 'at', ?))
      on conflict do update set value = json_set(value, '$.at', excluded.value ->> 'at')`,
    SALT + name,
    fresh,
    Math.floor(atMs),
  );
  const found = db.get("select value ->> 'salt' as salt from facts where name = ?", SALT + name);
  return textOf(found ?? {}, "salt");
}

/** Every operation by name, to be joined with those of the store. */
export const IMPORT_OPS = { findImport, forgetImportedContent, importSalt } as const;

/** The part of the store that these rows need. */
export type ImportStore = RunsOperations<typeof IMPORT_OPS>;
