// What the catalog of a lake does by itself, for which DuckLake has no option: triggers at its
// tables, and notes beside them. All of it lies where these tables do and names its tables with
// their schema, so that it works for any user, and after a dump was put back for another one.
import type { Session } from "../../shared/postgres.ts";

/** A table calls a function. */
interface Rule {
  readonly trigger: string;
  readonly table: string;
  readonly when: string;
  readonly name: string;
  /** Of the function, in PL/pgSQL. */
  readonly body: string;
  /** Before the trigger is made. */
  readonly first?: readonly string[];
  /** After it was made, in the same transaction. */
  readonly then?: readonly string[];
}

/** Whether a rule is there as it is meant, not at all, or in another form. */
type State = "there" | "missing" | "other";

interface Found {
  readonly state: State;
  /** Its function, with the schema; as it will be where the rule is missing. */
  readonly calls: string;
}

/** Held while the catalog learns what it must do by itself; beside the lock of flushes. */
const CATALOG_LOCK = 4;

/** Tells the locks of this program from those of others. */
export const LOCKS = 0x6d616c6c;

/** A new trigger waits for the commits that go on, and later ones wait for it. */
const MAKING_MS_MAX = 5000;

/** No commit and no merge goes on for so long. */
const KEPT = "clock_timestamp() - interval '1 day'";

/** No text of people is after it. */
const LAST_TEXT = "\u{10ffff}".repeat(8);

/** A commit that says nothing for longer is ended: its files are up before it begins. */
const COMMIT_IDLE_MS_MAX = 60_000;
/** A commit waits for another no longer; it begins again, as after a collision. */
const COMMIT_WAIT_MS_MAX = 15_000;

/**
 * Two servers that merge the same files at a time would leave each event there twice. Both note
 * the files that they have replaced: by a constraint one of them fails, were its transaction not
 * one with that in which it chose them. DuckLake's own notes go when the files are deleted, as by
 * an erasure, which waits for no merge: these stay. Numbers of files are never used again.
 */
const replacedOnce = (place: string): Rule => ({
  trigger: "mallard_replaced_once",
  table: "ducklake_files_scheduled_for_deletion",
  when: "after insert",
  name: "mallard_note_replaced",
  body: `
    begin
      insert into ${place}.mallard_replaced_files (data_file_id) values (new.data_file_id);
      return null;
    end `,
  first: [
    `create unique index if not exists mallard_merged_once
      on ${place}.ducklake_files_scheduled_for_deletion (data_file_id)`,
    `create table if not exists ${place}.mallard_replaced_files (
      data_file_id bigint primary key, replaced_at timestamptz not null default clock_timestamp())`,
  ],
  // A dump that was put back over a later catalog gives numbers that are noted.
  then: [
    `delete from ${place}.mallard_replaced_files where data_file_id >=
      (select max(next_file_id) from ${place}.ducklake_snapshot)`,
  ],
});

/**
 * A commit takes the number that follows the snapshot which it has read, and fails where another
 * has that number: no commit misses what was committed since it began. An erasure lets snapshots
 * go at once, and with them their numbers, of which a commit that began before it would take one:
 * these notes of them stay.
 */
const numberedOnce = (place: string): Rule => ({
  trigger: "mallard_numbered_once",
  table: "ducklake_snapshot",
  when: "after insert",
  name: "mallard_note_snapshot",
  body: `
    begin
      insert into ${place}.mallard_snapshots (snapshot_id) values (new.snapshot_id);
      return null;
    end `,
  first: [
    `create table if not exists ${place}.mallard_snapshots (
      snapshot_id bigint primary key, made_at timestamptz not null default clock_timestamp())`,
  ],
  then: [
    `delete from ${place}.mallard_snapshots where snapshot_id >
      (select max(snapshot_id) from ${place}.ducklake_snapshot)`,
    `insert into ${place}.mallard_snapshots (snapshot_id)
      select snapshot_id from ${place}.ducklake_snapshot on conflict do nothing`,
  ],
});

/**
 * All commits wait for one that has taken its number and stands still: a machine that sleeps, or
 * has lost its power. PostgreSQL would wait for hours, and has no such limit by default.
 */
const commitEnds = (): Rule => ({
  trigger: "mallard_commit_ends",
  table: "ducklake_snapshot",
  when: "before insert",
  name: "mallard_bound_commit",
  body: `
    begin
      perform set_config('lock_timeout', '${COMMIT_WAIT_MS_MAX}', true),
        set_config('idle_in_transaction_session_timeout', '${COMMIT_IDLE_MS_MAX}', true);
      return new;
    end `,
});

