// dumpTables: the same rows of every way in which pg_dump, mysqldump and phpMyAdmin write them.
import assert from "node:assert/strict";
import { dumpKind, dumpTables } from "../../../src/imports/tools/dump_tables.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

/** Values that every way of quoting must keep. */
const TEXTS = [
  "plain",
  'it\'s, (one) "b"; -- no comment',
  "back\\slash \\N \\t",
  "two\nlines;\nINSERT INTO website_event VALUES ('x');",
  "tab\tand\rreturn",
  "\u00fc\u{1f600} 'quoted''",
  "",
  null,
];
const ROWS = TEXTS.map((text, n) => ({ id: String(n), title: text }));
type TestRow = Readonly<Record<string, string | null>>;

const pg = (value: string | null = null) =>
  value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`;
const escapedPg = (value: string | null = null) =>
  value === null ? "NULL" : `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const my = (value: string | null = null) =>
  value === null
    ? "NULL"
    : `'${
      value.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll('"', '\\"')
        .replaceAll("\n", "\\n").replaceAll("\r", "\\r")
    }'`;
const copied = (value: string | null = null) =>
  value === null ? "\\N" : value.replaceAll("\\", "\\\\").replaceAll("\t", "\\t")
    .replaceAll("\n", "\\n").replaceAll("\r", "\\r");

const NAMES = ["id", "title"];
const PG_HEAD = "--\n-- PostgreSQL database dump\n--\n\nSET standard_conforming_strings = on;\n";
const PG_CREATE = `CREATE TABLE public.website_event (
    id integer NOT NULL,
    "title" character varying(500),
    CONSTRAINT short CHECK ((length(title) < 500))
);
`;
const MY_CREATE = "CREATE TABLE `website_event` (\n  `id` int NOT NULL,\n  `title` text,\n" +
  "  PRIMARY KEY (`id`),\n  KEY `title` (`title`)\n) ENGINE=InnoDB;\n";
const tuple = (row: TestRow, value: typeof pg, names = NAMES) =>
  `(${names.map((name) => value(row[name])).join(", ")})`;
const tuples = (value: typeof pg, between: string, names = NAMES) =>
  ROWS.map((row) => tuple(row, value, names)).join(between);

const DUMPS: Readonly<Record<string, string>> = {
  "pg_dump":
    `${PG_HEAD}COPY public.website_event (id, title) FROM stdin;\n${
      ROWS.map(({ id, title }) => `${id}\t${copied(title)}\n`).join("")
    }\\.\n\nCOPY public.other (id) FROM stdin;\n` +
    "INSERT INTO website_event VALUES ('no', 'row');\n\\.\n",
  "pg_dump of a schema with a hyphen": `${PG_HEAD}COPY "umami-prod".website_event ("id", title) ` +
    `FROM stdin;\n${ROWS.map(({ id, title }) => `${id}\t${copied(title)}\n`).join("")}\\.\n`,
  "pg_dump --inserts": PG_HEAD + PG_CREATE +
    ROWS.map((row) => `INSERT INTO public.website_event VALUES ${tuple(row, pg)};\n`).join(""),
  "pg_dump --column-inserts": PG_HEAD +
    ROWS.map((row) =>
      `INSERT INTO umami.website_event (id, title) VALUES ${tuple(row, pg)} ` +
      "ON CONFLICT DO NOTHING;\n"
    ).join(""),
  "pg_dump --rows-per-insert": PG_HEAD +
    `INSERT INTO public.website_event (id, title) VALUES\n\t${tuples(pg, ",\n\t")};\n`,
  "escapes of PostgreSQL": PG_HEAD +
    `INSERT INTO website_event (id, title) VALUES ${tuples(escapedPg, ",")};\n`,
  "other columns first": PG_HEAD +
    ROWS.map((row, n) => {
      const names = n % 2 === 0 ? NAMES : NAMES.toReversed();
      return `INSERT INTO website_event (${names.join(", ")}) VALUES ${tuple(row, pg, names)};\n`;
    }).join(""),
  "mysqldump": `-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\n${MY_CREATE}` +
    `LOCK TABLES \`website_event\` WRITE;\nINSERT INTO \`website_event\` VALUES ${
      tuples(my, ",")
    };\nUNLOCK TABLES;\nINSERT INTO \`other\` VALUES (1,'it\\'s');\n`,
  "mysqldump --complete-insert --skip-extended-insert": "-- MariaDB dump 10.19\n" +
    ROWS.map((row) =>
      `INSERT IGNORE INTO \`website_event\` (\`title\`, \`id\`) VALUES ${
        tuple(row, my, NAMES.toReversed())
      };\n`
    ).join(""),
  "mysqldump --compatible=ansi":
    '-- MySQL dump 10.13\nINSERT INTO "website_event" ("id", "title") ' +
    `VALUES ${tuples(my, ",")};\n`,
  "phpMyAdmin": `-- phpMyAdmin SQL Dump\n-- version 5.2\n\n${MY_CREATE}` +
    `INSERT INTO \`website_event\` (\`id\`, \`title\`) VALUES\n${tuples(my, ",\n")};\n`,
};

