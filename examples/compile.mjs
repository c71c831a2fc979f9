// A training step of TensorFlow.js as one TensorFlow graph, in a loop of your own:
//
//   node examples/compile.mjs [STEPS]
//
// Needs the engine: npx lockstep engine install tensorflow
import { compile, tf } from 'lockstep';

const STEPS = Number(process.argv[2] ?? 40);
const BATCH = 64;
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [16, 16, 1] }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 3 }),
  ],
});
const optimizer = tf.train.adam(0.01);

/** Loss and gradients, in operations of TensorFlow.js: what a user of it writes anyway. */
function lossAndGradients(images, labels) {
  const { value, grads } = tf.variableGrads(() =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 3), model.predict(images)),
  );
  return { loss: value, ...grads };
}

const step = await compile(lossAndGradients, {
  inputs: [{ shape: [null, 16, 16, 1] }, { shape: [null], dtype: 'int32' }],
});
console.log(`The graph reads ${step.variables.length} variables.`);

/** Bright at the top, in the middle or below, in noise. */
function makeBatch() {
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 3);
  const images = Float32Array.from({ length: BATCH * 256 }, (_, i) => {
    const row = Math.floor((i % 256) / 16);
    return Math.random() + (Math.floor((row * 3) / 16) === labels[Math.floor(i / 256)] ? 0.3 : 0);
  });
  return [images, labels];
}

for (let i = 1; i <= STEPS; i++) {
  const { loss, ...gradients } = step.run(...makeBatch());
  optimizer.applyGradients(gradients);
  if (i % 10 === 0 || i === 1) console.log(`step ${i}  loss ${loss.dataSync()[0].toFixed(4)}`);
  tf.dispose([loss, gradients]);
}
step.dispose();
