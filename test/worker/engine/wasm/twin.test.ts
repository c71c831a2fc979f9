import t from 'tap';
import { rowLayout } from '#src/shared/model/layout.js';
import type { BuiltInName } from '#src/shared/model/catalogue.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { supportsRelaxedSimd } from '#src/worker/engine/wasm/module.js';
import { float64Loss } from './float64.js';
import { bench } from './harness.js';
import { builtIn, realBatch, SEED, weightsAfter } from './twin/cases.js';
import { tensorErrors, worst, type TensorError } from './twin/compare.js';
import { CUT } from './twin/decisions.js';
import { largest } from './twin/maps.js';
import { twinOf, type DecidedSite } from './twin/twin.js';
import type { Tamper } from './twin/watch-decisions.js';
import { watchedEngine } from './twin/watched-engine.js';

/**
 * Whole networks against their twin in float64: every gradient of the wasm engine is right but for
 * rounding, where the twin decides as the engine did. And the engine decided as the twin would have,
 * but for ties: places where the twin's own values lie so close that float32 cannot tell them apart.
 */

/** Of a tensor's greatest gradient. */
const GRADIENT_BOUND = 5e-5;

/**
 * Of a map's greatest value, for what a decision may cost. A Winograd convolution rounds to about
 * 1e-5 of it (lowering/winograd-tiles.ts) where it rounds most.
 */
const MARGIN_BOUND = 1e-5;

interface Case {
  readonly name: BuiltInName;
  readonly size: number;
  /** How long the weights have been trained. */
  readonly steps: number;
  readonly fastMath: boolean;
}

const [plain, fast] = [{ fastMath: false }, { fastMath: true }];
const CASES: readonly Case[] = [
  ...(['mlp', 'lenet5', 'cnn2bn', 'hybrid'] as const).flatMap((name) => [
    { name, size: 32, steps: 0, ...plain },
    { name, size: 32, steps: 16, ...fast },
  ]),
  ...(['mlp', 'lenet5', 'cnn2bn'] as const).map((name) => ({
    ...{ name, size: 128, steps: 16, ...plain },
  })),
];

t.setTimeout(600_000);

const hasFastMath = await supportsRelaxedSimd();

for (const { name, size, steps, fastMath } of CASES) {
  const title = `${name} after ${steps} steps, ${size} samples${fastMath ? ', fast math' : ''}`;
  const skip = fastMath && !hasFastMath ? 'no relaxed SIMD here' : false;
  await t.test(`${title}: the gradients are those of float64`, { skip }, async (t) => {
    const model = builtIn(name);
    const layout = rowLayout(model);
    const weights = await weightsAfter(model, steps);
    const batch = await realBatch(size, 1000, steps);
    const options = { weights, seed: SEED, microBatch: size, fastMath };
    const { row, decisions } = (await watchedEngine(model, options))(batch);
    const ordinary = await (await bench(wasmEngine, model, options)).gradients(batch);
    t.ok(sameBits(row, ordinary.row), 'the watched row is the ordinary one, bit for bit');

    const { row: truth, sites } = twinOf(model, layout, SEED)(weights, batch, decisions);
    t.equal(decisions.length, sites.length, 'every decision was read');
    t.comment(summary(sites));
    t.same(refusedSites(sites), [], 'what the twin would have decided otherwise were ties');
    const errors = tensorErrors(layout, row, truth);
    const { label, error } = worst(errors);
    t.comment(`largest error ${error.toExponential(1)} of the greatest gradient, of ${label}`);
    t.same(refusedTensors(errors), [], 'every gradient, statistic and the loss');
  });
}

for (const name of ['mlp', 'lenet5', 'cnn2bn', 'hybrid'] as const) {
  await t.test(`the twin of ${name} is right by itself`, async (t) => {
    const model = builtIn(name);
    const layout = rowLayout(model);
    const weights = Float64Array.from(await weightsAfter(model, 2));
    const batch = await realBatch(3, 500, 2);
    const twin = twinOf(model, layout, SEED);
    const { row, sites } = twin(weights, batch, null);
    const loss = row[layout.lossOffset]!;
    const witness = float64Loss(model, layout, SEED)(weights, batch);
    t.ok(Math.abs(loss / witness - 1) < 1e-12, 'its loss is that of the plain forward pass');

    // With what is decided held fast the loss is smooth: it falls along the gradient as that says.
    const own = sites.map((site) => site.own);
    const lossAt = (at: Float64Array) => twin(at, batch, own).row[layout.lossOffset]!;
    for (const role of ['kernel', 'bias', 'gamma', 'beta']) {
      const slots = layout.trainable.filter(({ label }) => label.endsWith(`/${role}`));
      const direction = new Float64Array(layout.weightsLength);
      let slope = 0;
      for (const { offset, length } of slots) {
        const gradient = row.subarray(offset, offset + length);
        const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
        direction.set(
          gradient.map((value) => value / norm),
          offset,
        );
        slope += norm;
      }
      if (slots.length === 0) continue;
      const h = 1e-7;
      const shifted = (step: number) =>
        lossAt(weights.map((value, i) => value + step * direction[i]!));
      const difference = (shifted(h) - shifted(-h)) / (2 * h);
      const error = Math.abs(slope / difference - 1);
      t.ok(error < 1e-6, `${role}: ${error.toExponential(1)}`);
    }
  });
}

