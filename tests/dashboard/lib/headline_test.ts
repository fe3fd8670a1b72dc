import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import {
  chartedOf,
  CONVERSIONS,
  HEADLINES,
  headlineUrl,
  MONEY,
} from "../../../dashboard/lib/headline.js";
import { DEFAULT_STATE, parseState } from "../../../dashboard/lib/state/state.js";

Deno.test("chartedOf() keeps a metric that has a tile, and takes visitors for any other", () => {
  for (const kind of ["site", "goal", "pages"] as const) {
    for (const { metric } of HEADLINES[kind]) {
      assert.equal(chartedOf(kind, metric, metric === MONEY ? MONEY : ""), metric, kind);
    }
    for (const unknown of ["exits", "average_revenue", ""]) {
      assert.equal(chartedOf(kind, unknown, undefined), "visitors", kind);
    }
  }
  assert.equal(chartedOf("site", "exit_rate", MONEY), "visitors");
  assert.equal(chartedOf("pages", "bounce_rate", undefined), "visitors");
  assert.equal(chartedOf("goal", "pageviews", ""), "visitors");
});

Deno.test("chartedOf() takes revenue or conversions where they have the last tile", () => {
  for (const chosen of [MONEY, CONVERSIONS]) {
    assert.equal(chartedOf("site", chosen, chosen), chosen);
    assert.equal(chartedOf("site", chosen, undefined), chosen);
    assert.equal(chartedOf("site", chosen, chosen === MONEY ? CONVERSIONS : MONEY), "visitors");
    assert.equal(chartedOf("site", chosen, ""), "visitors");
    assert.equal(chartedOf("pages", chosen, chosen), "visitors");
  }
  assert.equal(chartedOf("goal", MONEY, ""), "visitors");
  assert.equal(chartedOf("goal", CONVERSIONS, ""), "events");
});

/** What the inline script of the page asks for at an address; null for nothing. */
async function askedAtOnce(search: string, kept: string | null): Promise<string | null> {
  const page = await Deno.readTextFile(new URL("../../../dashboard/index.html", import.meta.url));
  const [, script = ""] = /<script>(\s*try[\s\S]*?)<\/script>/.exec(page) ?? [];
  const links: { href: string }[] = [];
  runInNewContext(script, {
    setTimeout: () => {},
    URLSearchParams,
    location: { search },
    localStorage: kept === null ? {} : { "mallard.site": kept },
    document: { createElement: () => ({}), head: { append: (one: never) => links.push(one) } },
  });
  return links[0]?.href.slice("./".length) ?? null;
}

Deno.test("index.html asks for the headline of its scripts, or leaves it to them", async () => {
  const plain = [
    "?site=a.example",
    "?site=m%C3%BCnchen.example%2Fa+b&period=7d",
    "?period=90d&site=a.example",
  ];
  for (const search of plain) {
    const state = parseState(search);
    const url = headlineUrl({ site: { site_id: state.site }, state }, "site");
    assert.equal(await askedAtOnce(search, "b.example"), url, search);
    assert.notEqual(url, null);
  }
  const kept = headlineUrl({ site: { site_id: "b.example" }, state: DEFAULT_STATE }, "site");
  assert.equal(await askedAtOnce("", "b.example"), kept);
  const rest = ["?site=", "?site=a.example&filters=is(page,/)", "?site=a.example&view=sql"];
  for (
    const search of [...rest, "?site=a.example&compare=none", "?site=a.example&from=2026-01-01"]
  ) {
    assert.equal(await askedAtOnce(search, "b.example"), null, search);
  }
  assert.equal(await askedAtOnce("", null), null);
});
