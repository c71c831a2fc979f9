/**
 * Writes the table in docs/tensorflow-layers.md anew: every kind of layer, tried on the engine
 * `tensorflow`, which is installed into .cache/ if it is not there. Needs
 * `node scripts/build.mjs --tests` before. test/tensorflow/layer-kinds.test.ts compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tryAllLayers, withLayerTable } from '../build/test/tensorflow/layer-kinds.js';

const file = fileURLToPath(new URL('../docs/tensorflow-layers.md', import.meta.url));
const kinds = await tryAllLayers();
writeFileSync(file, withLayerTable(readFileSync(file, 'utf8'), kinds));
