import { assertInternal } from '../../../../shared/errors.js';
import type { RowLayout, WeightSlot } from '../../../../shared/numerics/row-layout.js';
import { Buffers, type Moment } from './buffers.js';
import { frozenPrefix, type FrozenPrefix } from './frozen-prefix.js';
import { gradientFlow, type GradientFlow } from './gradient-flow.js';
import { INPUT, type Graph, type PlanNode } from './graph.js';
import * as head from './head.js';
import { lowerNode } from './lower.js';
import {
  sampleBytes,
  type KernelCall,
  type Lowered,
  type MapShape,
  type TensorRef,
} from './lowering.js';
import { align } from './memory.js';
import type { BackwardStage, FrozenPlan, Operand, Plan, StagedBatch } from './plan.js';

/** A fused graph, ready to be lowered. */
export interface CompileRequest {
  readonly graph: Graph;
  readonly layout: RowLayout;
  /** Largest micro-batch. */
  readonly batchMax: number;
  /** ε of smoothed labels; left out: 0. */
  readonly labelSmoothing?: number;
}

interface LoweredNode {
  readonly node: PlanNode;
  readonly lowered: Lowered;
  /** Backward, and the sums of gradients that follow it; empty where nothing wants it. */
  readonly backward: Moment;
}

/** Turns a graph into kernel calls over planned memory. A pure function: same graph, same plan. */
export function compilePlan(request: CompileRequest): Plan {
  const { graph, layout, batchMax, labelSmoothing = 0 } = request;
  const buffers = new Buffers();
  const slots = slotsByWeight(layout);
  const isTrained = (node: PlanNode) =>
    Object.values(node.weights).some((weight) => rowOffset(slots, weight) !== null);
  const flow = gradientFlow(graph, buffers, batchMax, isTrained);
  const outputs = new Map<number, TensorRef>();
  const tensor = (id: number, shape: MapShape) => {
    const made = { ...buffers.make('activations', batchMax * sampleBytes(shape)), shape };
    outputs.set(id, made);
    return made;
  };

  const input = tensor(INPUT, graph.input);
  const nodes = graph.nodes.map((node, index): LoweredNode => {
    const inputs = node.inputs.map(({ from, shape }) => ({ ...outputs.get(from)!, shape }));
    const output = tensor(node.id, node.shape);
    const inputGradients = flow.inputs(node);
    const weightOf = (role: string) => slots.get(node.weights[role]!);
    const lowered = numbered(
      index,
      lowerNode(node.operation, {
        batchMax,
        inputs,
        output,
        outputGradient: flow.of(node.id),
        inputGradients: inputGradients.map((gradient) => gradient?.stored ?? null),
        weight: (role): Operand => {
          const place = weightOf(role);
          assertInternal(place !== undefined, `${node.label} has no weight ${role}.`);
          return ['weight', place.slot.offset];
        },
        gradient: (role): Operand | null => {
          const place = weightOf(role);
          return place?.inRow ? ['row', place.slot.offset] : null;
        },
        shared: (bytes) => buffers.make('prepared', bytes),
        saved: (bytes) => buffers.make('saved', bytes),
        savedSamples: (stride, more = 0) => ({
          ...buffers.make('saved', batchMax * stride + more),
          stride,
        }),
        scratch: (bytes) => buffers.make('scratch', bytes),
      }),
    );
    const { backwardReads } = lowered;
    const untouched = new Set([
      ...(backwardReads.inputs ? [] : inputs.map(({ buffer }) => buffer)),
      ...(backwardReads.output ? [] : [output.buffer]),
    ]);
    return { node, lowered, backward: { calls: backwardCalls(node, lowered, flow), untouched } };
  });

  const logits = outputs.get(graph.output)!;
  const staged = stage(graph.input, batchMax);
  const correct: Operand = ['thread', staged.offsets.correct, 0];
  const loss = head.trainingLoss(
    logits,
    flow.of(graph.output),
    {
      loss: ['row', layout.lossOffset],
      correct,
    },
    labelSmoothing,
  );
  const training: Moment[] = [
    { calls: nodes.flatMap(({ lowered }) => lowered.prepare) },
    { calls: [head.decode(input)] },
    ...nodes.map(({ lowered }) => ({ calls: lowered.forward })),
    { calls: [loss] },
    ...nodes.toReversed().map(({ backward }) => backward),
  ];
  const probabilities = buffers.make('activations', batchMax * logits.shape.channels * 4);
  const evaluated = { loss: ['thread', staged.offsets.loss, 0] as const, correct };
  const inference: Moment[] = [
    { calls: [head.decode(input)] },
    ...nodes.map(({ lowered }) => ({ calls: lowered.inference ?? lowered.forward })),
    { calls: [head.evaluationLoss(logits, evaluated)] },
    { calls: [head.probabilities(logits, probabilities)] },
  ];

  const trained = buffers.place(training, staged.bytes);
  const inferred = buffers.place(inference, staged.bytes, [probabilities]);
  const [evaluation, prediction] = inferred.calls.slice(-2);
  const backward = trained.calls.slice(nodes.length + 3);
  const kept = prefixOf(graph, nodes, isTrained);
  const keptTensor = kept && outputs.get(kept.output)!;
  const frozen: FrozenPlan | null = keptTensor && {
    nodes: kept.nodes,
    calls: callsOf(nodes.slice(0, kept.nodes)),
    training: trained.offset(keptTensor),
    inferring: inferred.offset(keptTensor),
    sampleBytes: sampleBytes(keptTensor.shape),
  };
  return {
    prepare: trained.calls[0]!,
    forward: trained.calls.slice(1, nodes.length + 3).flat(),
    backward: watermarks(nodes, backward, layout),
    inference: inferred.calls.slice(0, -2).flat(),
    evaluation: evaluation!,
    prediction: prediction!,
    probabilities: inferred.offset(probabilities),
    staged: staged.offsets,
    imageBytes: graph.input.height * graph.input.width * graph.input.channels,
    classes: logits.shape.channels,
    batchMin: graph.nodes.some(isSingleValued) ? 2 : 1,
    batchMax,
    ...(frozen !== null && { frozen }),
    memory: {
      sharedBytes: buffers.sharedBytes,
      threadBytes: Math.max(trained.bytes, inferred.bytes),
      parts: { staged: staged.bytes, ...trained.peak },
    },
  };
}

