import { Violation } from './checker.js';
import { digestOf } from './model.js';
import { quiet, type Scenario } from './scenario.js';
import { Simulation, type Outcome } from './simulation.js';

/** Failures that a run may end with, if its folder can be resumed. */
const HONEST = new Set(['RUN_TOO_FEW_WORKERS', 'RUN_INTERRUPTED']);
/** And one that rounds, when only its checkpoint is left. */
const ROUNDED = 'RUN_NOT_REPEATABLE';

export interface Judgement {
  /** null: as it must be. */
  readonly violation: string | null;
  readonly outcome: Outcome | null;
  readonly resumed: boolean;
  readonly trace: readonly string[];
}

/**
 * Runs a scenario; if it ended before its last step, resumes it on a calm network. In the end the
 * weights, the metrics and the newest checkpoint are those of the undisturbed run.
 */
export function judge(scenario: Scenario): Judgement {
  const first = new Simulation(scenario);
  let last = first;
  let resumed = false;
  try {
    let outcome = first.run();
    let ends = 0;
    while (!isComplete(outcome)) {
      const { failure } = outcome;
      const isHonest = (code: string) => HONEST.has(code) || (scenario.rounds && code === ROUNDED);
      if (failure !== null && !isHonest(failure.code)) {
        throw new Violation(`ended with ${failure.code}: ${failure.message}`);
      }
      if (++ends > 2) throw new Violation('a resumed run on a calm network did not end');
      resumed = true;
      const { model, segments, rounds, memberRules, coordinatorRules, distort } = scenario;
      const rules = {
        ...(memberRules === undefined ? {} : { memberRules }),
        ...(coordinatorRules === undefined ? {} : { coordinatorRules }),
        ...(distort === undefined ? {} : { distort }),
      };
      last = new Simulation(
        quiet(scenario.seed + ends, {
          ...{ model, segments, rounds, workers: 2, loaded: false },
          ...rules,
        }),
        outcome.folder,
        rounds ? first.checker : undefined,
      );
      outcome = last.run();
    }
    checkFolder(first, outcome);
    return { violation: null, outcome, resumed, trace: [...first.trace, ...last.trace] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const violation = error instanceof Violation ? error.message : (error.stack ?? error.message);
    const trace = last === first ? first.trace : [...first.trace, 'resumed', ...last.trace];
    return { violation, outcome: null, resumed, trace };
  }
}

function isComplete({ failure, folder }: Outcome): boolean {
  return failure === null && folder.synced.summary?.complete === true;
}

function checkFolder({ oracle, checker, linesLost }: Simulation, { folder }: Outcome): void {
  const { summary, metrics } = folder.synced;
  const { end: steps } = oracle;
  const { applied, lineage, state } = folder.newest;
  if (applied !== steps) throw new Violation('the last state is not stored');
  checker.state(steps, lineage, state);
  if (summary?.digest !== digestOf(state)) {
    throw new Violation(`the summary has digest ${summary?.digest ?? 'none'}`);
  }
  for (const record of metrics) checker.recorded(record);
  for (const [i, { after }] of metrics.entries()) {
    const next = metrics[i + 1]?.before ?? lineage;
    const following = metrics[i + 1]?.step ?? steps;
    const isNext = following === metrics[i]!.step + 1;
    if (isNext && next !== after) throw new Violation(`step ${metrics[i]!.step} leads elsewhere`);
  }
  const written = metrics.map(({ step }) => step);
  const expected = Array.from({ length: steps }, (_, step) => step).filter(
    (step) => !linesLost.has(step) || written.includes(step),
  );
  if (written.join() !== expected.join()) {
    throw new Violation(`metrics of steps ${written.join()}, not of ${expected.join()}`);
  }
}

/** The violation with what is needed to see it again. */
export function explain(scenario: Scenario, { violation, trace }: Judgement): string {
  return `seed ${scenario.seed}: ${violation ?? 'nothing'}\n${trace.slice(-25).join('\n')}`;
}
