/**
 * Trains as argv says, in JSON, prints what came of it, in JSON, and ends as soon as nothing keeps
 * the process: a thread or a timer left behind would keep it for ever.
 */
import { LockstepError, train, type TrainInput } from '#src/index.js';
import { exitStatus } from '#src/cli/exit.js';
import { smallNet } from '../support/small-runs.js';
import type { ChildReport } from './child-report.js';

const input = JSON.parse(process.argv[2]!) as TrainInput;
const notices: string[] = [];
const observer = {
  notice: (text: string) => notices.push(text),
  started: () => undefined,
  step: () => undefined,
  epoch: () => undefined,
  finished: () => undefined,
};

let report: ChildReport;
try {
  const summary = await train({ ...input, model: smallNet(), observer });
  report = { notices, summary, error: null };
} catch (error) {
  if (!(error instanceof LockstepError)) throw error;
  const { code, message, where, hint } = error;
  report = { notices, summary: null, error: { code, message, where, hint } };
  process.exitCode = exitStatus(error);
}
process.stdout.write(JSON.stringify(report));
