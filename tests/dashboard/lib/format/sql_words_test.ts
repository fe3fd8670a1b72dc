import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { LANGUAGES } from "../../../../dashboard/lib/format/text.js";
import { loadSqlWords } from "../../../../dashboard/lib/format/sql_words.js";
import { texts } from "../../../../dashboard/texts/sql/en.js";
import { EXPLORE_TABLES } from "../../../../src/query/explore/tables.ts";

type Entries = Readonly<Record<string, unknown>>;

/** Names in braces of an entry. */
const namesIn = (entry: unknown) => [...JSON.stringify(entry).matchAll(/\{\w+\}/g)].flat().sort();

for (const language of LANGUAGES) {
  Deno.test(`texts/sql/${language}.js has every text, with the same values in it`, async () => {
    const { texts: own } = await import(`../../../../dashboard/texts/sql/${language}.js`);
    const entries = own as Entries;
    deepEqual(Object.keys(entries), Object.keys(texts));
    for (const [key, entry] of Object.entries(texts as Entries)) {
      deepEqual([...new Set(namesIn(entries[key]))], [...new Set(namesIn(entry))], key);
    }
  });
}

Deno.test("loadSqlWords() speaks the language of the page", async () => {
  equal((await loadSqlWords("de"))("rows", { n: 1 }), "1 Zeile");
  equal((await loadSqlWords("en"))("rows", { n: 2 }), "2 rows");
});

Deno.test("texts/sql/en.js has no text that the page does not use", async () => {
  const folder = new URL("../../../../dashboard/panels/sql/", import.meta.url);
  const paths = [new URL("../../pages/sql.js", folder)];
  for await (const { name } of Deno.readDir(folder)) paths.push(new URL(name, folder));
  const sources = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  const all = sources.join("\n");
  deepEqual(Object.keys(texts).filter((key) => !all.includes(`"${key}"`)), []);
});

Deno.test("texts/sql tell in every other language what each column means", async () => {
  const columns = Object.values(EXPLORE_TABLES).flat();
  const codeOf = (text: string) =>
    [...text.matchAll(/`[^`]+`|\b(?:ISO [\d-]+|JSON|UTC)\b/g)].flat();
  for (const language of LANGUAGES) {
    const { columnOf } = await loadSqlWords(language);
    for (const { name, doc } of columns) {
      const text = columnOf(name);
      equal(text === "", language === "en", `${language}: ${name}`);
      if (text !== "") deepEqual(codeOf(text).sort(), codeOf(doc).sort(), `${language}: ${name}`);
    }
    equal(columnOf("toString"), "");
  }
  const { columns: german } = await import("../../../../dashboard/texts/sql/de.js");
  deepEqual(Object.keys(german).sort(), [...new Set(columns.map(({ name }) => name))].sort());
});
