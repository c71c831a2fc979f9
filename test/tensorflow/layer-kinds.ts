/** What the engine tensorflow makes of every kind of layer, found by trying. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout, writeWeights } from '#src/shared/model/layout.js';
import { tf } from '#src/shared/model/tfjs.js';
import { tensorflowRefusal } from '#src/worker/engine/coverage.js';
import type { Binding } from '#src/worker/engine/tensorflow/binding.js';
import { compileModel } from '#src/worker/engine/tensorflow/compile-model.js';
import type { NodeBackend } from '#src/worker/engine/tensorflow/compile/kernels.js';
import { Session } from '#src/worker/engine/tensorflow/compile/session.js';
import { modelFunctions } from '#src/worker/engine/tensorflow/functions.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { tensorflowForTests } from './install.js';
import { CLASSES, IMAGE, MODELS, NOT_LAYERS, OPTIONS, registered } from './layer-models.js';

export interface LayerKind {
  readonly name: string;
  readonly verdict: 'compiled' | 'op by op' | 'refused' | 'fails in TensorFlow.js' | 'FAULT';
  /** In plain words; empty where it is compiled. */
  readonly reason: string;
  readonly wasm: boolean;
}

async function layerKinds(binding: Binding, backend: NodeBackend): Promise<LayerKind[]> {
  const kinds: LayerKind[] = [];
  for (const name of [...registered().keys()].sort((a, b) => a.localeCompare(b, 'en'))) {
    if (NOT_LAYERS.has(name)) continue;
    if (MODELS[name] === undefined) kinds.push(fault(name, 'no model is tried'));
    else kinds.push(await kindOf(name, MODELS[name], binding, backend));
  }
  for (const [name, build] of Object.entries(OPTIONS)) {
    kinds.push(await kindOf(name, build, binding, backend));
  }
  return kinds;
}

/** The same with the engine as it is installed for the tests. */
export async function tryAllLayers(): Promise<LayerKind[]> {
  const { binding, backend } = await tensorflowForTests();
  return layerKinds(binding, backend);
}

const BEGIN = '<!-- table: written by scripts/write-layer-table.mjs -->';
const END = '<!-- end of table -->';

/** The document with the table of `kinds` in it. */
export function withLayerTable(document: string, kinds: readonly LayerKind[]): string {
  const [before, rest] = document.split(BEGIN);
  return `${before}${BEGIN}\n\n${layerTable(kinds)}\n\n${END}${rest!.split(END)[1]}`;
}

function layerTable(kinds: readonly LayerKind[]): string {
  const rows = kinds.map(({ name, verdict, reason, wasm }) => {
    const what = reason === '' ? verdict : `${verdict}: ${reason}`;
    return `| ${name} | ${what.replaceAll('|', '\\|')} | ${wasm ? 'yes' : ''} |`;
  });
  return ['| layer | on `tensorflow` | on `wasm` |', '|---|---|---|', ...rows].join('\n');
}

const fault = (name: string, reason: string): LayerKind => {
  return { name, verdict: 'FAULT', reason, wasm: false };
};

async function kindOf(
  name: string,
  build: () => LayersModel,
  binding: Binding,
  backend: NodeBackend,
): Promise<LayerKind> {
  let model: LayersModel;
  try {
    model = build();
  } catch (error) {
    return { name, verdict: 'fails in TensorFlow.js', reason: words(error), wasm: false };
  }
  const wasm = wasmEngine.refuses(model) === null;
  const refused = tensorflowRefusal(model);
  if (refused !== null) return { name, verdict: 'refused', reason: plain(refused.reason), wasm };
  const layout = rowLayout(model);
  writeWeights(model, layout, drawn(model, layout));
  const inOurs = modelFunctions(model, {
    layout,
    image: IMAGE,
    classes: CLASSES,
    labelSmoothing: 0,
  });
  try {
    const { step } = await compileModel(backend, inOurs);
    if (step.kind === 'op by op') {
      return { name, verdict: 'op by op', reason: plain(step.reason), wasm };
    }
    const off = await difference(model, inOurs, new Session(binding, step.compiled));
    return off < 1e-3
      ? { name, verdict: 'compiled', reason: '', wasm }
      : fault(name, `its gradients differ by ${off}`);
  } catch (error) {
    const own = await stockFailure(model);
    return own === null
      ? fault(name, words(error))
      : { name, verdict: 'fails in TensorFlow.js', reason: own, wasm };
  }
}

/** Without what a seed could not draw: the layer says so itself when it is trained. */
function drawn(model: LayersModel, layout: ReturnType<typeof rowLayout>): Float32Array {
  try {
    return initialWeights(model, layout, 5, 'seeded');
  } catch {
    return initialWeights(model, layout, 5, 'model');
  }
}

const SIZE = 4; // none of those that were traced

/** Largest difference from TensorFlow.js's CPU backend, by the largest value of each output. */
async function difference(
  model: LayersModel,
  functions: ReturnType<typeof modelFunctions>,
  session: Session,
): Promise<number> {
  const arrays = functions.stepInputs.map(({ shape, dtype }, input) => {
    const length = shape.reduce((product, size) => product * (size === -1 ? SIZE : size), 1);
    if (dtype === 'int32') return Int32Array.from({ length }, (_, i) => i % CLASSES);
    const at = (i: number) => (Math.imul(i + 1 + 7919 * input, 0x9e3779b1) >>> 8) / 2 ** 24;
    return Float32Array.from({ length }, (_, i) => at(i));
  });
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  const expected = tf.tidy(() =>
    (functions.step as (...inputs: Tensor[]) => Tensor[])(
      ...arrays.map((array, i) => {
        const { shape, dtype } = functions.stepInputs[i]!;
        const sizes = shape.map((size) => (size === -1 ? SIZE : size));
        return tf.tensor(array, sizes, dtype);
      }),
    ).map((tensor) => tensor.dataSync<'float32'>().slice()),
  );
  functions.release();
  await tf.setBackend(before);
  const weights = functions.weights.map((weight) => weight.read().dataSync<'float32'>().slice());
  const got = expected.map(({ length }) => new Float32Array(length));
  session.run(SIZE, [...arrays, ...weights], got);
  session.close();
  model.dispose();
  let off = 0;
  expected.forEach((values, i) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    values.forEach((value, j) => {
      const by = Math.abs(value - got[i]![j]!) / largest;
      off = Math.max(off, Number.isFinite(by) ? by : Infinity);
    });
  });
  return off;
}

/** Why TensorFlow.js's own training of the model fails, on its own CPU backend; null: it does not. */
async function stockFailure(model: LayersModel): Promise<string | null> {
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const { height, width, channels } = IMAGE;
    await model.trainOnBatch(
      tf.randomUniform([SIZE, height, width, channels]),
      tf.oneHot(tf.tensor1d([0, 1, 2, 0], 'int32'), CLASSES),
    );
    return null;
  } catch (error) {
    return words(error);
  } finally {
    await tf.setBackend(before);
  }
}

function words(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0]!.replace(/_[A-Za-z0-9]+_?\d+/g, '');
}

/** Without the label of the layer, which tells where it stands in the model that is tried. */
function plain(reason: string): string {
  return reason
    .replace(/^Layer \S+ cannot be compiled: /, '')
    .replace(/^The function cannot be compiled: /, '')
    .replace(/^layer \S+ /, '')
    .replace(/\.$/, '');
}
