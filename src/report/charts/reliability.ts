import * as Plot from '@observablehq/plot';
import type { Calibration } from '../../shared/evaluation/calibration.js';
import { formatPercent } from '../../shared/format.js';
import type { Html } from '../html.js';
import { chart } from './chart.js';

const percent = (share: number | null): string => (share === null ? '–' : formatPercent(share));

/** Accuracy over confidence: on the diagonal, confidence is what it says. */
export function reliabilityChart({ bins, expectedError, largestError }: Calibration): Html {
  const filled = bins.filter(({ count }) => count > 0);
  return chart({
    title: 'Calibration',
    description: `Accuracy over confidence. Expected calibration error ${percent(expectedError)}, largest ${percent(largestError)}.`,
    plot: {
      x: { label: 'confidence', domain: [0, 1], tickFormat: '.0%', ticks: 5 },
      y: { label: 'accuracy', domain: [0, 1], tickFormat: '.0%', ticks: 5, grid: true },
      marks: [
        Plot.rect(filled, {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 'accuracy',
          fill: 'var(--accent)',
          fillOpacity: 0.35,
          inset: 0.5,
        }),
        Plot.link([0], {
          x1: 0,
          y1: 0,
          x2: 1,
          y2: 1,
          stroke: 'currentColor',
          strokeDasharray: '4 4',
        }),
        Plot.dot(filled, {
          x: 'confidence',
          y: 'accuracy',
          fill: 'var(--accent)',
          r: 3,
          title: ({ count, accuracy, confidence }: Calibration['bins'][number]) =>
            `${String(count)} images: confidence ${percent(confidence)}, accuracy ${percent(accuracy)}`,
        }),
      ],
    },
    table: {
      caption: 'Reliability by confidence',
      head: ['confidence', 'images', 'mean confidence', 'accuracy'],
      rows: bins.map(({ from, to, count, confidence, accuracy }) => [
        `${from.toFixed(2)} to ${to.toFixed(2)}`,
        count,
        percent(confidence),
        percent(accuracy),
      ]),
    },
  });
}
