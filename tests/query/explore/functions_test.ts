import { deepStrictEqual as deepEqual } from "node:assert";
import { isRefusedFunction, TABLE_FUNCTIONS } from "../../../src/query/explore/functions.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";

/** What functions are called that tell of the server, of files, or run a statement. */
const SUSPECT = new RegExp(
  "setting|secret|quer|sql|read|write|file|glob|attach|database|schema|catalog|user|role|env" +
    "|sleep|pg_|duckdb|pragma|log$|parquet|scan|sniff|json_.*(plan|exec)|version|variable" +
    "|execute|load|extension|internal|privilege|connection|transaction|collate",
);

/** Looked at, and harmless. */
const HARMLESS: readonly string[] = [
  "current_date",
  "current_localtime",
  "current_localtimestamp",
  "log",
  "parse_filename",
  "pg_size_pretty",
  "pg_typeof",
  "read",
  "transaction_timestamp",
  "uuid_extract_version",
];

Deno.test("isRefusedFunction() knows each function that may tell of the server", async () => {
  const duckdb = await openDuckDb();
  const rows = await duckdb.rows(`select distinct function_name as name from duckdb_functions()
    where function_type in ('scalar', 'aggregate', 'macro')`);
  duckdb.close();
  const names = rows.map(({ name }) => String(name)).filter((name) => SUSPECT.test(name));
  deepEqual(
    names.filter((name) => !isRefusedFunction(name) && !HARMLESS.includes(name)).sort(),
    [],
  );
});

Deno.test("isRefusedFunction() leaves what statements are made of", () => {
  const used = "count,sum,avg,median,quantile_cont,arg_max,date_trunc,strftime,regexp_extract," +
    "split_part,lower,coalesce,list,unnest,row_number,lag,json_extract_string,to_json,round,least";
  deepEqual(used.split(",").filter(isRefusedFunction), []);
  deepEqual([...TABLE_FUNCTIONS], ["unnest", "range", "generate_series"]);
});
