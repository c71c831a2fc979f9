import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import type { CliContext } from '#src/cli/context.js';
import { runCli } from '#src/cli/run-cli.js';
import { progressLine } from '#src/cli/import-progress.js';
import { png, writePhoto } from '../../support/photo-files.js';

const folder = t.testdir();
const source = join(folder, 'photos');
for (let i = 0; i < 15; i++) {
  const [width, height] = [8 + (i % 5), 9];
  const values = Array<number>(width * height).fill(i);
  const file = join(source, ['ant', 'bee', 'cat'][i % 3]!, `${String(i)}.png`);
  writePhoto(file, png({ type: 'grey', width, height, values }));
}
const out = join(folder, 'data');

async function importing(...flags: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    environment: { processors: 2, now: new Date(0), cwd: folder },
    loadProduct: () => Promise.reject(new TypeError('not needed here')),
    loadEngines: () => Promise.reject(new TypeError('not needed here')),
  } satisfies CliContext;
  const command = ['data', 'import', 'photos', '--out', 'data', '--processes', '1', ...flags];
  const status = await runCli(command, context);
  const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? '';
  return { status, stdout: text(stdout), stderr: text(stderr) };
}

t.test('an import tells what it has done, and what it could not', async (t) => {
  const sizes = await importing();
  t.equal(sizes.status, 2);
  t.match(sizes.stderr, /DATA_IMAGE_SIZES[^]*--resize/);
  writePhoto(join(source, 'cat/broken.png'), Buffer.from('no picture'));
  const broken = await importing('--resize', '8x8');
  t.equal(broken.status, 1);
  t.match(broken.stderr, /DATA_IMAGE_INVALID: 1 of 16[^]*broken\.png is no PNG and no JPEG/);
  t.notOk(existsSync(out));
  const done = await importing('--resize', '8x8', '--skip-faulty', '--test', '0.2');
  t.equal(done.status, 0, done.stderr);
  t.match(done.stderr, /imported 16 of 16 photographs, 100 %, 1 faulty/);
  t.match(
    done.stdout,
    /1[23] training and [23] test images of 8 × 8 pixels, 3 channels, 3 classes/,
  );
  t.match(done.stdout, /left out, since they cannot be used: 1 \(.*broken\.png is no PNG/);
  t.ok(existsSync(join(out, 'train-images-idx4-ubyte')));
});

t.test('flags that mean nothing are refused', async (t) => {
  for (const [flags, message] of [
    [['--resize', '8x8x1'], /--resize: expected HEIGHTxWIDTH/],
    [['--test', '1.5'], /--test: expected a share above 0 and below 1, got "1\.5"/],
    [['--background', 'pinkish'], /"pinkish" is no colour/],
    [['--recode', 'absent.json'], /CONFIG_FILE_UNREADABLE/],
    [['--fit', 'tile'], /USAGE_INVALID[^]*fit/],
  ] as const) {
    const { status, stderr } = await importing(...flags);
    t.equal(status, 2);
    t.match(stderr, message);
  }
});

t.test('a line of progress', (t) => {
  const line = progressLine({ done: 12_000, total: 48_000, faulty: 3 }, 60);
  t.equal(line, 'imported 12,000 of 48,000 photographs, 25 %, 3 faulty  200 a second  time left 3 min 00 s'); // prettier-ignore
  t.end();
});
