import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { LANGUAGES, makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { CHANNELS } from "../../../../src/reference/channels.ts";
import { codesFound, isCoded } from "../../../../dashboard/lib/format/codes.js";
import { labelOf } from "../../../../dashboard/lib/format/labels.js";
import { makeFormat } from "../../../../dashboard/lib/format/format.js";
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

for (const language of LANGUAGES) {
  Deno.test(`labelOf() shows every channel by its own text in ${language}`, async () => {
    const file = new URL(`../../../../dashboard/texts/${language}.js`, import.meta.url);
    const t = makeTranslate(language, (await import(file.href)).texts, {});
    const dimension = { name: "channel", group: "sources", missing: "(unknown)" } as const;
    const shown = Object.keys(CHANNELS).map((name) => labelOf(dimension, name, { ...app, t }).text);
    equal(new Set(shown).size, shown.length);
    if (language === "en") deepEqual(shown, Object.keys(CHANNELS));
    equal(shown.some((text) => text.startsWith("channel_")), false);
    equal(labelOf(dimension, "Something New", { ...app, t }).text, "Something New");
  });
}

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

Deno.test("hours of the day are found by what is shown, spaces and case apart", () => {
  const rows = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour).padStart(2, "0") }));
  for (
    const [language, typed, values] of [
      ["en", "3 PM", ["15"]],
      ["en", "3pm", ["15"]],
      ["en", " 1 pm", ["13", "23"]],
      ["en", "15", ["15"]],
      ["de", "15 Uhr", ["15"]],
      ["fr", "15h", ["15"]],
      ["es", "15", ["15"]],
      ["en", "25", []],
    ] as const
  ) {
    const words = { ...app, format: makeFormat(language) } as unknown as typeof app;
    const dimension = { name: "hour_of_day", group: "time", missing: "" } as const;
    const write = (value: string) => labelOf(dimension, value, words).text;
    deepEqual(codesFound(rows, typed, write).map(({ value }) => value), values, typed);
    equal(write("24"), "24");
  }
  equal(isCoded("hour_of_day"), true);
  equal(isCoded("page"), false);
});