function prefixOf(
  graph: Graph,
  nodes: readonly LoweredNode[],
  isTrained: (node: PlanNode) => boolean,
): FrozenPrefix | null {
  const lowered = new Map(nodes.map((each) => [each.node.id, each.lowered]));
  return frozenPrefix(graph, (node) => {
    const { operation } = node;
    if (isTrained(node) || operation.kind === 'dropout') return false;
    if (operation.kind === 'batchNorm') return operation.dropout === null;
    return lowered.get(node.id)!.inference === undefined;
  });
}

/** How many calls these nodes make, which stand first; in front of them images are decoded. */
function callsOf(nodes: readonly LoweredNode[]): FrozenPlan['calls'] {
  const count = (of: (lowered: Lowered) => readonly KernelCall[]): number =>
    nodes.reduce((sum, { lowered }) => sum + of(lowered).length, 0);
  return {
    prepare: count(({ prepare }) => prepare),
    forward: 1 + count(({ forward }) => forward),
    inference: 1 + count(({ forward, inference }) => inference ?? forward),
  };
}

/** The calls of a node, with its index. */
function numbered(node: number, lowered: Lowered): Lowered {
  const mark = (calls: readonly KernelCall[]) => calls.map((call) => ({ ...call, node }));
  const { prepare, forward, inference, backward } = lowered;
  return {
    ...lowered,
    prepare: mark(prepare),
    forward: mark(forward),
    ...(inference && { inference: mark(inference) }),
    backward: mark(backward),
  };
}

interface WeightPlace {
  readonly slot: WeightSlot;
  /** Whether a row has something for it: a gradient or a batch-norm term. */
  readonly inRow: boolean;
}

function slotsByWeight(layout: RowLayout): ReadonlyMap<number, WeightPlace> {
  const inRow = [...layout.trainable, ...layout.moving].map((slot) => ({ slot, inRow: true }));
  const frozen = layout.frozen.map((slot) => ({ slot, inRow: false }));
  return new Map([...inRow, ...frozen].map((place) => [place.slot.modelWeight, place]));
}

function rowOffset(slots: ReadonlyMap<number, WeightPlace>, weight: number): number | null {
  const place = slots.get(weight);
  return place?.inRow ? place.slot.offset : null;
}

function backwardCalls(node: PlanNode, lowered: Lowered, flow: GradientFlow) {
  if (!flow.has(node)) return [];
  const sums = flow
    .inputs(node)
    .flatMap((each) => (each?.sum ? [head.addInto(each.sum, each.stored)] : []));
  return [...lowered.backward, ...sums];
}

/** After each backward stage: up to where every element of the row is final. */
function watermarks(
  nodes: readonly LoweredNode[],
  stages: readonly BackwardStage['calls'][],
  layout: RowLayout,
): readonly BackwardStage[] {
  const slots = [...layout.trainable, ...layout.moving];
  const pending = new Map(slots.map((slot) => [slot.modelWeight, slot]));
  const result = stages.map((calls, i) => {
    for (const weight of Object.values(nodes.at(-1 - i)!.node.weights)) pending.delete(weight);
    const first = [...pending.values()].map((slot) => slot.offset);
    return { calls, watermark: Math.min(layout.rowLength, ...first) };
  });
  const left = [...pending.values()].map((slot) => slot.label).join(', ');
  assertInternal(left === '', `Nothing writes the gradients of ${left}.`);
  const stagesWithCalls = result.filter(({ calls }) => calls.length > 0);
  const reached = stagesWithCalls.at(-1)?.watermark ?? 0;
  const rest = reached < layout.rowLength ? [{ calls: [], watermark: layout.rowLength }] : [];
  return [...stagesWithCalls, ...rest];
}

function stage(image: MapShape, batchMax: number): { offsets: StagedBatch; bytes: number } {
  const labels = align(batchMax * image.height * image.width * image.channels);
  const samples = labels + align(batchMax * 2);
  const loss = samples + align(batchMax * 4);
  return {
    offsets: { pixels: 0, labels, samples, loss, correct: loss + 4, known: loss + 8 },
    bytes: align(loss + 12),
  };
}

/** Whether a batch norm has one value per channel and sample, so that it needs two samples. */
function isSingleValued({ operation, shape }: PlanNode): boolean {
  if (operation.kind !== 'batchNorm') return false;
  const { height, width } = operation.pool?.map ?? shape;
  return height * width === 1;
}
