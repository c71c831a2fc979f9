import { activation, applied, reluLayer, softmaxLayer } from './activation-layers.js';
import {
  requireLastAxis,
  single,
  type Config,
  type LayerSite,
  type Piece,
  type Translation,
} from './layer-site.js';
import { sameShape } from './lowering.js';
import { refuseLayer } from './refusal.js';
import { conv2d, dense, depthwiseConv2d, pool, separableConv2d } from './window-layers.js';

/** What a layer does, as a chain of nodes; empty where it changes nothing. */
export function translateLayer(site: LayerSite): readonly Piece[] {
  const { className, label, layer } = site.layer;
  const translation = TRANSLATIONS.get(className);
  if (translation === undefined) {
    const known = [...TRANSLATIONS.keys()].join(', ');
    refuseLayer(label, `is of class ${className}`, `Use these layers: ${known}.`);
  }
  return translation(site, layer.getConfig());
}

const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ['Conv2D', conv2d],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['Dense', dense],
  ['MaxPooling2D', (site, config) => pool(site, config, 'maxPool')],
  ['AveragePooling2D', (site, config) => pool(site, config, 'averagePool')],
  ['GlobalMaxPooling2D', (site) => single({ kind: 'globalMaxPool' }, site)],
  ['GlobalAveragePooling2D', (site) => single({ kind: 'globalAveragePool' }, site)],
  ['BatchNormalization', batchNormalization],
  ['Dropout', dropout],
  ['Activation', (site, config) => activation(site, String(config['activation']))],
  ['ReLU', reluLayer],
  ['LeakyReLU', (site, config) => applied(site, 'leakyRelu', config['alpha'] as number)],
  ['ELU', (site) => applied(site, 'elu', 1)],
  ['Softmax', softmaxLayer],
  ['Flatten', (site) => single({ kind: 'reshape' }, site)],
  ['Reshape', (site) => single({ kind: 'reshape' }, site)],
  ['ZeroPadding2D', zeroPadding],
  ['UpSampling2D', upSampling],
  ['Add', add],
  ['Concatenate', concatenate],
]);

function batchNormalization(site: LayerSite, config: Config): readonly Piece[] {
  requireLastAxis(site, config['axis']);
  const scale = config['scale'] as boolean;
  const center = config['center'] as boolean;
  return single(
    {
      kind: 'batchNorm',
      activation: 'linear',
      pool: null,
      dropout: null,
      epsilon: config['epsilon'] as number,
      momentum: config['momentum'] as number,
      scale,
      center,
    },
    site,
    {
      ...(scale ? { gamma: 'gamma' } : {}),
      ...(center ? { beta: 'beta' } : {}),
      movingMean: 'movingMean',
      movingVariance: 'movingVariance',
    },
  );
}

function dropout(site: LayerSite, config: Config): readonly Piece[] {
  const rate = config['rate'] as number;
  // tfjs drops nothing at rate 1 either.
  if (rate <= 0 || rate >= 1) return [];
  const noise = config['noiseShape'] as readonly (number | null)[] | null | undefined;
  const sizes = site.layer.shape;
  let spatial = false;
  if (noise !== null && noise !== undefined) {
    const given = sizes.map((size, axis) => noise[axis] ?? size);
    const elementwise = given.every((size, axis) => size === sizes[axis]);
    spatial =
      sizes.length === 4 && given[1] === 1 && given[2] === 1 && given[3] === sizes[3] && !given[0];
    if (!elementwise && !spatial) {
      refuseLayer(
        site.layer.label,
        `has the noiseShape [${noise.map((size) => size ?? 'null').join(', ')}]`,
        'Leave noiseShape out, or use [null, 1, 1, null], which drops whole channels.',
      );
    }
  }
  return single({ kind: 'dropout', rate, spatial, ordinal: site.dropoutOrdinal }, site);
}

function zeroPadding(site: LayerSite, config: Config): readonly Piece[] {
  const [[top], [left]] = config['padding'] as [[number, number], [number, number]];
  return single({ kind: 'zeroPad', top, left }, site);
}

function upSampling(site: LayerSite, config: Config): readonly Piece[] {
  const [height, width] = config['size'] as readonly [number, number];
  const bilinear = config['interpolation'] === 'bilinear';
  return single({ kind: 'upSample', factors: [height, width], bilinear }, site);
}

function add(site: LayerSite): readonly Piece[] {
  if (site.inputs.some((input) => !sameShape(input, site.output))) {
    refuseLayer(
      site.layer.label,
      'adds tensors of different shapes',
      'Bring them to one shape first.',
    );
  }
  return single({ kind: 'add' }, site);
}

function concatenate(site: LayerSite, config: Config): readonly Piece[] {
  requireLastAxis(site, config['axis']);
  return single({ kind: 'concatenate' }, site);
}
