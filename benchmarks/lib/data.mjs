/** The real training set, written as plain bytes so that every rival trains on the same images. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset } from '../../dist/coordinator/data/load-dataset.js';
import { dataFolder } from './places.mjs';

/** @returns {Promise<string>} the folder of {train,test}-{pixels,labels}.u8 */
export async function prepareData() {
  const files = ['train', 'test'].flatMap((set) => ['pixels', 'labels'].map((part) => [set, part]));
  const path = ([set, part]) => join(dataFolder, `${set}-${part}.u8`);
  if (!files.every((file) => existsSync(path(file)))) {
    const sets = await loadDataset({ onNotice: (text) => process.stderr.write(`${text}\n`) });
    mkdirSync(dataFolder, { recursive: true });
    for (const [set, part] of files) {
      writeFileSync(path([set, part]), Uint8Array.from(sets[set][part]));
    }
  }
  return dataFolder;
}
