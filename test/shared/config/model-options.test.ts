import t from 'tap';
import { resolveConfig } from '#src/shared/config/resolve.js';
import { modelOptions } from '#src/shared/config/model-options/resolve.js';
import type { ConfigInput } from '#src/shared/config/schema.js';
import type { LockstepError } from '#src/shared/errors.js';

const environment = { processors: 1, now: new Date(0), cwd: '/' };
const optionsOf = (input: ConfigInput) => {
  const config = resolveConfig(input, environment);
  return modelOptions(config.model, config).options;
};

/** The lines of the message, one a fault. */
function faultsOf(input: unknown): string[] {
  try {
    resolveConfig(input, environment);
  } catch (error) {
    t.equal((error as LockstepError).code, 'CONFIG_INVALID');
    const [, ...lines] = (error as LockstepError).message.split('\n');
    return lines.map((line) => line.trim());
  }
  return [];
}

t.test('defaults are complete: a value for each layer', async (t) => {
  t.same(optionsOf({ model: 'hybrid' }), {
    ...{ activation: 'relu', leakySlope: 0.01 },
    filters: [32, 64, 64, 128],
    kernelSize: [3, 3, 3, 5],
    padding: ['same', 'same', 'same', 'same'],
    convDropout: [0.2, 0.2],
    denseUnits: [32],
    denseDropout: [0.4],
  });
  t.same(optionsOf({ model: 'resnet' }), {
    ...{ activation: 'relu', leakySlope: 0.01 },
    filters: [16, 32, 64],
    residualBlocks: [2, 2, 2],
  });
  t.equal(optionsOf({ model: './own.js' }), null);
});

t.test('one value holds for all layers; the last default for those that are new', async (t) => {
  t.match(optionsOf({ model: 'cnn2bn', filters: '8,16,24', kernelSize: '5', convDropout: '0,.5,0.25' }), {
    filters: [8, 16, 24],
    kernelSize: [5, 5, 5],
    padding: ['same', 'valid', 'valid'],
    convDropout: [0, 0.5, 0.25],
    denseUnits: [600, 120],
    denseDropout: [0.25, 0],
  }); // prettier-ignore
  t.match(optionsOf({ model: 'hybrid', filters: '4,5,6,7,8,9' }), {
    kernelSize: [3, 3, 3, 5, 5, 5],
    convDropout: [0.2, 0.2, 0.2],
  });
  t.match(optionsOf({ model: 'cnn4', activation: 'leakyRelu', leakySlope: 0.3 }), {
    activation: 'leakyRelu',
    leakySlope: 0.3,
  });
});

t.test('hidden layers are counted, or named', async (t) => {
  const units = (more: ConfigInput) => optionsOf({ model: 'mlp', ...more })?.denseUnits;
  t.same(units({}), [256, 128]);
  t.same(units({ hiddenLayers: 1 }), [256]);
  t.same(units({ hiddenLayers: 3 }), [256, 128, 128]);
  t.same(units({ hiddenLayers: 3, denseUnits: '40' }), [40, 40, 40]);
  t.same(units({ hiddenLayers: 0 }), []);
  t.same(units({ denseUnits: '9,8,7' }), [9, 8, 7]);
  t.same(optionsOf({ model: 'mlp', hiddenLayers: 3 })?.denseDropout, [0.2, 0.2, 0.2]);
  t.same(faultsOf({ model: 'mlp', hiddenLayers: 3, denseUnits: '9,8' }), [
    'hiddenLayers: must be what denseUnits names, 2 in "9,8", got 3',
  ]);
});

t.test('an option that a model has not is refused, with those that it has', async (t) => {
  t.same(faultsOf({ model: 'resnet', denseUnits: '64', kernelSize: '5' }), [
    'kernelSize: resnet has no such option; it has filters, activation, leakySlope, residualBlocks',
    'denseUnits: resnet has no such option; it has filters, activation, leakySlope, residualBlocks',
  ]);
  t.same(faultsOf({ model: 'mlp', filters: '8' }), [
    'filters: mlp has no such option; it has activation, leakySlope, hiddenLayers, denseUnits, denseDropout',
  ]);
  t.same(faultsOf({ model: './own.js', hiddenLayers: 2 }), [
    'hiddenLayers: belongs to the built-in models; a model of your own says its sizes itself',
  ]);
  t.same(faultsOf({ model: '(object)', activation: 'relu' }), [
    'activation: belongs to the built-in models; a model of your own says its sizes itself',
  ]);
  t.same(
    faultsOf({ model: 'lenet', filters: '8' }).map((line) => line.split(':')[0]),
    ['model'],
    'a model that there is not is one fault',
  );
});

t.test('values have bounds, lists have lengths', async (t) => {
  t.same(
    faultsOf({
      filters: '32,0',
      kernelSize: '3, 5',
      padding: 'same,full',
      convDropout: '1',
      denseUnits: '1e2',
      denseDropout: '-0.1',
      leakySlope: 0.1,
    }),
    [
      'filters: expected whole numbers from 1 to 8192, with commas between, got "0"',
      'kernelSize: expected whole numbers from 1 to 64, with commas between, got " 5"',
      'padding: expected same or valid, with commas between, got "full"',
      'leakySlope: needs activation leakyRelu',
      'convDropout: expected numbers of at least 0 and below 1, with commas between, got "1"',
      'denseUnits: expected whole numbers from 1 to 65536, with commas between, got "1e2"',
      'denseDropout: expected numbers of at least 0 and below 1, with commas between, got "-0.1"',
    ],
  );
  t.same(faultsOf({ kernelSize: '3,3,5' }), [
    'kernelSize: expected one value for all, or one for each of 5 convolutions, got 3 in "3,3,5"',
  ]);
  t.same(faultsOf({ model: 'hybrid', convDropout: '0.1,0.2,0.3,0.4' }), [
    'convDropout: expected one value for all, or one for each of 2 blocks, got 4 in "0.1,0.2,0.3,0.4"',
  ]);
  t.same(faultsOf({ model: 'hybrid', filters: '8,8,8' }), [
    'filters: hybrid has blocks of 2 convolutions, got 3 in "8,8,8"',
  ]);
  t.same(faultsOf({ model: 'resnet', residualBlocks: '1,2' }), [
    'residualBlocks: expected one value for all, or one for each of 3 stages, got 2 in "1,2"',
  ]);
  t.same(faultsOf({ filters: Array.from({ length: 65 }, () => '1').join() }), [
    'filters: expected at most 64 values, got 65',
  ]);
  t.same(faultsOf({ filters: 32, denseUnits: '', activation: 'gelu', hiddenLayers: -1 }), [
    'filters: expected a text: whole numbers with commas between, such as 32,64, got 32',
    'denseUnits: expected a text: whole numbers with commas between, such as 256,128, got ""',
    'activation: expected one of relu, leakyRelu, got "gelu"',
    'hiddenLayers: expected an integer from 0 to 64, got -1',
  ]);
});
