import { lifeOf, unchangedLife } from "../../../../src/sites/id_life.ts";
import assert from "node:assert/strict";
import { ENGINES } from "../../../../src/query/engine/choose.ts";
import { customEvent, pageview } from "../../../support/events.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

// 2024-02-19 and the days 7 apart are Mondays; now is Sunday 2024-03-10 15:00 UTC.
const EVENTS = [
  pageview({ at: "2024-02-05T12:00:00", visitor: "old" }),
  pageview({ at: "2024-02-21T12:00:00", visitor: "old" }),
  pageview({ at: "2024-02-19T00:00:00", visitor: "ann" }),
  pageview({ at: "2024-02-28T12:00:00", visitor: "ann" }),
  customEvent({ at: "2024-03-04T00:00:00", visitor: "ann" }),
  pageview({ at: "2024-02-25T23:59:59.999999", visitor: "bob" }),
  pageview({ at: "2024-03-10T12:00:00", visitor: "bob" }),
  pageview({ at: "2024-02-26T00:00:00", visitor: "cid" }),
];
const DATES = "&start_date=2024-02-19&end_date=2024-03-11";

Deno.test("RETENTION lists cohorts by the Monday of the visitor's first week", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("retention", `${DATES}&weeks=4`)).json, [
      {
        cohort_date: "2024-02-19",
        retained: [true, true, true, false],
        size: 2,
        returned: [2, 1, 2, 0],
      },
      {
        cohort_date: "2024-02-26",
        retained: [true, false, false, false],
        size: 1,
        returned: [1, 0, 0, 0],
      },
    ]);
    const one = (await get("retention", `${DATES}&weeks=1`)).json as { retained: boolean[] }[];
    assert.deepEqual(one.map((cohort) => cohort.retained), [[true], [true]]);
    const year = (await get("retention", "&weeks=52")).json as { retained: boolean[] }[];
    assert.ok(year.length > 0 && year.every((cohort) => cohort.retained.length === 52));
    const late = "&start_date=2024-02-21&end_date=2024-02-28";
    assert.deepEqual(
      (await get("retention", `${late}&weeks=2`)).json,
      [
        { cohort_date: "2024-02-19", retained: [true, false], size: 1, returned: [1, 0] },
        { cohort_date: "2024-02-26", retained: [true, false], size: 1, returned: [1, 0] },
      ],
    );
  });
});

Deno.test("RETENTION has weeks that begin on the site's first day of the week", async () => {
  const settings = { weekStart: 7 } as const;
  await withQuestions({ events: EVENTS, settings }, async ({ get }) => {
    const { json } = await get("retention", "&start_date=2024-02-18&end_date=2024-03-11&weeks=2");
    assert.deepEqual(json, [
      { cohort_date: "2024-02-18", retained: [true, true], size: 1, returned: [1, 1] },
      { cohort_date: "2024-02-25", retained: [true, false], size: 2, returned: [2, 0] },
    ]);
  });
});

Deno.test("RETENTION takes a visitor as new who was not seen for 366 days", async () => {
  const events = [
    pageview({ at: "2023-02-17T23:59:59", visitor: "367 days ago" }),
    pageview({ at: "2024-02-20T12:00:00", visitor: "367 days ago" }),
    pageview({ at: "2023-02-18T00:00:00", visitor: "366 days ago" }),
    pageview({ at: "2024-02-20T12:00:00", visitor: "366 days ago" }),
  ];
  await withQuestions({ events }, async ({ get }) => {
    assert.deepEqual((await get("retention", `${DATES}&weeks=1`)).json, [
      { cohort_date: "2024-02-19", retained: [true], size: 1, returned: [1] },
    ]);
  });
});

Deno.test("RETENTION in detail shows lasting ids, and nulls for what is not over", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json: body } = await get("retention", `${DATES}&detail=true&count=3`);
    const { identity, ...rest } = body as { identity: string };
    assert.match(identity, /lasted longer/);
    assert.deepEqual(rest, {
      cohorts: "week",
      count: 3,
      first: null,
      again: null,
      visitor_id_days: 1,
      lasting_ids: true,
      id_changes: [],
      rates: [1, 0.5, null],
      rows: [
        {
          cohort_date: "2024-02-19",
          size: 2,
          returned: [2, 1, null],
          rates: [1, 0.5, null],
          missing: [null, null, "not_over"],
        },
        {
          cohort_date: "2024-02-26",
          size: 1,
          returned: [1, null, null],
          rates: [1, null, null],
          missing: [null, "not_over", "not_over"],
        },
      ],
    });
  });
});

