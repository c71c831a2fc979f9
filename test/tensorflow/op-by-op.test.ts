import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tf, train, type RunSummary } from '#src/index.js';
import { cli } from '../support/cli-process.js';
import { realImages, smallNet, writeImages, type SmallRun } from '../support/small-runs.js';
import { useTensorflow } from './install.js';

// What cannot be compiled is trained op by op, said aloud, and to the same bits whoever computes.
t.setTimeout(300_000);
const images = await realImages(150, 50);
await useTensorflow();

const RUN = {
  ...{ data: images, engine: 'tensorflow', epochs: 2, seed: 3 },
  ...{ batchSize: 50, microBatch: 16, learningRate: 0.01 },
} as const satisfies Partial<SmallRun>;

/** With noise, which TensorFlow.js draws in JavaScript, before a net with batch norm and dropout. */
function noisyNet(stddev: number): ReturnType<typeof tf.sequential> {
  const model = tf.sequential();
  model.add(tf.layers.gaussianNoise({ stddev, inputShape: [28, 28, 1] }));
  for (const layer of smallNet().layers) model.add(layer);
  return model;
}

async function run(model: SmallRun['model'], threads: number, out: string) {
  const notices: string[] = [];
  const observer = {
    notice: (text: string) => notices.push(text),
    ...{ started: () => undefined, step: () => undefined },
    ...{ epoch: () => undefined, finished: () => undefined },
  };
  const { weightsDigest, trainLoss, testLoss } = await train({
    ...{ ...RUN, model: model!, threads, out, observer },
  });
  return { bits: { weightsDigest, trainLoss, testLoss }, notices };
}

void t.test(
  'noise is drawn anew at each step, and the same for one thread and three',
  async (t) => {
    const folder = t.testdir();
    const one = await run(noisyNet(0.2), 1, join(folder, '1'));
    const three = await run(noisyNet(0.2), 3, join(folder, '3'));
    t.same(three.bits, one.bits);
    t.equal(one.notices.filter((text) => /op by op/.test(text)).length, 1, 'said once');
    t.match(
      one.notices.join('\n'),
      /Layer 1:gaussianNoise cannot be compiled: it draws random numbers in JavaScript.*runs op by op/,
    );
    const other = await run(noisyNet(0.3), 1, join(folder, 'other'));
    t.not(other.bits.weightsDigest, one.bits.weightsDigest, 'other noise gives other weights');
  },
);

void t.test('op by op gives what the compiled step gives, but for rounding', async (t) => {
  const folder = t.testdir();
  const compiled = await run(smallNet(), 1, join(folder, 'compiled'));
  t.notMatch(compiled.notices.join('\n'), /op by op/);
  const eager = await run(noisyNet(1e-12), 1, join(folder, 'eager'));
  const [a, b] = [compiled.bits.trainLoss!, eager.bits.trainLoss!];
  t.ok(Math.abs(a / b - 1) < 1e-4, `${a} ${b}`);
});

void t.test("a layer of the user's own that reads values, in threads and resumed", async (t) => {
  const folder = t.testdir();
  const data = await writeImages(join(folder, 'data'), images);
  const model = join(folder, 'model.mjs');
  writeFileSync(
    model,
    `export default ({ image, classes, tf }) => {
       class Halved extends tf.layers.Layer {
         static className = 'Halved';
         computeOutputShape(shape) { return shape; }
         call(inputs) {
           const x = Array.isArray(inputs) ? inputs[0] : inputs;
           return tf.sum(x).dataSync()[0] < 0 ? tf.neg(x) : tf.mul(x, 0.5);
         }
       }
       tf.serialization.registerClass(Halved);
       return tf.sequential({ layers: [
         tf.layers.flatten({ inputShape: [image.height, image.width, image.channels] }),
         new Halved({}),
         tf.layers.dense({ units: classes, activation: 'softmax' }),
       ] });
     };\n`,
  );
  const common = ['train', '--engine', 'tensorflow', '--model', model, '--data', data];
  const sizes = ['--batch-size', '50', '--micro-batch', '13', '--steps'];
  const summaryOf = (out: string) =>
    JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as RunSummary;
  const whole = join(folder, 'whole');
  const first = await cli([...common, ...sizes, '6', '--threads', '2', '--out', whole]);
  t.equal(first.status, 0, first.stderr);
  t.match(
    first.stderr + first.stdout,
    /Layer 2:halved cannot be compiled: it reads a value of a tensor/,
  );
  const part = join(folder, 'part');
  const begun = await cli([...common, ...sizes, '3', '--threads', '1', '--out', part]);
  t.equal(begun.status, 0, begun.stderr);
  const resumed = await cli(['train', '--resume', part, '--steps', '6', '--threads', '2']);
  t.equal(resumed.status, 0, resumed.stderr);
  t.equal(summaryOf(part).weightsDigest, summaryOf(whole).weightsDigest);
});

void t.test('a layer that TensorFlow.js cannot train ends the run before it begins', async (t) => {
  const model = tf.sequential();
  model.add(tf.layers.reshape({ targetShape: [4, 7, 7, 4], inputShape: [28, 28, 1] }));
  const { SerializationMap } = tf.serialization as unknown as {
    SerializationMap: {
      getMap(): { classNameMap: Record<string, [new (config: object) => never]> };
    };
  };
  const [Conv3DTranspose] = SerializationMap.getMap().classNameMap['Conv3DTranspose']!;
  model.add(new Conv3DTranspose({ filters: 2, kernelSize: 2 }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10 }));
  await t.rejects(train({ ...RUN, model, threads: 1, out: join(t.testdir(), 'run') }), {
    code: 'ENGINE_MODEL_REFUSED',
    message: /gradient function not found for Conv3DBackpropInputV2/,
  });
});
