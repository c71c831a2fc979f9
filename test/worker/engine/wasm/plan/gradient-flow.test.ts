import t from 'tap';
import type { BufferRef } from '#src/worker/engine/wasm/plan/lowering.js';
import { Buffers } from '#src/worker/engine/wasm/plan/buffers.js';
import { gradientFlow } from '#src/worker/engine/wasm/plan/gradient-flow.js';
import { INPUT, type Graph, type PlanNode } from '#src/worker/engine/wasm/plan/graph.js';

const shape = { height: 1, width: 1, channels: 4 };

/** A node that reads those tensors; all in one shape. */
function node(id: number, inputs: number[], weights = {}): PlanNode {
  return {
    id,
    label: `${id}`,
    operation: { kind: 'add' },
    inputs: inputs.map((from) => ({ from, shape })),
    shape,
    weights,
  };
}

/** 0 is trained; 1, 2 and 3 read it; 3 is the output. */
const fan: Graph = {
  input: shape,
  nodes: [node(0, [INPUT], { kernel: 0 }), node(1, [0]), node(2, [0, 0]), node(3, [1, 2, 0])],
  output: 3,
};
const isTrained = (each: PlanNode) => 'kernel' in each.weights;

void t.test('the last reader stores a gradient in place, all others beside it', async (t) => {
  const flow = gradientFlow(fan, new Buffers(), 2, isTrained);
  const inputs = fan.nodes.map((each) => flow.inputs(each));
  const place = flow.of(0).buffer;
  t.same(inputs[0], [null], 'nobody wants the gradient of the image');
  t.match(inputs[3], [{ sum: null }, { sum: null }, { stored: { buffer: place }, sum: null }]);
  t.equal(inputs[3]![0]!.stored.buffer, flow.of(1).buffer);
  const aside = [...inputs[2]!, ...inputs[1]!];
  for (const each of aside) {
    t.equal(each!.sum!.buffer, place, 'added to it');
    t.not(each!.stored.buffer, place);
  }
  t.equal(new Set(aside.map((each) => each!.stored.buffer)).size, 3, 'each in a place of its own');
});

void t.test('nothing flows to where nothing is trained', async (t) => {
  const frozen: Graph = {
    input: shape,
    nodes: [node(0, [INPUT]), node(1, [0]), node(2, [1], { kernel: 0 }), node(3, [2, 1])],
    output: 3,
  };
  const flow = gradientFlow(frozen, new Buffers(), 2, isTrained);
  t.same(
    frozen.nodes.map((each) => flow.has(each)),
    [false, false, true, true],
  );
  t.match(flow.inputs(frozen.nodes[3]!), [{ sum: null }, null]);
  t.same(flow.inputs(frozen.nodes[2]!), [null]);
});

void t.test('a buffer lives from the first call that names it to the last', async (t) => {
  const buffers = new Buffers();
  const [a, b, c] = [0, 1, 2].map(() => buffers.make('activations', 64));
  const scratch = buffers.make('scratch', 64);
  const prepared = buffers.make('prepared', 100);
  const second = buffers.make('prepared', 4);
  const moment = (...args: (BufferRef | number)[]) => ({
    calls: [{ kernel: 'k', args, split: 'alone' as const }],
  });
  const placed = buffers.place(
    [
      moment(a!, prepared),
      moment(a!, b!, scratch),
      moment(b!, c!, 7),
      { ...moment(scratch, second, b!), untouched: new Set([b!.buffer]) },
    ],
    128,
    [c!],
  );
  const offset = (moment: number, arg: number) => {
    const operand = placed.calls[moment]![0]!.args[arg]!;
    return typeof operand === 'number' ? -1 : (operand[1] as number);
  };
  t.equal(placed.bytes, 128 + 3 * 64, 'never more than three at once');
  t.equal(offset(0, 0), offset(1, 0), 'a stays where it is');
  t.equal(new Set([offset(1, 0), offset(1, 1), offset(1, 2)]).size, 3);
  t.ok(offset(1, 2) >= 128, 'after what is taken');
  t.not(offset(3, 0), placed.offset(c!), 'a kept buffer lives on');
  t.same(placed.calls[0]![0]!.args[1], ['shared', 0]);
  t.same(placed.calls[3]![0]!.args[1], ['shared', 128]);
  t.equal(buffers.sharedBytes, 192);
  t.same(placed.peak, { activations: 128, gradients: 0, saved: 0, scratch: 64 });
});
