import assert from "node:assert/strict";
import { ident, sql } from "../../../src/core/sql.ts";
import { sourceSql } from "../../../src/query/sql/sources.ts";
import { SOURCE_TEXTS, type SourceFacts, sourceNameOf } from "../../../src/reference/sources.ts";
import { pageview } from "../../support/events.ts";
import { seededRandom } from "../../support/fake_system.ts";
import { withEvents } from "../../support/numbers/behavioral_db.ts";

function randomFacts(count: number): SourceFacts[] {
  const { bytes } = seededRandom(1);
  const pick = <T>(list: readonly [T, ...T[]]): T => {
    const [high = 0, low = 0] = bytes(2);
    return list[(high * 256 + low) % list.length] ?? list[0];
  };
  const known: [string, ...string[]] = ["google", ...SOURCE_TEXTS.keys()];
  const odd: [string, ...string[]] = [
    "",
    " ",
    " x ",
    "été",
    "İ.reddit.com",
    "a\nb.reddit.com",
    "%",
  ];
  const hosts = () => pick([pick(known), `www.${pick(known)}`, `m.${pick(known)}`, "a.example"]);
  return Array.from({ length: count }, () => ({
    referrer_source: pick([null, "Google", "blog.example", ""]),
    utm_source: pick([null, null, hosts(), pick(known).toUpperCase(), pick(odd)]),
    source_tag: pick([null, hosts(), `x.y.${pick(known)}`, ` ${pick(known)} `, pick(odd)]),
  }));
}

Deno.test("sourceSql() agrees with sourceNameOf() on every row", async () => {
  const rows = randomFacts(3000);
  const events = rows.map((row, at) => pageview({ at, visitor: String(at), ...row }));
  await withEvents(events, async (ask) => {
    const source = sourceSql((name) => ident(name));
    const found = await ask(
      sql`select visitor_id, ${source} as source from events order by visitor_id::integer`,
    );
    assert.equal(found.length, rows.length);
    for (const [at, row] of rows.entries()) {
      assert.equal(found[at]?.["source"], sourceNameOf(row), JSON.stringify(row));
    }
  });
});
