import { execFileSync } from 'node:child_process';
import t from 'tap';
import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '#src/shared/model/tfjs.js';

const PRINT_METHODS = `
  const tf = require('@tensorflow/tfjs');
  console.log('\\n' + JSON.stringify(Object.keys(tf.Tensor.prototype)));`;

t.test('tensors have every method that @tensorflow/tfjs gives them', async (t) => {
  const printed = execFileSync(process.execPath, ['-e', PRINT_METHODS], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const expected = JSON.parse(printed.trim().split('\n').at(-1)!) as string[];
  t.ok(expected.length > 100);
  const own = new Set(Object.keys(tf.Tensor.prototype));
  t.same(
    expected.filter((name) => !own.has(name)),
    [],
  );
});

t.test('methods do what the functions do', async (t) => {
  type Chained = Record<string, (...args: unknown[]) => Tensor>;
  const x = tf.tensor([1, -2, 3, -4], [2, 2]);
  const chain = x as unknown as Chained;
  const values = (result: Tensor) => [result.shape, [...result.dataSync()]];
  t.same(values(chain['mul']!(2)), [
    [2, 2],
    [2, -4, 6, -8],
  ]);
  t.same(values(chain['sum']!(0)), [[2], [4, -6]]);
  t.same(values(chain['flatten']!()), [[4], [1, -2, 3, -4]]);
  t.same(values(chain['as3D']!(1, 2, 2))[0], [1, 2, 2]);
  t.same(values(chain['concat']!(x, 1)), [
    [2, 4],
    [1, -2, 1, -2, 3, -4, 3, -4],
  ]);
  t.same(values(chain['stack']!(x))[0], [2, 2, 2]);
  t.same(values(chain['toInt']!()), [
    [2, 2],
    [1, -2, 3, -4],
  ]);
  t.same(values(chain['where']!(tf.greater(x, 0), tf.zerosLike(x)))[1], [1, 0, 3, 0]);
});
