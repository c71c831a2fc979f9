// A model of your own:
//
//   npx lockstep train --model examples/model.js
//
// The module exports a function. It gets the images' shape, the number of classes and the
// TensorFlow.js that Lockstep uses, and returns any LayersModel, sequential or functional. This one
// is a small residual network.

export default function build({ image, classes, tf }) {
  const conv = (x, filters, strides = 1) =>
    tf.layers.conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false }).apply(x);
  const normalize = (x) => tf.layers.batchNormalization({ momentum: 0.97 }).apply(x);
  const relu = (x) => tf.layers.reLU().apply(x);

  /** Two convolutions beside a shortcut, which a 1 × 1 convolution brings to the same shape. */
  const block = (x, filters) => {
    const body = normalize(conv(relu(normalize(conv(x, filters, 2))), filters));
    const shortcut = tf.layers
      .conv2d({ filters, kernelSize: 1, strides: 2, padding: 'same', useBias: false })
      .apply(x);
    return relu(tf.layers.add().apply([body, shortcut]));
  };

  const input = tf.input({ shape: [image.height, image.width, image.channels] });
  let x = relu(normalize(conv(input, 16)));
  for (const filters of [32, 64]) x = block(x, filters);
  x = tf.layers.globalAveragePooling2d({}).apply(x);
  x = tf.layers.dropout({ rate: 0.1 }).apply(x);
  const output = tf.layers.dense({ units: classes, activation: 'softmax' }).apply(x);
  return tf.model({ inputs: input, outputs: output });
}
