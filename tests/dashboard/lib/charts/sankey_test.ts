import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FlowNode,
  flowOf,
  flowRows,
  withoutLoops,
} from "../../../../dashboard/lib/charts/sankey.js";

const page = (name: string, count: number, children: FlowNode[] = []): FlowNode => ({
  kind: "page",
  name,
  count,
  children,
});
const end = (count: number): FlowNode => ({ kind: "end", name: null, count, children: [] });

Deno.test("flowOf() shows a page once in a column and sums the paths that meet there", () => {
  const { boxes, bands } = flowOf(
    [
      page("/a", 6, [page("/x", 4), end(2)]),
      page("/b", 4, [page("/x", 3), end(1)]),
    ],
    10,
    5,
  );
  const second = boxes.filter(({ x }) => x === 1).map((
    { name, kind, count },
  ) => [name ?? kind, count]);
  assert.deepEqual(second, [["/x", 7], ["end", 3]]);
  assert.equal(bands.length, 4);
});

Deno.test("flowOf() groups small and missing nodes as others", () => {
  const { boxes } = flowOf(
    [
      page("/a", 5),
      page("/b", 3),
      page("/c", 1),
    ],
    10,
    2,
  );
  assert.deepEqual(boxes.map(({ kind, count }) => [kind, count]), [
    ["page", 5],
    ["page", 3],
    ["others", 2],
  ]);
});

Deno.test("flowRows() lists every step between nodes, most frequent first", () => {
  const roots = [
    page("/a", 6, [page("/x", 4), end(2)]),
    page("/b", 4, [page("/x", 3), page("/y", 1)]),
  ];
  const told = (most: number) =>
    flowRows(roots, 12, most).map(({ x, from, to, count }) =>
      [x, from?.name ?? from?.kind ?? null, to.name ?? to.kind, count].join(" ")
    );
  assert.deepEqual(told(5), [
    "0  /a 6",
    "0  /b 4",
    "0  others 2",
    "1 /a /x 4",
    "1 /b /x 3",
    "1 /a end 2",
    "1 /b /y 1",
  ]);
  assert.deepEqual(told(1), [
    "0  /a 6",
    "0  others 6",
    "1 /a /x 4",
    "1 others /x 3",
    "1 /a end 2",
    "1 others others 1",
  ]);
});

const tree = fc.letrec<{ nodes: FlowNode[] }>((tie) => ({
  nodes: fc.array(
    fc.record({
      kind: fc.constantFrom("page", "end"),
      name: fc.constantFrom("/a", "/b", "/c", "/d"),
      count: fc.integer({ min: 1, max: 50 }),
      children: fc.oneof({ maxDepth: 2 }, fc.constant([]), tie("nodes")),
    }, { noNullPrototype: true }),
    { minLength: 1, maxLength: 4 },
  ),
})).nodes;

/** Children cannot be more than their parent: counts are raised where they are. */
function consistent(nodes: readonly FlowNode[]): FlowNode[] {
  return nodes.map((node) => {
    if (node.kind === "end") return { ...node, name: null, children: [] };
    const children = consistent(node.children);
    const sum = children.reduce((total, { count }) => total + count, 0);
    return { ...node, count: Math.max(node.count, sum), children };
  });
}

Deno.test("flowOf() keeps every column within the whole, and bands within their boxes", () => {
  const leasts = fc.constantFrom(0, 0.05);
  fc.assert(fc.property(tree, fc.integer({ min: 1, max: 3 }), leasts, (nodes, most, least) => {
    const roots = consistent(nodes);
    const total = roots.reduce((sum, { count }) => sum + count, 0);
    const { boxes, bands } = flowOf(roots, total, most, least);
    const columns = Math.max(...boxes.map(({ x }) => x)) + 1;
    for (let x = 0; x < columns; x++) {
      const height = boxes.filter((box) => box.x === x).reduce((sum, box) => sum + box.height, 0);
      assert.ok(height <= 1 + 1e-9);
      const arriving = bands.filter((band) => band.x === x).reduce(
        (sum, { height }) => sum + height,
        0,
      );
      if (x > 0) assert.ok(Math.abs(arriving - height) < 1e-9, `${arriving} ${height}`);
    }
    for (const { x, from, to, height } of bands) {
      const inside = (column: number, at: number) =>
        boxes.some((box) =>
          box.x === column && at >= box.y - 1e-9 && at + height <= box.y + box.height + 1e-9
        );
      assert.ok(inside(x - 1, from) && inside(x, to));
    }
  }));
});

Deno.test("flowOf() leaves each box the place of its name, and sizes that compare", () => {
  const least = 0.05;
  fc.assert(fc.property(tree, fc.integer({ min: 1, max: 7 }), (nodes, most) => {
    const roots = consistent(nodes);
    const total = roots.reduce((sum, { count }) => sum + count, 0);
    const { boxes } = flowOf(roots, total, most, least);
    const scales = boxes.map(({ count, height }) => height * total / count);
    for (const scale of scales) {
      assert.ok(Math.abs(scale - (scales[0] ?? 0)) < 1e-9 && scale <= 1 + 1e-9, `${scales}`);
    }
    const columns = Math.max(...boxes.map(({ x }) => x)) + 1;
    for (let x = 0; x < columns; x++) {
      let bottom = 0;
      for (const { y, height } of boxes.filter((box) => box.x === x)) {
        const place = Math.max(height, least);
        const middle = y + height / 2;
        assert.ok(Math.abs(middle - place / 2 - bottom) < 1e-9, `${middle} ${place} ${bottom}`);
        bottom = middle + place / 2;
      }
      assert.ok(bottom <= 1 + 1e-9, `${bottom}`);
    }
  }));
  const big = [page("/a", 94), ...["/b", "/c", "/d"].map((name) => page(name, 2))];
  assert.deepEqual(
    flowOf(big, 100, 7, 0.1).boxes.map(({ y, height }) => [y, height].map((n) => n.toFixed(3))),
    [["0.000", "0.700"], ["0.743", "0.015"], ["0.843", "0.015"], ["0.943", "0.015"]],
  );
});

Deno.test("withoutLoops() ends a path where it comes back", () => {
  const tree = page("/", 3, [page("/a", 2, [page("/", 1, [page("/b", 1)])]), page("/b", 1)]);
  const [root] = withoutLoops([tree]);
  const [a, b] = root?.children ?? [];
  assert.deepEqual([a?.children[0]?.kind, a?.children[0]?.children], ["back", []]);
  assert.equal(b?.kind, "page");
});
