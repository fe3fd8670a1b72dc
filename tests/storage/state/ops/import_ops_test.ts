import { strictEqual as equal } from "node:assert";
import { DAY_MS } from "../../../../src/core/durations.ts";
import { IMPORTS_REMEMBERED_MAX } from "../../../../src/core/limits.ts";
import {
  clientKey,
  IMPORT_OPS,
  IMPORT_SCHEMA,
  insertImports,
} from "../../../../src/storage/state/ops/import_ops.ts";
import { Sqlite } from "../../../../src/storage/state/sqlite.ts";

const NOW = Date.UTC(2024, 0, 15);

Deno.test("insertImports() remembers an import for a week, and a bounded number", () => {
  const db = Sqlite.open(":memory:");
  db.exec(IMPORT_SCHEMA);
  const mark = (name: string) => ({ key: clientKey(name), digest: "d", answer: "{}" });
  const knows = (name: string, atMs: number) =>
    IMPORT_OPS.findImport(db, { key: clientKey(name), atMs }) !== null;
  const count = () => Number(db.get("select count(*) as n from imports")?.["n"]);
  insertImports(db, [mark("a")], NOW);
  equal(knows("a", NOW + 7 * DAY_MS), true);
  equal(knows("a", NOW + 7 * DAY_MS + 1), false);
  insertImports(db, [mark("a"), mark("b")], NOW + 8 * DAY_MS);
  equal(count(), 2, "the old one went");
  db.exec("begin");
  for (let n = 0; n < IMPORTS_REMEMBERED_MAX; n++) {
    db.run("insert into imports values (?, 'd', '{}', ?)", `client:${n}`, NOW + 9 * DAY_MS);
  }
  db.exec("commit");
  insertImports(db, [mark("last")], NOW + 9 * DAY_MS);
  equal(count(), IMPORTS_REMEMBERED_MAX);
  equal(knows("a", NOW + 9 * DAY_MS), false);
  equal(knows("last", NOW + 9 * DAY_MS), true);
  db.close();
});
