/** What a study shows while it is at work. */
import { createLogUpdate } from 'log-update';
import { formatDuration, formatFixed, formatPercent } from '../../shared/format.js';
import { describeSettings, type Job, type Outcome } from '../../shared/study/job.js';
import {
  SILENT_STUDY,
  type RunMessage,
  type StudyObserver,
  type StudyProgress,
} from '../../shared/study/study-events.js';
import type { CliContext } from '../context.js';
import { showPath } from './lines.js';

export interface StudyDisplay extends StudyObserver {
  /** Leaves the terminal as it was. */
  close(): void;
}

/** Live on a terminal, plain lines elsewhere; on standard error where JSON takes the other. */
export function chooseStudyDisplay(
  { quiet, json }: { readonly quiet: boolean; readonly json: boolean },
  context: CliContext,
  env: NodeJS.ProcessEnv = process.env,
): StudyDisplay {
  if (quiet) return { ...SILENT_STUDY, close: () => undefined };
  const stream = json ? context.stderr : context.stdout;
  return studyDisplay(stream, stream.isTTY && env['TERM'] !== 'dumb');
}

interface Shown {
  readonly job: Job;
  text: string;
}

/** A line of progress in a log at most so often. */
const LINE_MILLIS = 15_000;
const FRAME_MILLIS = 100;

/**
 * A line when a run begins, and one when it ends. Live: below them, redrawn in place, how far the
 * study is and each run that is at work; in a log, a line of progress now and then.
 */
export function studyDisplay(
  stream: NodeJS.WriteStream,
  live: boolean,
  now: () => number = () => performance.now(),
): StudyDisplay {
  const foot = live ? createLogUpdate(stream) : null;
  const running = new Map<string, Shown>();
  let progress: StudyProgress | null = null;
  let drawnAt = -Infinity;

  const draw = (): void => {
    if (foot === null || progress === null) return;
    drawnAt = now();
    const width = Math.max(20, (stream.columns > 0 ? stream.columns : 80) - 1);
    const rows = Math.max(1, (stream.rows > 0 ? stream.rows : 24) - 3);
    const lines = [...running.values()].map(({ job, text }) => `  ${job.run}  ${text}`);
    const shown = lines.slice(0, rows);
    if (lines.length > rows) shown[rows - 1] = `  and ${String(lines.length - rows + 1)} more`;
    foot([progressText(progress), ...shown].map((line) => line.slice(0, width)).join('\n'));
  };
  const above = (line: string): void => {
    foot?.clear();
    stream.write(`${line}\n`);
    draw();
  };

  return {
    notice: above,
    began: (folder, runs, done) => {
      const before = done === 0 ? '' : `, ${String(done)} of them done before`;
      above(`study ${showPath(folder)} · ${countOf(runs, 'run')}${before}`);
    },
    runStarted: (job, threads) => {
      running.set(job.id, { job, text: 'starting' });
      if (live) return;
      above(`run ${job.run} starts: ${describeSettings(job.settings)} · ${countOf(threads, 'thread')}`); // prettier-ignore
    },
    runMessage: (job, message) => {
      const shown = running.get(job.id);
      const text = messageText(message);
      if (shown !== undefined && text !== null) shown.text = text;
    },
    runEnded: (job, outcome) => {
      running.delete(job.id);
      above(`run ${job.run} ${outcomeText(outcome)} · ${describeSettings(job.settings)}`);
    },
    progress: (latest) => {
      progress = latest;
      if (live) {
        if (now() - drawnAt >= FRAME_MILLIS) draw();
      } else if (now() - drawnAt >= LINE_MILLIS) {
        drawnAt = now();
        above(progressText(latest));
      }
    },
    close: () => {
      foot?.clear();
      foot?.done();
    },
  };
}

function progressText({ share, running, secondsLeft }: StudyProgress): string {
  const left = secondsLeft === null ? '' : `  time left ${formatDuration(secondsLeft)}`;
  return `study ${(share * 100).toFixed(1)} %  ${countOf(running, 'run')} at work${left}`;
}

function messageText(message: RunMessage): string | null {
  switch (message.kind) {
    case 'started':
      return `step ${String(message.start.startStep)}/${String(message.start.steps)}`;
    case 'step': {
      const { epoch, step, loss } = message.record;
      return `epoch ${String(epoch)}  step ${String(step)}  loss ${formatFixed(loss)}`;
    }
    case 'epoch': {
      const { epoch, loss, validationAccuracy: accuracy } = message.record;
      const validation = accuracy === null ? '' : `  validation ${formatPercent(accuracy)}`;
      return `epoch ${String(epoch)} done  loss ${formatFixed(loss)}${validation}`;
    }
    case 'notice':
      return null;
  }
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'failed') return `failed: ${outcome.code}: ${outcome.message}`;
  const { validationLoss: loss, validationAccuracy: accuracy, trainingSeconds } = outcome;
  const scores =
    loss === null || accuracy === null
      ? `loss ${formatFixed(outcome.trainLoss)}`
      : `validation ${formatFixed(loss)} ${formatPercent(accuracy)}`;
  return `done: ${scores} · ${formatDuration(trainingSeconds)}`;
}

const countOf = (count: number, thing: string): string =>
  `${String(count)} ${thing}${count === 1 ? '' : 's'}`;
