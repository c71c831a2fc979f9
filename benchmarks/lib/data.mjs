/** The real training set, written as plain bytes so that every rival trains on the same images. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset } from '../../dist/coordinator/data/load-dataset.js';
import { dataFolder } from './places.mjs';

/** @returns {Promise<string>} the folder of train-pixels.u8 and train-labels.u8 */
export async function prepareData() {
  const files = ['train-pixels.u8', 'train-labels.u8'].map((name) => join(dataFolder, name));
  if (!files.every((file) => existsSync(file))) {
    const { train } = await loadDataset({ onNotice: (text) => process.stderr.write(`${text}\n`) });
    mkdirSync(dataFolder, { recursive: true });
    writeFileSync(files[0], train.pixels);
    writeFileSync(files[1], Uint8Array.from(train.labels));
  }
  return dataFolder;
}
