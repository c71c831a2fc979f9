/**
 * The flat float32 row that one micro-batch yields, and the flat vector of weights beside it.
 *
 *   row      [ gradients of trainable weights | batch-norm terms | loss ]
 *   weights  [ trainable weights              | moving statistics | frozen weights ]
 *
 * Element i of the gradients belongs to element i of the weights, element i of the batch-norm
 * terms to element i of the moving statistics. Trainable weights stand in the order in which
 * backward finishes them (last layer first), so that the head of a row is final while the rest is
 * still being computed. Nothing is padded: the digest of the weights is taken over the vector as
 * it stands. Weights are known by their place, never by a layer's name.
 */
export interface WeightSlot {
  /** For people only, e.g. `3:conv2d/kernel`: place in the model, class, role. */
  readonly label: string;
  /** Index into `model.weights` of the tfjs model. */
  readonly modelWeight: number;
  readonly shape: readonly number[];
  /** First element, in the row and in the weights (frozen weights: in the weights only). */
  readonly offset: number;
  /** Number of float32 elements. */
  readonly length: number;
}

/**
 * What a weight is to its layer: the kernel of a convolution (depthwise and pointwise ones too) or of
 * a dense layer, the bias of either, a scale or shift of a normalization; `other`: none of these.
 */
export type WeightKind = 'conv' | 'dense' | 'bias' | 'norm' | 'other';

export interface TrainableSlot extends WeightSlot {
  readonly kind: WeightKind;
}

export interface MovingSlot extends WeightSlot {
  /** ρ of moving ← ρ·moving + (1 − ρ)·statistic. */
  readonly momentum: number;
}

export interface RowLayout {
  readonly trainable: readonly TrainableSlot[];
  readonly moving: readonly MovingSlot[];
  readonly frozen: readonly WeightSlot[];
  /** Elements of gradients: the offset of the batch-norm terms. */
  readonly trainableLength: number;
  /** The place of the loss (a sum over samples) in a row: the end of the batch-norm terms. */
  readonly lossOffset: number;
  /** float32 elements of a row: lossOffset + 1. */
  readonly rowLength: number;
  /** float32 elements of the weights vector. */
  readonly weightsLength: number;
}

/** Every weight, in the order of the weights vector. */
export function allSlots(layout: RowLayout): readonly WeightSlot[] {
  return [...layout.trainable, ...layout.moving, ...layout.frozen];
}
