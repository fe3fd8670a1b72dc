import assert from "node:assert/strict";
import { sqlOf, startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { PostgresFault } from "../../../src/storage/shared/faults.ts";
import { Postgres, type PostgresPlace, Session } from "../../../src/storage/shared/postgres.ts";
import { lakeTest, optionsOf, partsOfFile } from "../../support/lake/lake.ts";

const partsNow = partsOfFile();
const { clock } = realSystem({ format: "text", levelMin: "error" });

/** Waits for what PostgreSQL tells by itself. */
async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 600; !await check(); left--) {
    if (left === 0) throw new Error(`Waited in vain for ${what}`);
    await clock.sleep(50);
  }
}

Deno.test("the client of PostgreSQL is loaded by nobody who has no lake", async () => {
  const main = new URL("../../../src/main.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--frozen", main],
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set([main]);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code?.specifier !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  const names = [...loaded].map((specifier) => specifier.slice(specifier.lastIndexOf("/src/")));
  assert.ok(names.includes("/src/app.ts") && names.length > 100, `${names.length} modules`);
  assert.deepEqual(names.filter((name) => /storage\/shared\/|npm:.*\bpg@/.test(name)), []);
});

/** What `deno info --json` says of a module. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

lakeTest("Session runs statements, and reads whole numbers and texts", partsNow, async (env) => {
  const session = await Session.open(optionsOf(env), "mallard one");
  try {
    await session.run("create table t (a bigint, b text, c boolean, d bytea)");
    const values = [2 ** 40, "ä'\\", true, new Uint8Array([0, 255])] as const;
    await session.run("insert into t values ($1, $2, $3, $4)", ...values);
    const rows = await session.run("select a, b, c::int as c, encode(d, 'hex') as d from t");
    assert.deepEqual(rows, [{ a: 2 ** 40, b: "ä'\\", c: 1, d: "00ff" }]);
    const [{ name } = {}] = await session.run("select current_setting('application_name') as name");
    assert.equal(name, "mallard one");
    await assert.rejects(session.transaction((run) => run("select 1/0 as x")), /division by zero/);
    await assert.rejects(
      session.transaction(async (run) => {
        await run("delete from t");
        throw new Error("taken back");
      }),
      /taken back/,
    );
    assert.deepEqual(await session.run("select count(*) as n from t"), [{ n: 1 }]);
  } finally {
    session.close();
  }
});

lakeTest("Session hears notices, and tells that it was lost", partsNow, async (env) => {
  const parts = partsNow();
  const session = await Session.open(optionsOf(env), "mallard listens");
  const heard: string[] = [];
  await session.listen("news", ({ payload }) => heard.push(payload ?? ""));
  const database = new URL(optionsOf(env).catalog).pathname.slice(1);
  await sqlOf(parts, "notify news, 'one'", database);
  await until("a notice", () => heard.length === 1);
  let loss: Error | null = null;
  session.onLost((error) => loss = error);
  await sqlOf(
    parts,
    "select pg_terminate_backend(pid) from pg_stat_activity " +
      "where application_name = 'mallard listens'",
  );
  await until("the loss", () => loss !== null);
  assert.equal(session.isOpen, false);
  await assert.rejects(session.run("select 1"), /^PostgresFault: Cannot go on with PostgreSQL/);
});

lakeTest("Postgres goes on after PostgreSQL was started again", partsNow, async (env) => {
  const parts = partsNow();
  const postgres = new Postgres(optionsOf(env), "mallard", clock);
  const put = () =>
    postgres.transaction("Cannot count", async (run) => {
      await run("create table if not exists t (a bigint)");
      await run("insert into t values (1)");
      return (await run("select count(*) as n from t"))[0]?.["n"];
    });
  try {
    assert.equal(await put(), 1);
    await stopPostgres(parts, "immediate");
    await startPostgres(parts);
    assert.equal(await put(), 2);
    await stopPostgres(parts, "immediate");
    await assert.rejects(
      put(),
      /^PostgresFault: Cannot c[^:]*: PostgreSQL is out of reach \(\w+ on 127\.0\.0\.1:\d+\): .*/,
    );
  } finally {
    await startPostgres(parts);
    postgres.close();
  }
});

lakeTest("Postgres tries again after a collision", partsNow, async (env) => {
  const [one, other] = ["one", "other"].map((name) => new Postgres(optionsOf(env), name, clock));
  assert.ok(one && other);
  const add = (postgres: Postgres) =>
    postgres.transaction("Cannot add", async (run) => {
      const [row] = await run("select n from t");
      await run("update t set n = $1", Number(row?.["n"]) + 1);
    });
  try {
    await one.transaction("", async (run) => {
      await run("create table t (n bigint)");
      await run("insert into t values (0)");
    });
    await Promise.all([one, other, one, other].map(add));
    const n = await one.transaction("", (run) => run("select n from t"));
    assert.deepEqual(n, [{ n: 4 }]);
  } finally {
    one.close();
    other.close();
  }
});

lakeTest("Session.open() says in a sentence what is wrong", partsNow, async (env) => {
  const options = optionsOf(env);
  const refuses = (changed: Partial<PostgresPlace>, says: RegExp) =>
    assert.rejects(Session.open({ ...options, ...changed }, "mallard"), (error: Error) => {
      assert.ok(error instanceof PostgresFault);
      assert.match(error.message, new RegExp(`^Cannot connect to PostgreSQL: ${says.source}$`));
      return true;
    });
  await refuses({ password: "wrong" }, /PostgreSQL refuses the password for .*/);
  await refuses({ password: null }, /PostgreSQL refuses the password for .*/);
  await refuses(
    { catalog: options.catalog.replace(/\w+$/, "nosuch") },
    /PostgreSQL has no database called nosuch; create it/,
  );
  await refuses(
    { catalog: options.catalog.replace(/:\d+\//, ":1/") },
    /PostgreSQL is out of reach \(.*:1\): .*REFUSED.*/,
  );
  await refuses({ catalog: "host=nosuch.invalid user=lake" }, /PostgreSQL is out of reach .*/);
});
