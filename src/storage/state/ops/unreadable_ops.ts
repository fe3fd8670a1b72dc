// Rows of the journal that hold no event DuckDB takes. They stay there: a flush, which deletes the
// rows it has written, leaves them, and each start tries them again.
import type { Sqlite } from "../sqlite.ts";

const NAME = "unreadable_seqs";

const SEQS = `select value from json_each(
  coalesce((select value from facts where name = '${NAME}'), '[]'))`;

/** The condition on `seq` that leaves such rows out. */
export const IS_READABLE = `seq not in (${SEQS})`;

/** Notes rows; returns how many there are now. */
function noteUnreadable(db: Sqlite, seqs: readonly number[]): number {
  return db.transaction(() => {
    db.run(
      `insert into facts (name, value)
        select '${NAME}', json_group_array(seq) from (
          select seq from journal where seq in (${SEQS})
          union select value from json_each(?)
        )
        where true
        on conflict do update set value = excluded.value`,
      JSON.stringify(seqs),
    );
    return countUnreadable(db);
  });
}

/** At start, before all rows are tried again. */
function forgetUnreadable(db: Sqlite): void {
  db.run(`delete from facts where name = '${NAME}'`);
}

/** How many there are: others may have been erased. */
export function countUnreadable(db: Sqlite): number {
  return Number(db.get(`select count(*) as n from journal where seq in (${SEQS})`)?.["n"] ?? 0);
}

/** The operations. */
export const UNREADABLE_OPS = { noteUnreadable, forgetUnreadable, countUnreadable } as const;
