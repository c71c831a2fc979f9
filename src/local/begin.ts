import { RunFolder } from '../coordinator/run-folder/run-folder.js';
import { RunTrace } from '../coordinator/trace/run-trace.js';
import { describeGranularity } from '../shared/config/granularity.js';
import { LockstepError } from '../shared/errors.js';
import type { RunObserver } from '../shared/run-events.js';
import { tellStored } from './data-memory.js';
import type { PreparedRun } from './prepare-run.js';

export const SILENT: RunObserver = {
  notice: () => undefined,
  started: () => undefined,
  step: () => undefined,
  epoch: () => undefined,
  finished: () => undefined,
};

/** Asked between the stages of the set-up; from then on the run itself listens. */
export function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new LockstepError('RUN_INTERRUPTED', 'The run was ended before its first step.', {
    hint: 'Start it again.',
  });
}

export function tellChoices(
  { config, data, choice, program }: PreparedRun,
  notice: (text: string) => void,
): void {
  notice(`Data: ${data.source}.`);
  tellStored(data, config.dataMemory, notice);
  notice(`Engine ${choice.engine.name}: ${choice.reason}.`);
  for (const each of program.notices ?? []) notice(each);
  if (config.mixedEngines) {
    notice(
      'Mixed engines are allowed: the weights of this run are NOT promised to be the same bits when it is done again, on other workers, or after a resumption.',
    );
  }
  notice(`${describeGranularity(config, choice.engine.sharesMicroBatches)}.`);
}

export function openFolder(
  { config }: PreparedRun,
  mayRename: boolean,
  notice: (text: string) => void,
): Promise<RunFolder> {
  return config.resume === null
    ? RunFolder.create(config, mayRename, { notice })
    : RunFolder.reopen(config, { notice });
}

/** null where none was asked for. Throws RUN_FOLDER_NOT_WRITABLE … */
export async function openTrace(
  { config }: PreparedRun,
  notice: (text: string) => void,
): Promise<RunTrace | null> {
  return config.trace === null ? null : RunTrace.open(config.trace, notice);
}
