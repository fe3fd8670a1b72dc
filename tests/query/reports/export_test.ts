import assert from "node:assert/strict";
import { pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const EVENTS = [
  pageview({ at: "2024-03-09T10:00", visitor: "a", page: "=cmd", referrer_source: "@x" }),
  pageview({ at: "2024-03-09T10:01", visitor: "a", page: "=cmd", referrer_source: "@x" }),
  pageview({ at: "2024-03-09T10:02", visitor: "b", page: "/b" }),
  pageview({ at: "2024-03-10T10:00", visitor: "a", page: '/say "hi", you' }),
  pageview({ at: "2024-03-10T10:01", visitor: "b", page: "/z", referrer_source: "Bing" }),
  pageview({
    at: "2024-03-10T10:02",
    visitor: "b",
    page: "/z",
    name: "signup",
    referrer_source: "Bing",
  }),
  pageview({
    at: "2024-03-10T10:03",
    visitor: "c",
    page: '/say "hi", you',
    referrer_source: "Bing",
  }),
];

Deno.test("EXPORT gives each day its own top page and source, as CSV", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { status, headers, text } = await get(
      "export",
      "&start_date=2024-03-08&end_date=2024-03-11",
    );
    assert.equal(status, 200);
    assert.equal(headers.get("content-disposition"), 'attachment; filename="export.csv"');
    assert.match(headers.get("content-type") ?? "", /^text\/csv/);
    assert.equal(
      text,
      [
        "date,visitors,pageviews,top_page,top_source",
        "2024-03-08,0,0,,",
        "2024-03-09,2,3,'=cmd,'@x",
        '2024-03-10,3,3,"/say ""hi"", you",Bing',
        "",
      ].join("\n"),
    );
  });
});

Deno.test("EXPORT gives the same days as JSON, and NULL by name", async () => {
  await withQuestions({ events: EVENTS.slice(2, 3) }, async ({ get }) => {
    const { headers, json } = await get(
      "export",
      "&start_date=2024-03-09&end_date=2024-03-10&format=json",
    );
    assert.equal(headers.get("content-disposition"), 'attachment; filename="export.json"');
    assert.deepEqual(json, [{
      date: "2024-03-09",
      visitors: 1,
      pageviews: 1,
      top_page: "/b",
      top_source: "(unknown)",
    }]);
  });
});

Deno.test("EXPORT refuses any other format", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    for (const format of ["xml", "CSV", ""]) {
      const { status, json } = await get("export", `&format=${format}`);
      assert.equal(status, 400);
      assert.match(json.error, /format/);
    }
  });
});
