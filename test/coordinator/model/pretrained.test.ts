import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import t from 'tap';
import { saveModel } from '#src/coordinator/model/save-model.js';
import type { NamedTensor } from '#src/coordinator/model/pretrained/named-tensor.js';
import { placePretrained } from '#src/coordinator/model/pretrained/place-pretrained.js';
import { readWeightsFile } from '#src/coordinator/model/pretrained/read-weights.js';
import { CATALOGUE } from '#src/shared/model/catalogue.js';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout, slotsByVariable } from '#src/shared/model/layout.js';

const FASHION = { height: 28, width: 28, channels: 1 };

/** A ZIP archive of these files, deflated but for the first. */
function zip(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  Object.entries(files).forEach(([name, bytes], i) => {
    const packed = i === 0 ? Buffer.from(bytes) : deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(i === 0 ? 0 : 8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    // A field of which the directory has none.
    const extra = Buffer.from([0xfe, 0xca, 0, 0]);
    const own = Buffer.from(common);
    own.writeUInt16LE(extra.length, 24);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), own, Buffer.from(name), extra, packed]); // prettier-ignore
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    const made = Buffer.from([20, 0]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), made, common, rest, Buffer.from(name)])); // prettier-ignore
    local.push(entry);
    at += entry.length;
  });
  const end = Buffer.alloc(18);
  const count = directory.length;
  const bytes = directory.reduce((sum, { length }) => sum + length, 0);
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(bytes, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, ...directory, Buffer.from('PK\x05\x06'), end]);
}

/** An HDF5 file with these arrays at their paths. */
async function hdf5(path: string, arrays: Readonly<Record<string, number[]>>): Promise<Buffer> {
  const { default: h5wasm } = await import('h5wasm/node');
  await h5wasm.ready;
  const file = new h5wasm.File(path, 'w');
  for (const [name, values] of Object.entries(arrays)) {
    const groups = name.split('/');
    groups.slice(0, -1).forEach((_, i) => {
      const group = groups.slice(0, i + 1).join('/');
      if (file.get(group) === null) file.create_group(group);
    });
    file.create_dataset({ name, data: Float32Array.from(values), shape: [1, values.length] });
  }
  file.close();
  return readFileSync(path);
}

t.test('weights of a model that was saved are found whole', async (t) => {
  const folder = t.testdir();
  const model = CATALOGUE.cnn2bn.build(FASHION, 10);
  const layout = rowLayout(model);
  const saved = initialWeights(model, layout, 5, 'seeded');
  await saveModel(model, layout, saved, join(folder, 'model'));
  const weights = initialWeights(model, layout, 6, 'seeded');
  // As the folder of a run, as the folder of a model, as its file.
  for (const path of [folder, join(folder, 'model'), join(folder, 'model', 'model.json')]) {
    const taken = placePretrained(model, layout, await readWeightsFile(path), weights, path);
    t.equal(taken, 'all');
    t.ok(Buffer.from(weights.buffer).equals(Buffer.from(saved.buffer)));
    weights.fill(0);
  }
  const other = CATALOGUE.cnn2.build(FASHION, 10);
  const tensors = await readWeightsFile(folder);
  t.throws(() => placePretrained(other, rowLayout(other), tensors, weights, folder), {
    code: 'MODEL_PRETRAINED_MISFIT',
    message: /1_conv2d\/bias of \[32\] is needed, and is not there/,
  });
});

t.test('quantised weights of tfjs become float32 again', async (t) => {
  const folder = t.testdir();
  const weights = [
    { name: 'a/kernel', shape: [2, 2], dtype: 'float32', quantization: { dtype: 'uint8', min: -1, scale: 0.5 } }, // prettier-ignore
  ];
  const weightsManifest = [{ paths: ['w1', 'w2'], weights }];
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ weightsManifest }));
  writeFileSync(join(folder, 'w1'), Uint8Array.of(0, 1, 2));
  writeFileSync(join(folder, 'w2'), Uint8Array.of(200));
  t.same(await readWeightsFile(folder), [
    { name: 'a/kernel', shape: [2, 2], values: Float32Array.of(-1, -0.5, 0, 99) },
  ]);
});

