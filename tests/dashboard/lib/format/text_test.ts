import assert from "node:assert/strict";
import {
  type Catalogue,
  chooseLanguage,
  LANGUAGES,
  makeTranslate,
} from "../../../../dashboard/lib/format/text.js";
import { texts as firstTexts } from "../../../../dashboard/texts/en.js";
import { texts as pageTexts } from "../../../../dashboard/texts/pages/en.js";

const english: Catalogue = { ...firstTexts, ...pageTexts };
const dashboard = new URL("../../../../dashboard/", import.meta.url);

async function catalogueOf(file: string): Promise<Catalogue> {
  return (await import(`${dashboard}texts/${file}.js`)).texts;
}

/** Names in braces and the kind of entry: what a translation must share. */
function shapeOf(entry: Catalogue[string] | undefined): string {
  const forms = typeof entry === "string" ? [entry] : Object.values(entry ?? {});
  const names = new Set(forms.flatMap((text) => text.match(/\{\w+\}/g) ?? []));
  return `${typeof entry} ${[...names].sort()}`;
}

for (const folder of ["", "pages/"]) {
  for (const language of LANGUAGES) {
    Deno.test(`texts/${folder}${language}.js has every text, with the same values`, async () => {
      const catalogue = await catalogueOf(folder + language);
      const complete = await catalogueOf(`${folder}en`);
      assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(complete).sort());
      for (const [key, entry] of Object.entries(complete)) {
        assert.equal(shapeOf(catalogue[key]), shapeOf(entry), key);
      }
    });
  }
}

/** Whether modules of these texts name a key, whole or by its beginning. */
function usesOf(sources: string): (key: string) => boolean {
  const stems = [
    ...[...sources.matchAll(/`([a-z_0-9]+_)\$\{/g)].map(([, stem]) => stem ?? ""),
    ...[...sources.matchAll(/\bname(?:Of)?\("([a-z]+)"/g)].map(([, kind]) => `${kind}_`),
  ];
  return (key) => sources.includes(`"${key}"`) || stems.some((stem) => key.startsWith(stem));
}

/** What modules below `path` say, but for those that come with the texts of pages. */
async function sourcesOf(path: string, seen = new Map<string, string>()): Promise<string> {
  const source = await Deno.readTextFile(new URL(path, dashboard));
  seen.set(path, source);
  const first = source.replace(
    /withPageWords\(\(\) => import\("[^"]+"\)\)|import\("\.\/(?:said|refusal)\.js"\)/g,
    "",
  );
  const imports = /^import [^;]*? from "(\.[^"]+)";$|\bimport\("(\.[^"]+)"\)(?!\.)/gm;
  for (const [, named, loaded] of first.matchAll(imports)) {
    const next = new URL(named ?? loaded ?? "", `file:///${path}`).pathname.slice(1);
    if (!seen.has(next) && !next.startsWith("texts/")) await sourcesOf(next, seen);
  }
  return [...seen.values()].join("\n");
}

Deno.test("texts/en.js has the first view's texts, texts/pages/en.js all others", async () => {
  const isFirst = usesOf(await sourcesOf("app.js"));
  assert.deepEqual(Object.keys(pageTexts).filter(isFirst), [], "to texts/");
  assert.deepEqual(Object.keys(firstTexts).filter((key) => !isFirst(key)), [], "to texts/pages/");
});

Deno.test("texts/en.js and texts/pages/en.js have no text that no page uses", async () => {
  const used: string[] = [];
  const read = async (folder: URL): Promise<void> => {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile) await read(new URL(`${name}/`, folder));
      else if (name.endsWith(".js")) used.push(await Deno.readTextFile(new URL(name, folder)));
    }
  };
  for (const folder of ["components/", "panels/", "pages/", "lib/"]) {
    await read(new URL(folder, dashboard));
  }
  used.push(await Deno.readTextFile(new URL("app.js", dashboard)));
  const isUsed = usesOf(used.join("\n"));
  assert.deepEqual(Object.keys(english).filter((key) => !isUsed(key)), []);
});

Deno.test("chooseLanguage() takes the first that there is, English otherwise", () => {
  assert.equal(chooseLanguage(["xx", "en-US"]), "en");
  assert.equal(chooseLanguage([]), "en");
  for (const language of LANGUAGES) assert.equal(chooseLanguage([`${language}-ZZ`]), language);
});

Deno.test("makeTranslate() fills in values, chooses the plural, falls back key by key", () => {
  const t = makeTranslate("en", { about: "On {n}" }, english);
  assert.equal(t("about", { n: 3 }), "On 3");
  assert.equal(t("about"), "On {n}");
  assert.match(t("login_locked", { n: 1 }), /1 second\./);
  assert.match(t("login_locked", { n: 2 }), /2 seconds\./);
});

Deno.test("makeTranslate() writes numbers as the locale does, and texts as they are", () => {
  const t = makeTranslate("en", { about: "{n} of {text}" }, english, "de-DE");
  assert.equal(t("about", { n: 12345, text: "12345" }), "12.345 of 12345");
});

Deno.test("makeTranslate() ends no French line before a mark, or after one that opens", () => {
  const t = makeTranslate("fr", { about: "Lu : « {text} » ; non ?" }, english);
  assert.equal(t("about", { text: "a : b" }), "Lu\u00a0: «\u00a0a : b\u00a0»\u00a0; non\u00a0?");
  assert.equal(makeTranslate("en", { about: "a : b" }, english)("about"), "a : b");
});

/** Counts that are never one: limits of the program, and numbers of things in a row. */
const MANY = /^(?:said_(?!exporting|password|steps)|check_nothing|behind)/;

Deno.test("texts: what follows a count has a form for one", () => {
  const lone = Object.entries(english).filter(([key, entry]) =>
    typeof entry === "string" && !MANY.test(key) &&
    /\{(?:n|count|events|visitors|days|rows|pages)\} [a-z]*s\b/.test(entry)
  );
  assert.deepEqual(lone.map(([key]) => key), []);
});
