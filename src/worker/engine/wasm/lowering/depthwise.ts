import type { DepthwiseNode, KernelCall, Lowered, LoweringContext } from '../plan/lowering.js';
import { blocksOf, vectorsOf, windowArguments } from './vectors.js';

/**
 * Weights: kernel, and bias where there is one. With stride 1 and multiplier 1 the gradient of the
 * input is the same convolution of the output's gradient, with the window turned by 180°.
 */
export function lowerDepthwise(node: DepthwiseNode, context: LoweringContext): Lowered {
  const { output, outputGradient } = context;
  const x = context.inputs[0]!;
  const dx = context.inputGradients[0];
  const taps = node.kernel[0] * node.kernel[1];
  const outChannels = output.shape.channels;
  const packedBytes = taps * blocksOf(output.shape) * 16;
  const relu = node.activation === 'relu' ? 1 : 0;
  const turns =
    node.multiplier === 1 && node.strides[0] === 1 && node.strides[1] === 1 && dx !== null;

  const prepare: KernelCall[] = [];
  const pack = (reversed: 0 | 1) => {
    const to = context.shared(packedBytes);
    const args = [to, context.weight('kernel'), taps, outChannels, reversed] as const;
    prepare.push({ kernel: 'packDepthwise', args: [['part'], ['parts'], ...args], split: 'parts' });
    return to;
  };
  const packed = pack(0);
  const channels = [['batch'], x.shape.channels, node.multiplier] as const;
  const sizes = [...channels, ...windowArguments(x.shape, output.shape, node)] as const;

  const backward: KernelCall[] = [];
  if (node.maskGradient) {
    const args = [outputGradient, outputGradient, output, ['batch'], vectorsOf(output)] as const;
    backward.push({ kernel: 'reluGradient', args, split: 'samples' });
  }
  const dWeights = context.gradient('kernel') ?? 0;
  const dBias = node.bias ? (context.gradient('bias') ?? 0) : 0;
  if (dWeights !== 0 || dBias !== 0) {
    const scratch = context.scratch(taps * 16);
    const args = [['part'], ['parts'], ['add'], dWeights, dBias, outputGradient, x, scratch, ...sizes] as const; // prettier-ignore
    backward.push({ kernel: 'depthwiseWeightGradient', args, split: 'parts' });
  }
  if (turns) {
    const [kernelHeight, kernelWidth] = node.kernel;
    const turned = {
      ...node,
      pad: [
        (kernelHeight - 1) * node.dilation[0] - node.pad[0],
        (kernelWidth - 1) * node.dilation[1] - node.pad[1],
      ] as const,
    };
    const window = windowArguments(output.shape, x.shape, turned);
    const args = [dx!, outputGradient, pack(1), 0, ...channels, ...window, 0];
    backward.push({ kernel: 'depthwise', args, split: 'samples' });
  } else if (dx) {
    const args = [dx, outputGradient, packed, ...sizes];
    backward.push({ kernel: 'depthwiseInputGradient', args, split: 'samples' });
  }
  const bias = node.bias ? context.weight('bias') : 0;
  return {
    prepare,
    forward: [
      { kernel: 'depthwise', args: [output, x, packed, bias, ...sizes, relu], split: 'samples' },
    ],
    backward,
    backwardReads: { inputs: dWeights !== 0, output: node.maskGradient },
  };
}
