import assert from "node:assert/strict";
import { ENGINES } from "../../../../src/query/engine/choose.ts";
import { customEvent, pageview } from "../../../support/events.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

const at = (time: string) => `2024-03-10T${time}`;
const EVENTS = [
  pageview({ at: at("09:00:00"), visitor: "ann", page: "/" }),
  pageview({ at: at("09:01:00"), visitor: "ann", page: "/a" }),
  pageview({ at: at("09:01:30"), visitor: "ann", page: "/a" }),
  customEvent({ at: at("09:01:40"), visitor: "ann", page: "/a" }),
  pageview({ at: at("09:02:00"), visitor: "ann", page: "/b/1" }),
  pageview({ at: at("12:00:00"), visitor: "ann", page: "/a" }),
  pageview({ at: at("09:00:00"), visitor: "bob", page: "/a" }),
  pageview({ at: at("09:01:00"), visitor: "bob", page: "/b/2" }),
  pageview({ at: at("09:02:00"), visitor: "bob", page: "/" }),
  pageview({ at: at("09:00:00"), visitor: "cid", page: "/a" }),
  pageview({ at: at("14:00:00"), visitor: "cid", page: "/b/1" }),
  pageview({ at: at("09:00:00"), visitor: "dan", page: "/a" }),
];

Deno.test("FLOW lists the pages that follow the first view of a page", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("flow", "&page=/a")).json, [
      { next_page: "/a", visitors: 1 },
      { next_page: "/b/1", visitors: 1 },
      { next_page: "/b/2", visitors: 1 },
    ]);
    assert.deepEqual((await get("flow", "&page=/a&limit=1")).json, [
      { next_page: "/a", visitors: 1 },
    ]);
    assert.deepEqual((await get("flow", "&page=/nowhere")).json, []);
    assert.deepEqual((await get("flow", "&page=/b/2&compare=previous_period")).json, [
      { next_page: "/", visitors: 1, comparison: { next_page: "/", visitors: 0 } },
    ]);
  });
});

Deno.test("FLOW compares the pages that are answered, however many there were before", async () => {
  const step = (day: string, visitor: string, next: string) => [
    pageview({ at: `${day}T10:00`, visitor, page: "/" }),
    pageview({ at: `${day}T10:01`, visitor, page: next }),
  ];
  const pages = [...Array.from({ length: 1010 }, (_, index) => `/a${index}`), "/z"];
  const events = [
    ...pages.flatMap((page) => step("2024-03-09", page, page)),
    ...step("2024-03-10", "now", "/z"),
  ];
  await withQuestions({ events }, async ({ get }) => {
    assert.deepEqual((await get("flow", "&page=/&period=day&compare=previous_period")).json, [
      { next_page: "/z", visitors: 1, comparison: { next_page: "/z", visitors: 1 } },
    ]);
  });
});

const leaf = (kind: string, name: string | null, count: number) => ({
  kind,
  name,
  count,
  children: [],
  others: 0,
});

Deno.test("FLOW in detail is a tree of paths inside visits, reloads collapsed", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("flow", "&page=/a&detail=true&depth=2")).json, {
      page: "/a",
      event: null,
      direction: "next",
      depth: 2,
      count_by: "visits",
      total: 5,
      others: 0,
      children: [
        leaf("end", null, 3),
        { ...leaf("page", "/b/1", 1), children: [leaf("end", null, 1)] },
        { ...leaf("page", "/b/2", 1), children: [leaf("page", "/", 1)] },
      ],
    });
    const children = async (query: string) =>
      ((await get("flow", `&detail=true&depth=1${query}`)).json as {
        total: number;
        children: { kind: string; name: string | null; count: number }[];
      }).children.map(({ kind, name, count }) => [kind, name, count]);
    assert.deepEqual(await children("&page=/a&count_by=visitors"), [
      ["end", null, 2],
      ["page", "/b/1", 1],
      ["page", "/b/2", 1],
    ]);
    assert.deepEqual(await children("&page=/a&direction=previous"), [
      ["end", null, 4],
      ["page", "/", 1],
    ]);
    assert.deepEqual(await children(""), [["page", "/a", 4], ["page", "/", 1], [
      "page",
      "/b/1",
      1,
    ]]);
    assert.deepEqual(await children("&page=/a&group=1"), [["end", null, 3], ["page", "/b", 2]]);
    assert.deepEqual(await children("&event=signup"), [["page", "/b/1", 1]]);
    assert.deepEqual(await children("&page=/a&of=events"), [
      ["end", null, 3],
      ["event", "signup", 1],
      ["page", "/b/2", 1],
    ]);
    assert.deepEqual(await children("&page=/a&filters=is(page,/b/2)"), [["page", "/b/2", 1]]);
    const cut = (await get("flow", "&page=/a&detail=true&depth=1&limit=1")).json;
    assert.equal((cut as { others: number }).others, 2);
  });
});

Deno.test("FLOW in detail counts visits that start in the range, each whole", async () => {
  const events = [
    pageview({ at: "2024-03-08T23:50:00", visitor: "over", page: "/a" }),
    pageview({ at: "2024-03-09T00:10:00", visitor: "over", page: "/b" }),
    pageview({ at: "2024-03-09T00:20:00", visitor: "over", page: "/c" }),
  ];
  await withQuestions({ events }, async ({ get }) => {
    const ask = async (
      start: string,
      end: string,
    ) => ((await get("flow", `&detail=true&page=/a&start_date=${start}&end_date=${end}`)).json as {
      total: number;
      children: { name: string | null }[];
    });
    const first = await ask("2024-03-08", "2024-03-09");
    assert.deepEqual([first.total, first.children[0]?.name], [1, "/b"]);
    assert.equal((await ask("2024-03-09", "2024-03-10")).total, 0);
  });
});

Deno.test("FLOW refuses what it cannot read, and is empty where it is off", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    for (
      const [query, named] of [
        ["", /page/],
        ["&page=", /page/],
        [`&page=/${"x".repeat(2048)}`, /page/],
        ["&page=/a&depth=2", /depth/],
        ["&page=/a&detail=true&depth=6", /depth/],
        ["&page=/a&detail=true&direction=up", /direction/],
        ["&page=/a&event=b&detail=true", /event/],
        ["&event=b&of=pages&detail=true", /event/],
        ["&page=/a&detail=true&group=9", /group/],
        ["&page=/a&limit=0", /limit/],
      ] as const
    ) {
      const { status, json: body } = await get("flow", query);
      assert.equal(status, 400, query);
      assert.match((body as { error: string }).error, named);
    }
    const longest = encodeURIComponent(`/${"😀".repeat(2047)}`);
    assert.equal((await get("flow", `&page=${longest}`)).status, 200);
  });
  await withQuestions({ events: EVENTS, options: { engine: ENGINES.off } }, async ({ get }) => {
    assert.deepEqual((await get("flow", "&page=/a")).json, []);
    assert.equal(((await get("flow", "&page=/a&detail=true")).json as { total: number }).total, 0);
  });
});
