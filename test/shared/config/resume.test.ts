import t from 'tap';
import { resolveConfig, type ConfigEnvironment } from '#src/shared/config/resolve.js';
import { differences, resolveResume } from '#src/shared/config/resume.js';
import type { ConfigInput } from '#src/shared/config/schema.js';

const environment: ConfigEnvironment = { processors: 2, now: new Date(0), cwd: '/home/me' };
const FOLDER = '/runs/moved';
const stored = resolveConfig(
  { engine: 'wasm', seed: 3, threads: 2, out: '/runs/first', quiet: true },
  environment,
);
const resume = (given: ConfigInput, base: unknown = stored) =>
  resolveResume(base, given, FOLDER, environment);

t.test('a resumed run keeps its configuration, wherever its folder is now', async (t) => {
  t.strictSame(resume({}), { ...stored, out: FOLDER, resume: FOLDER, quiet: false });
});

t.test('who computes may change, and the end may move away', async (t) => {
  const config = resume({ threads: 7, data: 'd', checkpointEvery: 5, epochs: 12, json: true });
  t.match(config, { threads: 7, data: '/home/me/d', checkpointEvery: 5, epochs: 12, json: true });
  t.match(resume({ steps: 9000 }), { steps: 9000, epochs: null });
  const moved = { ...stored, model: 'inceptionv3', pretrained: '/old/base.h5' };
  t.equal(resume({ pretrained: '/new/base.h5' }, moved).pretrained, '/new/base.h5');
});

t.test('the end may not move where the learning rate is bound to it', async (t) => {
  const cosine = { ...stored, learningRateSchedule: 'cosine' };
  t.throws(() => resume({ epochs: 12 }, cosine), {
    code: 'CONFIG_RESUME_DIFFERS',
    message: /epochs: the run has 10, got 12; the schedule cosine ends there/,
  });
  t.throws(() => resume({ steps: 9000 }, cosine), { code: 'CONFIG_RESUME_DIFFERS' });
  t.equal(resume({ epochs: 10 }, cosine).epochs, 10);
  t.equal(resume({ epochs: 12 }, { ...stored, learningRateSchedule: 'step' }).epochs, 12);
});

t.test('what is given as it is stored is no difference, nor is engine auto', async (t) => {
  t.equal(resume({ seed: 3, engine: 'auto', out: FOLDER }).engine, 'wasm');
});

t.test('whatever else differs is refused, all of it, with both values', async (t) => {
  t.throws(() => resume({ seed: 4, microBatch: 16, epochs: 9, engine: 'reference', out: 'new' }), {
    code: 'CONFIG_RESUME_DIFFERS',
    message: [
      'A resumed run keeps the configuration of its folder:',
      '  microBatch: the run has 32, got 16',
      '  seed: the run has 3, got 4',
      '  engine: the run has "wasm", got "reference"',
      '  epochs: the run has 10, got 9; it may only grow',
      '  out: the run has "/runs/moved", got "/home/me/new"',
    ].join('\n'),
  });
});

t.test('mixed engines may be allowed later, and not be denied afterwards', async (t) => {
  t.equal(resume({ mixedEngines: true }).mixedEngines, true);
  const mixed = { ...stored, mixedEngines: true };
  t.equal(resume({}, mixed).mixedEngines, true);
  t.throws(() => resume({ mixedEngines: false }, mixed), {
    code: 'CONFIG_RESUME_DIFFERS',
    message: /mixedEngines: the run has true, got false; what was computed with mixed engines/,
  });
});

t.test('malformed input and a damaged config.json are told apart', async (t) => {
  t.throws(() => resume({ threads: 0 }), { message: /\n {2}threads: expected/ });
  t.throws(() => resume({}, { ...stored, seed: -1 }), {
    message: /seed in \/runs\/moved\/config\.json: expected/,
  });
});

t.test('two configurations are compared by the keys that decide bits', async (t) => {
  t.same(differences(stored, { ...stored, threads: 9, out: '/x', fastMath: true }), [
    { key: 'fastMath', stored: false, given: true },
  ]);
});
