import assert from "node:assert/strict";
import { sql } from "../../src/core/sql.ts";
import { Params } from "../../src/query/params.ts";
import { defineReport } from "../../src/query/reports/report.ts";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";

const ONE = [pageview({ at: "2024-03-10T10:00" })];
const ask = (query: string) => new Params(new URLSearchParams(query));

Deno.test("Runner.answer() shows an event at once, an unchanged site from memory", async () => {
  await withQuestions({ events: ONE, coldShare: 0 }, async ({ runner, test, get }) => {
    const visitors = async () => (await get("main")).json.unique_visitors;
    assert.deepEqual([await visitors(), await visitors()], [1, 1]);
    assert.deepEqual(runner.counts(), { entries: 1, hits: 1, misses: 1 });
    await test.journal.append([pageview({ at: "2024-03-10T11:00", visitor: "new" })]);
    assert.equal(await visitors(), 2);
    await test.journal.append([pageview({ at: "2024-03-10T11:00", site_id: "other.example" })]);
    assert.equal(await visitors(), 2);
    assert.equal(runner.counts().hits, 2);
    runner.forget();
    assert.equal(runner.counts().entries, 0);
  });
});

Deno.test("Runner.answer() leaves unknown parameters out of the key of the cache", async () => {
  await withQuestions({ events: ONE, coldShare: 0 }, async ({ runner, get }) => {
    const answers = await Promise.all(
      ["", "&x=1", "&x=2", "&utm=a&utm=b", "&detail=true"].map((more) => get("main", more)),
    );
    assert.deepEqual(answers.map(({ json }) => json.unique_visitors), [1, 1, 1, 1, 1]);
    assert.deepEqual(runner.counts(), { entries: 1, hits: 4, misses: 1 });
    await get("breakdown/pages", "&detail=true");
    await get("breakdown/pages", "&x=1");
    assert.equal(runner.counts().entries, 3);
  });
});

/** A heavy report that answers once it is released. */
function heldReport() {
  const { promise: gate, resolve: release } = Promise.withResolvers<void>();
  const heavy = defineReport({
    label: "Heavy",
    doc: "",
    heavy: true,
    params: {},
    parse: () => null,
    run: () => gate.then(() => "done"),
  });
  return { heavy, release };
}

Deno.test("Runner.answer() runs a bounded number of heavy reports", async () => {
  const { heavy, release } = heldReport();
  await withQuestions({ events: [], options: { heavyMax: 2 } }, async ({ runner }) => {
    const start = (limit: number) =>
      runner.answer("heavy", heavy, "example.com", ask(`limit=${limit}`));
    const running = [start(1), start(2), start(2)];
    await assert.rejects(
      start(3),
      (error: { status: number; headers: Record<string, string> }) =>
        error.status === 429 && error.headers["retry-after"] === "1",
    );
    release();
    assert.deepEqual(await Promise.all(running), ["done", "done", "done"]);
    assert.equal(await start(3), "done");
  });
});

Deno.test("Runner.answer() stops a query past its time and says so", async () => {
  const slow = defineReport({
    label: "Slow",
    doc: "",
    heavy: false,
    params: {},
    parse: () => null,
    run: (request, _, context) =>
      context.rows(
        { fromUs: request.range.fromUs, toUs: request.range.toUs },
        (events) =>
          sql`select count(*) as n from ${events}, range(1000000) a, range(1000000) b
          where a.range * b.range % 7 = 3`,
      ),
  });
  await withQuestions({ events: ONE, options: { queryTimeoutMs: 50 } }, async ({ runner }) => {
    const request = runner.answer("slow", slow, "example.com", ask("period=day"));
    await assert.rejects(request, { status: 503 });
  });
  // Waiting for the slow one is not part of another's time.
  const options = { queryTimeoutMs: 1500, slots: 1 };
  await withQuestions({ events: ONE, options }, async ({ runner, clock, get }) => {
    const stopped = assert.rejects(
      runner.answer("slow", slow, "example.com", ask("period=day")),
      { status: 503 },
    );
    const waits = get("main");
    for (let task = 0; task < 10; task++) await new Promise((resolve) => setTimeout(resolve, 0));
    clock.advance(60_000);
    await stopped;
    assert.equal((await waits).status, 200);
  });
  await withQuestions({ events: ONE }, async ({ runner }) => {
    const gone = new AbortController();
    const request = runner.answer("slow", slow, "example.com", ask("period=day"), {
      signal: gone.signal,
    });
    queueMicrotask(() => gone.abort());
    await assert.rejects(request, { name: "AbortError" });
  });
});

Deno.test("Runner.answer() begins all with the site's first event", async () => {
  const events = [pageview({ at: "2023-05-06T07:08" }), ...ONE];
  await withQuestions({ events }, async ({ get }) => {
    const { json } = await get("timeseries", "&period=all");
    assert.deepEqual(json[0], { date: "2023-05-06", visitors: 1, pageviews: 1 });
    assert.deepEqual(json.at(-1), { date: "2024-03-01", visitors: 1, pageviews: 1 });
    assert.equal(json.length, 11);
  });
});

