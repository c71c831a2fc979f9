import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { PATCHES, patched } from '#src/worker/engine/tensorflow/install/patches.js';

const require = createRequire(import.meta.url);
const published = (file: string) =>
  readFileSync(require.resolve(`@tensorflow/tfjs-node-gpu/binding/${file}`), 'utf8');

void t.test(
  'every change finds its place in the published source, and changes nothing else',
  (t) => {
    for (const file of new Set(PATCHES.map((patch) => patch.file))) {
      let undone = patched(file, published(file));
      t.not(undone, published(file));
      for (const patch of PATCHES.filter((each) => each.file === file)) {
        undone = undone.replace(patch.replace, () => patch.find);
      }
      t.equal(undone, published(file));
    }
    t.end();
  },
);

void t.test('a source that is not the one known is refused by the place that is missing', (t) => {
  t.throws(() => patched('tfjs_backend.cc', 'int main() {}'), {
    code: 'ENGINE_INSTALL_COMPILE',
    message: /tfjs_backend\.cc.*nothing locks it.*stands 0 times/,
  });
  t.equal(patched('utils.h', 'as it was'), 'as it was');
  t.end();
});
