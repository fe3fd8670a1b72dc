// The same cases for both keepers of what owners make: SQLite alone, and PostgreSQL with a copy.
import assert from "node:assert/strict";
import { withFolder } from "../../support/storage/storage.ts";
import { lakeTest, partsOfFile } from "../../support/lake/lake.ts";
import { openShared } from "../../support/lake/shared.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { SUM_COLUMNS, type SumColumn } from "../../../src/storage/history/sum_kinds.ts";
import { SHARED_OP_NAMES } from "../../../src/storage/shared/shared_ops.ts";

const partsNow = partsOfFile();

type Owned = Pick<Store, "run">;

const CASES: Readonly<Record<string, (owned: Owned) => Promise<void>>> = {
  "settings of sites are put, changed and dropped": async (owned) => {
    const row = { site_id: "B.example", settings: '{"name":"ä"}', created_at: 7.9 };
    await owned.run("putSiteSettings", row);
    await owned.run("putSiteSettings", { ...row, site_id: "a.example", created_at: 1 });
    await owned.run("putSiteSettings", { ...row, settings: "{}", created_at: 99 });
    assert.deepEqual(await owned.run("listSiteSettings", undefined), [
      { site_id: "B.example", settings: "{}", created_at: 7 },
      { site_id: "a.example", settings: '{"name":"ä"}', created_at: 1 },
    ]);
    await owned.run("dropSite", "B.example");
    const left = await owned.run("listSiteSettings", undefined);
    assert.deepEqual(left.map(({ site_id }) => site_id), ["a.example"]);
  },
  "items have one name of each kind, and ids that come once": async (owned) => {
    const item = {
      site_id: "a",
      kind: "goal",
      name: "One 'n' ü",
      body: '{"event":"x"}',
      created_at: 1.5,
      updated_at: 2,
    } as const;
    const one = await owned.run("addItem", item);
    assert.ok(one !== null);
    assert.equal(await owned.run("addItem", item), null);
    const segment = await owned.run("addItem", { ...item, kind: "segment" });
    const note = { ...item, kind: "annotation" } as const;
    const [first, second] = [await owned.run("addItem", note), await owned.run("addItem", note)];
    assert.ok(segment !== null && first !== null && second !== null && first !== second);
    const two = await owned.run("addItem", { ...item, name: "Two" });
    assert.ok(two !== null);
    const change = { id: two, name: item.name, body: "{}", updated_at: 3 };
    assert.equal(await owned.run("changeItem", change), false);
    assert.equal(await owned.run("changeItem", { ...change, name: "Two" }), true);
    assert.equal(await owned.run("changeItem", { ...change, id: second }), true);
    assert.equal(await owned.run("changeItem", { ...change, id: 12345, name: "None" }), false);
    assert.equal(await owned.run("dropItem", first), true);
    assert.equal(await owned.run("dropItem", first), false);
    const rows = await owned.run("listItems", undefined);
    assert.deepEqual(rows.map(({ id }) => id), [one, segment, second, two].sort((a, b) => a - b));
    assert.deepEqual(rows.find(({ id }) => id === two), {
      ...item,
      id: two,
      name: "Two",
      body: "{}",
      created_at: 1,
      updated_at: 3,
    });
    await owned.run("dropSite", "a");
    assert.deepEqual(await owned.run("listItems", undefined), []);
    const later = await owned.run("addItem", item);
    assert.ok(later !== null && later > Math.max(one, segment, second, two));
  },
  "a password is replaced only when told to, and ends the devices": async (owned) => {
    assert.equal(await owned.run("getPassword", undefined), null);
    assert.equal(await owned.run("deviceKey", "k1"), "k1");
    assert.equal(await owned.run("deviceKey", "k2"), "k1");
    assert.equal(await owned.run("setPassword", { hash: "a", atMs: 1.5, replace: false }), true);
    assert.equal(await owned.run("deviceKey", "k3"), "k3");
    assert.equal(await owned.run("setPassword", { hash: "b", atMs: 2, replace: false }), false);
    assert.equal(await owned.run("deviceKey", "k4"), "k3");
    assert.equal(await owned.run("setPassword", { hash: "c", atMs: 3, replace: true }), true);
    assert.equal(await owned.run("getPassword", undefined), "c");
    assert.equal(await owned.run("clearPassword", undefined), true);
    assert.equal(await owned.run("clearPassword", undefined), false);
    assert.equal(await owned.run("getPassword", undefined), null);
  },
  "a revocation of a key is taken over and never undone": async (owned) => {
    const key = {
      key_hash: "aa",
      name: "n",
      scope: "ReadOnly",
      created_at: 1.2,
      revoked: false,
    } as const;
    await owned.run("addKeys", [key, { ...key, key_hash: "bb", created_at: 0 }]);
    await owned.run("addKeys", [{ ...key, scope: "Admin", name: "other" }]);
    const kept = { ...key, created_at: 1 };
    const other = { ...kept, key_hash: "bb", created_at: 0 };
    assert.deepEqual(await owned.run("listKeys", undefined), [other, kept]);
    await owned.run("addKeys", [{ ...key, revoked: true }]);
    await owned.run("addKeys", [key]);
    assert.equal(await owned.run("revokeKey", "bb"), true);
    assert.equal(await owned.run("revokeKey", "cc"), false);
    const revoked = [other, kept].map((one) => ({ ...one, revoked: true }));
    assert.deepEqual(await owned.run("listKeys", undefined), revoked);
    const bad = { ...key, key_hash: "cc", scope: "Root" as "Admin" };
    await assert.rejects(owned.run("addKeys", [{ ...key, key_hash: "dd" }, bad]), /check/i);
    assert.equal((await owned.run("listKeys", undefined)).length, 2);
  },
  "erasures are listed the newest first": async (owned) => {
    const erasure = (erased_at: number) => ({
      erased_at,
      site_id: "a",
      start_date: "2026-01-01",
      end_date: "2026-01-02",
      db_records_deleted: 2 ** 40,
      parquet_partitions_deleted: 2,
      caller: "key",
    });
    for (const at of [1, 2, 3]) await owned.run("addErasure", erasure(at));
    assert.deepEqual(await owned.run("listErasures", 2), [erasure(3), erasure(2)]);
  },
  "sites are refused and allowed again": async (owned) => {
    for (const site of ["b", "a", "b"]) {
      await owned.run("refuseSite", { site_id: site, atMs: 1.5 });
    }
    assert.deepEqual(await owned.run("listRefused", undefined), ["a", "b"]);
    await owned.run("allowSite", "a");
    assert.deepEqual(await owned.run("listRefused", undefined), ["b"]);
  },
  "logins that were ended are kept until their time comes": async (owned) => {
    const [a, b] = [{ digest: "aa", endMs: 10 }, { digest: "bb", endMs: 20 }];
    await owned.run("endLogins", { ended: [a, b], nowMs: 5 });
    assert.deepEqual(await owned.run("listEndedLogins", undefined), [a, b]);
    await owned.run("endLogins", { ended: [{ digest: "cc", endMs: 30 }], nowMs: 10 });
    const left = await owned.run("listEndedLogins", undefined);
    assert.deepEqual(left.map(({ digest }) => digest), ["bb", "cc"]);
  },
  "an import has one salt for a week after its last request": async (owned) => {
    const salt = (name: string | null, atMs: number) => owned.run("importSalt", { name, atMs });
    const week = 7 * 86_400_000;
    const first = await salt("one", 1.5);
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.equal(await salt("one", week), first);
    assert.notEqual(await salt("two", 1), first);
    assert.equal(await salt("one", 2 * week), first);
    assert.notEqual(await salt("one", 3 * week + 1), first);
    assert.notEqual(await salt(null, 1), await salt(null, 1));
  },
  "imports are on record once, and end once": async (owned) => {
    const given = {
      id: "b",
      site_id: "a.example",
      digest: "d",
      options: '{"days":"before"}',
      salt: "s",
      created_at: 2.5,
    };
    const added = {
      ...given,
      created_at: 2,
      ended_at: null,
      state: "waiting",
      wish: "",
      report: "{}",
    } as const;
    const find = (id: string) => owned.run("findPastImport", id);
    const end = (id: string) =>
      owned.run("commitImport", { id, files: [], late: [], report: "{}", atMs: 9.5, sums: null });
    assert.equal(await owned.run("addPastImport", given), null);
    assert.deepEqual(await owned.run("addPastImport", { ...given, id: "c" }), added);
    assert.equal(await owned.run("addPastImport", { ...given, id: "c", site_id: "b" }), null);
    assert.equal(await owned.run("addPastImport", { ...given, id: "a", digest: "e" }), null);
    const all = await owned.run("listPastImports", undefined);
    assert.deepEqual(all.map(({ id }) => id), ["a", "b", "c"]);
    const running = { id: "b", state: "running", report: '{"phase":"reading"}', atMs: 3 } as const;
    await owned.run("setImportState", running);
    assert.deepEqual(await find("b"), { ...added, state: "running", report: running.report });
    await owned.run("cancelImports", "b");
    assert.equal((await find("c"))?.wish, "cancel");
    await assert.rejects(end("c"), /Cannot commit the import c: it is over or cancelled/);
    await owned.run("setImportState", { ...running, id: "c", state: "cancelled", atMs: 4.5 });
    const { salt, wish, ended_at, state } = await find("c") ?? added;
    assert.deepEqual({ salt, wish, ended_at, state }, {
      salt: "",
      wish: "",
      ended_at: 4,
      state: "cancelled",
    });
    await owned.run("setImportState", { ...running, id: "c" });
    assert.equal((await find("c"))?.state, "cancelled", "it is over");
    const leave = (wish: "" | "cancel" | "undo") => owned.run("wishImport", { id: "b", wish });
    assert.equal(await leave("undo"), false, "it is not done");
    assert.equal((await find("b"))?.wish, "");
    await end("b");
    assert.equal(await leave("cancel"), false, "it is over");
    assert.deepEqual(await find("b"), { ...added, state: "done", salt: "", ended_at: 9 });
    await assert.rejects(end("b"), /it is over or cancelled/);
    assert.equal(await leave("undo"), true);
    assert.equal((await find("b"))?.wish, "undo");
    await owned.run("undoImport", { id: "b", atMs: 11.5 });
    assert.deepEqual(await find("b"), { ...added, state: "undone", salt: "", ended_at: 11 });
    assert.equal(await find("none"), null);
    assert.equal(
      await owned.run("addPastImport", { ...given, id: "f" }),
      null,
      "it can come again",
    );
  },
  "sums of an import count from its end on, once": async (owned) => {
    const dates = ["2024-01-01", "2024-01-02", "2024-01-03"];
    const zero = Object.fromEntries(SUM_COLUMNS.map((name) => [name, null]));
    const rows = dates.map((date) => ({
      date,
      kind: "pages" as const,
      values: ["a.example", "/"],
      counts: { ...zero, visitors: 7 } as Record<SumColumn, number | null>,
    }));
    const expire = (firstDate: string, lastDate: string) =>
      owned.run("expireSums", { site_id: "a.example", firstDate, lastDate });
    const begin = (id: string) =>
      owned.run("addPastImport", {
        id,
        site_id: "a.example",
        digest: id,
        options: "{}",
        salt: "s",
        created_at: 1,
      });
    const end = (id: string, late: readonly string[], count: number) =>
      owned.run("commitImport", {
        id,
        files: [],
        late: [],
        report: "{}",
        atMs: 2,
        sums: {
          site_id: "a.example",
          dates: dates.filter((date) => !late.includes(date)),
          late,
          kinds: { pages: ["visitors"] },
          expected: { rows: count, isAlone: true },
        },
      });
    await begin("s");
    await owned.run("addSums", { id: "s", rows });
    assert.equal(await expire("2024-01-01", "2024-01-03"), 0, "nothing counts yet");
    await owned.run("discardSums", "s");
    await owned.run("addSums", { id: "s", rows: rows.slice(0, 2) });
    await owned.run("addSums", { id: "s", rows: rows.slice(2) });
    await end("s", ["2024-01-03"], 3);
    await owned.run("discardSums", "s");
    assert.equal(await expire("2024-01-02", "2024-01-03"), 1);
    assert.equal(await expire("2024-01-02", "2024-01-03"), 0);
    assert.equal(
      await owned.run("expireSums", {
        site_id: "b.example",
        firstDate: "2024-01-01",
        lastDate: "2024-01-01",
      }),
      0,
      "of another site",
    );
    await owned.run("undoImport", { id: "s", atMs: 3 });
    assert.equal(await expire("2024-01-01", "2024-01-03"), 0, "undone");
  },
  "how ids are made is recorded": async (owned) => {
    await owned.run("setMeta", { name: "visitor_ids", value: "{1}" });
    await owned.run("setMeta", { name: "visitor_ids", value: "{2}" });
    assert.equal(await owned.run("getMeta", "visitor_ids"), "{2}");
  },
};

