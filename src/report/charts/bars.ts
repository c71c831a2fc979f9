import * as Plot from '@observablehq/plot';
import { cut } from '../../shared/format.js';
import type { Html } from '../html.js';
import { seriesColour } from '../style.js';
import { chart } from './chart.js';
import { colourLegend } from './legend.js';

export interface ClassCounts {
  readonly name: string;
  /** Images of each class, in label order. */
  readonly perClass: readonly number[];
}

/** More bars than these would be hair lines. */
const MOST_BARS = 40;
const NAME_LENGTH = 16;

/** How many images of each class the sets hold, side by side. */
export function classBars(classes: readonly string[], sets: readonly ClassCounts[]): Html {
  const shown = classes.slice(0, MOST_BARS);
  const rows = shown.flatMap((name, c) =>
    sets.map((set, s) => ({ c, name, set: set.name, s, count: set.perClass[c]! })),
  );
  const told = sets.map(({ name, perClass }) => {
    const [least, most] = [Math.min(...perClass), Math.max(...perClass)];
    return `${name}: from ${String(least)} to ${String(most)} images a class`;
  });
  const short = (c: number): string => cut(shown[c]!, NAME_LENGTH);
  const hidden = classes.length - shown.length;
  return chart({
    title: `Images of each class${hidden > 0 ? `, the first ${String(MOST_BARS)} of ${String(classes.length)}` : ''}`,
    description: `${told.join('; ')}.`,
    plot: {
      height: 48 + shown.length * (8 + 10 * sets.length),
      marginLeft: 108,
      x: { label: 'images', grid: true, ticks: 5, tickFormat: '~s' },
      y: { axis: null, domain: sets.map((_, s) => s) },
      fy: {
        label: null,
        domain: shown.map((_, c) => c),
        tickFormat: short,
        padding: 0.25,
      },
      facet: { marginLeft: 108 },
      marks: [
        Plot.axisFy({ anchor: 'left', tickSize: 0, tickFormat: short }),
        ...sets.map((set, s) =>
          Plot.barX(
            rows.filter((row) => row.s === s),
            {
              x: 'count',
              y: 's',
              fy: 'c',
              fill: seriesColour(s),
              title: (row: { name: string; count: number }) =>
                `${row.name}, ${set.name}: ${String(row.count)}`,
            },
          ),
        ),
        Plot.ruleX([0], { stroke: 'currentColor' }),
      ],
    },
    legend: colourLegend(sets.map(({ name }) => name)),
    table: {
      caption: 'Images of each class',
      head: ['class', ...sets.map(({ name }) => name)],
      rows: classes.map((name, c) => [name, ...sets.map(({ perClass }) => perClass[c]!)]),
    },
  });
}
