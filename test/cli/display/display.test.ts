import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import type { CliContext } from '#src/cli/context.js';
import { chooseDisplay } from '#src/cli/display/choose.js';
import { liveLines, paintFor, plainPaint, summaryLines } from '#src/cli/display/lines.js';
import { liveDisplay } from '#src/cli/display/live.js';
import { plainDisplay } from '#src/cli/display/plain.js';
import { advance, beginProgress, shown } from '#src/cli/display/progress.js';
import { epochRecord, playRun, Screen, START, stepRecord, SUMMARY } from './fake-run.js';

function contextOf(stdout: Screen, stderr: Screen): CliContext {
  return {
    stdout: stdout.asWriteStream(),
    stderr: stderr.asWriteStream(),
    environment: { processors: 1, now: new Date(0), cwd: '/' },
    loadProduct: () => Promise.reject(new TypeError('not needed')),
    loadEngines: () => Promise.reject(new TypeError('not needed')),
  };
}

t.test('loss and accuracy are means over the epoch so far, the rest is recent', async (t) => {
  let progress = advance(beginProgress(START), stepRecord(468, 0.25));
  progress = advance(progress, { ...stepRecord(469, 1), samples: 64, accuracy: 0 });
  t.match(shown(progress), { loss: 0.5, accuracy: 0.5 });
  progress = advance(progress, stepRecord(470, 0.125));
  t.match(shown(progress), { loss: 0.125, accuracy: 0.75 }, 'an epoch begins anew');
  t.ok(Math.abs(shown(progress)!.secondsLeft - 46.8) < 1e-9, '468 steps of 0.1 s are left');
});

t.test('no live line reaches the edge of the terminal, whatever its width', async (t) => {
  let progress = beginProgress({ ...START, steps: 46_900_000, epochs: 100_000 });
  for (const next of [stepRecord(1), stepRecord(46_899_999)]) {
    for (let columns = 1; columns <= 200; columns++) {
      const lines = liveLines(progress, columns, plainPaint);
      t.equal(lines.length, 2);
      for (const line of lines) {
        if (columns > 1 && line.length >= columns) t.fail(`${String(columns)}: ${line}`);
      }
    }
    progress = advance(progress, next);
  }
});

t.test('80 columns hold everything of an ordinary run', async (t) => {
  const progress = advance(beginProgress(START), stepRecord(200));
  t.same(liveLines(progress, 80, plainPaint), [
    `epoch 1/2  ${'█'.repeat(9)}${'░'.repeat(31)}   21 %  step 200/938`,
    'loss 0.5000  accuracy 75.00 %  1,280 samples/s  time left 1 min 14 s',
  ]);
});

t.test('a live display leaves notices and epochs standing, and no foot', async (t) => {
  const screen = new Screen(80);
  let clock = 0;
  const display = liveDisplay(screen.asWriteStream(), plainPaint, () => (clock += 200));
  playRun(display, 500);
  const during = screen.lines();
  t.match(during.at(-3), /^epoch 2\/2 .* step 500\/938$/);
  t.match(during.at(-2), /samples\/s/);
  display.close();
  t.same(
    screen.lines().filter((line) => line !== ''),
    [
      'engine wasm: it covers every layer',
      'lenet5, 1,080,000 parameters · wasm, 2 threads · 60,000 samples · /runs/20261121-100908-lenet5',
      'epoch 1/2  loss 0.4349  accuracy 84.12 %  test 0.3500 90.01 %  46.9 s',
    ],
  );
});

t.test(
  'a live display is drawn anew, at the new width, when the terminal is resized',
  async (t) => {
    const screen = new Screen(100);
    const display = liveDisplay(screen.asWriteStream(), plainPaint);
    playRun(display, 3);
    screen.columns = 30;
    screen.emit('resize');
    for (const line of screen.lines().slice(-3)) t.ok(line.length < 30, line);
    display.close();
    t.equal(screen.listenerCount('resize'), 0);
  },
);