/**
 * DuckLake keeps the least and the greatest value of each column of a table, and never narrows
 * them: texts of erased events would stay. Bounds that all texts are within are as right.
 */
const textsUnknown = (place: string): Rule => ({
  trigger: "mallard_texts_unknown",
  table: "ducklake_table_column_stats",
  when: "before insert or update",
  name: "mallard_widen_texts",
  body: `
    begin
      if exists (select 1 from ${place}.ducklake_column c where c.table_id = new.table_id
          and c.column_id = new.column_id and c.column_type = 'varchar') then
        if new.min_value is not null then new.min_value := ''; end if;
        if new.max_value is not null then new.max_value := '${LAST_TEXT}'; end if;
      end if;
      return new;
    end `,
  then: [`update ${place}.ducklake_table_column_stats set table_id = table_id`],
});

/** Rules without which an erasure would leave texts, or could be undone by a late commit. */
const erasingRules = (place: string) => [textsUnknown(place), numberedOnce(place)];
const allRules = (place: string) => [replacedOnce(place), ...erasingRules(place), commitEnds()];

/** Makes what an erasure needs of the catalog. Rejects with PostgreSQL's error. */
export async function prepareErasing(session: Session): Promise<void> {
  await make(session, erasingRules, ["missing", "other"]);
}

/** Makes all rules, and forgets old notes. Rejects with PostgreSQL's error. */
export async function prepareCatalog(session: Session): Promise<void> {
  const place = await make(session, allRules, ["missing", "other"]);
  await session.run(`delete from ${place}.mallard_snapshots where made_at < ${KEPT}`);
  await session.run(`delete from ${place}.mallard_replaced_files where replaced_at < ${KEPT}`);
}

/**
 * Makes anew what is there in another form, as in a catalog that was put back for another user:
 * no commit may be able to pass it. Rejects with PostgreSQL's error.
 */
export async function mendCatalog(session: Session): Promise<void> {
  await make(session, allRules, ["other"]);
}

/** Makes the rules that are in some states; resolves with the schema of DuckLake's tables. */
async function make(
  session: Session,
  rulesIn: (place: string) => readonly Rule[],
  states: readonly State[],
): Promise<string> {
  const [row] = await session.run(
    `select relnamespace::regnamespace::text as place from pg_class
      where oid = 'ducklake_snapshot'::regclass`,
  );
  const place = String(row?.["place"]);
  await session.run("select pg_advisory_lock($1, $2)::text", LOCKS, CATALOG_LOCK);
  for (const rule of rulesIn(place)) {
    const found = await find(session, place, rule);
    if (states.includes(found.state)) await makeRule(session, place, rule, found);
  }
  await session.run("select pg_advisory_unlock($1, $2)::text", LOCKS, CATALOG_LOCK);
  return place;
}

async function find(session: Session, place: string, rule: Rule): Promise<Found> {
  const [found] = await session.run(
    `select format('%I.%I', n.nspname, p.proname) as calls,
        (p.prosrc = $3 and not p.prosecdef)::int as is_same
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid
      join pg_namespace n on n.oid = p.pronamespace
      where t.tgname = $1 and t.tgrelid = $2::regclass`,
    rule.trigger,
    `${place}.${rule.table}`,
    rule.body,
  );
  if (found === undefined) return { state: "missing", calls: `${place}.${rule.name}` };
  return {
    state: found["is_same"] === 1 ? "there" : "other",
    calls: String(found["calls"]),
  };
}

/**
 * In one transaction; a session that fails in it is closed by its owner. A trigger that is there
 * stays, for nobody could read its table meanwhile: it calls the same function, written anew.
 */
async function makeRule(
  session: Session,
  place: string,
  rule: Rule,
  { state, calls }: Found,
): Promise<void> {
  const making = `create trigger ${rule.trigger} ${rule.when} on ${place}.${rule.table}
    for each row execute function ${calls}()`;
  for (
    const statement of [
      "begin",
      `set local lock_timeout = ${MAKING_MS_MAX}`,
      ...rule.first ?? [],
      `create or replace function ${calls}() returns trigger language plpgsql
        security invoker set search_path = pg_catalog, pg_temp as $rule$${rule.body}$rule$`,
      ...state === "missing" ? [making] : [],
      ...rule.then ?? [],
      "commit",
    ]
  ) await session.run(statement);
}
