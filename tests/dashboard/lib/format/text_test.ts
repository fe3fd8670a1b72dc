import assert from "node:assert/strict";
import {
  type Catalogue,
  chooseLanguage,
  LANGUAGES,
  makeTranslate,
} from "../../../../dashboard/lib/format/text.js";
import { texts } from "../../../../dashboard/texts/en.js";

const english = texts as Catalogue;

async function catalogueOf(language: string): Promise<Catalogue> {
  return (await import(`../../../../dashboard/texts/${language}.js`)).texts;
}

/** Names in braces and the kind of entry: what a translation must share. */
function shapeOf(entry: Catalogue[string] | undefined): string {
  const forms = typeof entry === "string" ? [entry] : Object.values(entry ?? {});
  const names = new Set(forms.flatMap((text) => text.match(/\{\w+\}/g) ?? []));
  return `${typeof entry} ${[...names].sort()}`;
}

for (const language of LANGUAGES) {
  Deno.test(`texts/${language}.js has every text, with the same values in it`, async () => {
    const catalogue = await catalogueOf(language);
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(english).sort());
    for (const [key, entry] of Object.entries(english)) {
      assert.equal(shapeOf(catalogue[key]), shapeOf(entry), key);
    }
  });
}

Deno.test("texts/en.js has no text that no page uses", async () => {
  const used: string[] = [];
  const read = async (folder: URL): Promise<void> => {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile) await read(new URL(`${name}/`, folder));
      else if (name.endsWith(".js")) used.push(await Deno.readTextFile(new URL(name, folder)));
    }
  };
  const dashboard = new URL("../../../../dashboard/", import.meta.url);
  for (const folder of ["components/", "panels/", "pages/", "lib/"]) {
    await read(new URL(folder, dashboard));
  }
  used.push(await Deno.readTextFile(new URL("app.js", dashboard)));
  const sources = used.join("\n");
  const stems = [
    ...[...sources.matchAll(/`([a-z_0-9]+_)\$\{/g)].map(([, stem]) => stem ?? ""),
    ...[...sources.matchAll(/\bname(?:Of)?\("([a-z]+)"/g)].map(([, kind]) => `${kind}_`),
  ];
  const unused = Object.keys(english).filter((key) =>
    !sources.includes(`"${key}"`) && !stems.some((stem) => key.startsWith(stem))
  );
  assert.deepEqual(unused, []);
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