Deno.test("Runner.answer() answers an owner under load of strangers", async () => {
  const endless = defineReport({
    label: "Endless",
    doc: "",
    heavy: false,
    params: {},
    parse: () => null,
    run: (request, _, context) =>
      context.rows(
        request.range,
        (events) =>
          sql`select count(*) as n from ${events}, range(1000000) a, range(1000000) b
          where a.range * b.range % 7 = 3`,
      ),
  });
  await withQuestions({ events: ONE }, async ({ runner, get }) => {
    const gone = new AbortController();
    const strangers = Array.from({ length: 12 }, (_, index) => {
      const caller = { kind: "stranger", key: `address ${index % 3}` } as const;
      const asker = { caller, signal: gone.signal };
      return runner.answer("endless", endless, "example.com", ask(`limit=${index + 1}`), asker);
    });
    const ended = Promise.allSettled(strangers);
    assert.equal((await get("main")).json.unique_visitors, 1);
    gone.abort();
    assert.ok((await ended).every(({ status }) => status === "rejected"));
  });
});

Deno.test("Runner.answer() counts heavy reports of strangers separately", async () => {
  const { heavy, release } = heldReport();
  await withQuestions({ events: [], options: { heavyMax: 2 } }, async ({ runner }) => {
    const start = (limit: number, kind: "owner" | "stranger") =>
      runner.answer("heavy", heavy, "example.com", ask(`limit=${limit}`), {
        caller: { kind, key: "" },
      });
    const running = [start(1, "stranger"), start(1, "owner"), start(2, "owner")];
    await assert.rejects(start(3, "stranger"), { status: 429 });
    // Strangers wait for an owner's answer to the same question, never the other way round.
    running.push(start(2, "stranger"));
    await assert.rejects(start(4, "owner"), { status: 429 });
    release();
    assert.deepEqual(await Promise.all(running), ["done", "done", "done", "done"]);
  });
});

Deno.test("Runner.answer() lets questions wait for memory instead of failing", async () => {
  const large = defineReport({
    label: "Large",
    doc: "",
    heavy: true,
    params: {},
    parse: () => null,
    // A list cannot be spilled: one fits into the memory, two do not.
    run: (request, _, context) =>
      context.rows(
        request.range,
        (events) =>
          sql`select len(list(range)) as n from range(${2_500_000}) where not exists (
          select 1 from ${events} where event_name = 'none')`,
      ),
  });
  await withQuestions({ events: ONE, memoryLimit: "100MB" }, async ({ runner }) => {
    const kinds = ["owner", "owner", "owner", "stranger", "stranger"] as const;
    const answers = await Promise.all(
      kinds.map((kind, index) =>
        runner.answer("large", large, "example.com", ask(`limit=${index + 1}`), {
          caller: { kind, key: "" },
        })
      ),
    );
    assert.deepEqual(answers, kinds.map(() => [{ n: 2_500_000 }]));
  });
  await withQuestions({ events: ONE, memoryLimit: "16MB" }, async ({ runner }) => {
    await assert.rejects(runner.answer("large", large, "example.com", ask("limit=1")), {
      status: 503,
      message: /needs more memory/,
    });
  });
});

Deno.test("Runner says when data begins within the range that is compared with", async () => {
  const events = [
    pageview({ at: "2024-03-05T10:00", visitor: "a" }),
    pageview({ at: "2024-03-09T10:00", visitor: "b" }),
    pageview({ at: "2024-03-10T10:00", visitor: "c" }),
  ];
  const begins = async (query: string, coldShare: number) => {
    let found: unknown;
    await withQuestions({ events, coldShare }, async ({ get }) => {
      const { json, headers } = await get("timeseries", `&compare=previous_period${query}`);
      assert.ok(Array.isArray(json));
      const noted = headers.get("x-notes")?.includes("comparison_incomplete") ?? false;
      const meta = (await get("main", `&compare=previous_period${query}`)).json.meta;
      assert.equal(noted, meta.data_from !== undefined);
      found = meta.data_from;
    });
    return found;
  };
  const first = "2024-03-05T10:00:00.000Z";
  const [week, days] = ["&period=7d", "&start_date=2024-03-08&end_date=2024-03-11"];
  for (const coldShare of [0, 1]) {
    // 26 February to 3 March has none at all, 29 February to 6 March a part.
    assert.equal(await begins(week, coldShare), first);
    assert.equal(await begins("&start_date=2024-03-07&end_date=2024-03-11", coldShare), first);
    // 5 to 7 March has none for ten hours of 72, the whole of 6 March what there is.
    assert.equal(await begins(days, coldShare), first);
    assert.equal(await begins("&start_date=2024-03-07&end_date=2024-03-08", coldShare), undefined);
    assert.equal(await begins("&start_date=2024-03-06&end_date=2024-03-07", coldShare), first);
  }
});
