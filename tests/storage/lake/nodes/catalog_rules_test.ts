// What the catalog of a lake does by itself: also after a dump was put back, and with another user.
import assert from "node:assert/strict";
import { sqlOf } from "../../../../scripts/lake/parts.ts";
import { mendCatalog, prepareCatalog } from "../../../../src/storage/lake/nodes/catalog_rules.ts";
import { Postgres } from "../../../../src/storage/shared/postgres.ts";
import { ALL_DATES } from "../../../../src/storage/tiers/erase.ts";
import { numbered } from "../../../support/lake/data.ts";
import {
  lakeTest,
  openLake,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../../support/lake/lake.ts";
import { accept } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();
const NOBODY = "nobody.example";

type Env = Readonly<Record<string, string>>;

const catalogOf = (env: Env) => env["MALLARD_LAKE_CATALOG"] ?? assert.fail();
const databaseOf = (env: Env) => catalogOf(env).split("/").at(-1) ?? assert.fail();

/** Runs a program of PostgreSQL as the user that owns the server. */
async function run(program: string, ...args: string[]): Promise<void> {
  const { programs, postgresPort, env } = partsNow();
  const { code, stderr } = await new Deno.Command(`${programs.postgres}/${program}`, {
    args: ["--host=127.0.0.1", `--port=${postgresPort}`, "--username=lake", ...args],
    env: { PGPASSWORD: env["MALLARD_LAKE_PASSWORD"] ?? "" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

/** The same lake for another user, whose name no other test has. */
async function asUser(env: Env, name: string, database = databaseOf(env)): Promise<Env> {
  const password = "a long password";
  for (
    const statement of [
      `drop role if exists ${name}`,
      `create role ${name} login password '${password}'`,
      `alter database ${database} owner to ${name}`,
    ]
  ) await sqlOf(partsNow(), statement);
  await sqlOf(partsNow(), `grant all on schema public to ${name}`, database);
  const catalog = catalogOf(env).replace("lake@", `${name}@`).replace(databaseOf(env), database);
  return { ...env, MALLARD_LAKE_CATALOG: catalog, MALLARD_LAKE_PASSWORD: password };
}

async function flushes(folder: string, env: Env, firstNumber: number): Promise<void> {
  const storage = await openOverLake(folder, env);
  try {
    await accept(storage, numbered(firstNumber, 12, 3));
    await storage.flusher.flush();
    await storage.eraser.erase(NOBODY, ...ALL_DATES);
    await storage.compactor.run(new AbortController().signal);
    await accept(storage, numbered(firstNumber + 12, 12, 3));
    await storage.flusher.flush();
    const { failures } = storage.flusher.counts;
    assert.deepEqual([failures, storage.compactor.counts.failures], [0, 0]);
  } finally {
    await storage.close();
  }
}

/** Events by the catalog, which has deleted none of these. */
async function countIn(env: Env): Promise<number> {
  const files = "select sum(record_count) from ducklake_data_file where end_snapshot is null";
  return Number(await sqlOf(partsNow(), files, databaseOf(env)));
}

lakeTest(
  "a dump that is put back for another user can be committed to",
  partsNow,
  async (env, folder) => {
    // The schema of what servers share has the name of the first one.
    const first = await asUser(env, "mallard");
    await flushes(folder, first, 0);
    const dump = `${folder}/lake.dump`;
    await run("pg_dump", "--format=custom", `--file=${dump}`, databaseOf(env));
    const database = `${databaseOf(env)}_again`;
    await sqlOf(partsNow(), `create database ${database}`);
    const second = await asUser(env, "other_owner", database);
    await run("pg_restore", "--no-owner", "--role=other_owner", `--dbname=${database}`, dump);
    await flushes(folder, second, 24);
    assert.equal(await countIn(second), 48);
    await sqlOf(partsNow(), `drop database ${database}`);
  },
);

lakeTest(
  "a trigger with which nothing can be committed is mended at a start",
  partsNow,
  async (env, folder) => {
    await flushes(folder, env, 0);
    const broken = `create or replace function public.mallard_note_snapshot() returns trigger
      language plpgsql security definer set search_path = '"$user"' as $$
      begin
        insert into no_such_table (snapshot_id) values (new.snapshot_id);
        return null;
      end $$`;
    await sqlOf(partsNow(), broken, databaseOf(env));
    await flushes(folder, env, 24);
    assert.equal(await countIn(env), 48);
  },
);

lakeTest(
  "a dump of before the notes that is put back over later ones can be committed to",
  partsNow,
  async (env, folder) => {
    let storage = await openOverLake(folder, env);
    await accept(storage, numbered(0, 12, 3));
    await storage.flusher.flush();
    await storage.close();
    const dump = `${folder}/lake.dump`;
    await run("pg_dump", "--format=custom", `--file=${dump}`, databaseOf(env));
    storage = await openOverLake(folder, env);
    await storage.eraser.erase(NOBODY, ...ALL_DATES);
    for (let flush = 1; flush < 6; flush++) {
      await accept(storage, numbered(100 + 6 * flush, 6, 3));
      await storage.flusher.flush();
    }
    await storage.close();
    await run("pg_restore", "--clean", "--if-exists", `--dbname=${databaseOf(env)}`, dump);
    await flushes(folder, env, 200);
    assert.equal(await countIn(env), 12 + 24);
  },
);

lakeTest(
  "who may only write snapshots gets no right of the owner",
  partsNow,
  async (env, folder) => {
    await flushes(folder, env, 0);
    const database = databaseOf(env);
    const user = `w${crypto.randomUUID().replaceAll("-", "")}`;
    const [schema] = (await sqlOf(
      partsNow(),
      "select relnamespace::regnamespace from pg_class where oid = 'ducklake_snapshot'::regclass",
      database,
    )).split("\n");
    for (
      const statement of [
        `create role ${user} login password 'a long password'`,
        `grant select, insert on ${schema}.ducklake_snapshot to ${user}`,
      ]
    ) await sqlOf(partsNow(), statement, database);
    const catalog = catalogOf(env).replace("lake@", `${user}@`);
    const place = { catalog, password: "a long password" };
    const session = await new Postgres(place, "writer", { sleep: () => Promise.resolve() })
      .session();
    try {
      for (
        const statement of [
          "create temp table mallard_snapshots (snapshot_id bigint)",
          `create function pg_temp.take() returns trigger language plpgsql as $$
          begin
            execute 'alter role ${user} createdb';
            return new;
          end $$`,
          `create trigger take before insert on mallard_snapshots
          for each row execute function pg_temp.take()`,
        ]
      ) await session.run(statement);
      await assert.rejects(
        session.run(`insert into ${schema}.ducklake_snapshot
        select max(snapshot_id) + 1, now(), 1, 1, 1 from ${schema}.ducklake_snapshot`),
        /permission denied for table mallard_snapshots/,
      );
      const [row] = await session.run(
        "select rolcreatedb::int as may from pg_roles where rolname = current_user",
      );
      assert.equal(row?.["may"], 0);
    } finally {
      session.close();
    }
  },
);

lakeTest("a commit that stands still is ended", partsNow, async (env, folder) => {
  await (await openLake(folder, optionsOf(env))).close();
  const postgres = new Postgres(optionsOf(env), "rules", { sleep: () => Promise.resolve() });
  const session = await postgres.session();
  try {
    await prepareCatalog(session);
    await mendCatalog(session);
    await session.run("begin");
    const limits = async () => {
      const [row] = await session.run(
        `select current_setting('lock_timeout') as wait,
          current_setting('idle_in_transaction_session_timeout') as idle`,
      );
      return [row?.["wait"], row?.["idle"]];
    };
    const before = await limits();
    await session.run(
      `insert into ducklake_snapshot select max(snapshot_id) + 1, now(), max(schema_version),
        max(next_catalog_id), max(next_file_id) from ducklake_snapshot`,
    );
    assert.deepEqual(await limits(), ["15s", "1min"]);
    await session.run("rollback");
    assert.deepEqual(await limits(), before);
  } finally {
    session.close();
  }
});