t.test('the Inception of nsfwjs is read by way of the example', async (t) => {
  const folder = t.testdir();
  const scripts = join(folder, 'package/dist/models/inception_v3');
  mkdirSync(scripts, { recursive: true });
  const weights = [{ name: 'conv2d_1/kernel', shape: [1, 2], dtype: 'float32' }];
  const model = { modelTopology: {}, weightsManifest: [{ paths: ['group1-shard1of1'], weights }] };
  const base64 = Buffer.from(Float32Array.of(3, -4).buffer).toString('base64');
  const script = (value: unknown): string =>
    `!function(f){"object"==typeof exports&&"undefined"!=typeof module&&(module.exports=f())}(function(){return ${JSON.stringify(value)}});`;
  writeFileSync(join(scripts, 'model.min.js'), script(model));
  writeFileSync(join(scripts, 'group1-shard1of1.min.js'), script(base64));
  const out = join(folder, 'out');
  const example = 'examples/inception-from-nsfwjs.mjs';
  execFileSync(process.execPath, [example, join(folder, 'package'), out]);
  t.same(await readWeightsFile(out), [
    { name: 'conv2d_1/kernel', shape: [1, 2], values: Float32Array.of(3, -4) },
  ]);
});

t.test('arrays of HDF5 files are found by their paths, in .keras files too', async (t) => {
  const folder = t.testdir();
  const arrays = { 'model_weights/conv2d_1/conv2d_1/kernel:0': [1, 2.5], 'layers/conv2d/vars/0': [3] }; // prettier-ignore
  const bytes = await hdf5(join(folder, 'a.h5'), arrays);
  const expected = [
    { name: 'layers/conv2d/vars/0', shape: [1, 1], values: Float32Array.of(3) },
    { name: 'model_weights/conv2d_1/conv2d_1/kernel', shape: [1, 2], values: Float32Array.of(1, 2.5) }, // prettier-ignore
  ];
  const byName = (tensors: readonly NamedTensor[]) =>
    tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  t.same(byName(await readWeightsFile(join(folder, 'a.h5'))), expected);
  const files = { 'metadata.json': Buffer.from('{}'), 'model.weights.h5': bytes };
  writeFileSync(join(folder, 'b.keras'), zip(files));
  t.same(byName(await readWeightsFile(join(folder, 'b.keras'))), expected);
});

t.test('what is no file of weights is refused with what it is', async (t) => {
  const folder = t.testdir({
    'none.keras': 'PK no archive, but long enough to be looked at',
    'none.h5': 'no HDF5',
    'none.json': '{"weightsManifest": 3}',
    'none.txt': '',
  });
  writeFileSync(join(folder, 'empty.keras'), zip({ 'config.json': Buffer.from('{}') }));
  mkdirSync(join(folder, 'folder'));
  const reasons = {
    'missing.h5': /there is no such file or folder/,
    'none.h5': /it is no HDF5 file/,
    'none.keras': /it is no ZIP archive/,
    'empty.keras': /there is no model\.weights\.h5 in it/,
    'none.json': /it has no weightsManifest/,
    'none.txt': /it is none of the files that are known/,
    folder: /it is none of the files that are known/,
  };
  for (const [name, message] of Object.entries(reasons)) {
    const code = 'MODEL_PRETRAINED_INVALID';
    await t.rejects(readWeightsFile(join(folder, name)), { code, message }, name);
  }
});

