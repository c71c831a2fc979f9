import { Violation } from './checker.js';
import { quiet, type Scenario } from './scenario.js';
import { Simulation, type Outcome } from './simulation.js';

/** Failures that a run may end with, if its folder can be resumed. */
const HONEST = new Set(['RUN_TOO_FEW_WORKERS', 'RUN_INTERRUPTED']);

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
      if (failure !== null && !HONEST.has(failure.code)) {
        throw new Violation(`ended with ${failure.code}: ${failure.message}`);
      }
      if (++ends > 2) throw new Violation('a resumed run on a calm network did not end');
      resumed = true;
      const { model, segments, memberRules, coordinatorRules, distort } = scenario;
      const rules = {
        ...(memberRules === undefined ? {} : { memberRules }),
        ...(coordinatorRules === undefined ? {} : { coordinatorRules }),
        ...(distort === undefined ? {} : { distort }),
      };
      last = new Simulation(
        quiet(scenario.seed + ends, { model, segments, workers: 2, loaded: false, ...rules }),
        outcome.folder,
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
  if (summary?.digest !== oracle.states[steps]?.digest) {
    throw new Violation(`the summary has digest ${summary?.digest ?? 'none'}`);
  }
  for (const record of metrics) checker.record(record);
  const written = metrics.map(({ step }) => step);
  const expected = Array.from({ length: steps }, (_, step) => step).filter(
    (step) => !linesLost.has(step) || written.includes(step),
  );
  if (written.join() !== expected.join()) {
    throw new Violation(`metrics of steps ${written.join()}, not of ${expected.join()}`);
  }
  if (folder.newest.applied !== steps) throw new Violation('the last state is not stored');
  checker.state(steps, folder.newest.state);
}

/** The violation with what is needed to see it again. */
export function explain(scenario: Scenario, { violation, trace }: Judgement): string {
  return `seed ${scenario.seed}: ${violation ?? 'nothing'}\n${trace.slice(-25).join('\n')}`;
}
