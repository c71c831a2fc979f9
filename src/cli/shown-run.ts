import type { TrainInput } from '../local/train.js';
import type { ResolvedConfig } from '../shared/config/schema.js';
import type { RunSummary } from '../shared/run-events.js';
import { writeJson, type CliContext } from './context.js';
import { dataProgressDisplay } from './data-progress.js';
import { chooseDisplay } from './display/choose.js';
import type { Display } from './display/display.js';
import { summaryLines } from './display/lines.js';
import { catchInterrupts } from './interrupt.js';

/** What a run needs of the terminal. */
export interface ShownRun extends Required<Pick<TrainInput, 'signal' | 'onDataProgress'>> {
  readonly observer: Display;
}

/** Shows a run from its beginning to its summary, and has interrupts end it. */
export async function showRun(
  config: ResolvedConfig,
  context: CliContext,
  run: (shown: ShownRun) => Promise<RunSummary>,
): Promise<void> {
  const observer = chooseDisplay(config, context);
  const interrupts = catchInterrupts(observer.notice);
  const fetching = dataProgressDisplay(context.stderr, config.quiet);
  try {
    const { signal } = interrupts;
    const summary = await run({ observer, signal, onDataProgress: fetching.onProgress });
    observer.close();
    if (config.json) writeJson(context.stdout, summary);
    else context.stdout.write(`${summaryLines(summary).join('\n')}\n`);
  } finally {
    interrupts.stop();
    fetching.close();
    observer.close();
  }
}
