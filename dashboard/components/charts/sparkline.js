// A small line chart without axes.
import { html } from "../../lib/html.js";

const WIDTH = 240;
const HEIGHT = 48;

/** @param {{ values: readonly number[] }} props */
export function Sparkline({ values }) {
  const most = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map((value, index) =>
    `${(index * step).toFixed(1)},${(HEIGHT - 3 - (value / most) * (HEIGHT - 6)).toFixed(1)}`
  );
  return html`
    <svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none"
      aria-hidden="true">
      <polygon points=${`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
      <polyline points=${points.join(" ")} />
    </svg>
  `;
}
