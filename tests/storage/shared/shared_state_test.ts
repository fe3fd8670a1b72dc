import assert from "node:assert/strict";
import { sqlOf, startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import { AppError } from "../../../src/core/errors.ts";
import { SharedSaltRows } from "../../../src/storage/shared/shared_salts.ts";
import { changeOnce } from "../../../src/storage/shared/change_once.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { whileFull } from "../../support/lake/full.ts";
import { lakeTest, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { type OpenShared, openShared } from "../../support/lake/shared.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });

const site = (site_id: string) => ({ site_id, settings: "{}", created_at: 1 });
const goal = (name: string) => ({
  site_id: "a.example",
  kind: "goal" as const,
  name,
  body: "{}",
  created_at: 1,
  updated_at: 1,
});

async function sitesOf({ shared }: OpenShared): Promise<string[]> {
  return (await shared.run("listSiteSettings", undefined)).map(({ site_id }) => site_id);
}

/** Lets `work` use two servers of one lake. */
function withTwo(
  name: string,
  work: (one: OpenShared, other: OpenShared) => Promise<void>,
): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const one = await openShared(env, folder, "one");
    try {
      const other = await openShared(env, folder, "other");
      try {
        await work(one, other);
      } finally {
        await other.close();
      }
    } finally {
      await one.close();
    }
  });
}

lakeTest("the first server moves what it has, others take it", partsNow, async (env, folder) => {
  await Deno.mkdir(`${folder}/one`);
  const alone = await Store.open(`${folder}/one/mallard.sqlite`);
  await alone.run("putSiteSettings", site("a.example"));
  const ids = [await alone.run("addItem", goal("Ü 'x'")), await alone.run("addItem", goal("y"))];
  await alone.run("dropItem", ids[0] ?? 0);
  await alone.run("setPassword", { hash: "hash", atMs: 1, replace: true });
  await alone.run("deviceKey", "key");
  await alone.run("refuseSite", { site_id: "spam.example", atMs: 1 });
  const items = await alone.run("listItems", undefined);
  await alone.close();
  const one = await openShared(env, folder, "one");
  const other = await openShared(env, folder, "other");
  try {
    for (const { shared, store } of [one, other]) {
      for (const owned of [shared, store]) {
        assert.deepEqual(await owned.run("listItems", undefined), items);
        assert.equal(await owned.run("getPassword", undefined), "hash");
        assert.deepEqual(await owned.run("listRefused", undefined), ["spam.example"]);
      }
      assert.equal(await shared.run("deviceKey", "fresh"), "key");
    }
    assert.equal(await other.store.run("getMeta", "lake_journal"), "of other", "its own");
    const id = await other.shared.run("addItem", goal("z"));
    assert.ok(id !== null && id > (items[0]?.id ?? 0));
  } finally {
    await other.close();
    await one.close();
  }
  // A second start moves nothing again.
  const again = await openShared(env, folder, "one");
  const names = (await again.shared.run("listItems", undefined)).map(({ name }) => name);
  await again.close();
  assert.deepEqual(names, ["y", "z"]);
});

lakeTest("a server that has settings of its own cannot join", partsNow, async (env, folder) => {
  await (await openShared(env, folder, "one")).close();
  await Deno.mkdir(`${folder}/two`);
  const alone = await Store.open(`${folder}/two/mallard.sqlite`);
  await alone.run("putSiteSettings", site("a.example"));
  await alone.close();
  await assert.rejects(
    openShared(env, folder, "two"),
    /^Error: Cannot join the servers of the lake: this data folder has settings .*site_settings/,
  );
  // What would be dropped without a word: refused sites, and the record of erasures.
  const own = {
    refused_sites: (store: Store) => store.run("refuseSite", { site_id: "spam.example", atMs: 1 }),
    erasures: (store: Store) =>
      store.run("addErasure", {
        erased_at: 1,
        site_id: "a.example",
        start_date: "2026-01-01",
        end_date: "2026-01-02",
        db_records_deleted: 3,
        parquet_partitions_deleted: 1,
        caller: "session",
      }),
  };
  for (const [table, make] of Object.entries(own)) {
    await Deno.mkdir(`${folder}/${table}`);
    const store = await Store.open(`${folder}/${table}/mallard.sqlite`);
    await make(store);
    await store.close();
    await assert.rejects(openShared(env, folder, table), new RegExp(`its own \\(${table}\\)`));
  }
  // Nor can one of another lake.
  await sqlOf(partsNow(), "drop schema mallard cascade", databaseOf(env));
  await assert.rejects(openShared(env, folder, "one"), /this data folder belongs to another lake/);
});

