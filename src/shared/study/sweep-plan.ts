/** The trainings of a search, as a pure function of the study and of what has come out so far. */
import { configError, type ConfigFault } from '../config/faults.js';
import { keyJsonSchema } from '../config/json-schema.js';
import { ENDING_SCHEDULES } from '../config/learning-rate.js';
import { resolveConfig } from '../config/resolve.js';
import { overlay } from '../config/schedule.js';
import type { ConfigInput, ConfigKey, ResolvedConfig } from '../config/schema.js';
import { LockstepError } from '../errors.js';
import { ranked } from './choice.js';
import { candidatesFor, halvingCost, rungsOf, rungWork, type Rung } from './halving.js';
import { describeSettings, fixedPlan, type Job, type Outcomes, type StudyPlan } from './job.js';
import { gridSize, randomPoints, shuffledGrid, gridPoints, type Dimension, type Point } from './space.js'; // prettier-ignore
import type { StudyFile } from './study-schema.js';
import { studyFaults } from './study-faults.js';

/** What resolving needs; none of it decides what a run learns. */
export const ENVIRONMENT = { processors: 1, now: new Date(0), cwd: '/' };

/**
 * @param base what all runs share: recipe and `train` of the study, paths absolute.
 * @throws LockstepError CONFIG_INVALID with every fault of the study and of its runs.
 */
export function sweepPlan(study: StudyFile, base: ConfigInput): StudyPlan {
  const faults = studyFaults(study);
  if (faults.length > 0) throw configError(faults);
  const common = studyBase(base);
  if (study.search === 'rangeTest') return fixedPlan([rangeTestJob(common)]);
  refuseWithoutValidation(common);
  return study.search === 'halving' ? halvingPlan(study, common) : pointsPlan(study, common);
}

/** No run of a study sees the test set, and all validate on the same samples. */
export function studyBase(base: ConfigInput): ConfigInput {
  return { ...base, evaluateTest: false, splitSeed: base.splitSeed ?? base.seed ?? 0 };
}

export function refuseWithoutValidation({ validation = 0, folds }: ConfigInput): void {
  if (validation > 0 || typeof folds === 'number') return;
  throw new LockstepError(
    'CONFIG_INVALID',
    'Runs are compared on samples held back from the training set, and none are: validation is 0.',
    { hint: 'Give validation, such as 0.1, or 12000.' },
  );
}

function dimensionsOf({ space, variants }: StudyFile): readonly Dimension[] {
  const keys = Object.entries(space).map(([name, values]): Dimension => {
    const whole = keyJsonSchema(name as ConfigKey).schema.type === 'integer';
    return {
      name,
      values: 'from' in values ? { kind: 'range', range: values, whole } : { kind: 'list', values },
      keysOf: (value) => ({ [name]: value }),
    };
  });
  if (variants === null) return keys;
  const variant: Dimension = {
    name: 'variant',
    values: { kind: 'list', values: Object.keys(variants) },
    keysOf: (value) => variants[String(value)]!,
  };
  return [variant, ...keys];
}

/** Complete configurations of points; all that are faulty are refused together. */
function configsOf(points: readonly Point[], base: ConfigInput): readonly ResolvedConfig[] {
  const faults: ConfigFault[] = [];
  const configs = points.flatMap(({ settings, keys }) => {
    try {
      return [resolveConfig(overlay(base, keys as ConfigInput), ENVIRONMENT)];
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      const reason = error.message.split('\n').slice(1).join(' ').trim();
      faults.push({ path: describeSettings(settings), message: reason });
      return [];
    }
  });
  const shown = faults.slice(0, MOST_FAULTS);
  if (faults.length > shown.length) {
    shown.push({ path: 'and', message: `${String(faults.length - shown.length)} runs more` });
  }
  if (faults.length > 0) throw configError(shown);
  return configs;
}

const MOST_FAULTS = 10;

/** 001, 002, …; as wide as the last one needs. */
const runName = (index: number, count: number): string =>
  String(index + 1).padStart(Math.max(3, String(count).length), '0');

const inputOf = (base: ConfigInput, { keys }: Point): ConfigInput =>
  overlay(base, keys as ConfigInput) as ConfigInput;

/** Grid and random: every point is one run, as far as the budget goes. */
function pointsPlan(study: StudyFile, base: ConfigInput): StudyPlan {
  const dimensions = dimensionsOf(study);
  const { budget, search, seed } = study;
  const most = budget.runs ?? budget.epochs ?? gridSize(dimensions);
  const points =
    search === 'random'
      ? randomPoints(dimensions, most, seed)
      : most < gridSize(dimensions)
        ? shuffledGrid(dimensions, seed).slice(0, most)
        : gridPoints(dimensions);
  const configs = configsOf(points, base);
  const jobs = points.map((point, i): Job => {
    const run = runName(i, points.length);
    const work = configs[i]!.epochs ?? 1;
    return { id: run, run, candidate: run, settings: point.settings, config: inputOf(base, point), work, threads: null }; // prettier-ignore
  });
  return fixedPlan(budget.epochs === undefined ? jobs : withinEpochs(jobs, configs, budget.epochs));
}

