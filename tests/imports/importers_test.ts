// The files of each tool as spreadsheets, other systems and accidents leave them: read all the
// same, with the bad rows apart; and files that are none of theirs, each told by what it is.
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { fathomTables, fathomZip } from "../support/sources/fathom.ts";
import { VIEW_FILES, VIEWS } from "../support/sources/views.ts";
import { countsOf, importFiles, running, withImports } from "../support/storage/imports.ts";
import { datesFrom } from "../support/storage/plausible_export.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function utf16(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * text.length + 2);
  const view = new DataView(bytes.buffer);
  for (const [at, char] of [...`\ufeff${text}`].entries()) {
    view.setUint16(2 * at, char.charCodeAt(0), true);
  }
  return bytes;
}

/** The last row of a file once more, at another time. */
function rowAt(text: string, year: string): string {
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  return last.replace(/2024(-01-0\d)/, `${year}$1`).replace(/(Jan)\/2024/, `$1/${year}`);
}

const WAYS: Readonly<Record<string, (text: string) => Uint8Array<ArrayBuffer>>> = {
  "as it is": encode,
  "byte order mark": (text) => encode(`\ufeff${text}`),
  "ends of lines of Windows": (text) => encode(text.replace(/\r?\n/g, "\r\n")),
  "no end of the last line": (text) => encode(text.trimEnd()),
};

/** No tool sees these: `prepare()` makes the same bytes of them, as its own test says. */
const PACKED: typeof WAYS = {
  "UTF-16": utf16,
  "a folder in an archive": (text) =>
    zipSync({ "../../etc/x.txt": encode(text) }) as Uint8Array<ArrayBuffer>,
};

/** Tools whose rows are lines with the time as a date. */
const DATED = ["umami", "simple-analytics", "access-log"];

const PATHS = Object.fromEntries(
  Map.groupBy(VIEWS, ({ path }) => path).entries().map(([path, views]) => [path, views.length]),
);

Deno.test("IMPORTERS read each tool's file however it was written down", async () => {
  await withImports(async ({ storage, imports, folder }) => {
    for (const [index, [tool, text]] of Object.entries(VIEW_FILES).entries()) {
      for (const [way, written] of Object.entries(index === 0 ? { ...WAYS, ...PACKED } : WAYS)) {
        const { id, state, report } = await importFiles(running(imports), {
          [`${tool}.txt`]: written(text),
        });
        assert.equal(state, "done", `${tool}, ${way}: ${report.error}`);
        assert.equal(report.rejected, 0, `${tool}, ${way}`);
        assert.deepEqual(await countsOf(storage, "pathname"), PATHS, `${tool}, ${way}`);
        await imports.end(id);
      }
    }
    assert.deepEqual([...Deno.readDirSync(`${folder}/imports`)], [], "names are never paths");
  });
});

Deno.test("IMPORTERS set rows of impossible years apart", async () => {
  await withImports(async ({ storage, imports }) => {
    for (const tool of DATED) {
      const text = VIEW_FILES[tool]?.trimEnd() ?? "";
      const rows = ["0000", "9999", "1994"].map((year) => rowAt(text, year));
      const { id, state, report } = await importFiles(running(imports), {
        [`${tool}.txt`]: [text, ...rows].join("\n"),
      });
      assert.equal(state, "done", `${tool}: ${report.error}`);
      assert.equal(report.rejected, 3, tool);
      assert.deepEqual(await countsOf(storage, "pathname"), PATHS, tool);
      await imports.end(id);
    }
  });
});

Deno.test("IMPORTERS tell a wrong file by what it is, and refuse bombs", async () => {
  const tables = fathomTables(datesFrom("2024-01-01", 1));
  const whole = fathomZip(tables);
  const wrong: readonly [string, string | Uint8Array<ArrayBuffer>, RegExp][] = [
    ["a.csv", "name,visitors\n/,3\n", /dashboard export of Plausible, which has no dates/],
    ["a.csv", "date,visitors,bounce_rate\n2024-01-01,3,4\n", /which has shares instead of sums/],
    ["a.csv", "x,y\n/,3\n", /list of Umami's export from the dashboard/],
    ["a.csv", "<!DOCTYPE html><html>", /this is a web page/],
    ["a.csv", "Browser,Visitors\nChrome,3\n", /of Fathom's dashboard export give the whole ZIP/],
    ["a.csv", "# -------\n# Report\n\nPays,Vues\nFR,3\n", /language of your Google account/],
    ["a.json", '{"result":"error","message":"token_auth"}', /an error that Matomo's API answered/],
    [
      "a.dump",
      "PGDMP\x01\x0e\x00\nCOPY public.session (id) FROM stdin;\n",
      /custom format; make a plain one/,
    ],
    [
      "outer.zip",
      zipSync({ "inner.zip": whole }) as Uint8Array<ArrayBuffer>,
      /inner\.zip: this is a ZIP file within another/,
    ],
    ["a.csv", "", /it is empty/],
    ["a.zip", whole.slice(0, whole.length / 2), /Cannot unpack a\.zip/],
    ["a.gz", Uint8Array.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), /Cannot unpack a\.gz/],
    [
      "bomb.zip",
      zipSync({ "a.csv": new Uint8Array(64 * 1024 * 1024) }, { level: 9 }) as Uint8Array<
        ArrayBuffer
      >,
      /Cannot unpack bomb\.zip: it holds more than \d+ times its size/,
    ],
    [
      "many.zip",
      zipSync(Object.fromEntries(
        Array.from({ length: 1001 }, (_, n) => [`${n}.csv`, new Uint8Array()]),
      )) as Uint8Array<ArrayBuffer>,
      /Cannot unpack many\.zip: it holds more than 1000 files/,
    ],
  ];
  await withImports(async ({ storage, imports }) => {
    for (const [name, content, message] of wrong) {
      const { state, report } = await importFiles(running(imports), { [name]: content });
      assert.equal(state, "failed", `${name} ${message}`);
      assert.match(String(report.error), message);
    }
    assert.deepEqual(await countsOf(storage, "pathname"), {});
  });
});
