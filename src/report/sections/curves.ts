import { curveChart, type Landmark, type Series } from '../charts/curves.js';
import { formatCount, formatFixed, formatPercent } from '../../shared/format.js';
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
  const landmarks = runs.flatMap((run, i) => landmarksOf(run, seriesColour(i), runs.length === 1));
  const shown = SETS.filter(([set]) => runs.some((run) => run.epochs.some((e) => e[set] !== null)));
  if (runs.every((run) => run.epochs.length === 0)) {
    return section('Training', html`<p>No epoch is done yet.</p>`);
  }
  const content = html`${legend(runs, shown)}
    <div class="charts">
      ${curveChart({ title: 'Loss', x: 'epoch', series: measured('loss'), landmarks, format: formatFixed, dots: true, ticks: '~g' })}
      ${curveChart({ title: 'Accuracy', x: 'epoch', series: measured('accuracy'), landmarks, format: formatPercent, dots: true, ticks: '~%' })}
      ${curveChart({ title: 'Learning rate', x: 'epochs done', series: rates, format: rate, zero: true, dots: false, ticks: '~g' })}
    </div>
    <p class="note">
      Training figures are means over the epoch, in training mode (dropout at work); the others are
      taken at its end, in inference mode.
    </p>
    ${runs.map((run) => decisionsOf(run, runs.length > 1))}`;
  return section('Training', content);
}

/** The best epoch, and where the run stopped early. */
function landmarksOf(run: RunReport, colour: string, hasWords: boolean): Landmark[] {
  const best = run.epochs.findLast(({ isBest }) => isBest);
  const word = (text: string): string | null => (hasWords ? text : null);
  const stopped = run.summary?.stoppedEarly === true ? run.epochs.at(-1) : undefined;
  return [
    ...(best ? [{ x: best.epoch, colour, dash: '2 3', label: word('best') }] : []),
    ...(stopped ? [{ x: stopped.epoch, colour, dash: '1 0', label: word('stopped early') }] : []),
  ];
}

/** The same in words, once the run is done. */
function decisionsOf({ name, summary }: RunReport, isNamed: boolean): Html | null {
  if (summary === null || (!summary.best && !summary.stoppedEarly)) return null;
  const { best, stoppedEarly, weightsOf, epochs } = summary;
  const sentences = [
    ...(best
      ? [
          `The best epoch by ${best.metric} is ${String(best.epoch)} (${formatFixed(best.value)}), on the dotted line; ${weightsOf === 'best' ? 'the run ends with its weights' : 'its weights are kept beside the last'}.`,
        ]
      : []),
    ...(stoppedEarly
      ? [`Training stopped early, after ${formatCount(Math.round(epochs))} epochs.`]
      : []),
  ];
  return html`<p class="note">${isNamed ? `${name}: ` : ''}${sentences.join(' ')}</p>`;
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
