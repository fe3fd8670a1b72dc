import { match, ok, strictEqual as equal } from "node:assert";
import { checkStatement } from "../../../src/query/explore/check.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

const TABLES = ["events", "visits"];

Deno.test("checkStatement() tells which tables and columns a statement reads", async () => {
  const duckdb = await openDuckDb();
  const checked = async (text: string) => {
    const quoted = text.replaceAll("'", "''");
    const [row] = await duckdb.rows(`select json_serialize_sql('${quoted}')::varchar as parsed`);
    return checkStatement(String(row?.["parsed"]), TABLES);
  };
  const named = async (text: string) => {
    const found = await checked(text);
    if (found.fault !== undefined) return found.fault;
    return `${[...found.tables].sort()} ${found.hasStar ? "*" : ""}${[...found.columns].sort()}`;
  };
  equal(await named("select 1"), " ");
  equal(await named("select Channel from Visits"), "visits channel");
  equal(await named("select count(*) from events"), "events ");
  equal(await named("from events"), "events *");
  equal(await named("with events as (select 1 as x) select x from events"), " x");
  equal(await named("with e as (from events) select x from e, visits"), "events,visits *x");
  equal(
    await named("with recursive t(n) as (select 1 union all select n + 1 from t) select n from t"),
    " n",
  );
  equal(await named("select [x + 1 for x in [1, 2]]"), " x");
  equal(await named("select unnest(range) from range(3)"), " range");
  equal(await named("pivot events on os in ('iOS') using count(*)"), "events *os");
  match(await named("select 1; select 2"), /^it must be one SELECT$/);
  match(await named("drop table events"), /^it must be one SELECT$/);
  match(await named("select read_text('x')"), /^the function read_text cannot be used here$/);
  match(await named("from read_text('x')"), /^read_text cannot be read from: there are events and/);
  match(await named("selec"), /^syntax error at or near "selec"$/);
  ok(!(await named(`select ${"1+".repeat(60)}1`)).includes("nested"));
  equal(await named("select regexp_replace(os, '[0-9]+', ':n', 'g') from events"), "events os");
  match(
    await named("select replace(os, 'a', os) from events"),
    /^the third argument of replace must/,
  );
  match(
    await named(`select replace('a', 'a', '${"b".repeat(101)}')`),
    /^the third argument of replace must/,
  );
  equal(await named("select os || ' ' || browser from events"), "events browser,os");
  match(await named(`select os${"||os".repeat(17)} from events`), /^it joins more than 16 texts$/);
  match(await named(`select concat(os${", os".repeat(17)}) from events`), /more than 16 texts$/);
  match(await named(`select '${"x".repeat(1001)}'`), /^a text in it is longer than 1000 char/);
  match(await named(`select ${"1+".repeat(150)}1`), /^too much of it is nested$/);
  match(await named(`${"select (".repeat(12)}1${")".repeat(12)}`), /subqueries are nested$/);
  match(await named(`select 1 from ${"events, ".repeat(30)}visits`), /more than 24 tables$/);
  duckdb.close();
});