lakeTest("a first start that fails later loses no settings", partsNow, async (env, folder) => {
  await Deno.mkdir(`${folder}/one`);
  const path = `${folder}/one/mallard.sqlite`;
  const alone = async (work: (store: Store) => Promise<unknown>) => {
    const store = await Store.open(path);
    await work(store);
    await store.close();
    // The bucket was not there, say: the lake was never connected.
    const db = Sqlite.openWriter(path);
    db.run("delete from facts where name = 'lake_journal'");
    db.close();
  };
  await alone((store) => store.run("putSiteSettings", site("a.example")));
  await (await openShared(env, folder, "one")).close();
  await alone(() => Promise.resolve());
  await (await openShared(env, folder, "one")).close();
  await alone((store) => store.run("putSiteSettings", site("b.example")));
  await assert.rejects(
    openShared(env, folder, "one"),
    /settings of its own \(site_settings\).*or remove the schema mallard from PostgreSQL/,
  );
  await sqlOf(partsNow(), "drop schema mallard cascade", databaseOf(env));
  const one = await openShared(env, folder, "one");
  assert.deepEqual(await sitesOf(one), ["a.example", "b.example"]);
  await one.close();
});

lakeTest(
  "a first start that fails later is repeated, whatever others change meanwhile",
  partsNow,
  async (env, folder) => {
    /** Opens it as if the lake could not be reached then. */
    const openTwo = async () => {
      const two = await openShared(env, folder, "two");
      const sites = await sitesOf(two);
      await two.store.run("setMeta", { name: "kept", value: "of its own" });
      await two.close();
      const db = Sqlite.openWriter(`${folder}/two/mallard.sqlite`);
      db.run("delete from facts where name = 'lake_journal'");
      db.close();
      return sites;
    };
    const one = await openShared(env, folder, "one");
    try {
      await one.shared.run("putSiteSettings", site("a.example"));
      assert.deepEqual(await openTwo(), ["a.example"]);
      await one.shared.run("putSiteSettings", site("b.example"));
      await one.shared.run("setPassword", { hash: "hash", atMs: 1, replace: true });
      assert.deepEqual(await openTwo(), ["a.example", "b.example"]);
      const alone = await Store.open(`${folder}/two/mallard.sqlite`);
      await alone.run("putSiteSettings", site("mine.example"));
      await alone.close();
      await one.shared.run("addItem", goal("x"));
      await assert.rejects(openTwo(), /settings of its own \(site_settings\), and they have/);
    } finally {
      await one.close();
    }
  },
);

function databaseOf(env: Readonly<Record<string, string>>): string {
  return new URL(optionsOf(env).catalog).pathname.slice(1);
}

withTwo("a change is told to other servers, and to nobody twice", async (one, other) => {
  const told: string[] = [];
  other.shared.onChange((tables) => {
    told.push([...tables].sort().join(" "));
    return Promise.resolve();
  });
  await until(() => told.length === 1, "what the start has brought");
  await one.shared.run("putSiteSettings", site("a.example"));
  await until(async () => (await sitesOf(other)).length === 1, "the site");
  await one.shared.run("addItem", goal("x"));
  await until(() => told.length === 3, "the second change");
  await other.shared.refresh();
  assert.deepEqual(told.slice(1), ["site_settings", "site_items"]);
});

withTwo("of changes at the same moment each server is told the other's", async (one, other) => {
  const told = new Set<OpenShared>();
  for (const server of [one, other]) {
    server.shared.onChange((tables) => {
      if (tables.has("refused_sites")) told.add(server);
      return Promise.resolve();
    });
  }
  await until(() => told.size === 2, "what the start has brought");
  for (let round = 0; round < 5; round++) {
    told.clear();
    await Promise.all(
      [one, other].map(({ shared }, index) =>
        shared.run("refuseSite", { site_id: `${index}.${round}.example`, atMs: 1 })
      ),
    );
    for (const { shared } of [one, other]) await shared.refresh();
    await until(() => told.size === 2, `round ${round}`);
  }
});

withTwo("a change that cannot be taken up is told again", async (_, { shared }) => {
  const told: ReadonlySet<string>[] = [];
  shared.onChange((tables) => {
    told.push(tables);
    return told.length > 1 ? Promise.resolve() : Promise.reject(new Error("on purpose"));
  });
  await until(() => told.length === 1, "the first time");
  await shared.refresh();
  await until(() => told.length === 2, "the second time");
  assert.ok(told[0]?.has("api_keys"));
  assert.deepEqual(told[1], told[0]);
  await shared.refresh();
  assert.equal(told.length, 2);
});

