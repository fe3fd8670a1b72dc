// A line chart over equal time steps. Reports the selected steps; pointer and arrow keys read
// single points. Sole importer of uPlot.
import uPlot from "uplot";
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { pointTicks, valueTicks } from "../../lib/charts/ticks.js";

/** @typedef {{ label: string, text: string, muted?: boolean }} TipLine */
/** @typedef {{ title: string, lines: readonly TipLine[], notes: readonly string[] }} Tip */

/**
 * @typedef {object} LineChartProps
 * @property {string} label what the line is, for those who do not see it
 * @property {readonly string[]} labels short names of the steps
 * @property {readonly (number | null)[]} values one for each step, null if missing
 * @property {readonly (number | null)[] | null} before earlier values, drawn dotted
 * @property {readonly { index: number, text: string }[]} marks steps that have a note
 * @property {readonly boolean[]} shaded steps that are drawn on a shaded ground
 * @property {number} running the step that is not over yet; nothing is drawn after it
 * @property {boolean} whole whether values are whole numbers
 * @property {(value: number) => string} formatAxis
 * @property {(index: number) => Tip} tipOf
 * @property {(first: number, last: number) => void} [onZoom] steps marked by dragging
 * @property {((index: number) => void) | undefined} [onPick] a step is clicked, or Enter is pressed
 */

/** Space below the line, and beside it for the axis. */
const AXIS_BOTTOM = 28;

/** From so many pixels on a click is a drag. */
const DRAGGED = 8;

/** Index of the comparison line among the series. */
const BEFORE = 3;

/** @param {LineChartProps} props */
export function LineChart(props) {
  const root = useRef(/** @type {HTMLDivElement | null} */ (null));
  const chart = useRef(/** @type {uPlot | null} */ (null));
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState(/** @type {{ index: number, left: number } | null} */ (null));

  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const made = new uPlot(optionsOf(element, latest, setAt), dataOf(latest.current), element);
    chart.current = made;
    const resized = new ResizeObserver(() => made.setSize(sizeOf(element)));
    resized.observe(element);
    const stopWatching = onSchemeChange(() => made.redraw(false));
    return () => {
      resized.disconnect();
      stopWatching();
      made.destroy();
      chart.current = null;
      setAt(null);
    };
  }, [props.values, props.before, props.marks, props.labels, props.shaded, props.running]);

  const last = Math.min(props.values.length - 1, props.running);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && at && at.index <= last) props.onPick?.(at.index);
    const from = at?.index ?? last + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const index = Math.min(Math.max(to, 0), last);
    chart.current?.setCursor({ left: chart.current.valToPos(index, "x"), top: 10 });
  };
  const pressed = useRef(0);
  const onClick = (/** @type {MouseEvent} */ event) => {
    // A drag marks steps.
    if (!at || at.index > last || Math.abs(event.clientX - pressed.current) >= DRAGGED) return;
    props.onPick?.(at.index);
  };
  const tip = at && at.index <= last ? props.tipOf(at.index) : null;
  const spoken = tip
    ? `${tip.title}: ${
      [...tip.lines.map(({ label, text }) => `${label} ${text}`), ...tip.notes].join(", ")
    }`
    : props.label;
  return html`
    <div class="chart" ref=${root} role="slider" tabindex="0" aria-label=${props.label}
      aria-valuemin="0" aria-valuemax=${Math.max(last, 0)} aria-valuenow=${at?.index ?? last}
      aria-valuetext=${spoken} onKeyDown=${onKeyDown} onClick=${onClick}
      onPointerDown=${(/** @type {PointerEvent} */ event) => pressed.current = event.clientX}
      onBlur=${() => chart.current?.setCursor({ left: -10, top: -10 })}>
      <i class="chart-ink" />
      ${tip && at && html`<${TipBox} tip=${tip} left=${at.left} />`}
    </div>
  `;
}

/**
 * @param {{ tip: Tip, left: number }} props
 */
