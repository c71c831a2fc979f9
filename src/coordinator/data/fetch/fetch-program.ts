import { LockstepError } from '../../../shared/errors.js';
import { runProgram, type ProgramRun } from '../../../shared/run-program.js';

/** Runs a program that fetches. @throws DATA_FETCH_FAILED with the last lines that it wrote */
export async function fetchProgram(run: ProgramRun): Promise<void> {
  const { outcome, status, output, how, cause } = await runProgram(run);
  if (status === 0) return;
  const { program, args } = run;
  const said = {
    exit: `${args.join(' ')} ${how}${lastLines(output)}`,
    signal: `${args.join(' ')} ${how}${lastLines(output)}`,
    stalled: `${args[0]} ${how}`,
    missing: how,
    'not started': how,
  }[outcome];
  throw new LockstepError('DATA_FETCH_FAILED', `${program} ${said}`, {
    cause,
    hint: 'Run the command by hand to see more.',
  });
}

/** Lines with an error's mark, if there are any; else the last ones. */
function lastLines(written: string): string {
  const lines = written.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /^E:/.test(line));
  const shown = (errors.length > 0 ? errors : lines).slice(-3);
  return shown.length === 0 ? '' : `: ${shown.join(' ')}`;
}
