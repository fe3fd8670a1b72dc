import { deepEqual } from "node:assert/strict";
import { readLanguage, readTitle } from "../../../src/ingest/fields/page_texts.ts";
import type { Notice } from "../../../src/ingest/fields/notices.ts";

type Reader = (value: unknown, note: (notice: Notice) => void) => string | null;

function read(reader: Reader, value: unknown) {
  const notices: Notice[] = [];
  return [reader(value, (notice) => void notices.push(notice)), ...notices];
}

Deno.test("a title is kept up to 300 characters, without controls", () => {
  deepEqual(read(readTitle, " Home\n page\u0000 "), ["Home page"]);
  for (const absent of [undefined, null, "", false, " "]) {
    deepEqual(read(readTitle, absent), [null]);
  }
  deepEqual(read(readTitle, 5), [null, "title_dropped"]);
  deepEqual(read(readTitle, "🦆".repeat(300)), ["🦆".repeat(300)]);
  deepEqual(read(readTitle, "🦆".repeat(301)), ["🦆".repeat(300), "title_cut"]);
});

Deno.test("of a language its country is kept, and nothing finer", () => {
  const cases = {
    "de": "de",
    "en-US": "en-US",
    "EN_gb": "en-GB",
    "zh-Hans-CN": "zh-CN",
    "sr-Latn": "sr",
    "es-419": "es-419",
    "de-DE-u-co-phonebk": "de-DE",
    "fr-CH, fr;q=0.9, en;q=0.8": "fr-CH",
  };
  for (const [tag, kept] of Object.entries(cases)) deepEqual(read(readLanguage, tag), [kept], tag);
  deepEqual(read(readLanguage, "*"), [null]);
  for (const broken of ["e", "english", "<b>", 7, {}]) {
    deepEqual(read(readLanguage, broken), [null, "language_dropped"]);
  }
});
