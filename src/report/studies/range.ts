import { formatCount, formatFixed } from '../../shared/format.js';
import type { RangePoint, RangeTestResults } from '../../shared/study/results.js';
import { curveChart } from '../charts/curves.js';
import { html, type Html } from '../html.js';
import { section, tiles } from '../page.js';
import { seriesColour } from '../style.js';

/** As many points as a chart can show. */
const MOST_POINTS = 300;
/** What lies so many times above the least loss is cut off: it would press the rest flat. */
const CUT = 4;

const rate = (value: number | null): string =>
  value === null ? 'none' : String(Number(value.toPrecision(3)));

export function rangeSections(results: RangeTestResults): readonly Html[] {
  const { points, steepest, least, diverges } = results;
  return [
    tiles([
      { name: 'steps', value: formatCount(points.length) },
      { name: 'steepest fall', value: rate(steepest) },
      { name: 'least loss', value: rate(least) },
      { name: 'diverges from', value: rate(diverges) },
    ]),
    section(
      'Loss by learning rate',
      html`<div class="charts">${lossChart(points)}</div>
        <p class="note">
          One run whose rate rises from step to step. The line is the mean over a tenth of the run;
          a good rate lies where it falls, clearly below where it rises again.
        </p>`,
    ),
  ];
}

function lossChart(points: readonly RangePoint[]): Html {
  const floor = Math.min(...points.map(({ smoothedLoss }) => smoothedLoss));
  const every = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const shown = points.filter(({ smoothedLoss }, i) => i % every === 0 && smoothedLoss <= CUT * floor); // prettier-ignore
  const rates = shown.map(({ learningRate }) => learningRate);
  return curveChart({
    title: 'Smoothed training loss',
    x: 'learning rate',
    series: [
      {
        name: 'loss',
        colour: seriesColour(0),
        dash: null,
        points: shown.map((point) => [point.learningRate, point.smoothedLoss]),
      },
    ],
    format: formatFixed,
    dots: false,
    ticks: '~g',
    log: Math.max(...rates) > 20 * Math.min(...rates),
  });
}
