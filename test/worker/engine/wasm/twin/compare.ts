import type { RowLayout } from '#src/shared/numerics/row-layout.js';
import { largest } from './maps.js';

/** The worst element of a tensor, over the greatest value that the tensor truly has. */
export interface TensorError {
  readonly label: string;
  readonly error: number;
}

/** Every gradient, every statistic of a batch norm, and the loss: each by itself. */
export function tensorErrors(
  { trainable, moving, lossOffset }: RowLayout,
  row: Float32Array,
  truth: Float64Array,
): readonly TensorError[] {
  const loss = { label: 'loss', offset: lossOffset, length: 1 };
  return [...trainable, ...moving, loss].map(({ label, offset, length }) => {
    const expected = truth.subarray(offset, offset + length);
    const differences = expected.map((value, i) => row[offset + i]! - value);
    // Where all are zeros any difference is too large; what is not a number stays so.
    const error = largest(differences) / largest(expected);
    return { label, error: differences.every((value) => value === 0) ? 0 : error };
  });
}

export function worst(errors: readonly TensorError[]): TensorError {
  const order = ({ error }: TensorError) => (Number.isNaN(error) ? Infinity : error);
  return errors.reduce((most, each) => (order(each) > order(most) ? each : most));
}
