import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import * as z from 'zod';
import { FLAGS } from '#src/shared/config/flags.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { CONFIG_KEYS } from '#src/shared/config/schema.js';

const read = async (path: string): Promise<string> => readFile(path, 'utf8');

t.test('schema/, docs/configuration.md and docs/errors.md follow the source', async (t) => {
  const check = promisify(execFile)(process.execPath, ['scripts/write-schemas.mjs', '--check']);
  await t.resolves(check);
});

t.test('the cluster example trains with a valid configuration that shows every key', async (t) => {
  const example = JSON.parse(await read('cluster.example.json')) as { train: object };
  t.same(Object.keys(example.train), CONFIG_KEYS);
  const environment = { processors: 1, now: new Date(0), cwd: '/' };
  const resolved = resolveConfig(example.train, environment);
  t.equal(resolved.model, 'lenet5');
  const schema = JSON.parse(await read('schema/train.schema.json')) as Parameters<
    typeof z.fromJSONSchema
  >[0];
  const fromFile = z.fromJSONSchema(schema);
  t.ok(fromFile.safeParse(example.train).success);
  t.notOk(fromFile.safeParse({ ...example.train, seed: -1 }).success);
  t.notOk(fromFile.safeParse({ ...example.train, sede: 1 }).success);
});

t.test('flags are the keys in kebab-case, and have defaults to show', async (t) => {
  const flags = Object.fromEntries(FLAGS.map((spec) => [spec.flag, spec]));
  t.match(flags['batch-size'], { key: 'batchSize', kind: 'number', defaultText: '128' });
  t.match(flags['beta1'], { key: 'beta1', kind: 'number' });
  t.match(flags['fast-math'], { kind: 'switch', defaultText: 'false' });
  t.match(flags['engine'], { kind: 'text', choices: ['auto', 'wasm', 'tensorflow', 'reference'] });
  for (const spec of FLAGS) t.not(spec.defaultText, 'null', spec.flag);
});
