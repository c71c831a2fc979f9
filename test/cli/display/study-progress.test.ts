import t from 'tap';
import { studyDisplay } from '#src/cli/display/study-progress.js';
import { StudyClock } from '#src/local/study/study-clock.js';
import { fixedPlan, type DoneOutcome, type Job, type Outcome } from '#src/shared/study/job.js';
import { epochRecord, Screen, START, stepRecord } from './fake-run.js';

const job = (run: string, work: number, epochs = work): Job => ({ id: run, run, candidate: run, settings: { learningRate: 0.1 }, config: { epochs }, work, threads: null }); // prettier-ignore
const done: DoneOutcome = {
  kind: 'done',
  steps: 10,
  epochs: 2,
  parameters: 1,
  trainLoss: 0.4,
  trainAccuracy: 0.8,
  validationLoss: 0.5,
  validationAccuracy: 0.75,
  weightsDigest: 'ab',
  threads: 2,
  trainingSeconds: 3,
  samplesPerSecond: 100,
};
const startOf = (startStep: number, steps: number) =>
  ({ kind: 'started', start: { ...START, startStep, steps } }) as const;
const stepOf = (step: number) => ({ kind: 'step', record: { ...stepRecord(1), step } }) as const;

t.test('the time left follows from the work done here, side by side or not', async (t) => {
  let now = 100;
  const jobs = [job('a', 4), job('b', 4), job('c', 4)];
  const outcomes = new Map<string, Outcome>([['a', done]]);
  const clock = new StudyClock(fixedPlan(jobs), outcomes, () => now);
  t.same(clock.progress(0), { share: 4 / 12, running: 0, secondsLeft: null });
  clock.begin(jobs[1]!);
  clock.begin(jobs[2]!);
  clock.hear(jobs[1]!, startOf(0, 100));
  // The other one goes on where it was, half done.
  clock.hear(jobs[2]!, startOf(50, 100));
  clock.hear(jobs[1]!, stepOf(25));
  clock.hear(jobs[2]!, stepOf(75));
  now += 10;
  // Done here: 1 + 1 of work in 10 s; left: 3 + 1.
  t.same(clock.progress(2), { share: 8 / 12, running: 2, secondsLeft: 20 });
  clock.end(jobs[2]!);
  // Done here: 1 + 2; left: 3.
  t.same(clock.progress(1), { share: 9 / 12, running: 1, secondsLeft: 10 });
});

t.test('a rung counts for what it adds', async (t) => {
  let now = 0;
  const rung = job('a', 6, 9);
  const clock = new StudyClock(fixedPlan([rung]), new Map(), () => now);
  clock.begin(rung);
  clock.hear(rung, startOf(30, 90));
  now = 5;
  clock.hear(rung, stepOf(60));
  t.same(clock.progress(1), { share: 0.5, running: 1, secondsLeft: 5 });
});

t.test('in a log, runs have a line when they begin and when they end', async (t) => {
  const screen = new Screen();
  let now = 0;
  const display = studyDisplay(screen.asWriteStream(), false, () => now);
  display.began('/somewhere/lr', 3, 1);
  display.runStarted(job('002', 2), 1);
  display.runMessage(job('002', 2), { kind: 'epoch', record: epochRecord(1) });
  now = 20_000;
  display.progress({ share: 0.5, running: 1, secondsLeft: 90 });
  display.progress({ share: 0.6, running: 1, secondsLeft: 80 });
  display.runEnded(job('002', 2), done);
  display.runEnded(job('003', 2), { kind: 'failed', code: 'STEP_NOT_FINITE', message: 'Bad.' });
  display.close();
  t.same(screen.text.trimEnd().split('\n'), [
    'study /somewhere/lr · 3 runs, 1 of them done before',
    'run 002 starts: learningRate 0.1 · 1 thread',
    'study 50.0 %  1 run at work  time left 1 min 30 s',
    'run 002 done: validation 0.5000 75.00 % · 3.00 s · learningRate 0.1',
    'run 003 failed: STEP_NOT_FINITE: Bad. · learningRate 0.1',
  ]);
});
