import assert from "node:assert/strict";
import { STANDARD_SETTINGS } from "../../../../src/query/parse.ts";
import { read, write } from "../../../../src/query/formats/plausible_v2/plausible_v2.ts";

Deno.test("write() tells whether imported days are in the answer, and why not", () => {
  const body = { metrics: ["pageviews"], date_range: "7d", include: { imports: true } };
  const request = read(body, "example.com", Date.UTC(2024, 2, 10) * 1000, STANDARD_SETTINGS);
  const answer = { answer: { rows: [], total: 0 }, before: null };
  const days = { import: "x", label: "Plausible", from: "2024-03-03", to: "2024-03-04", days: 2 };
  const added = { ...days, metrics: ["pageviews"] as const };
  const left = { ...days, reason: "filter", text: "it has no such sums" } as const;
  const why = { imports_warning: "Imported days are left out: it has no such sums" };
  assert.deepEqual(write(request, answer).meta, { imports_included: false });
  assert.deepEqual(write(request, answer, { imported: [added] }).meta, { imports_included: true });
  assert.deepEqual(write(request, answer, { left_out: [left] }).meta, {
    imports_included: false,
    imports_skip_reason: "unsupported_query",
    ...why,
  });
  const both = write(request, answer, { imported: [added], left_out: [left] });
  assert.deepEqual(both.meta, { imports_included: true, ...why });
});
