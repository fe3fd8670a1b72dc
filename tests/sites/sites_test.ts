import assert from "node:assert/strict";
import { ITEM_BODY_CHARS_MAX } from "../../src/core/limits.ts";
import { SETTINGS_BY_DEFAULT } from "../../src/sites/settings.ts";
import { openSites } from "../support/storage/sites.ts";

Deno.test("Sites keeps settings over a restart and changes only what is named", async () => {
  const { sites, reopen } = await openSites();
  assert.deepEqual(sites.settings("a.example"), SETTINGS_BY_DEFAULT);
  await sites.put("b.example", { public: true });
  await sites.put("a.example", { timezone: "Europe/Berlin" });
  await sites.put("a.example", { week_start: "sunday" });
  for (const open of [sites, await reopen()]) {
    assert.deepEqual(open.settings("a.example"), {
      ...SETTINGS_BY_DEFAULT,
      timezone: "Europe/Berlin",
      week_start: "sunday",
    });
    assert.deepEqual(open.declaredIds(), ["a.example", "b.example"]);
    assert.deepEqual(open.publicIds(), ["b.example"]);
  }
});

Deno.test("Sites.put() refuses bad settings and changes nothing then", async () => {
  const { sites } = await openSites();
  await assert.rejects(sites.put("a", { timezone: "x", week_start: "sunday" }), {
    status: 400,
    message: /timezone/,
  });
  assert.equal(sites.declared("a"), undefined);
});

Deno.test("Sites keeps things by kind, each name once", async () => {
  const { sites, reopen } = await openSites();
  const goal = await sites.add("a", "goal", { name: "Signup", body: { event: "signup" } });
  await sites.add("a", "segment", { name: "Signup", body: { filter: 1 } });
  await sites.add("b", "goal", { name: "Signup", body: {} });
  await assert.rejects(sites.add("a", "goal", { name: "Signup", body: {} }), { status: 409 });
  const other = await sites.add("a", "goal", { name: "Buy", body: {} });
  await assert.rejects(sites.change(other, { name: "Signup", body: {} }), { status: 409 });
  await sites.change(goal, { name: "Sign up", body: { event: "x" } });
  for (const open of [sites, await reopen()]) {
    assert.deepEqual(open.items("a", "goal").map(({ name, body }) => [name, body]), [
      ["Sign up", { event: "x" }],
      ["Buy", {}],
    ]);
  }
  await sites.remove(other);
  assert.equal(sites.item("a", "goal", other.id), undefined);
});

Deno.test("Sites.add() takes two annotations of one text, and no body without bound", async () => {
  const { sites } = await openSites();
  const note = { name: "Deploy", body: { date: "2024-03-10" } };
  await sites.add("a", "annotation", note);
  await sites.add("a", "annotation", note);
  assert.equal(sites.items("a", "annotation").length, 2);
  const body = { text: "x".repeat(ITEM_BODY_CHARS_MAX) };
  await assert.rejects(sites.add("a", "segment", { name: "x", body }), { status: 413 });
});

Deno.test("Sites.drop() removes a site and its items", async () => {
  const { sites, reopen } = await openSites();
  await sites.put("a", { public: true });
  await sites.add("a", "goal", { name: "Signup", body: {} });
  await sites.add("b", "goal", { name: "Signup", body: {} });
  await sites.drop("a");
  for (const open of [sites, await reopen()]) {
    assert.deepEqual(open.declaredIds(), []);
    assert.deepEqual(open.items("a", "goal"), []);
    assert.equal(open.items("b", "goal").length, 1);
  }
});