function TipBox({ tip, left }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    const element = box.current;
    const room = element?.parentElement?.clientWidth ?? 0;
    if (!element) return;
    const width = element.offsetWidth;
    const beside = left + 14 + width < room ? left + 14 : left - 14 - width;
    element.style.translate = `${Math.max(Math.min(beside, room - width), 0)}px 8px`;
  });
  return html`
    <div class="chart-tip" ref=${box} aria-hidden="true">
      <div class="chart-tip-title">${tip.title}</div>
      ${tip.lines.map(({ label, text, muted }) =>
        html`
          <div key=${label} class=${muted ? "chart-tip-line muted" : "chart-tip-line"}>
            <span>${label}</span><b>${text}</b>
          </div>
        `
      )}
      ${tip.notes.map((text) => html`<p key=${text} class="chart-tip-note">${text}</p>`)}
    </div>
  `;
}

/**
 * The line up to the last complete step, and separately the segment to the current one. Future
 * steps are not drawn.
 * @param {LineChartProps} props
 * @returns {uPlot.AlignedData}
 */
function dataOf({ values, before, running }) {
  const dashed = (/** @type {number} */ index) => index === running - 1 || index === running;
  return [
    values.map((_, index) => index),
    values.map((value, index) => index < running || running === 0 && index === 0 ? value : null),
    values.map((value, index) => dashed(index) ? value : null),
    values.map((_, index) => before?.[index] ?? null),
  ];
}

/** @param {HTMLElement} element */
function sizeOf(element) {
  return { width: Math.max(element.clientWidth, 120), height: Math.max(element.clientHeight, 120) };
}

/**
 * The current colours of the stylesheet.
 * @param {HTMLElement} element
 */
function inkOf(element) {
  const probe = element.querySelector(".chart-ink") ?? element;
  const style = getComputedStyle(probe);
  return {
    line: style.backgroundColor,
    fill: style.outlineColor,
    grid: style.borderTopColor,
    text: style.color,
    font: `12px ${style.fontFamily}`,
  };
}

/**
 * @param {HTMLElement} element
 * @param {{ current: LineChartProps }} latest
 * @param {(at: { index: number, left: number } | null) => void} setAt
 * @returns {uPlot.Options}
 */
function optionsOf(element, latest, setAt) {
  const { values, before, whole } = latest.current;
  const ink = () => inkOf(element);
  const last = values.length - 1;
  const highest = [...values, ...before ?? []].reduce(
    (/** @type {number} */ most, value) => Math.max(most, value ?? 0),
    0,
  );
  const marks = valueTicks(highest, element.clientHeight < 260 ? 3 : 4, whole);
  const top = marks.at(-1) ?? 1;
  /** @type {uPlot.Series} */
  const line = { stroke: () => ink().line, width: 2.25, points: { show: last < 1, size: 8 } };
  return {
    ...sizeOf(element),
    padding: [10, 22, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: last < 1 ? [-0.5, 0.5] : [0, last] },
      y: { range: [0, top] },
    },
    series: [
      {},
      { ...line, fill: (/** @type {uPlot} */ self) => shadeOf(self, ink().fill) },
      { ...line, dash: [5, 5], points: { show: false } },
      { ...line, stroke: () => ink().text, width: 1.5, dash: [2, 4], points: { show: false } },
    ],
    axes: axesOf(latest.current, marks, ink),
    cursor: {
      y: false,
      points: {
        size: 9,
        width: 2,
        fill: (_, index) => index === BEFORE ? ink().text : ink().line,
        stroke: (_, index) => index === BEFORE ? ink().text : ink().line,
      },
      drag: { x: latest.current.onZoom !== undefined, y: false, setScale: false, dist: 8 },
      bind: { dblclick: () => null },
    },
    hooks: {
      drawAxes: [
        (self) => drawShades(self, latest.current.shaded, ink().text),
        (self) => drawMarks(self, latest.current.marks, ink().line),
      ],
      setCursor: [(self) => setAt(pointedAt(self, latest.current.running))],
      setSelect: [(self) => tellZoom(self, latest.current.onZoom)],
    },
  };
}

