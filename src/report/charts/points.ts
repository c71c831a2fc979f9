import * as Plot from '@observablehq/plot';
import type { Html } from '../html.js';
import { seriesColour } from '../style.js';
import { chart } from './chart.js';

export interface Point {
  readonly name: string;
  readonly x: number | string | boolean | null;
  readonly y: number;
  /** Drawn larger and in another colour. */
  readonly marked: boolean;
}

export interface PointChart {
  readonly title: string;
  readonly x: string;
  /** Whether numbers are shown by their logarithm. */
  readonly log: boolean;
  readonly points: readonly Point[];
  readonly format: (y: number) => string;
  /** Of the y axis, in the notation of d3-format. */
  readonly ticks: string;
}

/** One dot a run, over what one of its keys was. Numbers on a scale, anything else side by side. */
export function pointChart({ title, x, log, points, format, ticks }: PointChart): Html {
  const numbers = points.flatMap((point) => (typeof point.x === 'number' ? [point.x] : []));
  const numeric = numbers.length === points.length;
  const places = numeric ? points.map((point) => point.x as number) : points.map((point) => String(point.x)); // prettier-ignore
  const data = points.map((point, i) => ({ ...point, at: places[i]! }));
  const best = points.find(({ marked }) => marked);
  return chart({
    title,
    description: `By ${x}, ${String(points.length)} runs${best === undefined ? '' : `; the chosen one at ${String(best.x)}: ${format(best.y)}`}.`,
    plot: {
      x: { label: x, type: numeric ? (log ? 'log' : 'linear') : 'point',
        inset: 8, ...(numeric && { ticks: 5, tickFormat: '~g', nice: false }) }, // prettier-ignore
      y: { label: null, grid: true, nice: true, tickFormat: ticks, ticks: 6 },
      marks: [false, true].map((marked) =>
        Plot.dot(
          data.filter((point) => point.marked === marked),
          {
            x: 'at',
            y: 'y',
            r: marked ? 5.5 : 3.5,
            fill: marked ? 'var(--good)' : seriesColour(0),
            fillOpacity: marked ? 1 : 0.65,
            title: (point: Point) => `${point.name}, ${x} ${String(point.x)}: ${format(point.y)}`,
          },
        ),
      ),
    },
    table: null,
  });
}
