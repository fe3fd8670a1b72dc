import assert from "node:assert/strict";
import type { Sql } from "../../../src/core/sql.ts";
import { chooseEngine, extensionOptions } from "../../../src/query/engine/choose.ts";
import type { Row } from "../../../src/storage/duckdb.ts";
import { withEvents } from "../../support/numbers/behavioral_db.ts";

const logged: string[] = [];
const log = (level: string, message: string) => void logged.push(`${level} ${message}`);

Deno.test("chooseEngine() takes plain SQL where the extension is not loaded", async () => {
  await withEvents([], async (ask) => {
    for (const fault of ["IO Error: no such file", null]) {
      logged.length = 0;
      const { engine, verdict } = await chooseEngine("extension", fault, ask, log);
      assert.equal(engine.name, "sql");
      assert.match(verdict, fault === null ? /visits fails: .*sessionize/ : /no such file/);
      assert.match(logged.join(), /^warn Behavioral reports use plain SQL/);
    }
  });
});

Deno.test("chooseEngine() does not trust other answers", async () => {
  await withEvents([], async (ask) => {
    const other = async (query: Sql): Promise<Row[]> => {
      if (query.text.includes("sessionize")) return [];
      return await ask(query);
    };
    const { engine, verdict } = await chooseEngine("extension", null, other, log);
    assert.equal(engine.name, "sql");
    assert.match(verdict, /visits answers no row instead of \{"visitor_id":"back"/);
  });
});

Deno.test("chooseEngine() asks nothing for sql and off", async () => {
  const never = () => Promise.reject(new Error("asked"));
  assert.equal((await chooseEngine("sql", null, never, log)).engine.name, "sql");
  assert.equal((await chooseEngine("off", null, never, log)).engine.name, "off");
});

Deno.test("extensionOptions() quotes a path and allows only that unsigned", () => {
  const [load] = extensionOptions("/a'b.duckdb_extension").statements;
  assert.equal(load?.text, "load '/a''b.duckdb_extension'");
  assert.equal(extensionOptions(null).unsigned, false);
});
