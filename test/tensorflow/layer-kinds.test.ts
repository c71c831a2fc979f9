import { readFileSync } from 'node:fs';
import t from 'tap';
import { tryAllLayers, withLayerTable } from './layer-kinds.js';

t.setTimeout(300_000);

void t.test(
  'every kind of layer is compiled, run op by op or refused, as the table says',
  async (t) => {
    const kinds = await tryAllLayers();
    t.same(
      kinds.filter(({ verdict }) => verdict === 'FAULT'),
      [],
    );
    const named = (wanted: string) =>
      kinds.filter(({ verdict }) => verdict === wanted).map(({ name }) => name);
    t.ok(named('compiled').length > 50, `${named('compiled').length} kinds are compiled`);
    t.same(named('fails in TensorFlow.js'), [
      ...['CategoryEncoding', 'Conv3DTranspose', 'RandomWidth', 'Resizing'],
    ]);
    const document = readFileSync(
      new URL('../../../docs/tensorflow-layers.md', import.meta.url),
      'utf8',
    );
    t.equal(
      withLayerTable(document, kinds),
      document,
      'docs/tensorflow-layers.md is up to date: else node scripts/write-layer-table.mjs',
    );
  },
);