for (const [claim, check] of Object.entries(CASES)) {
  Deno.test(`mallard.sqlite: ${claim}`, () =>
    withFolder(async (folder) => {
      const store = await Store.open(`${folder}/mallard.sqlite`);
      try {
        await check(store);
      } finally {
        await store.close();
      }
    }));
}

lakeTest("PostgreSQL does the same, case by case", partsNow, async (env, folder) => {
  const asked = new Set<string>();
  for (const [index, [claim, check]] of Object.entries(CASES).entries()) {
    const server = await openShared(env, folder, `server${index}`);
    try {
      const owned: Owned = {
        run: (op, args) => {
          asked.add(op);
          return server.shared.run(op, args);
        },
      };
      await check(owned).catch((error) => {
        throw new Error(claim, { cause: error });
      });
      await clear(server.shared);
    } finally {
      await server.close();
    }
  }
  assert.deepEqual(SHARED_OP_NAMES.filter((name) => !asked.has(name)), []);
});

/** Leaves nothing that the next case would find. */
async function clear(shared: Awaited<ReturnType<typeof openShared>>["shared"]): Promise<void> {
  await shared.transaction("Cannot clear", async (run) => {
    for (
      const table of [
        ...["site_settings", "site_items", "api_keys", "refused_sites", "facts", "past_imports"],
        "past_sums",
      ]
    ) await run(`delete from mallard.${table}`);
    await run("update mallard.changes set version = version + 1");
  });
}
