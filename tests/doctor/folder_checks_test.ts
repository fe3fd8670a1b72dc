import assert from "node:assert/strict";
import { makeDoctorWords } from "../../dashboard/panels/settings/doctor_words.js";
import { texts as de } from "../../dashboard/texts/doctor/de.js";
import { texts as es } from "../../dashboard/texts/doctor/es.js";
import { texts as fr } from "../../dashboard/texts/doctor/fr.js";
import { faultOfLake } from "../../src/doctor/folder_checks.ts";

const file = (site: string, date: string) => ({ path: `s3://b/${date}`, site, date, rows: 1 });

Deno.test("faultOfLake() names what of a lake cannot be read, and what waits for it", () => {
  assert.equal(faultOfLake(null), null);
  assert.equal(faultOfLake({ files: [], erasures: [] }), null);
  const erasure = { site: "a.example", firstDate: "2026-01-01", lastDate: "2026-02-01", toUs: 1 };
  const fault = faultOfLake({
    files: [
      file("a.example", "2026-01-16"),
      file("a.example", "2026-01-15"),
      file("a.example", "2026-01-15"),
      file("b.example", "2026-01-01"),
    ],
    erasures: [{ ...erasure, number: 3, dates: ["2026-01-15", "2026-01-16"] }],
  });
  assert.equal(fault?.status, "fail");
  const files = "a.example 2026-01-15, 2026-01-16; b.example 2026-01-01";
  const waiting = "3 (a.example 2026-01-15, 2026-01-16)";
  assert.equal(
    fault.found,
    `events in the lake cannot be read: ${files}; erasures that wait for files: ${waiting}`,
  );
  for (const [language, texts] of Object.entries({ de, es, fr })) {
    const words = makeDoctorWords(texts, language);
    assert.ok(words(fault.found)?.includes(files), language);
    assert.ok(words(fault.found)?.endsWith(waiting), language);
    assert.notEqual(words(fault.todo), null, language);
  }
  assert.match(fault.todo, /mallard lake verify/);
});
