import assert from "node:assert/strict";
import { channelOf, CHANNELS, CLICK_IDS } from "../../src/reference/channels.ts";
import { facts, NOTHING, TABLE } from "../support/numbers/channel_facts.ts";

Deno.test("channelOf() returns the channel of these visits", () => {
  for (const [short, channel] of TABLE) assert.equal(channelOf(facts(short)), channel, short);
});

Deno.test("channelOf() takes blanks and other letters for the same", () => {
  assert.equal(channelOf(facts(" GOOGLE  /  -")), "Organic Search");
  assert.equal(channelOf(facts("- /  Google  /  CPC  ")), "Paid Search");
  assert.equal(channelOf({ ...NOTHING, referrer_source: "", utm_source: " " }), "Direct");
});

Deno.test("channelOf() returns every channel for some visit", () => {
  const given = new Set(TABLE.map(([short]) => channelOf(facts(short))));
  assert.deepEqual([...given].sort(), Object.keys(CHANNELS).sort());
});

Deno.test("channelOf() has a channel for every click id", () => {
  for (const id of Object.keys(CLICK_IDS)) {
    assert.notEqual(channelOf({ ...NOTHING, click_id: id }), "Direct", id);
  }
});