/** The last line of a dump, of those programs that write one. */
function lastLineOf(text: string): string {
  if (text.startsWith(PG_HEAD)) return "--\n-- PostgreSQL database dump complete\n--\n";
  return /^-- (?:MySQL|MariaDB) dump/.test(text) ? "-- Dump completed on 2024-02-01\n" : "";
}

/** The rows of the one wanted table. */
async function read(folder: string, text: string): Promise<TestRow[]> {
  const { files } = fakeSystem();
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/dump.sql`, text);
  const kind = dumpKind(text);
  assert.ok(kind);
  const dump = { path: `${folder}/dump.sql`, kind };
  const tables = await dumpTables(files, dump, ["website_event"], folder);
  assert.deepEqual([...tables.keys()], ["website_event"]);
  const escapes: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", "\\": "\\" };
  return (tables.get("website_event") ?? []).flatMap(({ path, columns }) =>
    Deno.readTextFileSync(path).split("\n").slice(0, -1).map((line) => {
      const values = line.split("\t").map((value) =>
        value === "\\N" ? null : value.replace(/\\(.)/g, (_, char) => escapes[char] ?? char)
      );
      assert.equal(values.length, columns.length, line);
      return Object.fromEntries(columns.map((name, at) => [name, values[at] ?? null]));
    })
  );
}

Deno.test("dumpTables reads the same rows however they are dumped", async () => {
  await withFolder(async (folder) => {
    for (const [index, [name, rows]] of Object.entries(DUMPS).entries()) {
      const text = rows + lastLineOf(rows);
      const plain = await read(`${folder}/${index}`, text);
      const sorted = plain.toSorted((a, b) => Number(a["id"]) - Number(b["id"]));
      assert.deepEqual(sorted, ROWS, name);
      if (/mysql|phpMyAdmin/.test(name)) {
        const crlf = await read(`${folder}/${index}-crlf`, text.replaceAll("\n", "\r\n"));
        assert.deepEqual(crlf, plain, `${name} with CRLF`);
      }
    }
  });
});

Deno.test("dumpTables refuses dumps that are cut, and rows without names of columns", async () => {
  await withFolder(async (folder) => {
    const cut = Object.entries(DUMPS).flatMap(([name, rows]) => [
      [name, rows.slice(0, -4)] as const,
      ...lastLineOf(rows) === "" ? [] : [[`${name}, after its rows`, rows] as const],
    ]);
    for (const [index, [name, text]] of cut.entries()) {
      await assert.rejects(read(`${folder}/${index}`, text), /it was cut/, name);
    }
    const bare = "-- MySQL dump\nINSERT INTO `website_event` VALUES (1,'a');\n";
    await assert.rejects(read(`${folder}/bare`, bare), /names no columns of website_event/);
  });
});
