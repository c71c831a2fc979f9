/** The built-in models as plain data, from which the rivals in Python build the same network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE } from '../../dist/shared/model/catalogue.js';
import { topologicalLayers } from '../../dist/shared/model/graph.js';
import { dataFolder } from './places.mjs';

/** All but the one with a pretrained base, which no rival builds. */
export const MODELS = Object.keys(CATALOGUE).filter((name) => name !== 'inceptionv3');

/**
 * Writes `[{ kind, config, inputs, shape }]`, layer by layer in the order in which they run; `inputs`
 * are places in the list. The last softmax stays in: a rival takes it into the loss.
 * @returns {string} the file
 */
export function writeSpec(model) {
  const built = CATALOGUE[model].build({ height: 28, width: 28, channels: 1 }, 10);
  const layers = topologicalLayers(built).map(({ className, layer, inputs, shape }) => {
    const config = { ...layer.getConfig(), name: null };
    return { kind: className, config, inputs, shape };
  });
  const file = join(dataFolder, `${model}.spec.json`);
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(file, JSON.stringify(layers));
  return file;
}
