import assert, { strictEqual as equal } from "node:assert";
import { errorOf } from "../../../../dashboard/lib/ask/api.js";
import { lastingOf, refusalOf, tellBy } from "../../../../dashboard/lib/format/refusal.js";
import { SAID } from "../../../../dashboard/lib/format/said.js";
import { parseFilter } from "../../../../dashboard/grammar/filter.js";
import { parseSequence } from "../../../../dashboard/grammar/sequence.js";
import { parseSpan } from "../../../../dashboard/grammar/span.js";
import { AppError } from "../../../../src/core/errors.ts";
import { faultOfPathRules } from "../../../../src/core/paths/rules.ts";
import { sql } from "../../../../src/core/sql.ts";
import { METRICS } from "../../../../src/query/metrics.ts";
import { Params } from "../../../../src/query/params.ts";
import {
  checkFilter,
  dimensionsParam,
  metricsParam,
  parseReportRequest,
  STANDARD_SETTINGS,
} from "../../../../src/query/parse.ts";
import { compileSteps } from "../../../../src/query/steps.ts";
import { faultsOfGoal } from "../../../../src/sites/goals.ts";
import { faultsOfSettings } from "../../../../src/sites/settings.ts";
import { unerasedError, unreadableError } from "../../../../src/storage/lake/files/unreadable.ts";
import { makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { texts as english } from "../../../../dashboard/texts/en.js";
import { texts as englishPages } from "../../../../dashboard/texts/pages/en.js";
import { texts as first } from "../../../../dashboard/texts/de.js";
import { texts as pages } from "../../../../dashboard/texts/pages/de.js";
import { texts as french } from "../../../../dashboard/texts/fr.js";
import { texts as frenchPages } from "../../../../dashboard/texts/pages/fr.js";
import { texts as spanish } from "../../../../dashboard/texts/es.js";
import { texts as spanishPages } from "../../../../dashboard/texts/pages/es.js";

const de = makeTranslate("de", { ...first, ...pages }, english);
const en = makeTranslate("en", { ...english, ...englishPages }, english);
const LANGUAGES = [
  de,
  makeTranslate("fr", { ...french, ...frenchPages }, english),
  makeTranslate("es", { ...spanish, ...spanishPages }, english),
];
const [SITE, DATE] = ["example.com", "2026-01-15"];
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

const anyGoal = () => ({ condition: sql`true`, columns: [], instructions: 0 });

/** What the grammars and checks refuse of texts that people type, beside the field of each. */
function typedFaults(): readonly (readonly [field: string, fault: string | undefined])[] {
  const steps = (text: string) => ["steps", compileSteps(text, anyGoal, 2).fault] as const;
  const sequence = (text: string) => ["sequence", parseSequence(text).fault] as const;
  const filters = (text: string) => {
    const read = parseFilter(text);
    const checked = read.value ? checkFilter(read.value, STANDARD_SETTINGS).fault : undefined;
    return ["filters", read.fault ?? checked] as const;
  };
  const many = (count: number, part: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => part(at)).join(";");
  const rules = (value: unknown) => {
    const fault = faultOfPathRules(value);
    return ["path_rules", fault === null ? undefined : `it is ${fault}`] as const;
  };
  const mask = (from: string, to: string) => rules({ masks: [{ from, to }] });
  const goal = (value: Record<string, unknown>) =>
    faultsOfGoal(value).list.map((fault) => ["", fault] as const);
  return [
    steps(""),
    steps("page:/"),
    steps("somewhere,page:/"),
    steps("page:,event:x"),
    steps(`event:a[${Array.from({ length: 30 }, () => "a=1").join(",")}],page:/`),
    steps("event:a[price],page:/"),
    steps("event:a[price>much],page:/"),
    steps(`event:a[key=${"x".repeat(3000)}],page:/`),
    sequence("page:/"),
    sequence("within 1 day,page:/,page:/x"),
    sequence("page:/,within 1 day"),
    sequence("page:/,within 1 fortnight,page:/x"),
    ["window", parseSpan("2 moons").fault],
    ["window", parseSpan("90000 days").fault],
    filters("is(page"),
    filters("is(page)"),
    filters("or()"),
    filters("at_least(revenue,much)"),
    filters("is(colour,red)"),
    filters(`is(page,${"x".repeat(3000)})`),
    filters(many(200, (at) => `is(page,/${at})`)),
    filters(`is(page,${Array.from({ length: 2000 }, (_, at) => at).join(",")})`),
    filters(`${"not(".repeat(40)}is(page,/)${")".repeat(40)}`),
    filters("has_done(has_done(is(page,/)))"),
    rules({ default_documents: ["a b"] }),
    rules({ query_parameters: 7 }),
    rules({ masks: Array.from({ length: 5000 }, () => ({ from: "/a", to: "/b" })) }),
    mask("user", "/x"),
    mask("/**/a", "/x"),
    mask("/a/*", "/b"),
    mask("/user", "/*"),
    mask("/a", "/a/b/../a"),
    ...goal({}),
    ...goal({ event: "x", props: 7, min_revenue: -1, currency: "euro" }),
    ...goal({ event: "x", currency: "EUR" }),
    ...goal({ event: "x", props: { plan: "x".repeat(3000), "": "b" }, currency: 7 }),
    ...goal({ page: "/", event: "x" }),
    ...goal({ page: "", event: 7 }),
  ];
}

Deno.test("refusalOf() tells what is wrong with steps, filters, rules and goals", () => {
  tellBy(SAID);
  const given = typedFaults();
  const told = given.filter(([, fault]) => fault !== undefined);
  assert.ok(told.length >= 34, `${told.length} are refused`);
  for (const language of LANGUAGES) {
    for (const [field, fault] of told) {
      const opening = field === "" ? "Cannot save the goal" : `Cannot read ${field}`;
      const said = `${opening}: ${fault}`;
      const text = refusalOf(refusal(400, said, field), language);
      assert.doesNotMatch(text, /(?:Server|server|serveur|servidor)\s?: |said_|undefined|\{/, said);
    }
  }
  const several = "Cannot save the goal: page: it and event are missing; currency: " +
    "min_revenue is missing";
  assert.equal(
    refusalOf(refusal(400, several), de),
    "Der Server versteht diese Eingabe nicht: Seite, nötig ist eine Seite oder ein Ereignis; " +
      "Währung, ein Mindestumsatz ist ebenfalls nötig",
  );
  tellBy([]);
});

Deno.test("refusalOf() and lastingOf() tell which file of which days a lake lacks", () => {
  const file = { path: "s3://b/lake/main/events/d/1.parquet", site: SITE, date: DATE, rows: 1 };
  const unread = refusal(503, unreadableError(file, "s3://b/lake/").message);
  const left = refusal(
    503,
    unerasedError({ dates: [DATE, "2026-01-16"], reason: "HTTP 404 (Not Found)" }, 3).message,
  );
  const unnumbered = refusal(503, unerasedError({ dates: [DATE], reason: "(3)" }, null).message);
  assert.match(refusalOf(unread, en), /^The events of 2026-01-15 cannot be read: /);
  assert.match(refusalOf(left, de), /^Die Ereignisse vom 2026-01-15, 2026-01-16 sind nicht ge/);
  for (const language of [en, ...LANGUAGES]) {
    for (const one of [unread, left]) {
      const text = refusalOf(one, language);
      assert.equal(lastingOf(one, language), text);
      assert.doesNotMatch(text, /fault_|\{|undefined|404/);
    }
    // Whoever mends it needs the place of the file, and the number of the erasure.
    assert.match(refusalOf(unread, language), / main\/events\/d\/1\.parquet /);
    assert.match(refusalOf(left, language), /2026-01-15, 2026-01-16.*: 3\.$/);
    assert.match(refusalOf(unnumbered, language), /2026-01-15.*\.$/);
    assert.doesNotMatch(refusalOf(unnumbered, language), /: \d*\.$/);
    assert.equal(lastingOf(refusal(503, "Cannot answer: busy"), language), null);
  }
});

Deno.test("refusalOf() quotes the wrong entries of lists as the language does", () => {
  tellBy(SAID);
  const told = (field: string, value: unknown) =>
    [en, ...LANGUAGES].map((language) => {
      const [fault] = faultsOfSettings({ [field]: value }).list;
      return refusalOf(refusal(400, `Cannot set up the site: ${fault}`, field), language);
    });
  assert.deepEqual(told("hostnames", ["a.example", "http://x y", "c d"]), [
    'Cannot set up the site: hostnames: it is wrong in "http://x y", "c d": no host name',
    "Der Server versteht diese Eingabe nicht: Erlaubte Hostnamen, kein Hostname: „http://x y“, " +
    "„c d“",
    "Le serveur ne peut pas lire cette saisie\u00a0: Noms d’hôte autorisés, " +
    "pas un nom d’hôte\u00a0: " +
    "«\u00a0http://x y\u00a0», «\u00a0c d\u00a0»",
    "El servidor no entiende este dato: Nombres de host permitidos, no es un nombre de host: " +
    "«http://x y», «c d»",
  ]);
  assert.deepEqual(
    told("ignored_addresses", ["10.0.0.1", "999.1.1.1"]).map((text) => text.split(", ").at(-1)),
    [
      'Cannot set up the site: ignored_addresses: it is wrong in "999.1.1.1": ' +
      "no address or CIDR range",
      "keine Adresse und kein Bereich: „999.1.1.1“",
      "ni une adresse ni une plage\u00a0: «\u00a0999.1.1.1\u00a0»",
      "no es ni una dirección ni un rango: «999.1.1.1»",
    ],
  );
  const bounds = ["from 0 to 1,000,000", "0 bis 1.000.000", "de 0 à 1\u202f000\u202f000"];
  for (const [at, text] of told("rate_limit", 2_000_000).entries()) {
    assert.ok(text.endsWith([...bounds, "de 0 a 1.000.000"][at] ?? "?"), text);
  }
  tellBy([]);
});

/** What is wrong with parameters that stand in addresses of the dashboard. */
const PARAMETERS = [
  "metrics=fame,visitors",
  "metrics=visitors,fame,glory",
  `metrics=${Object.keys(METRICS).slice(0, 3).join(",")}`,
  "dimensions=colour",
  "dimensions=page,source,device",
  "interval=fortnight",
  "interval=minute&period=12mo",
  "period=decade",
  "compare=never",
  "timezone=Moon",
  "match_weekday=perhaps",
  "limit=many",
  "limit=1&limit=2",
  "start_date=2026-01-01",
  "start_date=soon&end_date=2026-01-01",
  "filters=near(page,/)",
  "filters=has_done(is(entry_page,/))",
];

/** The refusal of a report with these parameters; null where it has none. */
function refusedParameters(query: string): AppError | null {
  const params = new Params(new URLSearchParams(query));
  try {
    parseReportRequest(params, "a.example", Date.UTC(2026, 0, 15) * 1000, STANDARD_SETTINGS);
    metricsParam(params, "metrics", 2);
    dimensionsParam(params, "dimensions", 2);
    params.check();
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

Deno.test("refusalOf() tells what is wrong with metrics and other parameters", () => {
  tellBy(SAID);
  for (const query of PARAMETERS) {
    const refused = refusedParameters(query);
    assert.ok(refused, `${query} is not refused`);
    const { message, field } = refused;
    for (const language of LANGUAGES) {
      const text = refusalOf(refusal(400, message, field), language);
      assert.doesNotMatch(
        text,
        /(?:Server|server|serveur|servidor)\s?: |said_|undefined|\{|metrics:/,
        `${query}: ${message}`,
      );
    }
  }
  const { message = "", field } = refusedParameters("metrics=fame&interval=day") ?? {};
  equal(
    refusalOf(refusal(400, message, field), de),
    "Der Server versteht diese Eingabe nicht: Kennzahl, es gibt keine Kennzahl „fame“",
  );
  tellBy([]);
});

Deno.test("refusalOf() names the field of each fault, and quotes what it cannot tell whole", () => {
  tellBy(SAID);
  const told = (...faults: readonly string[]) =>
    refusalOf(
      refusal(400, faults.join("; "), /^Cannot read ([a-z]+)/.exec(faults[0] ?? "")?.[1]),
      de,
    );
  const steps = `Cannot read steps: ${compileSteps("somewhere,page:/", anyGoal, 2).fault}`;
  const span = `Cannot read window: ${parseSpan("2 moons").fault}`;
  const filters = `Cannot read filters: ${parseFilter("is(page").fault}`;
  const opening = "Der Server versteht diese Eingabe nicht:";
  equal(
    told(steps, span),
    `${opening} Schritte, „somewhere“ ist keine Seite, kein Ereignis und kein Ziel; ` +
      "Conversion-Zeitfenster, „2 moons“ ist keine Zeitspanne wie 1 day",
  );
  equal(told(span, filters), `${told(span)}; Filter, Zeichen 8 ist nicht lesbar`);
  for (const other of [span, filters]) {
    const fame = "Cannot read fame: it has faded";
    equal(told(fame, other), `${opening} fame (Server: „it has faded; ${other}“)`);
  }
  equal(
    told("Cannot use interval: hour makes more than 5000 buckets"),
    `${opening} das Intervall „Stunden“ ergibt mehr als 5.000 Punkte`,
  );
  tellBy([]);
});

Deno.test("refusalOf() promises no other try where the server was not reached", () => {
  const lost = refusal(0, "");
  equal(refusalOf(lost, en), "Can't reach the server. Please try again.");
  for (const t of LANGUAGES) {
    const text = refusalOf(lost, t);
    assert(text !== t("fault_hint_offline") && !/…|\.\.\./.test(text), text);
  }
});
