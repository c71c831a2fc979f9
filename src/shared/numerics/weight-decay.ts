import type { RowLayout, TrainableSlot, WeightKind } from './row-layout.js';

/** An L2 penalty λ/2·‖w‖²: λ · weight is added to the gradient. */
export interface WeightDecay {
  /** λ of every weight whose kind has none of its own. */
  readonly weightDecay: number;
  /** λ by what a weight is to its layer; left out: none has its own. */
  readonly decayByKind?: Partial<Readonly<Record<WeightKind, number>>>;
}

/** λ of a weight. */
export function decayOf(
  { weightDecay, decayByKind }: WeightDecay,
  { kind }: Pick<TrainableSlot, 'kind'>,
): number {
  return decayByKind?.[kind] ?? weightDecay;
}

/** Elements first … end − 1 of the trainable weights, which have one λ. */
export interface DecayRun {
  readonly first: number;
  readonly end: number;
  readonly decay: number;
}

/**
 * The part `first` … `end` − 1 of the trainable weights, cut where λ changes. An optimizer in which
 * every element is on its own gives the same bits wherever its vectors are cut.
 */
export function decayRuns(
  decay: WeightDecay,
  { trainable }: Pick<RowLayout, 'trainable'>,
  { first, end }: { readonly first: number; readonly end: number },
): readonly DecayRun[] {
  if (decay.decayByKind === undefined) return [{ first, end, decay: decay.weightDecay }];
  const runs: DecayRun[] = [];
  for (const slot of trainable) {
    const from = Math.max(first, slot.offset);
    const to = Math.min(end, slot.offset + slot.length);
    if (from >= to) continue;
    const own = decayOf(decay, slot);
    const last = runs.at(-1);
    if (last?.decay === own) runs[runs.length - 1] = { ...last, end: to };
    else runs.push({ first: from, end: to, decay: own });
  }
  return runs;
}
