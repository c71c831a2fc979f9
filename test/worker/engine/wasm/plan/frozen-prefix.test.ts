import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import { rowLayout } from '#src/shared/model/layout.js';
import { compilePlan } from '#src/worker/engine/wasm/plan/compile.js';
import { fuseGraph } from '#src/worker/engine/wasm/plan/fuse.js';
import { modelGraph } from '#src/worker/engine/wasm/plan/graph.js';

const l = tf.layers;
const frozenConv = (options = {}) =>
  l.conv2d({ filters: 4, kernelSize: 3, padding: 'same', trainable: false, ...options });

/** The labels of the nodes whose results could be kept, and bytes of a sample; null: none. */
function keptOf(layers: tf.layers.Layer[]): [string[], number] | null {
  const input = l.inputLayer({ inputShape: [8, 8, 1] });
  return keptIn(tf.sequential({ layers: [input, ...layers] }));
}

function keptIn(model: tf.LayersModel): [string[], number] | null {
  const graph = fuseGraph(modelGraph(model));
  const { frozen } = compilePlan({ graph, layout: rowLayout(model), batchMax: 3 });
  if (frozen === undefined) return null;
  return [graph.nodes.slice(0, frozen.nodes).map(({ label }) => label), frozen.sampleBytes];
}

void t.test(
  'what stands before the first layer that trains is kept, as far as it can be',
  async (t) => {
    t.same(
      keptOf([
        frozenConv({ activation: 'relu' }),
        l.batchNormalization({ trainable: false }),
        l.globalAveragePooling2d({}),
        l.dense({ units: 5 }),
        l.dense({ units: 3 }),
      ]),
      [['1:conv2d', '2:batchNormalization', '3:globalAveragePooling2d'], 16],
    );
    t.same(keptOf([frozenConv(), l.flatten(), l.dense({ units: 3 })]), [['1:conv2d'], 8 * 8 * 16]);
  },
);

void t.test('what is drawn or learned is not the same in every epoch', async (t) => {
  const head = () => [l.flatten(), l.dense({ units: 3 })];
  t.equal(keptOf([frozenConv({ trainable: true }), ...head()]), null);
  t.same(keptOf([frozenConv(), l.dropout({ rate: 0.5 }), frozenConv(), ...head()]), [
    ['1:conv2d'],
    1024,
  ]);
  t.same(keptOf([frozenConv(), l.batchNormalization({}), ...head()]), [['1:conv2d'], 1024]);
  const dropped = [l.batchNormalization({ trainable: false }), l.dropout({ rate: 0.5 })];
  t.same(keptOf([frozenConv(), ...dropped, ...head()]), [['1:conv2d'], 1024]);
});

void t.test(
  'nothing is kept where nothing costs, or several tensors would be needed',
  async (t) => {
    t.equal(keptOf([l.maxPooling2d({ poolSize: 2 }), l.flatten(), l.dense({ units: 3 })]), null);
    const input = tf.input({ shape: [8, 8, 1] });
    const [a, b] = [frozenConv(), frozenConv()].map((conv) => conv.apply(input));
    const each = [a, b].map((x) => l.conv2d({ filters: 2, kernelSize: 1 }).apply(x!));
    const sum = l.add().apply(each as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const out = l.dense({ units: 3 }).apply(l.flatten().apply(sum)) as tf.SymbolicTensor;
    t.equal(keptIn(tf.model({ inputs: input, outputs: out })), null, 'two branches');
    const c = frozenConv().apply(a!);
    const skips = [c, a].map((x) =>
      l.conv2d({ filters: 2, kernelSize: 1 }).apply(x as tf.SymbolicTensor),
    );
    const past = l.add().apply(skips as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const last = l.dense({ units: 3 }).apply(l.flatten().apply(past)) as tf.SymbolicTensor;
    t.equal(
      keptIn(tf.model({ inputs: input, outputs: last })),
      null,
      'the last tensor and another',
    );
    const joined = l.add().apply([a, b] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const end = l.dense({ units: 3 }).apply(l.flatten().apply(joined)) as tf.SymbolicTensor;
    t.match(
      keptIn(tf.model({ inputs: input, outputs: end })),
      [{ length: 3 }, 1024],
      'joined again',
    );
  },
);