/** The first jobs whose epochs fit the budget. */
function withinEpochs(
  jobs: readonly Job[],
  configs: readonly ResolvedConfig[],
  budget: number,
): readonly Job[] {
  let spent = 0;
  const fitting: Job[] = [];
  for (const [i, job] of jobs.entries()) {
    const { epochs } = configs[i]!;
    if (epochs === null) {
      const message = `is counted in epochs, but ${describeSettings(job.settings)} ends by steps`;
      throw configError([{ path: 'budget.epochs', message }]);
    }
    if (spent + epochs > budget) break;
    spent += epochs;
    fitting.push(job);
  }
  if (fitting.length > 0) return fitting;
  const message = `not even one run fits: it takes ${String(configs[0]!.epochs)}, got ${String(budget)}`;
  throw configError([{ path: 'budget.epochs', message }]);
}

function halvingPlan(study: StudyFile, base: ConfigInput): StudyPlan {
  const { eta, minEpochs } = study.halving;
  const maxEpochs = study.halving.maxEpochs ?? base.epochs ?? 10;
  const wish = { eta, minEpochs, maxEpochs };
  if (minEpochs > maxEpochs) {
    const message = `must not exceed maxEpochs: got ${String(minEpochs)} above ${String(maxEpochs)}`;
    throw configError([{ path: 'halving.minEpochs', message }]);
  }
  const goOn = !endsWithRun(study, base);
  const { runs, epochs } = study.budget;
  const wanted = runs ?? candidatesFor(epochs!, wish, goOn);
  if (wanted === 0) {
    const least = halvingCost(rungsOf(1, wish), goOn);
    const message = `not even one candidate fits: it takes ${String(least)}, got ${String(epochs)}`;
    throw configError([{ path: 'budget.epochs', message }]);
  }
  const points = randomPoints(dimensionsOf(study), wanted, study.seed);
  const rungs = rungsOf(points.length, wish);
  configsOf(points, overlay(base, { epochs: maxEpochs }) as ConfigInput);
  const candidates = points.map((point, i) => ({ point, name: runName(i, points.length) }));
  const jobAt = ({ point, name }: (typeof candidates)[number], rung: number): Job => {
    const { epochs: end } = rungs[rung]!;
    return {
      id: `${name}@${String(end)}`,
      run: goOn ? name : `${name}-e${String(end)}`,
      candidate: name,
      settings: point.settings,
      config: overlay(inputOf(base, point), { epochs: end }) as ConfigInput,
      work: rungWork(rungs, rung, goOn),
      threads: null,
    };
  };
  return {
    work: halvingCost(rungs, goOn),
    jobs: (outcomes) => halvingJobs(candidates, rungs, jobAt, outcomes, study.metric),
  };
}

/** Those of the first rung; of each further one, once all of the rung before have an outcome. */
function halvingJobs<Candidate>(
  candidates: readonly Candidate[],
  rungs: readonly Rung[],
  jobAt: (candidate: Candidate, rung: number) => Job,
  outcomes: Outcomes,
  metric: StudyFile['metric'],
): readonly Job[] {
  const all: Job[] = [];
  let present = candidates;
  for (const [i, { runs }] of rungs.entries()) {
    if (i > 0) {
      const last = all.slice(-present.length);
      if (last.some(({ id }) => !outcomes.has(id))) break;
      const order = ranked(metric, last, outcomes)
        .filter(({ outcome }) => outcome.kind === 'done')
        .slice(0, runs);
      const before = present;
      present = order.map(({ job }) => before[last.indexOf(job)]!);
    }
    if (present.length === 0) break;
    all.push(...present.map((candidate) => jobAt(candidate, i)));
  }
  return all;
}

/** Whether some run's learning rate is bound to the end of its training. */
function endsWithRun({ space, variants }: StudyFile, base: ConfigInput): boolean {
  const values = space['learningRateSchedule'];
  const schedules = [
    base.learningRateSchedule,
    ...(Array.isArray(values) ? (values as unknown[]) : []),
    ...Object.values(variants ?? {}).map((keys) => keys['learningRateSchedule']),
  ];
  return schedules.some((name) => (ENDING_SCHEDULES as readonly unknown[]).includes(name));
}

/** One run whose learning rate rises from minLearningRate to learningRate. */
function rangeTestJob(base: ConfigInput): Job {
  const rises = base.learningRateSchedule === 'linearRange' ? 'linearRange' : 'logRange';
  const ends = base.epochs !== undefined || base.steps !== undefined;
  const config: ConfigInput = {
    minLearningRate: 1e-7,
    learningRate: 1,
    ...base,
    ...(!ends && { epochs: 1 }),
    learningRateSchedule: rises,
    evaluateEvery: 0,
  };
  const { epochs } = resolveConfig(config, ENVIRONMENT);
  const work = epochs ?? 1;
  return {
    id: 'range',
    run: 'range',
    candidate: 'range',
    settings: {},
    config,
    work,
    threads: null,
  };
}
