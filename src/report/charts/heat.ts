import * as Plot from '@observablehq/plot';
import type { Html } from '../html.js';
import { chart } from './chart.js';

export interface HeatCell {
  readonly x: string;
  readonly y: string;
  readonly value: number;
}

/** Values of two keys against each other: the deeper the colour, the greater. */
export function heatChart(
  title: string,
  x: string,
  y: string,
  cells: readonly HeatCell[],
  format: (value: number) => string,
): Html {
  const values = cells.map(({ value }) => value);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const share = (value: number): number =>
    greatest > least ? (value - least) / (greatest - least) : 1;
  const rows = new Set(cells.map((cell) => cell.y)).size;
  return chart({
    title,
    description: `By ${x} and ${y}: from ${format(least)} to ${format(greatest)}.`,
    plot: {
      height: 64 + 34 * rows,
      marginLeft: 84,
      x: { label: x, type: 'band', domain: [...new Set(cells.map((cell) => cell.x))] },
      y: { label: y, type: 'band', domain: [...new Set(cells.map((cell) => cell.y))] },
      marks: [
        Plot.cell(cells, {
          x: 'x',
          y: 'y',
          inset: 1,
          fill: 'var(--accent)',
          fillOpacity: (cell: HeatCell) => 0.08 + 0.62 * share(cell.value),
        }),
        Plot.text(cells, {
          x: 'x',
          y: 'y',
          text: (cell: HeatCell) => format(cell.value),
          fill: 'currentColor',
        }),
      ],
    },
    table: null,
  });
}
