import type { OptimizerSettings } from '../../../shared/numerics/optimizer-settings.js';
import { decayOf } from '../../../shared/numerics/weight-decay.js';
import { adaptsParameter, lambRatio, larsRatio } from '../../../shared/numerics/trust-ratio.js';
import { VALUE, type Control } from '../control.js';
import type { ThreadStart } from '../thread-start.js';
import type { ThreadState } from '../thread-state.js';
import type { Gradient } from './gradient.js';
import { SquareSums } from './square-sums.js';

type Settings<Kind> = Extract<OptimizerSettings, { readonly kind: Kind }>;

/** Byte address of element `first` of a vector. */
const at = (vector: number, first: number): number => vector + first * 4;

/**
 * LARS and LAMB: each thread adds up squares over its blocks of the parameters, all meet, and each
 * takes the step of its blocks at its parameter's own rate. `meet` returns false where the phase was
 * given up. Biases, gains and shifts take the step as it is: neither scaled nor decayed.
 */
export function lars(
  { start, control, kernels }: ThreadState,
  { row, samples, limit }: Gradient,
  settings: Settings<'lars'>,
  meet: () => boolean,
): boolean {
  const { weights, moments } = start.arenaPlan;
  const sums = new SquareSums(start);
  sums.forOwn(({ first, elements }, i) => {
    sums.put('weights', i, kernels['squareSum']!(at(weights, first), elements, 1, Infinity));
    sums.put('direction', i, kernels['squareSum']!(at(row, first), elements, samples, limit));
  });
  if (!meet()) return false;
  const ownDecay = (parameter: number): number =>
    adapts(start, parameter) ? decayOf(settings, start.layout.trainable[parameter]!) : 0;
  const rates = ratesOf(start, control, sums, (w, g, parameter) =>
    larsRatio(w, g, settings.trustCoefficient, ownDecay(parameter)),
  );
  sums.forOwn(({ first, elements, parameter }) => {
    kernels['larsStep']!(
      at(weights, first),
      at(row, first),
      at(moments[0]!, first),
      elements,
      samples,
      limit,
      rates[parameter]!,
      settings.momentum,
      ownDecay(parameter),
    );
  });
  return true;
}

export function lamb(
  { start, control, kernels }: ThreadState,
  { row, samples, limit }: Gradient,
  settings: Settings<'lamb'>,
  meet: () => boolean,
): boolean {
  const { weights, moments } = start.arenaPlan;
  const [m, v] = moments as [number, number];
  const { values } = control;
  const { beta1, beta2, epsilon } = settings;
  const corrections = [values[VALUE.correction1]!, values[VALUE.correction2]!] as const;
  const decayOf = (parameter: number): number =>
    adapts(start, parameter) ? settings.decoupledWeightDecay : 0;
  const sums = new SquareSums(start);
  sums.forOwn(({ first, elements, parameter }, i) => {
    const [w, m1, v1] = [at(weights, first), at(m, first), at(v, first)];
    kernels['lambMoments']!(at(row, first), m1, v1, elements, samples, limit, beta1, beta2);
    sums.put('weights', i, kernels['squareSum']!(w, elements, 1, Infinity));
    const decay = decayOf(parameter);
    const squares = kernels['lambSquareSum']!(w, m1, v1, elements, epsilon, ...corrections, decay);
    sums.put('direction', i, squares);
  });
  if (!meet()) return false;
  const rates = ratesOf(start, control, sums, lambRatio);
  sums.forOwn(({ first, elements, parameter }) => {
    kernels['lambStep']!(
      at(weights, first),
      at(m, first),
      at(v, first),
      elements,
      rates[parameter]!,
      epsilon,
      ...corrections,
      decayOf(parameter),
    );
  });
  return true;
}

const adapts = ({ layout }: ThreadStart, parameter: number): boolean =>
  adaptsParameter(layout.trainable[parameter]!);

/** Of each parameter: the learning rate times its ratio, where it is scaled at all. */
function ratesOf(
  start: ThreadStart,
  { values }: Control,
  sums: SquareSums,
  ratio: (weights: number, direction: number, parameter: number) => number,
): readonly number[] {
  const learningRate = Math.fround(values[VALUE.learningRate]!);
  const weights = sums.byParameter('weights');
  const direction = sums.byParameter('direction');
  return weights.map((squares, i) =>
    adapts(start, i) ? learningRate * ratio(squares, direction[i]!, i) : learningRate,
  );
}