t.test('a live display draws ten times a second at most', async (t) => {
  const screen = new Screen(80);
  const display = liveDisplay(screen.asWriteStream(), plainPaint, () => 1000);
  display.started(START);
  const before = screen.text.length;
  for (let step = 1; step <= 100; step++) display.step(stepRecord(step));
  t.equal(screen.text.length, before);
  display.close();
});

t.test('elsewhere come plain lines: the first step, every ten seconds, every epoch', async (t) => {
  const screen = new Screen();
  playRun(plainDisplay(screen));
  const lines = screen.text.split('\n');
  t.equal(stripVTControlCharacters(screen.text), screen.text);
  t.equal(
    lines[2],
    'epoch 1/2  step 1/938  loss 0.5000  accuracy 75.00 %  1,280 samples/s  time left 1 min 34 s',
  );
  t.equal(lines.filter((line) => line.includes('time left')).length, 10, '93.8 s of steps');
  t.equal(lines.filter((line) => line.startsWith('epoch') && line.includes('test')).length, 2);
  t.notMatch(screen.text, /\r/);
});

t.test('an epoch that was not evaluated shows no test figures', async (t) => {
  const screen = new Screen();
  plainDisplay(screen).epoch({ ...epochRecord(1), testLoss: null, testAccuracy: null });
  t.notMatch(screen.text, /test/);
});

t.test('the best epoch, an early stop and whose weights these are can be seen', async (t) => {
  const screen = new Screen();
  const display = plainDisplay(screen);
  display.epoch({ ...epochRecord(1), isBest: true });
  display.epoch(epochRecord(2));
  t.same(screen.text.trimEnd().split('\n'), [
    'epoch 1/1  loss 0.4349  accuracy 84.12 %  test 0.3500 90.01 %  best  46.9 s',
    'epoch 2/2  loss 0.4349  accuracy 84.12 %  test 0.3500 90.01 %  46.9 s',
  ]);
  const best = { step: 469, epoch: 1, metric: 'validationLoss', value: 0.25 } as const;
  const ended = { ...SUMMARY, stoppedEarly: true, best, weightsOf: 'best' } as const;
  t.same(summaryLines(ended).slice(2, 4), [
    'best   epoch 1, validationLoss 0.2500, whose weights these are',
    '938 steps, stopped early, 1,280 samples/s, 1 min 39 s in all',
  ]);
  const kept = summaryLines({ ...SUMMARY, best })[2];
  t.equal(kept, 'best   epoch 1, validationLoss 0.2500, kept beside these weights');
  t.notMatch(summaryLines(SUMMARY).join(), /best|early/);
});

t.test('quiet shows nothing, JSON moves the progress to standard error', async (t) => {
  const [out, err] = [new Screen(80), new Screen()];
  playRun(chooseDisplay({ quiet: true, json: false }, contextOf(out, err)));
  t.equal(out.text + err.text, '');
  playRun(chooseDisplay({ quiet: false, json: true }, contextOf(out, err)));
  t.equal(out.text, '');
  t.match(err.text, /epoch 2\/2/);
});

t.test('a dumb terminal gets plain lines, NO_COLOR no colours', async (t) => {
  const screen = new Screen(80);
  const dumb = chooseDisplay({ quiet: false, json: false }, contextOf(screen, screen), {
    TERM: 'dumb',
  });
  playRun(dumb);
  t.equal(stripVTControlCharacters(screen.text), screen.text);
  const colour = (env: NodeJS.ProcessEnv, stream = screen) =>
    paintFor(stream.asWriteStream(), env)('bold', 'x') !== 'x';
  t.ok(colour({ TERM: 'xterm' }));
  t.ok(colour({ TERM: 'xterm', NO_COLOR: '' }), 'an empty NO_COLOR does not count');
  t.notOk(colour({ TERM: 'xterm', NO_COLOR: '1' }));
  t.notOk(colour({ TERM: 'xterm' }, new Screen()), 'no terminal');
});
