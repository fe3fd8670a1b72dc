import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { rangeOfDays } from "../../../src/core/period.ts";
import { sql } from "../../../src/core/sql.ts";
import { Together } from "../../../src/query/lists/together.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import type { Answer } from "../../../src/query/answer.ts";
import { type RecentList, RecentSums } from "../../../src/query/rollups/recent_sums.ts";
import { RecentVisits } from "../../../src/query/rollups/recent_visits.ts";
import {
  NOW,
  runnerOf,
  SITE,
  statementsOf,
  withSite,
} from "../../support/numbers/rolled_answers.ts";

const ofSource = { ref: "source", missing: "none" } as const;
const ofAll = { ref: null, missing: "" } as const;

Deno.test("RecentSums makes each list once, of visits from a day on", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 3, async ({ storage: { db } }) => {
    await db.query(sql`create table own as
      select * from (values (1, 7::ubigint, 'a', 2, 3), (2, 7::ubigint, 'a', 1, 1),
        (2, 8::ubigint, null, 0, 4)) v(day, visitor_id, d_source, pageviews, events)`);
    const sums = new RecentSums(db, "own", 6);
    const make = (lists: readonly RecentList[], first: number) =>
      sums.make(lists, first, (numbered, visits) => {
        const [one, ...others] = numbered.map(({ number, ref, missing }) =>
          sql`select ${number}::integer as list, ${
            ref === null ? sql`''` : sql`coalesce(d_source, ${missing})`
          } as k0, visitor_id, pageviews, events from ${visits}`
        );
        return others.reduce((all, next) => sql`${all} union all ${next}`, one ?? sql`select 1`);
      });
    equal(sums.find([ofSource], 1), null);
    equal(await make([ofSource, ofSource], 1), 2);
    equal(await make([ofSource], 1), 2);
    equal(sums.find([ofSource, ofAll], 1), null);
    equal(await make([ofAll, ofSource], 1), 3);
    equal(await make([ofSource], 2), 5);
    const numbers = [sums.find([ofSource, ofAll], 1)?.numbers, sums.find([ofSource], 2)?.numbers];
    deepEqual(numbers, [[0, 1], [2]]);
    const rows = await db.query(sql`select * from own_sums order by list, k0`);
    deepEqual(rows.map((row) => Object.values(row)), [
      [0, "a", 1, 3, 4],
      [0, "none", 1, 0, 4],
      [1, "", 2, 3, 8],
      [2, "a", 1, 1, 1],
      [2, "none", 1, 0, 4],
    ]);
    // With more rows than are kept nothing is found, and nothing is made again.
    equal(await make([ofAll], 2), 6);
    equal(await make([ofAll, ofSource], 3), 6);
    equal(await make([{ ...ofSource, missing: "other" }], 2), 7);
    equal(sums.find([ofSource], 1), null);
    equal(await make([ofSource], 1), 7);
    const [kept] = await db.query(sql`select count(*) as rows from own_sums`);
    equal(Number(kept?.["rows"]), 7);
  });
});

Deno.test("lists of the running day are made of its sums, which go with its visits", async () => {
  await withSite({ zone: "UTC", idDays: 1 }, 5, async ({ storage, system, site }) => {
    const recent = new RecentVisits(storage, system.clock, system.log);
    const runner = runnerOf(storage, system, site, true, recent);
    const today = Math.floor(NOW / 86_400_000);
    const queries = (["source", "page", "country"] as const).map((ref) =>
      queryOf({
        ...{ site: SITE, nowUs: NOW * 1000, zone: "UTC", weekStart: 1, filter: null, goals: [] },
        range: { ...rangeOfDays("UTC", today - 6, today + 1), dates: null },
        gapUs: STANDARD_SETTINGS.gapUs,
      }, { metrics: ["visitors", "pageviews"], dimensions: [ref], limit: 9 })
    );
    const ask = () =>
      statementsOf(storage, async () => {
        const seats = new Together<Query, Answer>().seats(queries.length);
        await Promise.all(queries.map((query, at) => {
          const seat = seats[at];
          return runner.context(SITE, { seat }).query(query).finally(() => seat?.leave());
        }));
      });
    await ask();
    const first = await ask();
    ok(first.some((text) => text.includes(`insert into "rollup_rows_recent_1_sums"`)));
    const texts = await ask();
    equal(texts.length, 1);
    ok(texts[0]?.includes(`from "rollup_rows_recent_1_sums"`));
    await storage.eraser.erase(SITE, "2024-03-20", "2024-03-20");
    await recent.sweep();
    const [left] = await storage.db.query(
      sql`select count(*) as n from duckdb_tables() where contains(table_name, 'recent')`,
    );
    equal(Number(left?.["n"]), 0);
  });
});
