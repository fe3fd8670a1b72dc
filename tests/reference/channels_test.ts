import assert from "node:assert/strict";
import { channelOf, CHANNELS, CLICK_IDS } from "../../src/reference/channels.ts";
import { facts, NOTHING, TABLE } from "../support/numbers/channel_facts.ts";

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
