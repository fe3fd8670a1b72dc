import { deepStrictEqual as deepEqual } from "node:assert";
import { DAY_US } from "../../../src/core/durations.ts";
import { type SplitBy, splitOf } from "../../../src/query/rollups/split.ts";
import type { RollupDay, SiteRollups } from "../../../src/storage/state/ops/rollup_ops.ts";

const FIRST = 20_000;

/** Ten days that begin `offsetUs` after midnight UTC, in a file up to the `cut`th and another. */
function siteOf(offsetUs: number, cut: number): SiteRollups {
  const days = Array.from({ length: 10 }, (_, at): RollupDay => {
    const [startUs, endUs] = [0, 1].map((n) => (FIRST + at + n) * DAY_US + offsetUs) as [
      number,
      number,
    ];
    return {
      day: FIRST + at,
      path: at < cut ? "old" : "new",
      visitsPath: "visits",
      rules: "rules",
      startUs,
      endUs,
      readsFromUs: startUs,
      readsToUs: endUs,
      holdsFromUs: startUs,
      holdsToUs: endUs,
      idDays: 1,
      hasEdge: true,
    };
  });
  return { days, reachDays: 0, foreignToUs: 0 };
}

/** The split of those days and half of the one after them. */
function splitUpToNow(site: SiteRollups) {
  const [start, end] = [site.days[0]?.startUs ?? 0, site.days.at(-1)?.endUs ?? 0];
  const by: SplitBy = {
    rules: "rules",
    zone: "UTC",
    idDays: 1,
    hotFromUs: Infinity,
    isKeyed: false,
  };
  return splitOf({ fromUs: start, toUs: end + DAY_US / 2, dates: null }, site, by);
}

Deno.test("splitOf() names the files of the days whose edges are read, and no others", () => {
  const files = (offsetUs: number, cut: number) => {
    const { paths, edge } = splitUpToNow(siteOf(offsetUs, cut)) ?? {};
    return { paths, edge };
  };
  const last = FIRST + 9;
  const paths = ["old", "new"];
  deepEqual(files(0, 5), { paths, edge: { first: last, last, paths: ["new"] } });
  // Of another zone a visitor of the rest may have been seen two days before it.
  const two = { first: last - 1, last };
  deepEqual(files(5 * DAY_US / 24, 5), { paths, edge: { ...two, paths: ["new"] } });
  deepEqual(files(5 * DAY_US / 24, 9), { paths, edge: { ...two, paths } });
});
