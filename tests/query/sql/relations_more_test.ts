import assert from "node:assert/strict";
import { sql } from "../../../src/core/sql.ts";
import { answerOf } from "../../../src/query/answer.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { queryOf } from "../../../src/query/query.ts";
import { buildQuery } from "../../../src/query/sql/build.ts";
import { planOf } from "../../../src/query/sql/plan.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { openTestReader, pageview, timeUs } from "../../support/events.ts";

const DAY = { fromUs: timeUs("2024-01-15"), toUs: timeUs("2024-01-16"), dates: null };

/** Gives up the ids of visitor `none` in the stored files, as a file from elsewhere may have it. */
async function withoutIds(test: Awaited<ReturnType<typeof openTestReader>>): Promise<void> {
  const folder = `${test.folder}/events/site_id=example.com/date=2024-01-15`;
  for (const { name } of [...Deno.readDirSync(folder)]) {
    const path = `${folder}/${name}`;
    await test.db.execute(sql`copy (
        select * replace (nullif(visitor_id, 'none') as visitor_id)
        from read_parquet(${literal(path)}, hive_partitioning = false)
      ) to ${literal(`${path}.tmp`)} (format parquet)`);
    await Deno.rename(`${path}.tmp`, path);
  }
}

Deno.test("Relations count events without a visitor id as one visitor everywhere", async () => {
  const test = await openTestReader([
    pageview({ at: "2024-01-15 10:10:00", visitor: "none", page: "/a", country_code: "DE" }),
    pageview({ at: "2024-01-15 10:20:00", visitor: "none", page: "/b" }),
    pageview({ at: "2024-01-15 10:30:00", visitor: "v", page: "/b", country_code: "FR" }),
  ], { coldShare: 1 });
  try {
    await withoutIds(test);
    const ask = async (dimensions: DimensionRef[]) => {
      const query = queryOf({
        ...STANDARD_SETTINGS,
        site: "example.com",
        nowUs: DAY.toUs,
        range: DAY,
        filter: null,
      }, { dimensions, metrics: ["visitors", "visits"] });
      const plan = planOf(query);
      const rows = await test.reader.query(
        query.site,
        plan.span,
        (events) => buildQuery(query, plan, events),
      );
      return answerOf(query, rows).rows.map(({ keys, values }) => [
        ...keys,
        ...Object.values(values),
      ]);
    };
    assert.deepEqual(await ask([]), [[2, 2]]);
    assert.deepEqual(await ask(["page"]), [["/a", 1, 1], ["/b", 2, 2]]);
    assert.deepEqual(await ask(["country"]), [["DE", 1, 1], ["FR", 1, 1]]);
  } finally {
    await test.close();
  }
});
