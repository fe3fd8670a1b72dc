import { strictEqual as equal } from "node:assert";
import { errorOf } from "../../../../dashboard/lib/ask/api.js";
import { refusalOf, tellBy } from "../../../../dashboard/lib/format/refusal.js";
import { SAID } from "../../../../dashboard/lib/format/said.js";
import { faultsOfSettings } from "../../../../src/sites/settings.ts";
import { makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { texts as english } from "../../../../dashboard/texts/en.js";
import { texts as first } from "../../../../dashboard/texts/de.js";
import { texts as pages } from "../../../../dashboard/texts/pages/de.js";

const de = makeTranslate("de", { ...first, ...pages }, english);
const en = makeTranslate("en", english, english);
const refusal = (status: number, error: string, field?: string) =>
  errorOf(status, { error, code: "x", field }, null);

Deno.test("refusalOf() tells kind, field and what is quoted in the reader's language", () => {
  const zone = "Cannot set up the site: timezone: it is no IANA time zone";
  equal(
    refusalOf(refusal(400, zone, "timezone"), de),
    "Der Server versteht diese Eingabe nicht: Zeitzone (Server: „it is no IANA time zone“)",
  );
  equal(
    refusalOf(refusal(409, 'Cannot save the goal: there is one called "Kauf" already'), de),
    "Das gibt es schon, oder es wird gerade benutzt: Kauf",
  );
  equal(
    refusalOf(refusal(400, 'Cannot read filters: "(": missing )', "filters"), de),
    'Der Server versteht diese Eingabe nicht: Filter (Server: „"(": missing )“)',
  );
  equal(
    refusalOf(refusal(400, "Cannot read body.x: it is no text", "body.x"), de),
    "Der Server versteht diese Eingabe nicht: body.x (Server: „it is no text“)",
  );
  equal(refusalOf(errorOf(404, null, null), de), "Nicht gefunden");
  equal(
    refusalOf(refusal(418, "Cannot make coffee"), de),
    "Der Server meldet einen Fehler (Server: „Cannot make coffee“)",
  );
});

Deno.test("refusalOf() gives English readers the server's own words", () => {
  const said = "Cannot set up the site: timezone: it is no IANA time zone";
  equal(refusalOf(refusal(400, said, "timezone"), en), said);
});

Deno.test("refusalOf() keeps bounds, lines and names of the server in other languages", () => {
  const timeout = "Cannot set up the site: visit_timeout_minutes: it is no whole number " +
    "from 1 to 240";
  equal(
    refusalOf(refusal(400, timeout, "visit_timeout_minutes"), de),
    "Der Server versteht diese Eingabe nicht: Session-Timeout (Minuten), 1 bis 240",
  );
  equal(
    refusalOf(refusal(409, "Cannot set up the site: b.example is a name of a.example"), de),
    "Das gibt es schon, oder es wird gerade benutzt " +
      "(Server: „b.example is a name of a.example“)",
  );
  const rules = "Cannot read path_rules: it is wrong in masks: number 2: it has no from and to";
  equal(
    refusalOf(refusal(400, rules, "path_rules"), de),
    "Der Server versteht diese Eingabe nicht: Pfadregeln " +
      "(Server: „it is wrong in masks: number 2: it has no from and to“)",
  );
});

/** What the server says: a refusal and where its words are in the source. */
const SENTENCES: readonly (readonly [status: number, said: string, source: string])[] = [
  [400, "Cannot add the site: site_id: it is empty", "core/site_id.ts"],
  [400, "Cannot add the site: site_id: two dots in a row are not allowed", "core/site_id.ts"],
  [400, "Cannot erase with this start_date: it must be a date YYYY-MM-DD", "api/data/erase.ts"],
  [400, "Cannot erase with this end_date: it is before start_date", "api/data/erase.ts"],
  [403, "Cannot read this site: the caller has no right to it", "auth/rights.ts"],
  [409, "Cannot set the first password: a password is set already", "auth/auth.ts"],
  [409, "Cannot apply path rules: the site has none", "api/sites/path_rules.ts"],
  [404, "Cannot revoke the key: no key has this hash", "api/access/keys.ts"],
  [
    409,
    "Cannot back up: no backup_dir is set; name a folder in the settings of the server",
    "storage/backup/schedule.ts",
  ],
  [
    409,
    "Cannot rewrite the history: it is rewritten already; confirm or undo that first",
    "storage/rewrite/path_history.ts",
  ],
];
/** The same of sentences that are put together. */
const FILLED: readonly (readonly [status: number, said: string])[] = [
  [400, "Cannot read end_date: 2026-01-01 is before start_date 2026-02-01"],
  [409, "Cannot add the site: shop.example exists already"],
  [409, "Cannot add the site: there are 10000 already"],
  [400, "Cannot set the password: it has 3 characters, not 8 to 256"],
  [404, "Cannot find the site: there is none called shop.example"],
  [409, "Cannot undo the import: it is undone"],
  [409, "Cannot delete the site: merge A.example and a.example first, they differ in case alone"],
  [400, 'Cannot read filters: no segment is called "Kunden"'],
];
/** What the settings of a site refuse. */
const BAD_SETTINGS = {
  timezone: "Moon",
  hostnames: 7,
  aliases: 7,
  name: "",
  week_start: "noon",
  visitor_id_days: 2,
  rate_limit: -1,
  ignored_addresses: 7,
};

Deno.test("refusalOf() tells what dashboards meet without the server's English", async () => {
  tellBy(SAID);
  const settings = Object.entries(BAD_SETTINGS).flatMap(([name, value]) =>
    faultsOfSettings({ [name]: value }).list.map((fault) =>
      [400, `Cannot set up the site: ${fault}`, name] as const
    )
  );
  equal(settings.length, Object.keys(BAD_SETTINGS).length);
  for (const [, said, source] of SENTENCES) {
    const words = said.slice(said.lastIndexOf(": ") + 2);
    const text = await Deno.readTextFile(new URL(`../../../../src/${source}`, import.meta.url));
    equal(text.includes(words), true, `${source} says no "${words}" any more`);
  }
  const all = [
    ...SENTENCES.map(([status, said]) => [status, said, fieldIn(said)] as const),
    ...FILLED.map(([status, said]) => [status, said, fieldIn(said)] as const),
    ...settings,
  ];
  for (const [status, said, field] of all) {
    const told = refusalOf(refusal(status, said, field), de);
    equal(/Server: „|said_/.test(told), false, `${said}\n${told}`);
  }
  tellBy([]);
});

const fieldIn = (said: string) => /^Cannot [^:]+: (site_id): /.exec(said)?.[1];
