import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { pageview } from "../../support/events.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

/** Occurs in events of another site, in files beside the site's own, and in the environment. */
const SECRET = "not-for-this-site";

async function withApp(
  run: (app: RunningApp) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [
      pageview({ at: "2024-01-10T10:00", visitor: "a", page: "/first" }),
      pageview({ at: "2024-01-10T10:05", visitor: "a", page: "/=1+1" }),
      pageview({ at: "2024-01-11T10:00", visitor: "b" }),
      pageview({ at: "2024-01-11T10:00", site_id: "other.example", page: `/${SECRET}` }),
    ]);
    await storage.flusher.flush();
    await accept(storage, [
      pageview({ at: "2024-01-12T10:00", visitor: "a", page: "/hot" }),
      pageview({ at: "2024-01-12T10:00", site_id: "other.example", page: `/${SECRET}` }),
    ]);
    await storage.close();
    await Deno.writeTextFile(`${folder}/secret.csv`, `a\n${SECRET}\n`);
    const app = await openApp(env, { folder });
    try {
      await run(app);
    } finally {
      await app.close();
    }
  });
}

function ask(app: RunningApp, body: Record<string, unknown>, signal?: AbortSignal) {
  const text = JSON.stringify({ site_id: "example.com", ...body });
  return app.app.handle(
    new Request("http://localhost:8000/api/sql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
      ...(signal ? { signal } : {}),
    }),
    { peer: "127.0.0.1" },
  );
}

async function rowsOf(app: RunningApp, query: string): Promise<Record<string, unknown>[]> {
  const response = await ask(app, { query });
  const answer = await response.json();
  equal(response.status, 200, `${query}: ${JSON.stringify(answer)}`);
  return answer.rows;
}

Deno.test("POST /api/sql answers over files and what is in none yet", async () => {
  await withApp(async (app) => {
    const response = await ask(app, {
      query: "select pathname, count(*) as views from events group by all order by all;",
    });
    equal(response.headers.get("content-type"), "application/json");
    deepEqual(await response.json(), {
      columns: [{ name: "pathname", type: "VARCHAR" }, { name: "views", type: "BIGINT" }],
      rows: [
        { pathname: "/", views: 1 },
        { pathname: "/=1+1", views: 1 },
        { pathname: "/first", views: 1 },
        { pathname: "/hot", views: 1 },
      ],
      truncated: false,
    });
    deepEqual(
      await rowsOf(app, "select pageviews, is_bounce, channel from visits order by started_at"),
      [
        { pageviews: 2, is_bounce: false, channel: "Direct" },
        { pageviews: 1, is_bounce: true, channel: "Direct" },
        { pageviews: 1, is_bounce: true, channel: "Direct" },
      ],
    );
    const left = await Array.fromAsync(Deno.readDir(`${app.folder}/.sql`));
    deepEqual(left, []);
  });
});

Deno.test("POST /api/sql writes CSV without formulas, and Parquet", async () => {
  await withApp(async (app) => {
    const query = "select pathname from events where pathname like '/%' order by pathname limit 2";
    const csv = await ask(app, {
      query: query.replace("pathname from", "substr(pathname, 2) p from"),
      format: "csv",
    });
    equal(csv.headers.get("content-type"), "text/csv; charset=utf-8");
    equal(await csv.text(), "p\n\n'=1+1\n".replace("\n\n", '\n""\n'));
    const headed = await ask(app, { query: 'select 1 as "=1+1"', format: "csv" });
    equal(await headed.text(), "'=1+1\n1\n");
    const parquet = await ask(app, { query, format: "parquet", limit: 1 });
    equal(parquet.headers.get("x-truncated"), "true");
    equal((await parquet.text()).slice(0, 4), "PAR1");
  });
});

Deno.test("POST /api/sql shows visitor ids that no other answer has", async () => {
  await withApp(async (app) => {
    const query = "select visitor_id as id, count(*) as n from events group by id order by n";
    const [one, other] = [await rowsOf(app, query), await rowsOf(app, query)];
    deepEqual(one.map(({ n }) => n), [1, 3]);
    for (const rows of [one, other]) for (const { id } of rows) match(String(id), /^[0-9a-f]{64}$/);
    equal(new Set([...one, ...other].map(({ id }) => id)).size, 4);
  });
});

