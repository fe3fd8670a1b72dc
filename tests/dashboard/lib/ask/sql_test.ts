import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { chartable, courseOf, isNumeric, textOf } from "../../../../dashboard/lib/ask/sql.js";

const ANSWER = {
  columns: [
    { name: "day", type: "DATE" },
    { name: "n", type: "BIGINT" },
    { name: "os", type: "VARCHAR" },
    { name: "share", type: "DECIMAL(12,2)" },
  ],
  rows: [
    { day: "2024-01-02", n: 2, os: "iOS", share: 0.5 },
    { day: "2024-01-01", n: null, os: null, share: 0 },
  ],
  truncated: false,
};

Deno.test("chartable() names the columns of numbers behind the first", () => {
  deepEqual(chartable(ANSWER.columns), ["n", "share"]);
  deepEqual(["INTEGER", "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE"].filter(isNumeric).length, 5);
  deepEqual(["INTERVAL", "VARCHAR", "BIGINT[]"].map(isNumeric), [
    false,
    false,
    false,
  ]);
});

Deno.test("courseOf() goes forward in time, and leaves other orders as they are", () => {
  deepEqual(courseOf(ANSWER, "n"), { labels: ["2024-01-01", "2024-01-02"], values: [null, 2] });
  const columns = [{ name: "os", type: "VARCHAR" }, { name: "n", type: "BIGINT" }];
  deepEqual(courseOf({ ...ANSWER, columns }, "n"), { labels: ["iOS", ""], values: [2, null] });
});

Deno.test("textOf() shows whatever JSON holds", () => {
  equal(textOf(null), null);
  equal(textOf(0), "0");
  equal(textOf({ a: [1] }), '{"a":[1]}');
});
