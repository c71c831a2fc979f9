import { version } from '../shared/version.js';
import { classBars } from './charts/bars.js';
import { formatCount, formatFixed, formatPercent } from '../shared/format.js';
import { html, type Html } from './html.js';
import { dataTable, page, section, tiles, type Tile } from './page.js';
import type { RunReport } from './run-report.js';
import { comparisonSection, written } from './sections/comparison.js';
import { curvesSection } from './sections/curves.js';
import { featureMaps } from './sections/feature-maps.js';
import { predictionImages } from './sections/images.js';
import { scoresOf } from './sections/scores.js';
import { seriesColour } from './style.js';

/** The report of one run, or of several compared, as a page in one file. */
export function runPage(runs: readonly RunReport[]): string {
  const [first] = runs as readonly [RunReport, ...RunReport[]];
  const several = runs.length > 1;
  const title = several ? `${String(runs.length)} runs compared` : first.name;
  const subtitle = several ? runs.map(({ name }) => name).join(', ') : subtitleOf(first);
  return page(title, subtitle, [
    several ? comparisonSection(runs) : figuresOf(first),
    curvesSection(runs),
    ...runs.flatMap((run, i) => sectionsOf(run, several ? i : null)),
    footer(runs),
  ]);
}

const subtitleOf = ({ data, configuration }: RunReport): string =>
  `${String(configuration['model'])} on ${data.name}, ${formatCount(total(data.train))} training and ${formatCount(total(data.test))} test images`;

function figuresOf({ scores, summary, parameters, step, weightsOf, engine }: RunReport): Html {
  const all: Tile[] = [
    { name: 'test accuracy', value: formatPercent(scores.accuracy) },
    { name: 'test loss', value: formatFixed(scores.loss) },
    { name: 'macro F1', value: formatFixed(scores.averages.macro.f1) },
    { name: 'calibration error', value: formatPercent(scores.calibration.expectedError) },
    ...(summary === null
      ? []
      : [{ name: 'train accuracy', value: formatPercent(summary.trainAccuracy) }]),
    { name: 'parameters', value: formatCount(parameters) },
    { name: stepsTitle(summary !== null, weightsOf), value: formatCount(step) },
    ...(summary === null
      ? []
      : [{ name: 'samples a second', value: formatCount(summary.samplesPerSecond) }]),
    { name: 'engine', value: engine },
  ];
  return tiles(all);
}

const stepsTitle = (isDone: boolean, weightsOf: RunReport['weightsOf']): string =>
  weightsOf === 'best' ? 'steps to the best weights' : isDone ? 'steps' : 'steps so far';

/** What is told of each run by itself; `place`: among several. */
function sectionsOf(run: RunReport, place: number | null): Html[] {
  const name = (text: string): string => (place === null ? text : `${run.name}: ${text}`);
  const { shape, classes, train, test } = run.data;
  return [
    ...(place === null
      ? []
      : [
          html`<hr
            style="border: 0; border-top: 3px solid ${seriesColour(place)}; margin-top: 48px"
          />`,
          figuresOf(run),
        ]),
    section(name('Scores on the test set'), scoresOf(run.scores)),
    section(
      name('Predictions'),
      html`<h3>Wrong, the surest first</h3>
        ${predictionImages(run.wrong, shape)}
        <h3>Right, from all over the set</h3>
        ${predictionImages(run.right, shape)}`,
    ),
    ...(run.maps === null ? [] : [section(name('Feature maps'), featureMaps(run.maps, shape))]),
    section(
      name('Data'),
      classBars(classes, [
        { name: 'train', perClass: train },
        { name: 'test', perClass: test },
      ]),
    ),
    section(
      name('Configuration'),
      html`<details>
        <summary>All keys</summary>
        ${dataTable({
          caption: run.folder,
          head: ['key', 'value'],
          rows: Object.keys(run.configuration).map((key) => [key, written(run, key)]),
        })}
      </details>`,
    ),
  ];
}

function footer(runs: readonly RunReport[]): Html {
  const one = ({ name, folder, step, weightsDigest }: RunReport): Html =>
    html`<p>
      ${name}: <code>${folder}</code>, step ${formatCount(step)}, weights
      <code>${weightsDigest}</code>
    </p>`;
  return html`<footer>
    ${runs.map(one)}
    <p>Lockstep ${version()}</p>
  </footer>`;
}

const total = (counts: readonly number[]): number => counts.reduce((sum, value) => sum + value, 0);