/** `FOLDER` is DATA_DIR. Each is refused, and tells nothing. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  "files": [
    "select * from read_csv('FOLDER/secret.csv')",
    "select * from read_csv_auto('FOLDER/secret.csv')",
    "select * from read_text('FOLDER/secret.csv')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_json('/proc/self/environ')",
    "select * from read_ndjson_objects('/proc/self/environ')",
    "select * from sniff_csv('FOLDER/secret.csv')",
    "select * from glob('FOLDER/**')",
    "select * from read_parquet('FOLDER/events/**/*.parquet')",
    "select * from parquet_scan('FOLDER/events/site_id=other.example/*/*.parquet')",
    "select * from read_parquet('FOLDER/events/site_id=example.com/../site_id=other.example/*/*')",
    "select * from parquet_metadata('FOLDER/events/site_id=example.com/*/*.parquet')",
    "select * from parquet_schema('FOLDER/events/**')",
    "select * from parquet_kv_metadata('FOLDER/events/**')",
    "from 'FOLDER/secret.csv'",
    'from "FOLDER/secret.csv"',
    "select * from 'FOLDER/events/**/*.parquet'",
    "from 'secret.csv'",
    "from '../secret.csv'",
    "from 'x.parquet'",
    "from 'https://example.com/x.parquet'",
    "select * from read_csv('https://example.com/x.csv')",
    "select * from 's3://bucket/x.parquet'",
    "select (select max(a) from 'FOLDER/secret.csv') from events",
    "select * from events where pathname in (select a from read_csv('FOLDER/secret.csv'))",
    "with x as (select * from read_text('FOLDER/secret.csv')) select * from x",
    'with "FOLDER/secret.csv" as (select 1) select * from "FOLDER/secret.csv"',
    'select * from (with "FOLDER/secret.csv" as (select 1) select 1), "FOLDER/secret.csv"',
    "select * from read_duckdb('FOLDER/mallard.sqlite')",
    "select * from sqlite_scan('FOLDER/mallard.sqlite', 'api_keys')",
    "select * from events, lateral (select * from read_text(pathname))",
    "select * from seq_scan('events')",
    "from summary((from events))",
  ],
  "catalog": [
    "select * from duckdb_settings()",
    "select * from duckdb_secrets()",
    "select * from duckdb_databases()",
    "select * from duckdb_views()",
    "select * from duckdb_tables()",
    "select * from duckdb_logs()",
    "select * from duckdb_temporary_files()",
    "select * from duckdb_external_file_cache()",
    "select * from duckdb_extensions()",
    "select * from duckdb_prepared_statements()",
    "select * from which_secret('FOLDER', 's3')",
    "from duckdb_settings",
    "from duckdb_views",
    "from sqlite_master",
    "from pragma_database_list",
    "from information_schema.tables",
    "from pg_catalog.pg_tables",
    "from system.information_schema.columns",
    "from memory.main.answer",
    "from main.events",
    "from answer",
    "select * from (with sqlite_master as (select 1) select 1), sqlite_master",
    "with a as (select * from sqlite_master), sqlite_master as (select 1) select * from a",
    "with recursive a as (select * from duckdb_settings) select * from a",
    "with duckdb_settings as (select * from duckdb_settings) select * from duckdb_settings",
    "show tables",
    "show all tables",
    "show databases",
    "from (show all tables)",
    "describe",
    "select current_setting('allowed_paths')",
    "select CURRENT_SETTING('temp_directory')",
    "select main.current_setting('temp_directory')",
    "select system.main.current_setting('temp_directory')",
    "select \"current_setting\"('temp_directory')",
    "select current_query()",
    "select version()",
    "select getenv('HOME')",
    "select getvariable('x')",
    "select current_database(), current_schemas(true)",
    "select pg_get_viewdef(1)",
    "select pg_catalog.pg_get_viewdef(1)",
    "select stats(pathname) from events",
    "select [current_setting(x) for x in ['temp_directory']]",
    "select list_transform(['allowed_paths'], lambda x: current_setting(x))",
    "select * from pragma_table_info('answer')",
    "select * from pragma_version()",
    "select * from test_all_types()",
  ],
  "other statements": [
    "copy (select 1) to 'FOLDER/out.csv'",
    "copy events to 'FOLDER/out.parquet' (format parquet)",
    "copy answer from 'FOLDER/secret.csv'",
    "export database 'FOLDER/out'",
    "import database 'FOLDER/out'",
    "attach 'FOLDER/mallard.sqlite' as x",
    "attach ':memory:' as x",
    "detach memory",
    "use memory",
    "pragma database_list",
    "pragma version",
    "pragma table_info('answer')",
    "install httpfs",
    "load httpfs",
    "load 'FOLDER/x.duckdb_extension'",
    "force install httpfs from 'http://example.com'",
    "set memory_limit = '100GB'",
    "set lock_configuration = false",
    "reset memory_limit",
    "set variable x = 1",
    "call pragma_version()",
    "create table x as select 1",
    "create or replace view events as select 1",
    "create macro f(x) as x + 1",
    "create macro f() as table select * from duckdb_settings()",
    "create secret (type s3)",
    "create sequence s",
    "create type t as enum (select 'a')",
    "insert into answer values (1)",
    "delete from events",
    "drop view events",
    "update events set pathname = ''",
    "truncate answer",
    "alter table answer add column x int",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "analyze",
    "begin",
    "commit",
    "comment on table answer is 'x'",
    "explain select 1",
    "explain analyze select * from events",
    "select 1; select 2",
    "select 1; drop table answer",
    "select 1;; copy (select 1) to 'FOLDER/out.csv'",
    "select 1) as x; copy (select 1) to 'FOLDER/out.csv'; select * from (select 1",
    "select 1) union (select 2",
    "select 1) as answer limit 1 --",
    "select 1 /*",
    "select 1 --\n; select 2",
    "/* select 1 */",
    "-- nothing",
    ";",
    "$$",
    "select $$a",
    "select $1",
    "select ?",
    "select $key",
    "select 'a",
    "\u0000select 1",
    "merge into events using events as e on true when matched then delete",
    "pivot events on pathname using count(*)",
  ],
  "statements in values": [
    "select * from query('select * from duckdb_settings()')",
    "select * from query_table('sqlite_master')",
    "select * from query_table(['events', 'sqlite_master'])",
    "select json_serialize_plan('select * from events')",
    "select json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "from json_execute_serialized_sql(json_serialize_sql('select * from duckdb_settings()'))",
    "pragma json_execute_serialized_sql('{}')",
    "select json_serialize_sql('select 1')",
    "select * from sql_auto_complete('sel')",
    "select write_log('x')",
    "select nextval('s')",
    "select sleep_ms(100000)",
    "select pg_sleep(100)",
  ],
  "memory": [
    "select repeat('x', 4000000000)",
    "select length(repeat(pathname, 1000000000)) from events",
    "select lpad('', 2000000000, 'x')",
    "select rpad('', 2000000000, 'x')",
    "select printf('%2000000000d', 1)",
    "select format('{:>2000000000}', 1)",
    "select bar(1, 0, 1, 2000000000)",
    "select bitstring('0', 2000000000)",
    "select len(range(1000000000000000000))",
    "select sum(length(replace(x, 'a', x))) from (select repeat(os, 9) as x from events)",
    "select regexp_replace(pathname, '.', pathname || pathname, 'g') from events",
    "select reservoir_quantile(x::hugeint, 0.5, 2147483647) from range(100000) t(x) group by x",
    "select generate_series(1, 10000000000)",
    "select list_resize([], 4000000000)",
    "select [x for x in range(10000000000)]",
    "select list(a.range) from range(100000000) a",
    "select string_agg(a.range::varchar) from range(100000000) a",
    "with recursive t(s) as (select 'xxxx' union all select s || s from t) select max(s) from t",
  ],
  "planning": [
    `select ${"1+".repeat(2000)}1`,
    `select ${"(".repeat(5000)}1${")".repeat(5000)}+nothing`,
    `select ${"(select ".repeat(200)}1${")".repeat(200)}`,
    `select count(*) from ${"events,".repeat(60)}events`,
    `select ${"[".repeat(2000)}${"]".repeat(2000)}`,
    `select ${"case when true then ".repeat(500)}1${" end".repeat(500)}`,
    `select ${"lower(".repeat(500)}''${")".repeat(500)}`,
    `select '${"x".repeat(20_000)}'`,
    `select ${"a,".repeat(9000)}a`,
  ],
};

