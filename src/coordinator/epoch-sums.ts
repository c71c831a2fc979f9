import type { EpochRecord, StepRecord } from '../shared/run-events.js';

/** An epoch without what its evaluation says. */
export type EpochEnd = Omit<
  EpochRecord,
  | 'validationLoss'
  | 'validationAccuracy'
  | 'testLoss'
  | 'testAccuracy'
  | 'isBest'
  | 'evaluationSeconds'
>;

/** Adds up the steps of an epoch, in their order, to what is said of the epoch when it ends. */
export class EpochSums {
  readonly #stepsPerEpoch: number;
  #epoch = 0;
  #samples = 0;
  #lossSum = 0;
  #correct = 0;
  #seconds = 0;
  #last: StepRecord | null = null;

  constructor(stepsPerEpoch: number) {
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /** Adds a step; returns the epoch where it is the last one. */
  add(step: StepRecord): EpochEnd | null {
    if (step.epoch !== this.#epoch) {
      this.#epoch = step.epoch;
      this.#samples = this.#lossSum = this.#correct = this.#seconds = 0;
    }
    this.#samples += step.samples;
    // What the row held: a float32, which the quotient in float64 gives back.
    this.#lossSum += Math.fround(step.loss * step.samples);
    this.#correct += Math.round(step.accuracy * step.samples);
    this.#seconds += step.stepSeconds;
    this.#last = step;
    return step.step % this.#stepsPerEpoch === 0 ? this.soFar() : null;
  }

  /** The epoch as far as it has come; null before its first step. */
  soFar(): EpochEnd | null {
    const last = this.#last;
    if (last === null) return null;
    return {
      kind: 'epoch',
      step: last.step,
      epoch: last.epoch,
      samples: this.#samples,
      loss: this.#lossSum / this.#samples,
      accuracy: this.#correct / this.#samples,
      learningRate: last.learningRate,
      samplesPerSecond: this.#samples / this.#seconds,
      epochSeconds: this.#seconds,
    };
  }
}
