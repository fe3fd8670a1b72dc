// Work that one server of a lake does at a time: whoever holds a lock in PostgreSQL. The lock ends
// with its connection, so that another server goes on where this one is gone. Each step of the work
// is a commit of its own; where a lock is lost in the middle of one, a constraint in the catalog
// lets one of two steps fail.
import { AppError, messageOf } from "../../../core/errors.ts";
import { codeOf } from "../../shared/faults.ts";
import type { Postgres, Session } from "../../shared/postgres.ts";

/** What of the lake is done by one server at a time. */
export const DUTIES = { upkeep: 1, expiry: 2 } as const;

/** Held while the catalog learns what it must do by itself; beside the lock of flushes. */
const CATALOG_LOCK = 4;

/** PostgreSQL's code for a right that is missing. */
const NO_RIGHT = "42501";

/** Tells the locks of this program from those of others. */
export const LOCKS = 0x6d616c6c;

/**
 * Two servers that merge the same files at a time would leave each event there twice. Both note
 * the files that they have replaced: by a constraint one of them fails, were its transaction not
 * one with that in which it chose them. DuckLake's own notes go when the files are deleted, as by
 * an erasure, which waits for no merge: these stay.
 */
const MERGED_ONCE: readonly string[] = [
  `create unique index if not exists mallard_merged_once
    on ducklake_files_scheduled_for_deletion (data_file_id)`,
  `create table if not exists mallard_replaced_files (
    data_file_id bigint primary key, replaced_at timestamptz not null default clock_timestamp())`,
  // Numbers of files are never used again, and no merge goes on for so long.
  `delete from mallard_replaced_files where replaced_at < clock_timestamp() - interval '1 day'`,
  `create or replace function mallard_note_replaced() returns trigger language plpgsql as $$
    begin
      insert into mallard_replaced_files (data_file_id) values (new.data_file_id);
      return null;
    end $$`,
  `do $$
    begin
      if not exists (select 1 from pg_trigger where tgname = 'mallard_replaced_once'
        and tgrelid = 'ducklake_files_scheduled_for_deletion'::regclass) then
        create trigger mallard_replaced_once after insert
          on ducklake_files_scheduled_for_deletion
          for each row execute function mallard_note_replaced();
      end if;
    end $$`,
];

/**
 * A commit takes the number that follows the snapshot which it has read, and fails where another
 * has that number: no commit misses what was committed since it began. An erasure lets snapshots
 * go at once, and with them their numbers, of which a commit that began before it would take one:
 * these notes of them stay.
 */
const NUMBERED_ONCE: readonly string[] = [
  `create table if not exists mallard_snapshots (
    snapshot_id bigint primary key, made_at timestamptz not null default clock_timestamp())`,
  `create or replace function mallard_note_snapshot() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      insert into mallard_snapshots (snapshot_id) values (new.snapshot_id);
      return null;
    end $$`,
  `do $$
    begin
      if not exists (select 1 from pg_trigger where tgname = 'mallard_numbered_once'
        and tgrelid = 'ducklake_snapshot'::regclass) then
        create trigger mallard_numbered_once after insert on ducklake_snapshot
          for each row execute function mallard_note_snapshot();
        insert into mallard_snapshots (snapshot_id) select snapshot_id from ducklake_snapshot
          on conflict do nothing;
      end if;
    end $$`,
];

/** No commit goes on for so long. */
const OLD_NUMBERS =
  "delete from mallard_snapshots where made_at < clock_timestamp() - interval '1 day'";

/** DuckLake removes none of them. */
const ENDED_ROWS = `do $$
  declare
    held text;
    oldest bigint;
  begin
    select min(snapshot_id) into oldest from ducklake_snapshot;
    for held in select i.table_name from ducklake_inlined_data_tables i
      join ducklake_table t on t.table_id = i.table_id and t.end_snapshot is null
      where t.table_name in ('nodes', 'erasures')
    loop
      execute format('delete from %I where end_snapshot is not null and end_snapshot <= $1', held)
        using oldest;
    end loop;
  end $$`;

