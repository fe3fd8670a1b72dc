// The findings of the health check are told in every language: those of the installations that
// docs/doctor.md shows, and every text is for something that the checks say.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { makeDoctorWords } from "../../../../dashboard/panels/settings/doctor_words.js";
import { texts as de } from "../../../../dashboard/texts/doctor/de.js";
import { texts as es } from "../../../../dashboard/texts/doctor/es.js";
import { texts as fr } from "../../../../dashboard/texts/doctor/fr.js";

const LANGUAGES = { de, es, fr };
const root = new URL("../../../../", import.meta.url);

/** Findings that are names, paths and addresses alone, or what another program says. */
const PLAIN = /^(?:\S+|chmod .*|[\d.]+:\d+: Address already in use.*|.*Cannot open .*)$/;

const doc = await Deno.readTextFile(new URL("docs/doctor.md", root));
const findings = [...doc.matchAll(/^(?:ok|warn|fail) +[a-z_]+ +(.+)$|^ +to do: (.+)$/gm)]
  .map(([, found, todo]) => found ?? todo ?? "");

for (const [language, texts] of Object.entries(LANGUAGES)) {
  Deno.test(`texts/doctor/${language}.js tells what the documented checks find`, () => {
    const words = makeDoctorWords(texts, language);
    const told = findings.filter((found) => words(found) !== null);
    ok(told.length > 30, String(told.length));
    deepEqual(findings.filter((found) => words(found) === null && !PLAIN.test(found)), []);
    for (const found of told) match(words(found) ?? "", /^[^{}]+$/);
  });

  Deno.test(`texts/doctor/${language}.js has every text, with the same values`, () => {
    deepEqual(Object.keys(texts), Object.keys(de));
    const namesIn = (text: string) => [...text.matchAll(/\{\w+\}/g)].flat().sort();
    for (const [said, text] of Object.entries(texts)) deepEqual(namesIn(text), namesIn(said), said);
  });
}

for (const [language, texts] of Object.entries(LANGUAGES)) {
  Deno.test(`texts/doctor/${language}.js tells each sentence by its own text`, () => {
    const words = makeDoctorWords(texts, language);
    const filled = (text: string) =>
      text.replace(/\{(\w+)\}/g, (_, name) => /^n\d?$/.test(name) ? "7" : `<${name}>`);
    for (const [said, text] of Object.entries(texts)) equal(words(filled(said)), filled(text));
  });
}

/** What the checks say, without line breaks of the code and with {} for what differs. */
async function sources(): Promise<string> {
  const paths = [new URL("src/config/weak_secrets.ts", root)];
  for await (const { name } of Deno.readDir(new URL("src/doctor/", root))) {
    paths.push(new URL(`src/doctor/${name}`, root));
  }
  const all = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  return all.join("\n").replace(/["`] \+\s+["`]/g, "");
}

Deno.test("texts/doctor have no text that no check says", async () => {
  const said = await sources();
  // Some sentences are put together of parts.
  const unsaid = Object.keys(de).filter((text) =>
    text.split(/\{\w+\}|[ ;,:]+/).some((word) => word.length > 2 && !said.includes(word))
  );
  deepEqual(unsaid, []);
});

Deno.test("makeDoctorWords() writes numbers as the language does, and knows its limits", () => {
  const words = makeDoctorWords(de, "de-DE");
  equal(
    words("40960 MiB free, 2000000 of 3000000 inodes free"),
    "40.960 MiB frei, 2.000.000 von 3.000.000 Inodes frei",
  );
  equal(words("1 files in 1 partitions"), "Dateien: 1, Partitionen: 1");
  equal(words("/a dir/with (braces) does not exist"), "/a dir/with (braces) gibt es nicht");
  equal(words("something that no check says"), null);
  equal(words("constructor"), null);
});
