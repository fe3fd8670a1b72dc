import assert from "node:assert/strict";
import {
  type ChannelFacts,
  channelOf,
  CHANNELS,
  channelSql,
  CLICK_IDS,
} from "../../src/core/channels.ts";
import { ident, raw, type Sql, sql } from "../../src/core/sql.ts";
import { SOURCE_TEXTS } from "../../src/core/sources.ts";
import { withEvents } from "../support/behaviour_db.ts";
import { pageview } from "../support/events.ts";
import { seededRandom } from "../support/fake_system.ts";

const NOTHING: ChannelFacts = {
  referrer_source: null,
  utm_source: null,
  utm_medium: null,
  utm_campaign: null,
  click_id: null,
};

/** Facts in short: `source / utm_source / medium / campaign / click`, with `-` for none. */
function facts(short: string): ChannelFacts {
  const [referrer_source, utm_source, utm_medium, utm_campaign, click_id] = short.split(" / ")
    .map((part) => part === "-" ? null : part);
  return {
    referrer_source: referrer_source ?? null,
    utm_source: utm_source ?? null,
    utm_medium: utm_medium ?? null,
    utm_campaign: utm_campaign ?? null,
    click_id: click_id ?? null,
  };
}

const TABLE: readonly (readonly [short: string, channel: string])[] = [
  ["-", "Direct"],
  ["Google", "Organic Search"],
  ["DuckDuckGo", "Organic Search"],
  ["Twitter", "Organic Social"],
  ["Hacker News", "Organic Social"],
  ["YouTube", "Organic Video"],
  ["Amazon", "Organic Shopping"],
  ["Gmail", "Email"],
  ["ChatGPT", "AI Assistants"],
  ["chatgpt.com", "AI Assistants"],
  ["Wikipedia", "Referral"],
  ["blog.example.net", "Referral"],
  ["www.blog.example.net", "Referral"],
  // Tagged
  ["- / google / cpc", "Paid Search"],
  ["- / Google / PPC", "Paid Search"],
  ["- / facebook / cpc", "Paid Social"],
  ["- / fb / paid", "Paid Social"],
  ["- / ig / paid_social", "Paid Social"],
  ["- / youtube / cpc", "Paid Video"],
  ["- / amazon / cpc", "Paid Shopping"],
  ["- / google / cpc / summer shopping", "Paid Shopping"],
  ["- / google / cpc / cross-network", "Cross-network"],
  ["- / somebody / cpc", "Paid Other"],
  ["- / somebody / paidsearch", "Paid Search"],
  ["- / somebody / cpm", "Display"],
  ["- / facebook / cpm", "Paid Social"],
  ["- / google / display", "Display"],
  ["- / adnet / banner", "Display"],
  ["- / partner / affiliate", "Affiliates"],
  ["- / newsletter / email", "Email"],
  ["- / newsletter", "Email"],
  ["- / spring / newsletter", "Email"],
  ["- / mailchimp / email / june", "Email"],
  ["- / somewhere / social", "Organic Social"],
  ["- / somewhere / organic", "Organic Search"],
  ["- / facebook / organic", "Organic Social"],
  ["- / chatgpt.com", "AI Assistants"],
  ["- / perplexity / referral", "AI Assistants"],
  ["- / somewhere / podcast", "Audio"],
  ["- / somewhere / sms", "SMS"],
  ["- / somewhere / push", "Push"],
  ["- / somewhere / referral", "Referral"],
  ["- / somewhere / whatever", "Referral"],
  ["- / - / whatever", "Referral"],
  ["- / - / - / june", "Referral"],
  ["- / www.google.com", "Organic Search"],
  // What is tagged goes before the referrer, where it is known
  ["Google / facebook / cpc", "Paid Social"],
  ["Facebook / spring / -", "Organic Social"],
  ["Google / spring / cpc", "Paid Search"],
  ["blog.example.net / - / cpc", "Paid Other"],
  // Click ids
  ["- / - / - / - / gclid", "Paid Search"],
  ["Google / - / - / - / gclid", "Paid Search"],
  ["YouTube / - / - / - / gclid", "Paid Video"],
  ["Bing / - / - / - / msclkid", "Paid Search"],
  ["Facebook / - / - / - / fbclid", "Organic Social"],
  ["- / - / - / - / fbclid", "Organic Social"],
  ["- / facebook / cpc / - / fbclid", "Paid Social"],
  ["- / - / - / - / ttclid", "Paid Social"],
  ["- / - / - / - / dclid", "Display"],
  ["- / - / - / - / awc", "Affiliates"],
  ["- / - / - / - / mc_eid", "Email"],
  ["- / google / organic / - / gclid", "Organic Search"],
  ["- / - / - / - / unheard_of", "Direct"],
];

Deno.test("channelOf() tells the channel of these visits", () => {
  for (const [short, channel] of TABLE) assert.equal(channelOf(facts(short)), channel, short);
});

Deno.test("channelOf() takes blanks and other letters for the same", () => {
  assert.equal(channelOf(facts(" GOOGLE  /  -")), "Organic Search");
  assert.equal(channelOf(facts("- /  Google  /  CPC  ")), "Paid Search");
  assert.equal(channelOf({ ...NOTHING, referrer_source: "", utm_source: " " }), "Direct");
});

Deno.test("channelOf() gives every channel to somebody", () => {
  const given = new Set(TABLE.map(([short]) => channelOf(facts(short))));
  assert.deepEqual([...given].sort(), Object.keys(CHANNELS).sort());
});

Deno.test("channelOf() knows what every click id means", () => {
  for (const id of Object.keys(CLICK_IDS)) {
    assert.notEqual(channelOf({ ...NOTHING, click_id: id }), "Direct", id);
  }
});

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

Deno.test("channelSql() stands wherever a query may need it", async () => {
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
