import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import type { EvaluationReport, ImportReport, RunSummary } from '#src/index.js';
import { cli } from '../support/cli-process.js';
import { png, writePhoto } from '../support/photo-files.js';

// From photographs to a model, and from there to other photographs, by the commands of a user.
t.setTimeout(300_000);
const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };

const CLASSES = ['above', 'below', 'left'] as const;

/** A bright half on dark, in colour, of changing sizes; every other one a JPEG. */
async function photo(kind: (typeof CLASSES)[number], i: number): Promise<[string, Buffer]> {
  const [width, height] = [16 + (i % 5), 20 + (i % 3)];
  const isBright = (x: number, y: number): boolean =>
    kind === 'above' ? y < height / 2 : kind === 'below' ? y >= height / 2 : x < width / 2;
  const values = Array.from({ length: width * height }, (_, at) => {
    const noise = (at * 37 + i * 101) % 40;
    const light = isBright(at % width, Math.floor(at / width)) ? 190 : 30;
    return [light + noise, light, noise + (i % 50)];
  }).flat();
  const bytes = png({ type: 'rgb', width, height, values });
  return i % 2 === 0 ? [`${String(i)}.png`, bytes] : [`${String(i)}.jpg`, await sharp(bytes).jpeg().toBuffer()]; // prettier-ignore
}

async function writePhotos(name: string, count: number, first: number): Promise<string> {
  for (const kind of CLASSES) {
    for (let i = first; i < first + count; i++) {
      const [file, bytes] = await photo(kind, i);
      writePhoto(join(folder, name, kind, file), bytes);
    }
  }
  return join(folder, name);
}

async function lockstep<Result>(...args: string[]): Promise<Result> {
  const { status, stdout, stderr } = await cli([...args, '--json'], { env });
  t.equal(status, 0, stderr);
  return JSON.parse(stdout) as Result;
}

t.test('import, train, evaluate, and evaluate on other photographs', async (t) => {
  const [mine, theirs] = [await writePhotos('mine', 40, 0), await writePhotos('theirs', 15, 100)];
  const options = ['--grey', '--resize', '12x12', '--fit', 'stretch', '--test', '0.25'];
  const [data, other] = [join(folder, 'data'), join(folder, 'other')];
  const report = await lockstep<ImportReport>('data', 'import', mine, '--out', data, ...options);
  t.same(report.classes, CLASSES);
  t.same([report.train.perClass, report.test.perClass], [Array(3).fill(30), Array(3).fill(10)]);
  await lockstep('data', 'import', theirs, '--out', other, ...options, '--invert');
  const run = join(folder, 'run');
  // More put aside than the other set has; and noise, which belongs to this one alone.
  const training = [
    ...['--model', 'mlp', '--epochs', '30', '--batch-size', '30', '--threads', '2'],
    ...['--validation', '40', '--class-noise', '0.05'],
  ];
  const summary = await lockstep<RunSummary>('train', '--data', data, '--out', run, '--quiet', ...training); // prettier-ignore
  t.equal(summary.testAccuracy, 1);
  // Inverted, what was bright above is bright below: the model says so, and knows the classes by name.
  const carried = await lockstep<EvaluationReport>(
    'evaluate',
    run,
    '--data',
    other,
    '--set',
    'all',
  );
  t.same(carried.sets.map(({ set, samples }) => [set, samples]), [['train', 34], ['test', 11]]); // prettier-ignore
  const [above, below] = carried.sets[0]!.confusion;
  t.ok(above![1]! > 10 && above![0] === 0 && above![2] === 0, 'above, inverted, is below');
  t.ok(below![0]! > 10 && below![1] === 0 && below![2] === 0, 'and the other way round');
});
