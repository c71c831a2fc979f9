import * as Plot from '@observablehq/plot';
import { cut } from '../../shared/format.js';
import type { Html } from '../html.js';
import { seriesColour } from '../style.js';
import { chart } from './chart.js';

export interface NamedValue {
  readonly name: string;
  readonly value: number;
  readonly marked: boolean;
}

const NAME_LENGTH = 18;

/** Cleveland's dot plot: a line a name, in the order given. `ticks`: in the notation of d3-format. */
export function dotChart(
  title: string,
  values: readonly NamedValue[],
  format: (value: number) => string,
  ticks: string,
): Html {
  const rows = values.map((each, row) => ({ ...each, row }));
  const told = values.map(({ name, value }) => `${name}: ${format(value)}`);
  return chart({
    title,
    description: `${told.join('; ')}.`,
    plot: {
      height: 56 + 24 * rows.length,
      marginLeft: 132,
      x: { label: null, grid: true, nice: true, ticks: 5, tickFormat: ticks },
      y: {
        label: null,
        type: 'point',
        domain: rows.map(({ row }) => row),
        tickSize: 0,
        tickFormat: (row: number) => cut(values[row]!.name, NAME_LENGTH),
      },
      marks: [
        Plot.ruleY(rows, { y: 'row', stroke: 'var(--line)' }),
        ...[false, true].map((marked) =>
          Plot.dot(
            rows.filter((row) => row.marked === marked),
            {
              x: 'value',
              y: 'row',
              r: marked ? 6 : 4.5,
              fill: marked ? 'var(--good)' : seriesColour(0),
              title: ({ name, value }: NamedValue) => `${name}: ${format(value)}`,
            },
          ),
        ),
      ],
    },
    table: null,
  });
}