/**
 * The step under the cursor and its position; null for none.
 * @param {uPlot} self
 * @param {number} running
 */
function pointedAt(self, running) {
  const index = self.cursor.idx;
  if (index === null || index === undefined || index > running) return null;
  if ((self.cursor.left ?? -1) < 0) return null;
  return { index, left: self.valToPos(index, "x") + self.over.offsetLeft };
}

/**
 * Reports the selected steps and clears the selection.
 * @param {uPlot} self
 * @param {LineChartProps["onZoom"]} onZoom
 */
function tellZoom(self, onZoom) {
  if (self.select.width < 8) return;
  const first = self.posToIdx(self.select.left);
  const end = self.posToIdx(self.select.left + self.select.width);
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (end > first) onZoom?.(first, end);
}

/**
 * @param {LineChartProps} props
 * @param {readonly number[]} marks values of the upright axis
 * @param {() => ReturnType<typeof inkOf>} ink
 * @returns {uPlot.Axis[]}
 */
function axesOf({ values, labels, formatAxis }, marks, ink) {
  const common = {
    stroke: () => ink().text,
    font: ink().font,
    gap: 8,
    ticks: { show: false },
    border: { show: false },
  };
  return [
    {
      ...common,
      size: AXIS_BOTTOM,
      grid: { show: false },
      splits: (self) => pointTicks(values.length, self.width / (self.width < 500 ? 64 : 84)),
      values: (_, splits) => splits.map((index) => labels[index] ?? ""),
    },
    {
      ...common,
      size: (_, texts) => 14 + 7 * Math.max(...(texts ?? []).map((text) => text.length), 2),
      grid: { stroke: () => ink().grid, width: 1 },
      splits: () => [...marks],
      values: (_, splits) => splits.map(formatAxis),
    },
  ];
}

/**
 * A thin line with a dot at every step that has an annotation.
 * @param {uPlot} self
 * @param {LineChartProps["marks"]} marks
 * @param {string} colour
 */
function drawMarks(self, marks, colour) {
  const { ctx, bbox } = self;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour;
  for (const { index } of marks) {
    const x = Math.round(self.valToPos(index, "x", true));
    ctx.globalAlpha = 0.35;
    ctx.fillRect(x, bbox.top, scale, bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(x + scale / 2, bbox.top, 4 * scale, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

/**
 * A striped ground behind the shaded steps.
 * @param {uPlot} self
 * @param {LineChartProps["shaded"]} shaded
 * @param {string} colour
 */
function drawShades(self, shaded, colour) {
  const { ctx, bbox } = self;
  const gap = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  shaded.forEach((isShaded, index) => {
    if (!isShaded) return;
    const from = Math.max(self.valToPos(index - 0.5, "x", true), bbox.left);
    const to = Math.min(self.valToPos(index + 0.5, "x", true), bbox.left + bbox.width);
    ctx.rect(from, bbox.top, to - from, bbox.height);
  });
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.22;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const end = shaded.includes(true) ? bbox.left + bbox.width + bbox.height : bbox.left;
  for (let x = bbox.left; x < end; x += gap) {
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x - bbox.height, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

/**
 * @param {uPlot} self
 * @param {string} colour
 */
function shadeOf(self, colour) {
  const { top, height } = self.bbox;
  const shade = self.ctx.createLinearGradient(0, top, 0, top + height);
  // A removed chart has no computed colours.
  if (colour === "") return "transparent";
  shade.addColorStop(0, colour);
  // The same colour without opacity: "transparent" would pass through grey.
  shade.addColorStop(1, colour.replace(/[\d.]+\)$/, "0)"));
  return shade;
}

/**
 * Calls back when the colour scheme changes, by the system or by the reader's choice.
 * @param {() => void} run
 * @returns {() => void} stops it
 */
function onSchemeChange(run) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(run);
  watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  query.addEventListener("change", run);
  return () => {
    watcher.disconnect();
    query.removeEventListener("change", run);
  };
}
