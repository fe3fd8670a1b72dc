import { strictEqual as equal } from "node:assert";
import { errorOf } from "../../../../dashboard/lib/ask/api.js";
import { refusalOf } from "../../../../dashboard/lib/format/refusal.js";
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
