import assert from "node:assert/strict";
import { previewPaths } from "../../src/sites/path_preview.ts";
import { openTestReader, pageview } from "../support/events.ts";
import { FakeClock } from "../support/fake_system.ts";

const views = (page: string, count: number, at = "2024-03-01T10:00") =>
  Array.from({ length: count }, (_, n) => pageview({ at, visitor: `v${n}`, page }));

Deno.test("previewPaths() shows which pages of 30 days become one, with counts", async () => {
  const events = [
    ...views("/about", 3),
    ...views("/about/", 2),
    ...views("/About", 1),
    ...views("/user/1", 4),
    ...views("/caf%c3%a9/", 2),
    ...views("/", 9),
    pageview({ at: "2024-03-01T10:00", name: "signup", page: "/about/" }),
    ...views("/about/", 5, "2024-01-01T10:00"),
  ];
  const test = await openTestReader(events, { coldShare: 1 });
  try {
    const clock = new FakeClock(Date.parse("2024-03-10T15:00:00Z"));
    const rules = {
      trailing_slash: "remove",
      lowercase: true,
      masks: [{ from: "/user/*", to: "/user/:id" }],
    } as const;
    const { signal } = new AbortController();
    assert.deepEqual(await previewPaths(test.reader, clock, "example.com", rules, signal), {
      days: 30,
      pages_before: 6,
      pages_after: 4,
      pages_changed: 3,
      folded: [
        {
          page: "/about",
          pageviews: 6,
          pages: 3,
          from: [
            { page: "/about", pageviews: 3 },
            { page: "/about/", pageviews: 2 },
            { page: "/About", pageviews: 1 },
          ],
        },
        { page: "/user/:id", pageviews: 4, pages: 1, from: [{ page: "/user/1", pageviews: 4 }] },
        { page: "/café", pageviews: 2, pages: 1, from: [{ page: "/café/", pageviews: 2 }] },
      ],
      is_partial: false,
    });
  } finally {
    await test.close();
  }
});
