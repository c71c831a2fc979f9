import { curveChart, type Series } from '../charts/curves.js';
import { formatFixed, formatPercent } from '../../shared/format.js';
import { html, type Html } from '../html.js';
import { section } from '../page.js';
import type { Measured, RunReport } from '../run-report.js';
import { seriesColour } from '../style.js';

/** Of a learning rate, four digits. */
const rate = (value: number): string => String(Number(value.toPrecision(4)));

const SETS = [
  ['test', null],
  ['validation', '2 3'],
  ['train', '6 4'],
] as const;

/** Loss, accuracy and learning rate over the epochs, all runs in the same drawings. */
export function curvesSection(runs: readonly RunReport[]): Html {
  const measured = (figure: keyof Measured): Series[] =>
    runs.flatMap((run, i) =>
      SETS.map(([set, dash]) => ({
        name: runs.length === 1 ? set : `${run.name}, ${set}`,
        colour: seriesColour(i),
        dash,
        points: run.epochs.flatMap((epoch) => {
          const value = epoch[set];
          return value === null ? [] : [[epoch.epoch, value[figure]] as const];
        }),
      })),
    );
  const rates = runs.map((run, i) => ({
    name: run.name,
    colour: seriesColour(i),
    dash: null,
    points: run.learningRates,
  }));
  const shown = SETS.filter(([set]) => runs.some((run) => run.epochs.some((e) => e[set] !== null)));
  if (runs.every((run) => run.epochs.length === 0)) {
    return section('Training', html`<p>No epoch is done yet.</p>`);
  }
  const content = html`${legend(runs, shown)}
    <div class="charts">
      ${curveChart({ title: 'Loss', x: 'epoch', series: measured('loss'), format: formatFixed, dots: true, ticks: '~g' })}
      ${curveChart({ title: 'Accuracy', x: 'epoch', series: measured('accuracy'), format: formatPercent, dots: true, ticks: '~%' })}
      ${curveChart({ title: 'Learning rate', x: 'epochs done', series: rates, format: rate, zero: true, dots: false, ticks: '~g' })}
    </div>
    <p class="note">
      Training figures are means over the epoch, in training mode (dropout at work); the others are
      taken at its end, in inference mode.
    </p>`;
  return section('Training', content);
}

function legend(runs: readonly RunReport[], sets: readonly (typeof SETS)[number][]): Html {
  const style = (dash: string | null): string =>
    dash === null ? 'solid' : dash === '2 3' ? 'dotted' : 'dashed';
  const ofRun = ({ name }: RunReport, i: number): Html =>
    html`<li><span class="key" style="border-top-color: ${seriesColour(i)}"></span>${name}</li>`;
  const ofSet = ([set, dash]: (typeof SETS)[number]): Html =>
    html`<li><span class="key" style="border-top-style: ${style(dash)}"></span>${set}</li>`;
  return html`<ul class="legend">
    ${runs.length > 1 ? runs.map(ofRun) : null}${sets.map(ofSet)}
  </ul>`;
}
