// The layout of a Sankey diagram. Pure geometry: a tree of paths becomes columns of pages, each
// page once per column, with bands between them, as shares of 1.

/**
 * `others` of a node continued to places that the tree does not list.
 * @typedef {object} FlowNode
 * @property {string} kind page, event, end or others
 * @property {string | null} name
 * @property {number} count
 * @property {readonly FlowNode[]} children
 */

/**
 * @typedef {object} Box
 * @property {string} kind
 * @property {string | null} name
 * @property {number} count
 * @property {number} x its column
 * @property {number} y
 * @property {number} height
 */

/**
 * `from` and `to` are where the band leaves and arrives.
 * @typedef {{ x: number, from: number, to: number, height: number, kind: string }} Band
 */

const OTHERS = "others";

/** @typedef {{ source: string, target: string, count: number }} Link */
/** @typedef {{ kind: string, name: string | null, count: number }} Sum */
/** @typedef {{ nodes: Map<string, Sum>, links: Link[] }} Column */

/**
 * @param {readonly FlowNode[]} roots
 * @param {number} total what the roots are shares of
 * @param {number} most boxes of a column beside those of ends and others
 * @param {number} [least] what the place of a box takes of the height, though the box be lower
 * @returns {{ boxes: Box[], bands: Band[] }}
 */
export function flowOf(roots, total, most, least = 0) {
  /** @type {Column[]} */
  const columns = [];
  collect(roots, total, "", 0, columns);
  const folded = columns.map((column) => foldSmall(column, most));
  const scale = Math.min(1, ...folded.map((nodes) => scaleOf(nodes, total, least)));
  const places = folded.map((nodes, x) => placesOf(nodes, x, { total, least, scale }));
  return {
    boxes: places.flatMap((place) => [...place.values()]),
    bands: columns.flatMap((column, x) => bandsOf(column, x, places, total / scale)),
  };
}

/**
 * By how much the boxes of a column shrink so that the low ones have their places.
 * @param {ReturnType<typeof foldSmall>} nodes
 * @param {number} total
 * @param {number} least
 */
function scaleOf(nodes, total, least) {
  if (total <= 0) return 1;
  const heights = nodes.map(([, { count }]) => count / total).sort((a, b) => a - b);
  let [room, sum] = [1, heights.reduce((all, one) => all + one, 0)];
  // From the lowest on: each that is lower than its place leaves less room for the others.
  for (const height of heights) {
    if (height * room >= least * sum) break;
    room -= least;
    sum -= height;
  }
  return sum > 0 ? Math.min(1, room / sum) : 1;
}

/** @typedef {{ kind: string, name: string | null }} Place */

/**
 * The same as table rows: from, to, visits; sorted by visits within each column. Rows of the first
 * column have no `from`.
 * @param {readonly FlowNode[]} roots
 * @param {number} total
 * @param {number} most places of a column beside ends and others
 * @returns {{ x: number, from: Place | null, to: Place, count: number }[]}
 */
export function flowRows(roots, total, most) {
  /** @type {Column[]} */
  const columns = [];
  collect(roots, total, "", 0, columns);
  const places = columns.map((column) => new Map(foldSmall(column, most)));
  return columns.flatMap((column, x) =>
    merged(column, places[x - 1], places[x]).sort((a, b) => b.count - a.count)
      .map(({ source, target, count }) => ({
        x,
        from: places[x - 1]?.get(source) ?? null,
        to: places[x]?.get(target) ?? { kind: OTHERS, name: null },
        count,
      }))
  );
}

/**
 * The links of a column between the places with a box.
 * @param {Column} column
 * @param {ReadonlyMap<string, unknown> | undefined} left
 * @param {ReadonlyMap<string, unknown> | undefined} right
 * @returns {Link[]}
 */
function merged({ links }, left, right) {
  const folded = (
    /** @type {ReadonlyMap<string, unknown> | undefined} */ place,
    /** @type {string} */ key,
  ) => !place || place.has(key) ? key : `${OTHERS} `;
  /** @type {Map<string, Link>} */
  const sums = new Map();
  for (const link of links) {
    const ends = { source: folded(left, link.source), target: folded(right, link.target) };
    const key = `${ends.source}\n${ends.target}`;
    sums.set(key, { ...ends, count: (sums.get(key)?.count ?? 0) + link.count });
  }
  return [...sums.values()];
}

