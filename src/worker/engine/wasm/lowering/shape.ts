import type {
  AddNode,
  ConcatenateNode,
  KernelCall,
  Lowered,
  LoweringContext,
  ReshapeNode,
  TensorRef,
  ZeroPadNode,
} from '../plan/lowering.js';
import { blocksOf, pixelsOf, vectorsOf } from './vectors.js';

/** Nodes that only move values, or add maps: their backward needs no values. */
const NOTHING_READ = { inputs: false, output: false } as const;

export function lowerReshape(_node: ReshapeNode, context: LoweringContext): Lowered {
  const reshape = (to: TensorRef, from: TensorRef): KernelCall => ({
    kernel: 'reshape',
    args: [
      to,
      from,
      ['batch'],
      from.shape.channels,
      pixelsOf(from.shape),
      to.shape.channels,
      pixelsOf(to.shape),
    ],
    split: 'samples',
  });
  const dx = context.inputGradients[0];
  return {
    prepare: [],
    forward: [reshape(context.output, context.inputs[0]!)],
    backward: dx ? [reshape(dx, context.outputGradient)] : [],
    backwardReads: NOTHING_READ,
  };
}

export function lowerZeroPad(node: ZeroPadNode, context: LoweringContext): Lowered {
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const outer = context.output.shape;
  const sizes = [
    ['batch'],
    blocksOf(x.shape),
    x.shape.height,
    x.shape.width,
    outer.height,
    outer.width,
    node.top,
    node.left,
  ] as const;
  return {
    prepare: [],
    forward: [{ kernel: 'zeroPad', args: [context.output, x, ...sizes], split: 'samples' }],
    backward: dx
      ? [{ kernel: 'crop', args: [dx, context.outputGradient, ...sizes], split: 'samples' }]
      : [],
    backwardReads: NOTHING_READ,
  };
}

/** Two or more inputs of one shape, added from the first to the last. */
export function lowerAdd(_node: AddNode, context: LoweringContext): Lowered {
  const { output, inputs, outputGradient } = context;
  const sizes = [['batch'], vectorsOf(output)] as const;
  const forward: KernelCall[] = inputs.slice(1).map((next, i) => ({
    kernel: 'add',
    args: [output, i === 0 ? inputs[0]! : output, next, ...sizes],
    split: 'samples',
  }));
  if (inputs.length === 1)
    forward.push({ kernel: 'copy', args: [output, inputs[0]!, ...sizes], split: 'samples' });
  return {
    prepare: [],
    forward,
    backward: wanted(context).map(({ gradient }) => ({
      kernel: 'copy',
      args: [gradient, outputGradient, ...sizes],
      split: 'samples',
    })),
    backwardReads: NOTHING_READ,
  };
}

/** Along channels. Every input writes its own; the last one also the lanes past them. */
export function lowerConcatenate(_node: ConcatenateNode, context: LoweringContext): Lowered {
  const { output, inputs, outputGradient } = context;
  const total = output.shape.channels;
  const sizes = [['batch'], pixelsOf(output.shape)] as const;
  const first: number[] = [];
  let channels = 0;
  for (const { shape } of inputs) {
    first.push(channels);
    channels += shape.channels;
  }
  return {
    prepare: [],
    forward: inputs.map((input, i) => {
      const own = input.shape.channels;
      const args = [output, input, ...sizes, total, first[i]!, own, 0, own] as const;
      return { kernel: 'copyChannels', args, split: 'samples' };
    }),
    backward: wanted(context).map(({ gradient, index }) => {
      const own = gradient.shape.channels;
      const args = [gradient, outputGradient, ...sizes, own, 0, total, first[index]!, own] as const;
      return { kernel: 'copyChannels', args, split: 'samples' };
    }),
    backwardReads: NOTHING_READ,
  };
}

/** The input gradients that somebody wants. */
function wanted(context: LoweringContext): { gradient: TensorRef; index: number }[] {
  return context.inputGradients.flatMap((gradient, index) =>
    gradient ? [{ gradient, index }] : [],
  );
}
