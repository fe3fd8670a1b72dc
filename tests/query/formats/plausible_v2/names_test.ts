import assert from "node:assert/strict";
import { v2Dimension, v2Value } from "../../../../src/query/formats/plausible_v2/names.ts";

const read = (name: string, op: string, ...values: string[]) =>
  v2Dimension(name)?.read({ op, dimension: name, values });

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
  assert.deepEqual(read("visit:country_name", "is", "Germany", "Estonia")?.values, ["DE", "EE"]);
  assert.deepEqual(read("visit:country_name", "contains", "United K"), {
    op: "is",
    dimension: "country",
    values: ["GB"],
  });
  assert.deepEqual(read("visit:country_name", "is_not", "")?.values, ["(not set)"]);
  assert.deepEqual(read("visit:country_name", "matches_not", "^Germany$"), {
    op: "is_not",
    dimension: "country",
    values: ["DE"],
  });
  assert.deepEqual(read("visit:device", "is", "Mobile")?.values, ["mobile"]);
  assert.deepEqual(read("visit:os", "is", "Mac")?.values, ["macOS"]);
  assert.equal(read("visit:country_name", "is", "Nowhere")?.values.length, 1);
  assert.equal(v2Dimension("visit:country_name")?.show("DE"), "Germany");
  assert.equal(v2Dimension("visit:country")?.show("(not set)"), "");
  assert.equal(v2Dimension("visit:device")?.show("tablet"), "Tablet");
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
