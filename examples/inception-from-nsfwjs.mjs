/**
 * Writes the Inception v3 of the npm package `nsfwjs`, which has it as scripts, as TensorFlow.js saves
 * models: for `--pretrained` of the model inceptionv3.
 *
 *   npm pack nsfwjs@4.4.0 && tar -xzf nsfwjs-4.4.0.tgz
 *   node examples/inception-from-nsfwjs.mjs package inception
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

const [from, to] = process.argv.slice(2);
if (to === undefined) {
  console.error('Name the unpacked package, and a folder to write.');
  process.exit(2);
}

/** What a script exports; it runs with nothing at hand. */
function exported(name) {
  const file = join(from, 'dist/models/inception_v3', `${name}.min.js`);
  const module = { exports: {} };
  runInNewContext(readFileSync(file, 'utf8'), { module, exports: module.exports });
  return module.exports;
}

const model = exported('model');
mkdirSync(to, { recursive: true });
for (const shard of model.weightsManifest.flatMap(({ paths }) => paths)) {
  writeFileSync(join(to, shard), Buffer.from(exported(shard), 'base64'));
}
writeFileSync(join(to, 'model.json'), JSON.stringify({ format: 'layers-model', ...model }));
console.log(`${to} has the model; name it by --pretrained ${to}`);
