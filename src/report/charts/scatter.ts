import { html, type Html } from '../html.js';
import { seriesColour } from '../style.js';
import { colourLegend } from './legend.js';

const SIDE = 620;
const MARGIN = 8;

/** Points of the plane, [n, 2], in the colours of their classes: one short path for each class. */
export function scatter(
  title: string,
  points: Float64Array,
  labels: readonly number[],
  classes: readonly string[],
): Html {
  const axis = (k: number): number[] => labels.map((_, i) => points[2 * i + k]!);
  const [xs, ys] = [axis(0), axis(1)];
  const least = (all: number[]): number => all.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (all: number[]): number => all.reduce((a, b) => Math.max(a, b), -Infinity);
  const [left, top] = [least(xs), least(ys)];
  const span = Math.max(most(xs) - left, most(ys) - top) || 1;
  const place = (value: number, from: number): string =>
    (MARGIN + ((value - from) / span) * (SIDE - 2 * MARGIN)).toFixed(1);
  const drawn = classes.map((_, c) =>
    labels
      .map((label, i) => (label === c ? `M${place(xs[i]!, left)},${place(ys[i]!, top)}h0` : ''))
      .join(''),
  );
  const path = (d: string, c: number): Html =>
    html`<path d="${d}" style="stroke: ${seriesColour(c)}"><title>${classes[c]!}</title></path>`;
  return html`<figure class="chart wide">
    <figcaption>${title}</figcaption>
    ${colourLegend(classes)}
    <svg
      viewBox="0 0 ${SIDE} ${SIDE}"
      role="img"
      aria-label="${title}. ${labels.length} images, near where they are alike, coloured by class."
      fill="none"
      stroke-width="4"
      stroke-linecap="round"
      stroke-opacity="0.75"
    >
      ${drawn.map(path)}
    </svg>
  </figure>`;
}