for (const [kind, statements] of Object.entries(HOSTILE)) {
  Deno.test(`POST /api/sql refuses statements that want what is not theirs: ${kind}`, async () => {
    await withApp(async (app) => {
      for (const statement of statements) {
        const query = statement.replaceAll("FOLDER", app.folder);
        const response = await ask(app, { query });
        const text = await response.text();
        const what = `${statement.slice(0, 100)} → ${response.status} ${text.slice(0, 300)}`;
        ok(response.status === 400 || text.includes("it needs more memory"), what);
        match(text, /^\{"error":"Cannot run the statement: /, what);
        const shown = text.replaceAll(JSON.stringify(query).slice(1, -1), "");
        for (const word of [SECRET, ".sql/", "read_parquet(", ".parquet'"]) {
          ok(!shown.includes(word), what);
        }
        ok(!text.includes(app.folder), what);
      }
      deepEqual(await rowsOf(app, "select count(*) as n from events"), [{ n: 4 }]);
      deepEqual(await Array.fromAsync(Deno.readDir(`${app.folder}/.sql`)), []);
    });
  });
}

Deno.test("POST /api/sql reads its site alone, however it is asked", async () => {
  await withApp(async (app) => {
    for (
      const query of [
        "from events",
        "select * from visits",
        "from (describe events)",
        "from (summarize events)",
        "select events from events",
        "select columns(*) from events",
        "select to_json(e) from events e",
        "with recursive t as (select * from events union all select * from t where false) from t",
        "select e.* from events e join visits v using (visitor_id)",
      ]
    ) {
      const text = JSON.stringify(await rowsOf(app, query));
      ok(!text.includes(SECRET) && !text.includes(app.folder), query);
      ok(!/"visitor_id":"[ab]"/.test(text), query);
    }
  });
});

Deno.test("POST /api/sql cannot read through a link below its folder", async () => {
  await withApp(async (app) => {
    const sites = `${app.folder}/events`;
    await Deno.symlink("/etc/passwd", `${sites}/site_id=example.com/link.parquet`);
    const query = `from '${sites}/site_id=example.com/link.parquet'`;
    equal((await ask(app, { query })).status, 400);
  });
});

/** Waits while the clock goes on: DuckDB is interrupted until it stops. */
async function inTime<T>(app: RunningApp, work: Promise<T>): Promise<T> {
  let isOver = false;
  work.finally(() => isOver = true).catch(() => {});
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    app.system.clock.advance(100);
  }
  return await work;
}

async function isRunning(app: RunningApp): Promise<boolean> {
  try {
    return (await Array.fromAsync(Deno.readDir(`${app.folder}/.sql`))).length > 0;
  } catch {
    return false;
  }
}

/** Each would run for ever, or nearly. */
const ENDLESS = [
  "select count(*) from range(1000000000000000000)",
  "select count(*) from range(10000000) a, range(10000000) b, range(10000000) c",
  "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t",
  "select a.range from range(1000000000000) a order by hash(a.range) limit 3",
];

for (const query of ENDLESS) {
  Deno.test(`POST /api/sql stops at its time limit: ${query.slice(0, 60)}`, async () => {
    await withApp(async (app) => {
      const response = await inTime(app, ask(app, { query }));
      const { error } = await response.json();
      equal(response.status, 503, error);
      match(error, /^Cannot answer within 5 s: the query was stopped$/);
      deepEqual(await rowsOf(app, "select count(*) as n from events"), [{ n: 4 }]);
    }, { MALLARD_SQL_TIMEOUT: "5" });
  });
}

Deno.test("POST /api/sql stops when the client leaves, and runs one at a time", async () => {
  await withApp(async (app) => {
    const leaving = new AbortController();
    const left = ask(app, { query: ENDLESS[0] }, leaving.signal);
    const busy = async () => (await ask(app, { query: "select 1 as x" })).status;
    while (!await isRunning(app)) await new Promise((resolve) => setTimeout(resolve, 5));
    equal(await busy(), 429);
    leaving.abort();
    await inTime(app, left);
    // It gives its place free once DuckDB has stopped.
    while (await busy() !== 200) app.system.clock.advance(100);
  });
});

Deno.test("POST /api/sql says what is wrong with a request", async () => {
  await withApp(async (app) => {
    const faultOf = async (body: Record<string, unknown>) => {
      const response = await ask(app, body);
      const { error } = await response.json();
      return `${response.status} ${error}`;
    };
    const query = "select 1";
    equal(await faultOf({}), "400 Cannot run the statement: query: it is no text");
    equal(await faultOf({ query: " " }), "400 Cannot run the statement: query: it is no text");
    equal(
      await faultOf({ query, site_id: "none.example" }),
      "404 Cannot find the site: there is none called none.example",
    );
    match(await faultOf({ query, site_id: 1 }), /^400 Cannot query: site_id: it is no text/);
    match(
      await faultOf({ query, format: "xml" }),
      /^400 .*format: it is not one of json, csv, parq/,
    );
    match(
      await faultOf({ query, limit: 0 }),
      /^400 .*limit: it is not a whole number of 1 to 10000$/,
    );
    match(
      await faultOf({ query, params: [] }),
      /^400 .*params: it is not one of site_id, query, f/,
    );
    match(await faultOf({ query: "select nope from events" }), /^400 .*column "nope" not found/);
    match(await faultOf({ query: "selec 1" }), /^400 .*syntax error at or near "selec"/);
    match(await faultOf({ query: "select 1 / 'a'" }), /^400 Cannot run the statement: .*convert/);
    match(await faultOf({ query: "select * from pages" }), /there are events and visits$/);
  });
});

Deno.test("POST /api/sql is off where the settings say so", async () => {
  await withApp(async (app) => {
    const response = await ask(app, { query: "select 1" });
    equal(response.status, 403);
    match((await response.json()).error, /sql_enabled is false/);
    const about = await app.send("/api/sql");
    equal((await about.json()).enabled, false);
  }, { MALLARD_SQL_ENABLED: "false" });
});
