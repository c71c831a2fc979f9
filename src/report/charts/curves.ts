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

/** A place along x that has a meaning: a thin line, with a word where there is room for one. */
export interface Landmark {
  readonly x: number;
  readonly colour: string;
  readonly dash: string;
  /** null: no word. */
  readonly label: string | null;
}

export interface CurveChart {
  readonly title: string;
  readonly x: string;
  readonly series: readonly Series[];
  readonly landmarks?: readonly Landmark[];
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
  landmarks = [],
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
      marks: [
        ...landmarks.flatMap(landmarkOf),
        ...known.flatMap(({ name, colour, dash, points }) => [
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
      ],
    },
    table: dots ? tableOf(title, x, known, format) : null,
  });
}

/** Words stand above the drawing, left of their lines, one above the other. */
function landmarkOf({ x, colour, dash, label }: Landmark, place: number): Plot.Markish[] {
  const line = Plot.ruleX([x], { stroke: colour, strokeWidth: 1, strokeDasharray: dash });
  if (label === null) return [line];
  const word = Plot.text([label], {
    ...{ x, frameAnchor: 'top', textAnchor: 'end', lineAnchor: 'bottom' },
    ...{ dx: 2, dy: -2 - 12 * place, fill: 'currentColor', fontSize: 11 },
  });
  return [line, word];
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
