import assert from "node:assert/strict";
import type { Event } from "../../../../src/core/event.ts";
import {
  type FlowNode,
  type FlowTree,
  type FlowTreeParams,
} from "../../../../src/query/reports/flow/detail.ts";
import { bruteVisits, byVisitor, randomEvents } from "../../../support/numbers/behavioral_brute.ts";
import { TEST_SEEDS } from "../../../support/numbers/behavioral_db.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const GAP = 30 * MINUTE;
const FROM = Date.UTC(2024, 2, 9, 0) * 1000;
const TO = FROM + 24 * HOUR;

/** Paths (lists of names, null where the visit ends) of every fitting visit. */
function brutePaths(visitors: readonly (readonly Event[])[], own: FlowTreeParams) {
  const paths: (string | null)[][] = [];
  const label = (event: Event): string => {
    if (event.event_name !== "pageview") return `e${event.event_name}`;
    const parts = event.pathname.split("/").slice(1);
    return `p/${(own.group === null ? parts : parts.slice(0, own.group)).join("/")}`;
  };
  for (const all of visitors) {
    for (const visit of bruteVisits(all, GAP)) {
      const start = visit[0]?.timestamp ?? 0;
      if (start < FROM || start >= TO) continue;
      const kept = visit.filter((event) => own.of === "events" || event.event_name === "pageview");
      const labels = [...kept]
        .sort((a, b) => a.timestamp - b.timestamp || (label(a) < label(b) ? -1 : 1))
        .map(label)
        .filter((one, index, list) => index === 0 || one !== list[index - 1]);
      if (labels.length === 0) continue;
      if (own.direction === "previous") labels.reverse();
      const anchor = own.page !== null ? `p${own.page}` : own.event && `e${own.event}`;
      const place = anchor === null ? -1 : labels.indexOf(anchor);
      if (anchor !== null && place < 0) continue;
      const path: (string | null)[] = labels.slice(place + 1, place + 1 + own.depth);
      if (path.length < own.depth) path.push(null);
      paths.push(path);
      if (own.countBy === "visitors") break;
    }
  }
  return paths;
}

/** Every node of a tree as a line of its path and count. */
function linesOf(children: readonly FlowNode[], above = ""): string[] {
  return children.flatMap((node) => {
    const mark = node.kind === "end" ? "end" : `${node.kind[0]}${node.name}`;
    const path = `${above}>${mark}`;
    return [`${path} ${node.count} ${node.others}`, ...linesOf(node.children, path)];
  });
}

function bruteLines(paths: readonly (readonly (string | null)[])[], depth: number): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    for (let length = 1; length <= Math.min(path.length, depth); length++) {
      const key = path.slice(0, length).map((label) => `>${label ?? "end"}`).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].map(([key, count]) => `${key} ${count} 0`);
}

const standing: FlowTreeParams = {
  page: null,
  event: null,
  direction: "next",
  depth: 3,
  countBy: "visits",
  of: "pages",
  group: null,
};
const QUESTIONS: readonly Partial<FlowTreeParams>[] = [
  {},
  { page: "/a" },
  { page: "/a", direction: "previous", depth: 5 },
  { page: "/d", group: 1, countBy: "visitors" },
  { event: "signup", of: "events", depth: 2 },
  { page: "/", of: "events", depth: 4, countBy: "visitors", direction: "previous" },
];

for (const seed of TEST_SEEDS) {
  for (const ties of [0, 0.3]) {
    Deno.test(`askFlowTree() equals the brute force, seed ${seed}, ties ${ties}`, async () => {
      const events = randomEvents({
        seed: seed + 700,
        visitors: 1000,
        eventsMax: 14,
        fromUs: FROM - 2 * HOUR,
        spanUs: 26 * HOUR,
        gapsUs: [1, MINUTE, GAP, GAP, GAP + 1, HOUR],
        ties,
      });
      const visitors = [...byVisitor(events).values()];
      await withQuestions({ events }, async ({ get }) => {
        for (const question of QUESTIONS) {
          const own = { ...standing, ...question };
          const { page, event, direction, depth, countBy, of, group } = own;
          const query = new URLSearchParams({
            detail: "true",
            start_date: "2024-03-09",
            end_date: "2024-03-10",
            limit: "50",
            direction,
            depth: String(depth),
            count_by: countBy,
            of,
            ...(page === null ? {} : { page }),
            ...(event === null ? {} : { event }),
            ...(group === null ? {} : { group: String(group) }),
          });
          const tree: FlowTree = (await get("flow", `&${query}`)).json;
          const paths = brutePaths(visitors, own);
          assert.ok(paths.length > 10);
          assert.equal(tree.total, paths.length);
          const expected = bruteLines(paths, depth);
          // The answer holds at most 200 nodes of a level.
          const found = linesOf(tree.children);
          if (expected.length < 200) {
            assert.deepEqual(found.sort(), expected.sort(), JSON.stringify(question));
          } else {
            const wanted = new Map(
              expected.map((line) => line.split(/ (?=\d)/)).map((
                [path, count],
              ) => [path, count]),
            );
            for (const line of found) {
              const [path, count] = line.split(/ (?=\d)/);
              assert.equal(count, wanted.get(path), JSON.stringify(question));
            }
          }
        }
      });
    });
  }
}
