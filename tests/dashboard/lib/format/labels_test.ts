import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { labelOf } from "../../../../dashboard/lib/format/labels.js";
import { siteName } from "../../../../dashboard/lib/format/site_name.js";

const app = {
  t: (key: string) => key,
  format: { country: (code: string) => `country ${code}` },
} as unknown as Parameters<typeof labelOf>[2];

function textOf(name: string, group: string, value: string): string {
  return labelOf({ name, group, missing: "(not set)" }, value, app).text;
}

Deno.test("labelOf() shows hosts in Unicode where values are hosts, and no look-alikes", () => {
  equal(textOf("hostname", "pages", "xn--mller-kva.example"), "müller.example");
  equal(textOf("entry_hostname", "pages", "xn--mller-kva.example"), "müller.example");
  equal(textOf("source", "sources", "xn--mller-kva.example"), "müller.example");
  equal(
    textOf("referrer", "sources", "https://xn--mller-kva.example/xn--a"),
    "https://müller.example/xn--a",
  );
  equal(textOf("source", "sources", "xn--pple-43d.com"), "xn--pple-43d.com");
  equal(textOf("page", "pages", "/xn--mller-kva.example"), "/xn--mller-kva.example");
  equal(textOf("utm_source", "campaigns", "xn--mller-kva.example"), "xn--mller-kva.example");
  equal(textOf("country", "locations", "DE"), "country DE");
  equal(textOf("source", "sources", "(not set)"), "direct");
});

Deno.test("siteName() is the owner's, else the id in Unicode", () => {
  deepEqual(
    [
      siteName({ site_id: "xn--mller-kva.example", name: "Shop" }),
      siteName({ site_id: "xn--mller-kva.example", name: null }),
      siteName({ site_id: "example.com" }),
    ],
    ["Shop", "müller.example", "example.com"],
  );
});
