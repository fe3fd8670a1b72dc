// Work of a lake that one server does at a time, over PostgreSQL.
import assert from "node:assert/strict";
import { sqlOf } from "../../../../scripts/lake/parts.ts";
import { Postgres } from "../../../../src/storage/shared/postgres.ts";
import { Duty } from "../../../../src/storage/lake/nodes/duty.ts";
import { Turns } from "../../../../src/storage/lake/nodes/turns.ts";
import { lakeTest, openLake, optionsOf, partsOfFile } from "../../../support/lake/lake.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();

lakeTest(
  "of two servers one does the work, until its connection ends",
  partsNow,
  async (env, folder) => {
    await (await openLake(folder, optionsOf(env))).close();
    const clock = { sleep: () => Promise.resolve() };
    const duty = () => new Duty(new Postgres(optionsOf(env), "duty", clock));
    const [one, two] = [duty(), duty()];
    const done: string[] = [];
    let held = () => true;
    let goOn = () => {};
    const working = one.once("upkeep", async (isHeld) => {
      done.push("one");
      held = isHeld;
      await new Promise<void>((resolve) => goOn = resolve);
    });
    await until(() => done.length > 0, "the first one works");
    const work = (name: string) => () => Promise.resolve(void done.push(name));
    assert.equal(await two.once("upkeep", work("two")), false);
    assert.equal(await two.once("expiry", work("other")), true);
    await sqlOf(
      partsNow(),
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'",
    );
    await until(() => !held(), "the loss is known");
    assert.equal(await two.once("upkeep", work("two")), true);
    goOn();
    await working;
    assert.equal(await one.once("upkeep", work("again")), true);
    assert.deepEqual(done, ["one", "other", "two", "again"]);
  },
);

lakeTest(
  "a file is replaced once, also where the note of it is gone",
  partsNow,
  async (env, folder) => {
    await (await openLake(folder, optionsOf(env))).close();
    const clock = { sleep: () => Promise.resolve() };
    const postgres = new Postgres(optionsOf(env), "duty", clock);
    const duty = new Duty(postgres);
    await duty.once("upkeep", async () => {});
    await duty.once("upkeep", async () => {});
    const session = await postgres.session();
    const replace = (file: number) =>
      session.run(
        `insert into ducklake_files_scheduled_for_deletion (data_file_id, path, path_is_relative)
          values ($1, 'a', true)`,
        file,
      );
    await replace(7);
    await assert.rejects(replace(7), /duplicate key/);
    // As an erasure does, which deletes all files that nothing names.
    await session.run("delete from ducklake_files_scheduled_for_deletion");
    await assert.rejects(replace(7), /duplicate key/);
    await replace(8);
    await session.run("update mallard_replaced_files set replaced_at = now() - interval '2 days'");
    await duty.once("upkeep", async () => {});
    const [left] = await session.run("select count(*)::int as files from mallard_replaced_files");
    assert.equal(left?.["files"], 0);
    session.close();
  },
);

lakeTest(
  "an erasure waits for no flush of another server, and names a right that is missing",
  partsNow,
  async (env, folder) => {
    await (await openLake(folder, optionsOf(env))).close();
    const clock = { sleep: () => Promise.resolve() };
    const postgres = new Postgres(optionsOf(env), "duty", clock);
    const database = env["MALLARD_LAKE_CATALOG"]?.split("/").at(-1);
    const user = `u${crypto.randomUUID().replaceAll("-", "")}`;
    for (
      const statement of [
        `create user ${user} password 'secret words'`,
        `grant all on all tables in schema public to ${user}`,
      ]
    ) await sqlOf(partsNow(), statement, database);
    const catalog = optionsOf(env).catalog.replace("lake@", `${user}@`);
    const other = new Duty(new Postgres({ catalog, password: "secret words" }, "duty", clock));
    for (const work of [() => other.prepareErasing(), () => other.once("upkeep", async () => {})]) {
      await assert.rejects(work, {
        code: "unavailable",
        message: /user of lake_catalog must own .*PostgreSQL says: (permission denied|must be own)/,
      });
    }
    await new Turns(postgres).inTurn(() => new Duty(postgres).prepareErasing());
    // What is there needs no right.
    await other.prepareErasing();
  },
);

lakeTest(
  "the number of a snapshot is given once, and noted for a day",
  partsNow,
  async (env, folder) => {
    await (await openLake(folder, optionsOf(env))).close();
    const postgres = new Postgres(optionsOf(env), "duty", { sleep: () => Promise.resolve() });
    const duty = new Duty(postgres);
    await duty.prepareErasing();
    await duty.prepareErasing();
    const session = await postgres.session();
    const count = async (table: string) =>
      (await session.run(`select count(*)::int as rows from ${table}`))[0]?.["rows"];
    assert.equal(await count("mallard_snapshots"), await count("ducklake_snapshot"));
    const add = () =>
      session.run(
        `insert into ducklake_snapshot (snapshot_id, snapshot_time, schema_version,
          next_catalog_id, next_file_id) values (7000, now(), 1, 1, 1)`,
      );
    await add();
    await session.run("delete from ducklake_snapshot where snapshot_id = 7000");
    await assert.rejects(add, /duplicate key/);
    await session.run("update mallard_snapshots set made_at = now() - interval '2 days'");
    await duty.once("upkeep", async () => {});
    assert.equal(await count("mallard_snapshots"), 0);
    session.close();
  },
);
