import * as Plot from '@observablehq/plot';
import type { Html } from '../html.js';
import { chart } from './chart.js';

export interface Series {
  readonly name: string;
  /** A CSS colour. */
  readonly colour: string;
  /** Dash pattern; null: a full line. */
  readonly dash: string | null;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface CurveChart {
  readonly title: string;
  readonly x: string;
  readonly series: readonly Series[];
  readonly format: (y: number) => string;
  /** Whether points are shown: few that were measured, not many along a known function. */
  readonly dots: boolean;
  /** Whether the axis begins at 0. */
  readonly zero?: boolean;
  /** Of the axis, in the notation of d3-format. */
  readonly ticks: string;
  /** Whether x is shown by its logarithm. */
  readonly log?: boolean;
}

export function curveChart({
  title,
  x,
  series,
  format,
  dots,
  ticks,
  zero = false,
  log = false,
}: CurveChart): Html {
  const known = series.filter(({ points }) => points.length > 0);
  const xs = known.flatMap(({ points }) => points.map(([value]) => value));
  const whole = Math.max(...xs) - Math.min(...xs) <= 8 && xs.every(Number.isInteger);
  const told = known.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name}: from ${format(first[1])} to ${format(last[1])}`;
  });
  return chart({
    title,
    description: `By ${x}. ${told.join('; ')}.`,
    plot: {
      x: {
        label: x,
        ...(log
          ? { type: 'log' as const, ticks: 5, tickFormat: '~g' }
          : whole
            ? { ticks: [...new Set(xs)], tickFormat: 'd' }
            : { ticks: 6 }),
      },
      y: { label: null, grid: true, nice: true, zero, tickFormat: ticks, ticks: 6 },
      marks: known.flatMap(({ name, colour, dash, points }) => [
        Plot.lineY(points, {
          x: '0',
          y: '1',
          stroke: colour,
          strokeWidth: 2,
          ...(dash !== null && { strokeDasharray: dash }),
        }),
        ...(dots
          ? [
              Plot.dot(points, {
                x: '0',
                y: '1',
                r: 2.5,
                fill: colour,
                title: ([at, value]: readonly [number, number]) =>
                  `${name}, ${x} ${String(at)}: ${format(value)}`,
              }),
            ]
          : []),
      ]),
    },
    table: dots ? tableOf(title, x, known, format) : null,
  });
}

function tableOf(
  title: string,
  x: string,
  series: readonly Series[],
  format: (y: number) => string,
): { caption: string; head: string[]; rows: string[][] } {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))];
  places.sort((a, b) => a - b);
  const byPlace = series.map(({ points }) => new Map(points));
  return {
    caption: `${title} by ${x}`,
    head: [x, ...series.map(({ name }) => name)],
    rows: places.map((at) => [
      String(at),
      ...byPlace.map((values) => (values.has(at) ? format(values.get(at)!) : '–')),
    ]),
  };
}
