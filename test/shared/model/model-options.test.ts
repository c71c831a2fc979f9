import t from 'tap';
import { loadModel } from '#src/coordinator/model/load-model.js';
import { modelOptions } from '#src/shared/config/model-options/resolve.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import type { ConfigInput } from '#src/shared/config/schema.js';
import { topologicalLayers } from '#src/shared/model/graph.js';

const FASHION = { height: 28, width: 28, channels: 1 };

async function built(input: ConfigInput) {
  const config = resolveConfig(input, { processors: 1, now: new Date(0), cwd: '/' });
  const { options } = modelOptions(config.model, config);
  return loadModel(config.model, FASHION, 10, options);
}

/** Each layer's kind with what of its configuration the options decide, and the trainable weights. */
async function layersOf(input: ConfigInput): Promise<[string[], number]> {
  const { model, layout } = await built(input);
  const words = topologicalLayers(model).map(({ className, layer }) => {
    const config = layer.getConfig();
    const facts = ['filters', 'kernelSize', 'padding', 'units', 'rate', 'alpha', 'activation'];
    const said = facts.flatMap((fact) => {
      const value = config[fact];
      if (value === undefined || value === 'linear' || /Pool/.test(className)) return [];
      return [Array.isArray(value) ? String(value[0]) : String(value)];
    });
    return [className, ...said].join(' ');
  });
  return [words.slice(1), layout.trainableLength];
}

// Parameters by hand: a convolution has k·k·in·out + out, without bias k·k·in·out; a batch norm 2·out;
// a dense layer in·out + out.
t.test('mlp: as many hidden layers as are asked for', async (t) => {
  t.same(await layersOf({ model: 'mlp', denseUnits: '20,10,5', denseDropout: '0.5,0,0.1' }), [
    [
      ...['Flatten', 'Dense 20 relu', 'Dropout 0.5', 'Dense 10 relu', 'Dense 5 relu'],
      ...['Dropout 0.1', 'Dense 10 softmax'],
    ],
    784 * 20 + 20 + 20 * 10 + 10 + 10 * 5 + 5 + 5 * 10 + 10,
  ]);
  t.same(await layersOf({ model: 'mlp', hiddenLayers: 0 }), [
    ['Flatten', 'Dense 10 softmax'],
    7850,
  ]);
});

t.test('lenet5: leaky ReLU is a layer behind each convolution and dense layer', async (t) => {
  const options = { filters: '4,6', kernelSize: '5,3', padding: 'valid', convDropout: '0,0.3' };
  const input = {
    ...options,
    denseUnits: '7',
    denseDropout: '0',
    activation: 'leakyRelu',
  } as const;
  t.same(await layersOf({ model: 'lenet5', ...input, leakySlope: 0.25 }), [
    [
      ...['Conv2D 4 5 valid', 'LeakyReLU 0.25', 'MaxPooling2D', 'BatchNormalization'],
      ...['Conv2D 6 3 valid', 'LeakyReLU 0.25', 'MaxPooling2D', 'BatchNormalization'],
      ...['Dropout 0.3', 'Flatten', 'Dense 7', 'LeakyReLU 0.25', 'Dense 10 softmax'],
    ],
    // Maps 28 → 24 → 12 → 10 → 5.
    25 * 4 + 4 + 8 + 9 * 4 * 6 + 6 + 12 + 150 * 7 + 7 + 7 * 10 + 10,
  ]);
});

t.test('cnn4: every size and rate of its blocks', async (t) => {
  const options = { filters: '3,5', kernelSize: '3', convDropout: '0.1', denseUnits: '6,4' };
  t.same(await layersOf({ model: 'cnn4', ...options }), [
    [
      ...['Conv2D 3 3 same', 'BatchNormalization', 'ReLU', 'MaxPooling2D', 'Dropout 0.1'],
      ...['Conv2D 5 3 same', 'BatchNormalization', 'ReLU', 'MaxPooling2D', 'Dropout 0.1'],
      ...['Flatten', 'Dense 6 relu', 'Dropout 0.5', 'Dense 4 relu', 'Dropout 0.5'],
      'Dense 10 softmax',
    ],
    27 + 6 + 9 * 3 * 5 + 10 + 245 * 6 + 6 + 6 * 4 + 4 + 4 * 10 + 10,
  ]);
});

t.test('cnn2, cnn2bn and hybrid: another number of blocks', async (t) => {
  t.same(await layersOf({ model: 'cnn2', filters: '4', convDropout: '0', hiddenLayers: 0 }), [
    ['Conv2D 4 3 valid relu', 'MaxPooling2D', 'Flatten', 'Dense 10 softmax'],
    9 * 4 + 4 + 13 * 13 * 4 * 10 + 10,
  ]);
  t.same(await layersOf({ model: 'cnn2bn', filters: '4', denseUnits: '8', denseDropout: '0.5' }), [
    [
      ...['Conv2D 4 3 same', 'BatchNormalization', 'ReLU', 'MaxPooling2D', 'Flatten'],
      ...['Dense 8', 'Dropout 0.5', 'Dense 10 softmax'],
    ],
    9 * 4 + 8 + 14 * 14 * 4 * 8 + 8 + 8 * 10 + 10,
  ]);
  const one = { filters: '4,6', kernelSize: '5,1', convDropout: '0.5', denseUnits: '3' };
  t.same(await layersOf({ model: 'hybrid', ...one }), [
    [
      ...['Conv2D 4 5 same relu', 'Conv2D 6 1 same relu', 'MaxPooling2D', 'Dropout 0.5', 'Flatten'],
      ...['Dense 3 relu', 'Dropout 0.4', 'Dense 10 softmax'],
    ],
    25 * 4 + 4 + 4 * 6 + 6 + 9 * 9 * 6 * 3 + 3 + 3 * 10 + 10,
  ]);
});

t.test('resnet: stages and blocks of each, at half the size from stage to stage', async (t) => {
  const { model, layout } = await built({ model: 'resnet', filters: '4,8', residualBlocks: '1,3' });
  const sums = topologicalLayers(model).filter(({ className }) => className === 'Add');
  t.same(
    sums.map(({ shape }) => shape.slice(1)),
    [[28, 28, 4], ...Array.from({ length: 3 }, () => [14, 14, 8])],
  );
  const norm = (channels: number) => 2 * channels;
  const first = 9 * 4 + norm(4) + 2 * (9 * 4 * 4 + norm(4));
  const second = 9 * 4 * 8 + 5 * 9 * 8 * 8 + 6 * norm(8) + 4 * 8 + norm(8);
  t.equal(layout.trainableLength, first + second + 8 * 10 + 10);
  const leaky = await built({ model: 'resnet', activation: 'leakyRelu' });
  const kinds = topologicalLayers(leaky.model).map(({ className }) => className);
  t.equal(kinds.filter((kind) => kind === 'LeakyReLU').length, 13);
  t.notOk(kinds.includes('ReLU'));
});

t.test('maps that a kernel does not fit in are refused', async (t) => {
  await t.rejects(built({ model: 'cnn2', filters: '4,4,4,4,4' }), { code: 'MODEL_MISFIT' });
});
