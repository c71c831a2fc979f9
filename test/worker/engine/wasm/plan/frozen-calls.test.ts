import t from 'tap';
import { rowLayout } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';
import { compilePlan } from '#src/worker/engine/wasm/plan/compile.js';
import { frozenCalls } from '#src/worker/engine/wasm/plan/frozen-calls.js';
import { fuseGraph } from '#src/worker/engine/wasm/plan/fuse.js';
import { modelGraph } from '#src/worker/engine/wasm/plan/graph.js';
import type { Plan, PlannedCall } from '#src/worker/engine/wasm/plan/plan.js';

function planOf(units: number): Plan {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [28, 28, 1], filters: 6, kernelSize: 3, activation: 'relu' },
        trainable: false,
      }),
      tf.layers.batchNormalization({ trainable: false }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 7, kernelSize: [1, 4], strides: 2, trainable: false }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units, activation: 'relu' }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  return compilePlan({
    graph: fuseGraph(modelGraph(model)),
    layout: rowLayout(model),
    batchMax: 8,
  });
}

const plan = planOf(12);
const calls = JSON.stringify(frozenCalls(plan));

t.test('what stands behind frozen layers does not change their calls', (t) => {
  t.ok(plan.frozen!.calls.forward > 3);
  t.equal(JSON.stringify(frozenCalls(planOf(50))), calls);
  t.end();
});

t.test('another kernel, number or split changes them, in each list', (t) => {
  const changes: readonly ((call: PlannedCall) => PlannedCall)[] = [
    (call) => ({ ...call, kernel: 'other' }),
    (call) => ({ ...call, args: [...call.args, 3] }),
    (call) => ({ ...call, split: 'each' }),
  ];
  for (const list of ['prepare', 'forward', 'inference'] as const) {
    for (const [i, change] of changes.entries()) {
      const first = plan[list].findIndex(({ split }) => split !== 'each');
      const changed = plan[list].map((call, at) => (at === first ? change(call) : call));
      const title = `${list}, ${String(i)}`;
      t.not(JSON.stringify(frozenCalls({ ...plan, [list]: changed })), calls, title);
      const last = plan[list].length;
      const behind = [...plan[list].slice(0, last - 1), change(plan[list][last - 1]!)];
      if (list === 'prepare') continue;
      t.equal(JSON.stringify(frozenCalls({ ...plan, [list]: behind })), calls, title);
    }
  }
  t.end();
});