Deno.test("RETENTION in detail never shows a false zero where ids change", async () => {
  const events = [
    pageview({ at: "2024-02-19T10:00:00", visitor: "monday" }),
    pageview({ at: "2024-02-20T10:00:00", visitor: "tuesday" }),
    pageview({ at: "2024-02-29T10:00:00", visitor: "later" }),
    pageview({ at: "2024-03-01T10:00:00", visitor: "friday" }),
  ];
  await withQuestions({ events, options: { idLife: () => unchangedLife(7) } }, async ({ get }) => {
    // Ids of seven days change on Mondays.
    const { json: body } = await get("retention", `${DATES}&detail=true&cohorts=day&count=4`);
    const { rows, lasting_ids } = body as {
      lasting_ids: boolean;
      rows: { cohort_date: string; returned: unknown[]; missing: unknown[] }[];
    };
    assert.equal(lasting_ids, false);
    assert.deepEqual(
      rows.map(({ cohort_date, returned, missing }) => [cohort_date, returned, missing]),
      [
        ["2024-02-19", [1, 0, 0, 0], [null, null, null, null]],
        ["2024-02-20", [1, 0, 0, 0], [null, null, null, null]],
        ["2024-02-29", [1, 0, 0, 0], [null, null, null, null]],
        ["2024-03-01", [1, 0, 0, null], [null, null, null, "ids_change"]],
      ],
    );
  });
  await withQuestions({ events }, async ({ get }) => {
    const { json: body } = await get("retention", `${DATES}&detail=true&count=2`);
    const { rows } = body as { rows: { returned: unknown[] }[] };
    assert.deepEqual(rows.map((row) => row.returned), [[2, null], [2, null]]);
  });
});

/** Returned visitors or reasons by cohort, where ids last 30 days and no change was recorded. */
async function upgraded(events: ReturnType<typeof pageview>[]): Promise<unknown[]> {
  // Recording began on the last day; ids of 30 days change on 2024-01-22 and 2024-02-21.
  const sinceUs = Date.parse("2024-03-10T00:00:00Z") * 1000;
  const idLife = () => lifeOf(30, [], { sinceUs, changes: [] });
  let found: unknown[] = [];
  await withQuestions({ events, options: { idLife } }, async ({ get }) => {
    const dates = "&start_date=2024-01-22&end_date=2024-03-10";
    const { json } = await get("retention", `${dates}&detail=true&count=3`);
    const { rows } = json as {
      rows: { cohort_date: string; returned: unknown[]; missing: unknown[] }[];
    };
    found = rows.map(({ cohort_date, returned, missing }) => [
      cohort_date.slice(5),
      ...returned.map((visitors, at) => visitors ?? missing[at]),
    ]);
  });
  return found;
}

Deno.test("RETENTION in detail asks the data where no change of ids was recorded", async () => {
  const daily = [
    pageview({ at: "2024-01-23T10:00:00", visitor: "tuesday" }),
    pageview({ at: "2024-01-30T10:00:00", visitor: "another tuesday" }),
    // A visit over midnight says nothing.
    pageview({ at: "2024-02-04T23:59:00", visitor: "sunday" }),
    pageview({ at: "2024-02-05T00:10:00", visitor: "sunday" }),
  ];
  assert.deepEqual(await upgraded(daily), [
    ["01-22", 1, "ids_change", "ids_change"],
    ["01-29", 2, "ids_change", "ids_change"],
  ]);
  const lasting = [
    ...daily,
    pageview({ at: "2024-01-29T10:00:00", visitor: "lasting" }),
    pageview({ at: "2024-02-13T10:00:00", visitor: "lasting" }),
  ];
  assert.deepEqual(await upgraded(lasting), [
    ["01-22", 1, "ids_change", "ids_change"],
    // The week of February 19 has a change of ids, and nobody is seen to come over it.
    ["01-29", 3, 1, 1],
  ]);
});

Deno.test("RETENTION in detail takes a first and a returning step", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const ask = async (query: string) =>
      ((await get("retention", `${DATES}&detail=true&cohorts=month&count=2${query}`)).json as {
        rows: { cohort_date: string; size: number; returned: unknown[] }[];
      }).rows.map(({ cohort_date, size, returned }) => [cohort_date, size, returned[0]]);
    assert.deepEqual(await ask("&first=event:signup"), [["2024-03-01", 1, null]]);
    assert.deepEqual(await ask("&again=event:signup"), [["2024-02-01", 4, 0]]);
    assert.deepEqual(await ask(""), [["2024-02-01", 4, 4]]);
  });
});

Deno.test("RETENTION answers empty lists and refuses what it cannot read", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    assert.deepEqual((await get("retention")).json, []);
    const { json: body } = await get("retention", "&detail=true");
    assert.deepEqual((body as { rows: unknown[] }).rows, []);
    assert.deepEqual(
      (await get("retention", "&start_date=2024-03-01&end_date=2024-03-01")).json,
      [],
    );
    for (
      const query of ["&weeks=0", "&weeks=53", "&weeks=x", "&first=event:a", "&detail=true&first=a"]
    ) {
      const { status, json: body } = await get("retention", query);
      assert.equal(status, 400, query);
      assert.match((body as { error: string }).error, /weeks|first/);
    }
  });
  await withQuestions({ events: EVENTS, options: { engine: ENGINES.off } }, async ({ get }) => {
    assert.deepEqual((await get("retention", DATES)).json, []);
  });
});