/** @param {Pick<FlowNode, "kind" | "name">} node */
function keyOf({ kind, name }) {
  return `${kind} ${name ?? ""}`;
}

/**
 * Adds nodes to column `x`, and a node for the rest of their parent's count.
 * @param {readonly FlowNode[]} nodes
 * @param {number} count of the parent
 * @param {string} source key of the parent
 * @param {number} x
 * @param {Column[]} columns
 */
function collect(nodes, count, source, x, columns) {
  if (nodes.length === 0) return;
  const known = nodes.reduce((sum, node) => sum + node.count, 0);
  const rest = { kind: OTHERS, name: null, count: count - known, children: [] };
  const column = columns[x] ?? /** @type {Column} */ ({ nodes: new Map(), links: [] });
  columns[x] = column;
  for (const node of rest.count > 0 ? [...nodes, rest] : nodes) {
    const key = keyOf(node);
    const before = column.nodes.get(key)?.count ?? 0;
    column.nodes.set(key, { kind: node.kind, name: node.name, count: before + node.count });
    column.links.push({ source, target: key, count: node.count });
    collect(node.children, node.count, key, x + 1, columns);
  }
}

/**
 * The nodes of a column with a box of their own; the smallest are merged into one.
 * @param {Column} column
 * @param {number} most
 */
function foldSmall({ nodes }, most) {
  const plain = [...nodes].filter(([, { kind }]) => kind !== "end" && kind !== OTHERS)
    .sort(([, a], [, b]) => b.count - a.count);
  const kept = plain.slice(0, most);
  const folded = plain.slice(most).reduce((sum, [, { count }]) => sum + count, 0);
  const others = (nodes.get(`${OTHERS} `)?.count ?? 0) + folded;
  const ends = [...nodes].filter(([, { kind }]) => kind === "end");
  return [
    ...kept,
    ...(others > 0
      ? [/** @type {const} */ ([`${OTHERS} `, { kind: OTHERS, name: null, count: others }])]
      : []),
    ...ends,
  ];
}

/**
 * @param {ReturnType<typeof foldSmall>} nodes
 * @param {number} x
 * @param {{ total: number, least: number, scale: number }} sizes
 * @returns {Map<string, Box>}
 */
function placesOf(nodes, x, { total, least, scale }) {
  let top = 0;
  return new Map(nodes.map(([key, node]) => {
    const height = total > 0 ? node.count / total * scale : 0;
    const place = Math.max(height, least);
    const box = { ...node, x, y: top + (place - height) / 2, height };
    top += place;
    return [key, box];
  }));
}

/**
 * The bands into a column, stacked at both ends in the order of the boxes.
 * @param {Column} column
 * @param {number} x
 * @param {readonly Map<string, Box>[]} places
 * @param {number} total
 * @returns {Band[]}
 */
function bandsOf(column, x, places, total) {
  const [left, right] = [places[x - 1], places[x]];
  if (!left || !right) return [];
  const orderOf = (
    /** @type {Link} */ { source, target },
  ) => [left.get(source)?.y ?? 0, right.get(target)?.y ?? 0];
  const sorted = merged(column, left, right).sort((a, b) => {
    const [[sourceA = 0, targetA = 0], [sourceB = 0, targetB = 0]] = [orderOf(a), orderOf(b)];
    return sourceA - sourceB || targetA - targetB;
  });
  /** @type {Map<Box, number>} */
  const used = new Map();
  const take = (/** @type {Box} */ box, /** @type {number} */ height) => {
    const at = box.y + (used.get(box) ?? 0);
    used.set(box, (used.get(box) ?? 0) + height);
    return at;
  };
  return sorted.flatMap(({ source, target, count }) => {
    const [from, to] = [left.get(source), right.get(target)];
    if (!from || !to) return [];
    const height = count / total;
    return [{ x, from: take(from, height), to: take(to, height), height, kind: to.kind }];
  });
}

const BACK = "back";

/**
 * The same paths, each ended where it comes back to a page that it has been on: what follows has
 * been drawn there.
 * @param {readonly FlowNode[]} nodes
 * @param {readonly (string | null)[]} [seen] pages before
 * @returns {readonly FlowNode[]}
 */
export function withoutLoops(nodes, seen = []) {
  return nodes.map((node) =>
    node.kind === "page" && seen.includes(node.name)
      ? { ...node, kind: BACK, children: [] }
      : { ...node, children: withoutLoops(node.children, [...seen, node.name]) }
  );
}