await t.test('a gradient that is wrong by a thousandth is refused, in every tensor', async (t) => {
  const { layout, row, truth } = await smallPass('lenet5');
  t.same(refusedTensors(tensorErrors(layout, row, truth)), []);
  const loss = { label: 'loss', offset: layout.lossOffset, length: 1 };
  for (const { label, offset, length } of [...layout.trainable, ...layout.moving, loss]) {
    const wrong = row.slice();
    const most = indexOfLargest(row.subarray(offset, offset + length));
    wrong[offset + most]! *= 1 + 1e-3;
    const refused = refusedTensors(tensorErrors(layout, wrong, truth));
    t.same(
      refused.map((each) => each.label),
      [label],
    );
    wrong[offset + most] = NaN;
    t.equal(worst(tensorErrors(layout, wrong, truth)).label, label, 'nor is NaN let through');
  }
});

for (const [name, site, kernel] of [
  ['lenet5', 0, 'firstLayerForward'],
  ['lenet5', 2, 'winogradForward'],
  ['cnn2bn', 1, 'batchNormForward'],
] as const) {
  await t.test(`a place that ${kernel} saved, overwritten, is refused`, async (t) => {
    const clean = await smallPass(name);
    // The greatest value of the map is no tie.
    const { output } = clean.sites[site]!;
    const at = indexOfLargest(output.values);
    const pixel = Math.floor(at / output.channels);
    const pixels = output.height * output.width;
    const channel = at % output.channels;
    const block = Math.floor(pixel / pixels) * Math.ceil(output.channels / 4) + (channel >> 2);
    const byte = (block * pixels + (pixel % pixels)) * 4 + (channel & 3);
    const faulty = await smallPass(name, (places, index) => {
      if (index !== site) return;
      t.not(places[byte], CUT);
      places[byte] = CUT;
    });
    // Later ones are made on what it left.
    const [refused] = refusedSites(faulty.sites);
    t.equal(refused?.label, clean.sites[site]!.label, 'the decision is no tie');
    const errors = tensorErrors(clean.layout, faulty.row, clean.truth);
    t.ok(refusedTensors(errors).length > 0, 'and the gradients are not those of the right one');
  });
}

async function smallPass(name: BuiltInName, tamper?: Tamper) {
  const model = builtIn(name);
  const layout = rowLayout(model);
  const weights = await weightsAfter(model, 2);
  const batch = await realBatch(16, 3000, 2);
  const options = { weights, seed: SEED, microBatch: 16 };
  const { row, decisions } = (await watchedEngine(model, options, tamper))(batch);
  const { row: truth, sites } = twinOf(model, layout, SEED)(weights, batch, decisions);
  return { layout, row, truth, sites };
}

function refusedTensors(errors: readonly TensorError[]): readonly TensorError[] {
  return errors.filter(({ error }) => !(error <= GRADIENT_BOUND));
}

function refusedSites(sites: readonly DecidedSite[]) {
  return sites
    .filter(({ verdict }) => !(verdict.margin <= MARGIN_BOUND))
    .map(({ label, verdict }) => ({ label, verdict }));
}

function indexOfLargest(values: Float32Array | Float64Array): number {
  const most = largest(values);
  return values.findIndex((value) => Math.abs(value) === most);
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function summary(sites: readonly DecidedSite[]): string {
  const total = (key: 'decisions' | 'flips' | 'equals') =>
    sites.reduce((sum, { verdict }) => sum + verdict[key], 0);
  const margin = Math.max(...sites.map(({ verdict }) => verdict.margin)).toExponential(1);
  return (
    `${total('flips')} of ${total('decisions')} decisions are not the twin's own: ` +
    `${total('equals')} between equal values, the others by ${margin} of the map's greatest at most`
  );
}
