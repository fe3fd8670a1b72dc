import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import type { Erase, Erasing } from "../../../src/api/data/erase.ts";
import { openOwner } from "../../support/server/owner.ts";

const QUERY = "site_id=example.com&start_date=2024-02-28&end_date=2024-02-29";

function recorder(): { erase: Erase; asked: unknown[][] } {
  const asked: unknown[][] = [];
  return {
    asked,
    erase: (...args) => {
      asked.push(args);
      return Promise.resolve({
        db_records_deleted: 7,
        parquet_partitions_deleted: 2,
        events_deleted: 90,
        summed_days_deleted: 3,
      });
    },
  };
}

Deno.test("eraseRoutes() erase a range of dates, return the counts and keep a record", async () => {
  const { erase, asked } = recorder();
  const owner = await openOwner({ erase });
  const { status, body } = await owner.call("DELETE", `/api/gdpr/erase?${QUERY}`);
  const counts = {
    site_id: "example.com",
    start_date: "2024-02-28",
    end_date: "2024-02-29",
    db_records_deleted: 7,
    parquet_partitions_deleted: 2,
  };
  const left = { events_deleted: 90, summed_days_deleted: 3 };
  deepEqual([status, body], [200, { status: "erased", ...counts, ...left }]);
  deepEqual(asked, [["example.com", "2024-02-28", "2024-02-29", false]]);
  const record = { erased_at: "2024-01-15T12:00:00.000Z", ...counts, caller: "local" };
  deepEqual((await owner.call("GET", "/api/gdpr/erasures")).body, [record]);
  owner.close();
  const again = await openOwner({ folder: owner.folder });
  deepEqual((await again.call("GET", "/api/gdpr/erasures")).body, [record]);
  again.close();
});

Deno.test("eraseRoutes() say how far the servers of a lake are with an erasure", async () => {
  const of = {
    number: 7,
    site: "example.com",
    firstDate: "2024-02-28",
    lastDate: "2024-02-29",
    madeMs: Date.UTC(2024, 2, 1),
    doneBy: ["one"],
    left: [],
  };
  const missing = [{ server: "three", flushedMs: 0 }, { server: "two", flushedMs: 1000 }];
  let asked: Erasing = { ...of, missing };
  const owner = await openOwner({
    erase: () =>
      Promise.resolve({
        db_records_deleted: 1,
        parquet_partitions_deleted: 1,
        events_deleted: 1,
        erasure_id: 7,
      }),
    askErasure: (number) => Promise.resolve(number === 7 ? asked : null),
  });
  equal((await owner.call("DELETE", `/api/gdpr/erase?${QUERY}`)).body["erasure_id"], 7);
  const shown = {
    id: 7,
    status: "waiting",
    site_id: "example.com",
    start_date: "2024-02-28",
    end_date: "2024-02-29",
    erased_at: "2024-03-01T00:00:00.000Z",
    done_by: ["one"],
    missing: [
      { server: "three", flushed_at: null },
      { server: "two", flushed_at: "1970-01-01T00:00:01.000Z" },
    ],
    unreadable_dates: [],
  };
  deepEqual((await owner.call("GET", "/api/gdpr/erasures/7")).body, shown);
  asked = { ...of, missing: [] };
  deepEqual((await owner.call("GET", "/api/gdpr/erasures/7")).body, {
    ...shown,
    status: "erased",
    missing: [],
  });
  asked = { ...of, missing: [], left: ["2024-02-29"] };
  deepEqual((await owner.call("GET", "/api/gdpr/erasures/7")).body, {
    ...shown,
    missing: [],
    unreadable_dates: ["2024-02-29"],
  });
  for (const id of ["8", "0", "x", "07", "1e1"]) {
    const { status, body } = await owner.call("GET", `/api/gdpr/erasures/${id}`);
    deepEqual([id, status], [id, 404]);
    ok(/an erasure of this number/.test(String(body["error"])));
  }
  owner.close();
});

Deno.test("eraseRoutes() only count in a dry run, without a record", async () => {
  const { erase, asked } = recorder();
  const owner = await openOwner({ erase });
  const { body } = await owner.call("DELETE", `/api/gdpr/erase?${QUERY}&dry_run=true`);
  equal(body["status"], "dry_run");
  equal(body["db_records_deleted"], 7);
  deepEqual(asked.map((args) => args[3]), [true]);
  deepEqual((await owner.call("GET", "/api/gdpr/erasures")).body, []);
  owner.close();
});

Deno.test("eraseRoutes() refuse missing, repeated and invalid parameters", async () => {
  const { erase, asked } = recorder();
  const owner = await openOwner({ erase });
  for (
    const [query, named] of [
      ["", "site_id"],
      [QUERY.replace("example.com", ""), "site_id"],
      [QUERY.replace("example.com", "..%2Fetc"), "site_id"],
      [QUERY.replace("example.com", "a..b"), "site_id"],
      [QUERY.replace("example.com", "*"), "site_id"],
      [`${QUERY}&site_id=other`, "site_id"],
      ["site_id=a&end_date=2024-01-01", "start_date"],
      ["site_id=a&start_date=2024-01-01", "end_date"],
      [QUERY.replace("2024-02-29", "2023-02-29"), "end_date"],
      [QUERY.replace("2024-02-29", "2024-02-27"), "end_date"],
      [QUERY.replace("2024-02-28", "2024-2-28"), "start_date"],
      [QUERY.replace("2024-02-28", "2024-02-28T00:00"), "start_date"],
      [QUERY.replace("2024-02-28", "2024-02-30"), "start_date"],
      [`${QUERY}&dry_run=maybe`, "dry_run"],
    ] as const
  ) {
    const { status, body } = await owner.call("DELETE", `/api/gdpr/erase?${query}`);
    equal(status, 400, query);
    ok(String(body["error"]).includes(` ${named}: `), String(body["error"]));
  }
  deepEqual(asked, []);
  owner.close();
});

Deno.test("eraseRoutes() need the right admin", async () => {
  const { erase, asked } = recorder();
  const owner = await openOwner({ erase, admin_password: "correct horse" });
  const { key } = await owner.keys.create("reader", "ReadOnly");
  const send = async (headers: Record<string, string>) =>
    (await owner.call("DELETE", `/api/gdpr/erase?${QUERY}`, { headers })).status;
  equal(await send({}), 401);
  equal(await send({ "x-api-key": key }), 403);
  deepEqual(asked, []);
  owner.close();
});
