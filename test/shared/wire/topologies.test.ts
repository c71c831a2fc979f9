import * as tf from '@tensorflow/tfjs-layers';
import t from 'tap';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { decodeFrame, encodeFrame } from '#src/shared/wire/frame.js';
import { fromCoordinatorSchema } from '#src/shared/wire/session.js';
import { FROM_COORDINATOR } from '../../support/messages.js';

const welcome = FROM_COORDINATOR.welcome[0]!;

function throughWire(model: tf.LayersModel): { sent: unknown; came: unknown } {
  const sent = JSON.parse(model.toJSON() as string) as typeof welcome.model;
  const came = decodeFrame(encodeFrame({ ...welcome, model: sent }), fromCoordinatorSchema);
  return { sent, came: (came as typeof welcome).model };
}

t.test('Built-in models travel in a welcome', (t) => {
  for (const [name, { build }] of Object.entries(CATALOGUE)) {
    const { sent, came } = throughWire(build({ height: 28, width: 28, channels: 1 }, 10));
    t.strictSame(came, sent, name);
  }
  t.end();
});

t.test('So do models within models', (t) => {
  let model: tf.LayersModel = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [3], units: 3, kernelRegularizer: 'l1l2' })],
  });
  for (let depth = 0; depth < 5; depth++) {
    const input = tf.input({ shape: [3] });
    model = tf.model({ inputs: input, outputs: model.apply(input) as tf.SymbolicTensor });
    const { sent, came } = throughWire(model);
    t.strictSame(came, sent, `${depth + 1} levels`);
  }
  t.end();
});
