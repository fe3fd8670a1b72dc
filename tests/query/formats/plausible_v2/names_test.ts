import assert from "node:assert/strict";
import { type Filter, isCondition } from "../../../../dashboard/grammar/filter.js";
import { v2Dimension, v2Value } from "../../../../src/query/formats/plausible_v2/names.ts";

const read = (name: string, op: string, ...values: string[]): Filter | undefined =>
  v2Dimension(name)?.read({ op, dimension: name, values });

/** Whether a stored value meets a filter of one dimension. */
function meets(filter: Filter | undefined, value: string): boolean {
  assert.ok(filter);
  if (!isCondition(filter)) {
    const parts = filter.of.map((part) => meets(part, value));
    if (filter.op === "not") return !parts[0];
    return filter.op === "or" ? parts.includes(true) : !parts.includes(false);
  }
  const { op, values } = filter;
  if (op === "is_not") return !values.includes(value);
  const holds: Record<string, (wanted: string) => boolean> = {
    is: (wanted) => value === wanted,
    contains: (wanted) => value.includes(wanted),
    starts_with: (wanted) => value.startsWith(wanted),
    matches: (wanted) => new RegExp(wanted).test(value),
  };
  return values.some((wanted) => holds[op]?.(wanted));
}

Deno.test("v2Dimension() accepts that API's names only", () => {
  for (const name of ["event:page", "visit:source", "event:props:plan", "visit:country_name"]) {
    assert.ok(v2Dimension(name), name);
  }
  for (
    const name of ["page", "visit:page", "event:source", "time:day", "event:props:", "toString"]
  ) {
    assert.equal(v2Dimension(name), null, name);
  }
});

Deno.test("v2Dimension() turns names of countries and devices into our values", () => {
  const country = (op: string, ...values: string[]) =>
    ["DE", "EE", "GB", "XA", "de", "(not set)"].filter((value) =>
      meets(read("visit:country_name", op, ...values), value)
    );
  assert.deepEqual(country("is", "Germany", "Estonia"), ["DE", "EE"]);
  assert.deepEqual(country("contains", "United K"), ["GB"]);
  assert.deepEqual(country("is_not", ""), ["DE", "EE", "GB", "XA", "de"]);
  assert.deepEqual(country("matches_not", "^Germany$"), ["EE", "GB", "XA", "de", "(not set)"]);
  assert.deepEqual(country("is", "Nowhere"), []);
  assert.deepEqual(country("is", "DE"), [], "it is shown as Germany");
  assert.ok(meets(read("visit:device", "is", "Mobile"), "mobile"));
  assert.ok(meets(read("visit:os", "is", "Mac"), "macOS"));
  assert.equal(v2Dimension("visit:country_name")?.show("DE"), "Germany");
  assert.equal(v2Dimension("visit:country")?.show("(not set)"), "");
  assert.equal(v2Dimension("visit:device")?.show("tablet"), "Tablet");
});

Deno.test("v2Dimension() finds every value by what it shows, named or not", () => {
  for (const name of ["visit:country_name", "visit:device"]) {
    const stored = ["DE", "T1", "EU", "de", "desktop", "tv", "(not set)"];
    const shown = new Map(stored.map((value) => [value, v2Dimension(name)?.show(value) ?? ""]));
    for (const text of shown.values()) {
      const expected = stored.filter((value) => shown.get(value) === text);
      const found = stored.filter((value) => meets(read(name, "is", text), value));
      assert.deepEqual(found, expected, `${name} ${text}`);
      const others = stored.filter((value) => meets(read(name, "is_not", text), value));
      assert.deepEqual(others, stored.filter((value) => !expected.includes(value)));
      if (text === "") continue;
      for (const op of ["contains", "starts_with"]) {
        const begun = stored.filter((value) => meets(read(name, op, text), value));
        assert.deepEqual(begun, stored.filter((value) => shown.get(value)?.startsWith(text)), text);
      }
    }
  }
});

Deno.test("v2Value() rounds percentages, seconds and money as that API does", () => {
  assert.equal(v2Value("bounce_rate", 0.946), 95);
  assert.equal(v2Value("conversion_rate", 1 / 3), 33.33);
  assert.equal(v2Value("visit_duration", 61.7), 62);
  assert.equal(v2Value("views_per_visit", 4 / 3), 1.33);
  assert.equal(v2Value("bounce_rate", null), 0);
  assert.equal(v2Value("percentage", null), 0);
  assert.equal(v2Value("time_on_page", null), null);
  assert.equal(v2Value("exit_rate", null), null);
  assert.equal(v2Value("exit_rate", 0.123), 12);
  assert.deepEqual(v2Value("total_revenue", [{ currency: "USD", value: 96_336_315 }]), {
    value: 96_336_315,
    currency: "USD",
    short: "$96.3M",
    long: "$96,336,315.00",
  });
  assert.equal(v2Value("total_revenue", []), null);
  const two = [{ currency: "USD", value: 1 }, { currency: "EUR", value: 1 }];
  assert.equal(v2Value("total_revenue", two), null);
});
