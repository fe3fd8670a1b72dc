import assert from "node:assert/strict";
import { ident, raw, type Sql, sql } from "../../../src/core/sql.ts";
import { channelSql } from "../../../src/query/sql/channels.ts";
import { type ChannelFacts, channelOf, CLICK_IDS } from "../../../src/reference/channels.ts";
import { SOURCE_TEXTS } from "../../../src/reference/sources.ts";
import { facts, NOTHING, TABLE } from "../../support/numbers/channel_facts.ts";
import { withEvents } from "../../support/numbers/behavioral_db.ts";
import { pageview } from "../../support/events.ts";
import { seededRandom } from "../../support/fake_system.ts";

/** Random facts, mostly of what the rules know. */
function randomFacts(seed: number, count: number): ChannelFacts[] {
  const { bytes } = seededRandom(seed);
  const pick = <T>(list: readonly T[]) => {
    const [high = 0, low = 0] = bytes(2);
    return list[(high * 256 + low) % list.length]!;
  };
  const sources = [...SOURCE_TEXTS.keys(), "blog.example", "www.Google.com", "O'Brien", " x ", ""];
  const mediums = ["cpc", "CPC ", "cpm", "paid_social", "ecpc", "paid-x", "my paid", "ad", "ads"];
  const more = ["adverts", "organic", "email", "e mail", "social", "video", "push", "whatever", ""];
  const odd = ["été", "İ", "a\nb", "%", "_", "'; drop table events; --", "www.", "\t"];
  const campaigns = ["june", "Summer SHOPPING", "a cross-network b", "", " "];
  return Array.from({ length: count }, () => ({
    referrer_source: pick([null, null, pick(sources), pick(odd)]),
    utm_source: pick([null, null, pick(sources).toUpperCase(), pick(odd)]),
    source_tag: pick([null, null, pick(sources), `m.${pick(sources)}`, pick(odd)]),
    utm_medium: pick([null, null, pick(mediums), pick(more), pick(odd)]),
    utm_campaign: pick([null, null, null, pick(campaigns), pick(odd)]),
    click_id: pick([null, null, null, pick(Object.keys(CLICK_IDS)), pick(odd)]),
  }));
}

Deno.test("channelSql() agrees with channelOf() on every row", async () => {
  const rows = [...TABLE.map(([short]) => facts(short)), ...randomFacts(1, 4000)];
  const events = rows.map((row, at) => pageview({ at: at, visitor: String(at), ...row }));
  await withEvents(events, async (ask) => {
    const found = await ask(
      sql`select visitor_id, ${channelSql()} as channel from events order by visitor_id::integer`,
    );
    assert.equal(found.length, rows.length);
    found.forEach((row, at) =>
      assert.equal(row.channel, channelOf(rows[at]!), JSON.stringify(rows[at]))
    );
  });
});

Deno.test("channelSql() works in every place of a query", async () => {
  const rows = randomFacts(2, 500);
  const events = rows.map((row, at) => pageview({ at: at, visitor: String(at % 50), ...row }));
  const counts = new Map<string, number>();
  for (const row of rows) {
    counts.set(channelOf(row), (counts.get(channelOf(row)) ?? 0) + 1);
  }
  const channel = channelSql((name): Sql => sql`r.${ident(name)}`);
  await withEvents(events, async (ask) => {
    const grouped = await ask(
      sql`select ${channel} as channel, count(*) as events from events r group by 1`,
    );
    assert.deepEqual(new Map(grouped.map((row) => [row.channel, row.events])), counts);
    const [filtered] = await ask(
      sql`select count(*) filter (where ${channel} = 'Email') as email,
        arg_min(${channel}, r.timestamp) as first
      from events r where ${channel} <> 'Direct'`,
    );
    assert.equal(filtered?.email, counts.get("Email"));
    assert.equal(filtered?.first, rows.map(channelOf).find((name) => name !== "Direct"));
    const nested = await ask(
      sql`select channel, count(*) as visitors from (
        select r.*, ${channel} as channel from (
          select ${raw("visitor_id, ")}${
        raw(
          Object.keys(NOTHING).map((name) => `arg_min(${name}, timestamp) as ${name}`).join(", "),
        )
      } from events group by visitor_id
        ) r
      ) group by channel`,
    );
    assert.equal(nested.reduce((sum, row) => sum + Number(row.visitors), 0), 50);
  });
});