/** No text of people is after it. */
const LAST_TEXT = "\u{10ffff}".repeat(8);

/**
 * DuckLake keeps the least and the greatest value of each column of a table, and never narrows
 * them: texts of erased events would stay. Bounds that all texts are within are as right.
 */
const TEXTS_UNKNOWN: readonly string[] = [
  `create or replace function mallard_widen_texts() returns trigger language plpgsql as $$
    begin
      if exists (select 1 from ducklake_column c where c.table_id = new.table_id
          and c.column_id = new.column_id and c.column_type = 'varchar') then
        if new.min_value is not null then new.min_value := ''; end if;
        if new.max_value is not null then new.max_value := '${LAST_TEXT}'; end if;
      end if;
      return new;
    end $$`,
  `do $$
    begin
      if not exists (select 1 from pg_trigger where tgname = 'mallard_texts_unknown'
        and tgrelid = 'ducklake_table_column_stats'::regclass) then
        create trigger mallard_texts_unknown before insert or update
          on ducklake_table_column_stats
          for each row execute function mallard_widen_texts();
        update ducklake_table_column_stats set table_id = table_id;
      end if;
    end $$`,
];

/** The work that is to be done by one server. */
export class Duty {
  readonly #postgres: Pick<Postgres, "session">;

  constructor(postgres: Pick<Postgres, "session">) {
    this.#postgres = postgres;
  }

  /**
   * Does work unless another server is at it; resolves with whether it was done. `isHeld` says
   * whether to go on with the next step. Upkeep ends with removing the rows that the catalog keeps
   * for tables without files, which were changed since, and that no snapshot shows: each flush
   * changes one, and every look reads them. Rejects as the work does, and where PostgreSQL does
   * not answer.
   */
  async once(
    duty: keyof typeof DUTIES,
    work: (isHeld: () => boolean) => Promise<void>,
  ): Promise<boolean> {
    const session: Session = await this.#postgres.session();
    try {
      const [row] = await session.run(
        "select pg_try_advisory_lock($1, $2)::int as is_held",
        LOCKS,
        DUTIES[duty],
      );
      if (row?.["is_held"] !== 1) return false;
      if (duty === "upkeep") await prepared(() => prepare(session));
      await work(() => session.isOpen);
      if (duty === "upkeep" && session.isOpen) await session.run(ENDED_ROWS);
      return true;
    } finally {
      session.close();
    }
  }

  /**
   * Lets the catalog keep no text of events beyond their files, and no commit that began before an
   * erasure go past it. Rejects as `once`, and with `unavailable` where PostgreSQL does not permit
   * it.
   */
  async prepareErasing(): Promise<void> {
    const session = await this.#postgres.session();
    try {
      await prepared(() => prepareErasing(session));
    } finally {
      session.close();
    }
  }
}

/** Prepares the catalog; a right that is missing is named. */
async function prepared(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (codeOf(error) !== NO_RIGHT) throw error;
    throw new AppError(
      "unavailable",
      "The user of lake_catalog must own what is in the catalog's database, and may create " +
        `tables, functions and triggers there. PostgreSQL says: ${messageOf(error)}`,
      { "retry-after": "60" },
    );
  }
}

async function prepare(session: Session): Promise<void> {
  for (const statement of MERGED_ONCE) await session.run(statement);
  await prepareErasing(session);
  await session.run(OLD_NUMBERS);
}

async function prepareErasing(session: Session): Promise<void> {
  await session.run("select pg_advisory_lock($1, $2)::text", LOCKS, CATALOG_LOCK);
  for (const statement of [...TEXTS_UNKNOWN, ...NUMBERED_ONCE]) await session.run(statement);
  await session.run("select pg_advisory_unlock($1, $2)::text", LOCKS, CATALOG_LOCK);
}
