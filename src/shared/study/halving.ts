/**
 * Successive halving (Jamieson & Talwalkar, "Non-stochastic best arm identification and
 * hyperparameter optimization", AISTATS 2016), with the rungs of Hyperband's brackets (Li et al.,
 * JMLR 2018, algorithm 1): all candidates train for a few epochs, the best 1/eta of them for eta
 * times as many, and so on.
 */
export interface Rung {
  /** How many runs take part: ⌊n / etaⁱ⌋, and one at least. */
  readonly runs: number;
  /** Epochs in all at the end of the rung: minEpochs · etaⁱ. */
  readonly epochs: number;
}

export interface HalvingWish {
  readonly eta: number;
  readonly minEpochs: number;
  readonly maxEpochs: number;
}

export function rungsOf(
  candidates: number,
  { eta, minEpochs, maxEpochs }: HalvingWish,
): readonly Rung[] {
  const rungs: Rung[] = [];
  let runs = candidates;
  for (let epochs = minEpochs; epochs <= maxEpochs; epochs *= eta) {
    rungs.push({ runs, epochs });
    runs = Math.max(1, Math.floor(runs / eta));
  }
  return rungs;
}

/**
 * Epochs that all rungs cost. `goOn`: whether a run goes on from the rung before; one whose learning
 * rate ends with the run cannot, and begins anew.
 */
export function halvingCost(rungs: readonly Rung[], goOn: boolean): number {
  return rungs.reduce((sum, rung, i) => sum + rung.runs * rungWork(rungs, i, goOn), 0);
}

/** Epochs that a run computes in rung i. */
export function rungWork(rungs: readonly Rung[], i: number, goOn: boolean): number {
  return rungs[i]!.epochs - (goOn && i > 0 ? rungs[i - 1]!.epochs : 0);
}

/** The most candidates whose rungs cost at most so many epochs; 0 where one is too many. */
export function candidatesFor(epochs: number, wish: HalvingWish, goOn: boolean): number {
  let candidates = 0;
  while (halvingCost(rungsOf(candidates + 1, wish), goOn) <= epochs) candidates++;
  return candidates;
}