t.test('a file that says it holds more than it can is refused, unread', async (t) => {
  const folder = t.testdir({ 'folder.h5': {}, 'folder.keras': {} });
  const code = 'MODEL_PRETRAINED_INVALID';
  const refused = async (name: string, message: RegExp, made?: Uint8Array): Promise<void> => {
    const path = join(folder, name);
    if (made !== undefined) writeFileSync(path, made);
    await t.rejects(readWeightsFile(path), { code, message }, name);
  };
  await refused('folder.h5', /EISDIR/);
  await refused('folder.keras', /EISDIR/);
  const bytes = Buffer.alloc(100_000);
  const archive = zip({ 'metadata.json': Buffer.from('{}'), 'model.weights.h5': bytes });
  const entry = archive.lastIndexOf('PK\x01\x02');
  const withField = (field: number, value: number): Buffer => {
    const changed = Buffer.from(archive);
    changed.writeUInt32LE(value, entry + field);
    return changed;
  };
  await refused('small.keras', /cannot be unpacked to the size it says/, withField(24, 50_000));
  await refused('large.keras', /is not what it says/, withField(24, 100_001));
  await refused('bomb.keras', /so much cannot be packed in it/, withField(24, 1e9));
  await refused('checksum.keras', /is not what it says/, withField(16, 1));
  await refused('zip64.keras', /it is a ZIP64 archive/, withField(42, 0xffffffff));

  const { default: h5wasm } = await import('h5wasm/node');
  await h5wasm.ready;
  const loop = new h5wasm.File(join(folder, 'loop.h5'), 'w');
  for (const name of ['a', 'b']) loop.create_soft_link('/', name);
  loop.close();
  await refused('loop.h5', /groups go deeper than 16 levels/);
  const hollow = new h5wasm.File(join(folder, 'hollow.h5'), 'w');
  // Chunks that were never written take no place in the file.
  hollow.create_dataset({ name: 'kernel', data: Float32Array.of(1), shape: [1], maxshape: [null], chunks: [1] }); // prettier-ignore
  (hollow.get('kernel') as { resize(shape: number[]): unknown }).resize([2e9]);
  hollow.close();
  await refused('hollow.h5', /say that they are larger than it can be/);
});

t.test('the base of Inception is found by the order of its layers', async (t) => {
  const model = CATALOGUE.inceptionv3.build(FASHION, 10);
  const layout = rowLayout(model);
  const slots = slotsByVariable(model, layout);
  /** Each weight of the base filled with a number of its own, under the names that a file would have. */
  const marks = new Map<string, number>();
  const tensorOf = (name: string, i: number, renamed: string): NamedTensor => {
    const shape = model.weights.find(({ originalName }) => originalName === name)!
      .shape as number[];
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i + 1);
    marks.set(name, i + 1);
    return { name: renamed, shape, values };
  };
  const names = model.weights
    .map(({ originalName }) => originalName)
    .filter((name) => /^(conv2d|batch_normalization)/.test(name));
  t.equal(names.length, 4 * 94);
  const check = (tensors: readonly NamedTensor[], title: string): void => {
    const weights = new Float32Array(layout.weightsLength).fill(-7);
    t.equal(placePretrained(model, layout, tensors, weights, 'x'), 'base', title);
    let wrong = 0;
    for (const variable of model.weights) {
      const { offset, length } = slots.get(variable)!;
      const mark = marks.get(variable.originalName) ?? -7;
      for (const at of [offset, offset + length - 1]) if (weights[at] !== mark) wrong++;
    }
    t.equal(wrong, 0, title);
  };
  // Keras 2 and files made of it: by name, here the second model of a session, with its top.
  const later = (name: string) =>
    name.replace(/^(conv2d|batch_normalization)(?:_(\d+))?\//, (_, kind: string, n = '0') => `${kind}_${String(Number(n) + 94)}/`); // prettier-ignore
  const named = names.map((name, i) => tensorOf(name, i, `model_weights/${later(name)}`));
  const top = { name: 'predictions/kernel', shape: [2048, 5], values: new Float32Array(10_240) };
  check([...named, top], 'named');
  // Keras 3: numbered in the order of model.layers, where branches stand beside each other.
  const numbers = { conv2d: 0, batch_normalization: 0 };
  const places = new Map<string, string>();
  for (const { name } of model.layers) {
    const kind = /^(conv2d|batch_normalization)(?:_\d+)?$/.exec(name)?.[1] as keyof typeof numbers;
    if (kind !== undefined) places.set(name, `layers/${kind}_${numbers[kind]++}`);
  }
  t.not(places.get('conv2d_9'), 'layers/conv2d_9', 'another order');
  const role = { kernel: 0, beta: 0, moving_mean: 1, moving_variance: 2 } as Record<string, number>;
  const numbered = names.map((name, i) => {
    const [layer, weight] = name.split('/') as [string, string];
    return tensorOf(name, i, `${places.get(layer)!}/vars/${role[weight]!}`);
  });
  check(numbered, 'numbered');

  const missing = named.filter(({ name }) => !name.includes('conv2d_100/'));
  t.throws(() => placePretrained(model, layout, missing, new Float32Array(layout.weightsLength), 'x'), {
    code: 'MODEL_PRETRAINED_MISFIT',
    message: /it has 93 layers conv2d, and the base 94/,
  }); // prettier-ignore
});
