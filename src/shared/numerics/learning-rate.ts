import { cosinePi } from './exact-cosine.js';
import { realPower, wholePower } from './powers.js';

/**
 * The learning rate as a pure function of the step, and for `plateau` of how often it has been
 * lowered: nothing else is kept from step to step, so that whoever goes on with a run, wherever,
 * comes to the same rate. float64, in operations that are the
 * same bits everywhere; it enters a step rounded to float32.
 */
export interface LearningRateSchedule {
  readonly kind:
    | 'constant'
    | 'step'
    | 'exponential'
    | 'cosine'
    | 'oneCycle'
    | 'plateau'
    | 'linearRange'
    | 'logRange';
  /** Where warm-up ends and everything else begins. */
  readonly peak: number;
  /** Steps of linear warm-up, and what it rises from; see `warmedUp`. */
  readonly warmupSteps: number;
  readonly warmupFrom: number;
  /** Where the run ends: cosine and oneCycle come to their end there. */
  readonly totalSteps: number;
  /** step, exponential: the rate falls by `decayRate` every so many steps. */
  readonly decaySteps: number;
  readonly decayRate: number;
  /** cosine, plateau: what it falls to; linearRange, logRange: what it rises from. */
  readonly floor: number;
  /** plateau: what the rate is multiplied by each time that it is lowered. */
  readonly plateauFactor: number;
}

/** The learning rate of step 0 … totalSteps − 1. `reductions`: of plateau, how often it fell. */
export function learningRateAt(
  schedule: LearningRateSchedule,
  step: number,
  reductions = 0,
): number {
  const { peak, warmupSteps, warmupFrom, totalSteps, floor } = schedule;
  if (step < warmupSteps) return warmedUp(warmupFrom, peak, (step + 1) / warmupSteps);
  const since = step - warmupSteps;
  const { decaySteps, decayRate } = schedule;
  switch (schedule.kind) {
    case 'constant':
      return peak;
    case 'step':
      return peak * wholePower(decayRate, Math.floor(since / decaySteps));
    case 'exponential':
      return peak * realPower(decayRate, since / decaySteps);
    case 'cosine':
      return along(peak, floor, since / (totalSteps - warmupSteps));
    case 'oneCycle':
      return oneCycle(peak, totalSteps, step);
    case 'plateau':
      return lowered(schedule, reductions);
    case 'linearRange':
      return floor + (peak - floor) * rangePart(totalSteps, step);
    case 'logRange':
      return floor * realPower(peak / floor, rangePart(totalSteps, step));
  }
}

/** One multiplication after the other, as in Keras, and never below the floor. */
function lowered({ peak, plateauFactor, floor }: LearningRateSchedule, reductions: number): number {
  let rate = peak;
  for (let i = 0; i < reductions; i++) rate = Math.max(rate * plateauFactor, floor);
  return rate;
}

/** How often a plateau can lower the rate before it is at its floor; Infinity where that is 0. */
export function reductionsToFloor(
  schedule: Pick<LearningRateSchedule, 'peak' | 'plateauFactor' | 'floor'>,
): number {
  const { peak, plateauFactor, floor } = schedule;
  if (floor === 0) return Infinity;
  let reductions = 0;
  for (let rate = peak; rate > floor; rate *= plateauFactor) reductions++;
  return reductions;
}

/**
 * Gradual warm-up: a line that ends at the peak with the last step of warm-up (Goyal et al. 2017,
 * section 2.2).
 */
function warmedUp(from: number, peak: number, part: number): number {
  return from + (peak - from) * part;
}

/** From a (part 0) to b (part 1) along half a cosine (Loshchilov & Hutter 2017, equation 5). */
function along(a: number, b: number, part: number): number {
  return b + ((a - b) * (1 + cosinePi(part))) / 2;
}

/** Of a run, how much of it the rate rises; where it starts and ends, as parts of the peak. */
const RISE = 0.3;
const START = 1 / 25;
const END = START / 1e4;

/**
 * Up and down along half cosines, to nearly nothing (Smith & Topin 2018); phases and divisors are
 * those of PyTorch's OneCycleLR. The momentum stays as it is.
 */
function oneCycle(peak: number, totalSteps: number, step: number): number {
  const last = totalSteps - 1;
  const top = Math.max(0, RISE * totalSteps - 1);
  if (step < top) return along(START * peak, peak, step / top);
  return last > top ? along(peak, END * peak, (step - top) / (last - top)) : peak;
}

/**
 * How far a range test has come: 0 at the first step, 1 at the last (Smith 2015, section 3.3, lets
 * the rate rise along a line; equal factors instead of equal steps show several powers of ten).
 */
function rangePart(totalSteps: number, step: number): number {
  return totalSteps > 1 ? step / (totalSteps - 1) : 0;
}