withTwo("changes of two servers at the same time are all made", async (one, other) => {
  const names = Array.from({ length: 12 }, (_, index) => `goal ${index}`);
  const ids = await Promise.all(
    names.map((name, index) => (index % 2 ? one : other).shared.run("addItem", goal(name))),
  );
  assert.equal(new Set(ids).size, names.length);
  const both = await Promise.all(
    [one, other].map(({ shared }, index) =>
      Promise.all([shared.run("addItem", goal("same")), shared.run("deviceKey", `key ${index}`)])
    ),
  );
  assert.equal(both.filter(([id]) => id !== null).length, 1, "a name is given once");
  assert.equal(new Set(both.map(([, key]) => key)).size, 1, "a key is made once");
  for (const server of [one, other]) {
    await server.shared.refresh();
    const items = await server.shared.run("listItems", undefined);
    assert.deepEqual(items.map(({ name }) => name).sort(), [...names, "same"].sort());
  }
});

lakeTest("without PostgreSQL a server goes on with its copy", partsNow, async (env, folder) => {
  const parts = partsNow();
  let one = await openShared(env, folder, "one");
  const other = await openShared(env, folder, "other");
  try {
    await one.shared.run("putSiteSettings", site("a.example"));
    await until(async () => (await sitesOf(other)).length === 1, "the site");
    await stopPostgres(parts, "immediate");
    try {
      await assert.rejects(
        one.shared.run("putSiteSettings", site("b.example")),
        (error) =>
          error instanceof AppError && error.code === "unavailable" &&
          /out of reach since .*Z; nothing was changed$/.test(error.message),
      );
      assert.equal(one.shared.isReached, false);
      await one.close();
      one = await openShared(env, folder, "one");
      assert.deepEqual(await sitesOf(one), ["a.example"]);
      await assert.rejects(openShared(env, folder, "new"), /PostgreSQL is out of reach/);
    } finally {
      await startPostgres(parts);
    }
    await until(() => other.shared.isReached, "the connection");
    await other.shared.run("putSiteSettings", site("c.example"));
    await until(async () => (await sitesOf(one)).length === 2, "what was missed");
  } finally {
    await one.close();
    await other.close();
  }
});

lakeTest(
  "a server that PostgreSQL gives no session to follow others in follows them in another",
  partsNow,
  async (env, folder) => {
    const one = await openShared(env, folder, "one");
    const other = await openShared(env, folder, "other");
    try {
      await one.shared.run("putSiteSettings", site("a.example"));
      await until(async () => (await sitesOf(other)).length === 1, "the site");
      await whileFull(env, async (fill) => {
        await one.shared.transaction("Cannot end a session", (run) =>
          run(
            `select pg_terminate_backend(pid)::text from pg_stat_activity
              where application_name = 'mallard other' and query ~ '^(select 1$|listen)'`,
          ));
        await fill();
        await one.shared.run("putSiteSettings", site("b.example"));
        await until(async () => (await sitesOf(other)).length === 2, "what is not told");
        assert.equal(other.shared.outOfReach, null);
        assert.equal(other.shared.isReached, true);
        await other.shared.run("putSiteSettings", site("c.example"));
        assert.equal(other.shared.outOfReach, null);
      });
      await one.shared.run("putSiteSettings", site("d.example"));
      await until(async () => (await sitesOf(other)).length === 4, "the last site");
      assert.equal(other.shared.outOfReach, null);
    } finally {
      await one.close();
      await other.close();
    }
  },
);

withTwo("salts are made once, and are gone when they are destroyed", async (one, other) => {
  const salts = [one, other].map(({ shared }) => new SharedSaltRows(shared, () => {}));
  const given = (by: string) => new Map([3, 1, 2].map((at) => [at, `${by} ${at}`]));
  const taken = await Promise.all(
    Array.from({ length: 6 }, (_, n) => salts[n % 2]?.take(7, given(String(n)))),
  );
  assert.equal(taken[0]?.size, 3);
  for (const found of taken) assert.deepEqual(found, taken[0]);
  await salts[0]?.destroy(7, 3);
  await salts[0]?.destroy(1, 99);
  const left = await salts[1]?.take(7, new Map([[2, "new"], [3, "new"]]));
  assert.deepEqual(left, new Map([[2, "new"], [3, taken[0]?.get(3)]]));
  assert.equal(await one.shared.secret("s", "mine"), "mine");
  assert.equal(await other.shared.secret("s", "other"), "mine");
});

lakeTest("a command changes it for all servers", partsNow, async (env, folder) => {
  const change = (hash: string) =>
    changeOnce(system, optionsOf(env), "setPassword", { hash, atMs: 1, replace: true });
  await assert.rejects(change("early"), /none has been started over the lake/);
  const one = await openShared(env, folder, "one");
  try {
    assert.equal(await change("by command"), true);
    await until(
      async () => await one.shared.run("getPassword", undefined) === "by command",
      "the password",
    );
  } finally {
    await one.close();
  }
});
